"""Who deletes all mail over and over while mail arrives, beside an honest sender and an honest reader."""

from __future__ import annotations

import contextlib
import http.client
import json
import smtplib
import sqlite3
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from testkit.honest_work import ATTACKER, HONEST, Honest, port_of, send, wait_for_reads
from testkit.http_siege import Crowd
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

SENDERS, DELETERS = 10, 3
READS = 20
"""How many reads of the honest reader the attack lasts."""
OF_MAIL = ("inbox", "summary", "search", "search_fields", "read_mail", "tag", "mail_rest")
"""The tables of which no row may outlive its message."""
OWN, MAILPIT = "/api/messages", "/api/v1/messages"


def ask(server: Process, method: str, path: str, source: str = ATTACKER) -> tuple[int, bytes]:
    """Ask once; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), 60, source_address=(source, 0))
    with contextlib.closing(connection):
        connection.request(method, path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def get(server: Process, path: str) -> Any:
    status, body = ask(server, "GET", path, HONEST)
    assert status == 200, body
    return json.loads(body)


class BesideDeleting(Honest):
    """An honest sender and reader whose mail others delete: what is listed may be gone when it is opened."""

    def _read(self) -> None:
        began = time.monotonic()
        for message in get(self.server, "/api/inboxes/honest@example.org/messages?limit=1")["messages"]:
            status, body = ask(self.server, "GET", f"/api/messages/{message['id']}", HONEST)
            assert (status == 200 and b"honest" in body) or status == 404, body
        assert get(self.server, "/healthz") == {"status": "ok"}
        self.reads_s.append(time.monotonic() - began)


class Tally:
    """What was accepted and what was deleted."""

    def __init__(self, server: Process) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def send(self) -> None:
        """Send ten tagged mails in one connection; none may be refused."""
        data = b"X-Tags: sent\r\n" + letter("a mail", text="Your verification code is 481223.")
        with smtplib.SMTP(*self._server.smtp, "localhost", 60) as client:
            for _ in range(10):
                client.sendmail("bob@sender.example", ["kim@example.org", "lee@example.org"], data)
                self.add("accepted", 1)

    def delete(self, path: str) -> None:
        """Delete all mail."""
        status, body = ask(self._server, "DELETE", path)
        assert status == 200, body
        self.add("deletions", 1)
        if path == OWN:
            self.add("deleted", json.loads(body)["deleted"])
        else:
            assert body == b"ok"

    def add(self, name: str, count: int) -> None:
        with self._lock:
            self.counts[name] += count


def list_all(server: Process) -> list[dict[str, Any]]:
    """Return all mail, newest first."""
    messages: list[dict[str, Any]] = []
    page = get(server, "/api/messages?limit=200")
    while True:
        messages += page["messages"]
        if page["next_before"] is None:
            return messages
        page = get(server, f"/api/messages?limit=200&before={page['next_before']}")


def wait_until_same(look: Callable[[], object], expected: object) -> None:
    deadline = time.monotonic() + 6 * PATIENCE_S
    while look() != expected:
        assert time.monotonic() < deadline, (look(), expected)
        threading.Event().wait(0.05)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mail.db"


@pytest.fixture
def server(path: Path) -> Iterator[Process]:
    with serving(path, EDGEMAIL_LOG_LEVEL="warning", EDGEMAIL_MAX_AGE="off") as process:
        yield process


@pytest.mark.parametrize("paths", [(OWN,), (OWN, MAILPIT)], ids=["own API", "Mailpit's too"])
def test_all_mail_is_deleted_while_it_arrives(
    server: Process, path: Path, figures: list[str], paths: tuple[str, ...]
) -> None:
    """Each mail that got its 250 is listed or was deleted. None is refused, and no row outlives its mail."""
    tally = Tally(server)
    deleters = [lambda path=path: tally.delete(path) for path in paths * DELETERS]
    with BesideDeleting(server) as honest:
        wait_for_reads(honest, 2)
        with Crowd(*[tally.send] * SENDERS, *deleters):
            wait_for_reads(honest, READS)
    said = honest.check()
    for number in range(5):  # what comes after the last deletion stays
        send(server, b"X-Tags: stays\r\n" + letter(f"stays {number}"), "kim@example.org")
    accepted = tally.counts["accepted"] + len(honest.mails_s) + 5
    listed = list_all(server)
    figures.append(f"{tally.counts['deletions']} deletions of all mail: {accepted} mails, {said}")
    assert [message["subject"] for message in listed[:5]] == [f"stays {number}" for number in (4, 3, 2, 1, 0)]
    if MAILPIT not in paths:  # Mailpit's API tells no number
        assert tally.counts["deleted"] + len(listed) == accepted
    assert tally.counts["deletions"] >= DELETERS
    assert len(listed) < accepted
    check_counts(server, listed)
    server.process.terminate()
    assert server.wait() == 0
    check_tables(path, accepted, listed)


def check_counts(server: Process, listed: list[dict[str, Any]]) -> None:
    """All that counts mail agrees with the list, once summaries are made."""
    tags = Counter("stays" if message["subject"].startswith("stays") else "sent" for message in listed)
    tags -= Counter(sent=sum(message["subject"] == "honest" for message in listed))
    wait_until_same(lambda: get(server, "/api/tags")["tags"], {name: tags[name] for name in sorted(tags)})
    assert get(server, "/api/counts") == {"messages": len(listed), "unread": len(listed)}
    theirs = get(server, "/api/v1/messages?limit=1")
    assert (theirs["total"], theirs["messages_count"], theirs["unread"]) == (len(listed),) * 3
    at_kim = get(server, "/api/inboxes/kim@example.org/messages?limit=200")["messages"]
    mine = [message["id"] for message in listed if "kim@example.org" in message["recipients"]]
    assert [message["id"] for message in at_kim] == mine[:200]
    for message in listed[:20]:
        assert get(server, f"/api/messages/{message['id']}")["subject"] == message["subject"]


def check_tables(path: Path, accepted: int, listed: list[dict[str, Any]]) -> None:
    """Each accepted mail had an id of its own, and no row is left of one that is gone."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        kept = [row[0] for row in database.execute("SELECT id FROM mail ORDER BY id DESC")]
        assert kept == [message["id"] for message in listed]
        assert database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'mail'").fetchone() == (accepted,)
        assert database.execute("SELECT messages FROM usage").fetchone() == (len(listed),)
        for table in OF_MAIL:
            left = database.execute(f"SELECT count(*) FROM {table} WHERE mail_id NOT IN (SELECT id FROM mail)")
            assert left.fetchone() == (0,), table
