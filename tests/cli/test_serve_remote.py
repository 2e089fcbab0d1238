"""`edgemail serve` as a process with a real sqld: its log, and how it fails."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
from testkit.http_client import ask
from testkit.server_process import START_S, THIS_PYTHON, Peer, serving
from testkit.sqld import Sqld
from testkit.time_limit import bounded
from testkit.waiting import until

from edgemail.store.remote.hrana import HranaClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bounded"]


class _Site(http.server.BaseHTTPRequestHandler):
    """A web site that does not speak Hrana."""

    def do_POST(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Site) as host:
        thread = threading.Thread(target=host.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{host.server_port}"
        host.shutdown()
        thread.join()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    sqld = Sqld(tmp_path / "sqld")
    sqld.start()
    yield sqld
    sqld.kill()


async def test_the_log_has_the_mail_and_the_troubles_and_no_request(server: Sqld, tmp_path: Path) -> None:
    """The log has one line for a transaction and two for an outage, though every second a query fails."""
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
        "INFO edgemail.listener.transaction_log: accepted id=",
        f"ERROR edgemail.store.remote.health: the database at {server.url} is not available: ",
        f"INFO edgemail.store.remote.health: the database at {server.url} is back\n",
        "INFO edgemail.app: stopping\n",
    ]
    lines = [line.partition(" ")[2] for line in log.splitlines(keepends=True)]
    # If the summaries look for work just then, they say that they wait, and later that they go on.
    waited = [line for line in lines if " edgemail.mailbox.summaries: " in line]
    told = ["summaries wait for the store\n", "summaries go on\n"]
    assert [line.partition(": ")[2] for line in waited] == told[: len(waited)]
    lines = [line for line in lines if line not in waited]
    assert len(lines) == len(expected), log
    assert [line[: len(start)] for line, start in zip(lines, expected, strict=True)] == expected


def fail_on(folder: Path, url: str, token: str = "", *arguments: str) -> tuple[int, str]:
    """Start the program with settings that make it fail; return its status and its one line of error."""
    arguments = arguments or ("--smtp", "127.0.0.1:0", "--operator-maildir", str(folder / "operator"))
    ended = subprocess.run(
        [*THIS_PYTHON, "serve", "--http", "127.0.0.1:0", "--db", url, *arguments],
        env={"PATH": os.environ["PATH"]} | ({"EDGEMAIL_DB_TOKEN": token} if token else {}),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return ended.returncode, line


@pytest.mark.parametrize("access", ["ro", "expired", "of another key", "none"])
def test_a_token_that_is_not_good_is_status_78(access: str, server: Sqld, tmp_path: Path) -> None:
    """Trying again does not help. The line says which token is needed, and how to give it."""
    leeway_s = 60  # sqld accepts a token for so much longer
    token = {
        "ro": server.token("ro"),
        "expired": server.token(exp=int(time.time()) - 2 * leeway_s),
        "of another key": Sqld(tmp_path).token(),
        "none": "",
    }[access]
    status, line = fail_on(tmp_path, server.url, token)
    assert status == 78
    advice = "it wants a token: set" if access == "none" else "give a token that may write"
    assert line.startswith(f"the database at {server.url} cannot be used: it refuses the token")
    assert advice in line
    assert "LIBSQL_CLIENT_TOKEN" in line


def test_a_url_where_no_database_is_is_status_78(site: str, tmp_path: Path) -> None:
    """Such as a web site, or a host name that does not exist."""
    for url in (site, "http://-.invalid"):
        status, line = fail_on(tmp_path, url)
        assert status == 78
        assert line.startswith(f"the database at {url} cannot be used: ")
        assert line.endswith("; correct --db or LIBSQL_CLIENT_URL")


def test_a_database_that_is_not_up_yet_is_status_75(server: Sqld, tmp_path: Path) -> None:
    """A service manager then tries again: the database may start later than edgemail, or be away for a while."""
    server.kill()
    for arguments in ((), ("--no-smtp",)):
        status, line = fail_on(tmp_path, server.url, server.token(), *arguments)
        assert status == 75
        assert "start the database, or correct --db" in line


def test_a_replica_that_has_no_tables_yet_is_status_75(server: Sqld, tmp_path: Path) -> None:
    """An edge reader may start before the replica has copied anything."""
    status, line = fail_on(tmp_path, server.url, server.token("ro"), "--no-smtp")
    assert status == 75
    assert "has no edgemail tables yet" in line
