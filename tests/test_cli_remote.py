"""`edgemail serve` as a process on a real sqld: what its log has, and how it fails."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from edgemail.store.hrana import HranaClient
from support.bounds import bounded
from support.http import ask
from support.programs import Peer, serving
from support.sqld import Sqld
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bounded"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    one = Sqld(tmp_path / "sqld")
    one.start()
    yield one
    one.kill()


async def test_the_log_has_the_mail_and_the_troubles_and_no_request(server: Sqld, tmp_path: Path) -> None:
    """A line a transaction and two for an outage, though the database is asked every second."""
    environ = {
        "EDGEMAIL_DB_TOKEN": server.token(),
        "EDGEMAIL_OPERATOR_MAILDIR": str(tmp_path / "operator"),
    }
    with serving(tmp_path / "mail.db", url=server.url, **environ) as program:
        peer = Peer(program.smtp)
        peer.greet()
        assert peer.begin("kim@example.org") == [250, 250, 354]
        assert peer.ask(b"Subject: Hello\r\n\r\nHello.\r\n.\r\n") == 250
        assert peer.ask(b"QUIT\r\n") == 221
        peer.close()

        async def is_ready(status: int) -> bool:
            return (await ask(program.url, "/readyz")).status == status

        async def is_summarised() -> bool:
            async with HranaClient(server.url, server.token()) as client:
                return await client.query("SELECT mail_id FROM search") == [(1,)]

        await until(lambda: is_ready(200))
        await until(is_summarised)
        server.kill()
        await until(lambda: is_ready(503))
        server.start()
        await until(lambda: is_ready(200))
        program.process.send_signal(signal.SIGTERM)
        assert program.wait() == 0
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    expected = [
        "INFO edgemail.listener.journal: accepted id=",
        f"ERROR edgemail.store.remote: the database at {server.url} is not available: ",
        f"INFO edgemail.store.remote: the database at {server.url} is back\n",
        "INFO edgemail.app: stopping\n",
    ]
    lines = [line.partition(" ")[2] for line in log.splitlines(keepends=True)]
    assert len(lines) == len(expected), log
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected
