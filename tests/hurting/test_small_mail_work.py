"""Many who list and read small mail that is dear to read, while it arrives, beside an honest sender and reader."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from testkit.honest_work import newest_id, send
from testkit.http_siege import attacked, besiege, request
from testkit.time_limit import bounded

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

ATTACKERS = 60
SMALL = b"Subject: hostile\r\n\r\n" + b"code 1234 " * 1_500
"""15 kB of what looks like codes: nothing of this size takes the finder longer."""


def test_lists_of_costly_mail_that_arrives(tmp_path: Path, figures: list[str]) -> None:
    """A listing of new mail waits until its summaries are made. The honest sender and reader do not."""
    with attacked(tmp_path) as server:
        send(server, SMALL)
        path = "/api/inboxes/ann@example.org/messages"
        assert request(server, f"GET {path}").startswith(b"HTTP/1.1 200")
        works = [lambda: request(server, f"GET {path}")] * (ATTACKERS - 1)
        besiege(server, figures, "lists of costly mail that arrives", lambda: send(server, SMALL), *works)


@pytest.mark.parametrize("mails", [1, 50])
def test_reads_of_costly_small_mail(tmp_path: Path, figures: list[str], mails: int) -> None:
    """One message is read once for all; of many each reader has its turn."""
    with attacked(tmp_path, EDGEMAIL_MAX_PARSED="1") as server:
        for _ in range(mails):
            send(server, SMALL)
        last = newest_id(server, "ann@example.org")
        paths = [f"/api/messages/{last - number % mails}" for number in range(ATTACKERS)]
        assert request(server, f"GET {paths[0]}").startswith(b"HTTP/1.1 200")
        works = [lambda path=path: request(server, f"GET {path}") for path in paths]
        besiege(server, figures, f"{ATTACKERS} readers of {mails} costly mails", *works)


def test_waits_for_costly_mail_that_arrives(tmp_path: Path, figures: list[str]) -> None:
    """Waits as tests ask them: each ends with the next mail, and is asked again."""
    with attacked(tmp_path) as server:
        send(server, SMALL)
        newest = threading.local()

        def wait() -> None:
            after = getattr(newest, "id", 0)
            path = f"/api/inboxes/ann@example.org/wait?after={after}&timeout=5"
            answer = request(server, f"GET {path}")
            if b'"status":"found"' in answer:
                newest.id = int(answer.partition(b'"id":')[2].partition(b",")[0])

        besiege(server, figures, "waits for costly mail", lambda: send(server, SMALL), *[wait] * (ATTACKERS - 1))
