"""Who floods the checks of a message, the list of its parts, and what agents listen to."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest
from testkit.honest_work import ATTACKER, Honest, newest_id, port_of, send, wait_for_reads
from testkit.hostile_peers import count_descriptors, measure_memory
from testkit.http_siege import MEMORY_BYTES, MIB, attacked, besiege, request, wait_until
from testkit.mcp_caller import write_request
from testkit.time_limit import bounded

from edgemail.checks.link_check import AT_ONCE

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.server_process import Process

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

HEAD = b"Subject: hostile\r\nMIME-Version: 1.0\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
PAGES = {
    "nested rules": b"<style>" + b"@media screen{a{" * 20_000 + b"</style>",
    "selectors": b"<style>" + b"a.b#c>d~e+f," * 20_000 + b"g{display:grid}</style>" + b"<p class=b id=c>" * 5_000,
    "attributes": b"<p " + b"a=b " * 200_000 + b">",
    "open tags": b"<" * 500_000 + b"<p style='" * 20_000,
    "declarations": b"<p style='" + b"display:grid;" * 60_000 + b"'>",
}
"""HTML of about a megabyte, each of a form that is dear to read."""

LINKS_PER_MAIL = 100


def many_parts() -> bytes:
    """Return a message of very many parts, half of them nested."""
    parts = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 20_000
    nested = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" * 2_000
    return HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + nested + b"--b--\r\n"


@pytest.mark.parametrize("kind", PAGES)
def test_checks_of_html(tmp_path: Path, figures: list[str], kind: str) -> None:
    """Each attacker has mails of its own, so that no result is used twice."""
    with attacked(tmp_path) as server:
        ids = []
        for number in range(20):
            send(server, HTML + f"<!-- {number} -->".encode() + PAGES[kind])
            ids.append(newest_id(server, "ann@example.org"))
        answer = request(server, f"GET /api/messages/{ids[0]}/html-check")
        assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
        paths = [f"/api/messages/{mail_id}/html-check" for mail_id in ids]
        works = [lambda path=path: request(server, f"GET {path}") for path in paths * 3]
        besiege(server, figures, f"60 HTML checks, {kind}", *works)


def test_lists_of_parts(tmp_path: Path, figures: list[str]) -> None:
    """A message of 22,000 parts, asked for by sixty at a time."""
    with attacked(tmp_path) as server:
        send(server, many_parts())
        mail_id = newest_id(server, "ann@example.org")
        answer = request(server, f"GET /api/messages/{mail_id}/structure")
        assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
        assert len(answer) < MIB
        paths = [f"/api/messages/{mail_id}/structure", f"/api/messages/{mail_id}/html-check"]
        works = [lambda path=path: request(server, f"GET {path}") for path in paths * 30]
        besiege(server, figures, "60 lists of 22,000 parts", *works)


class Tarpit:
    """A web server that takes connections and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self._open: list[socket.socket] = []
        self.port: int = self._socket.getsockname()[1]
        self.open_max = 0
        """The most connections that were open at once."""
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()

    def _go_on(self) -> None:
        while True:
            try:
                taken, _ = self._socket.accept()
            except OSError:
                return
            taken.setblocking(False)
            self._open = [peer for peer in (*self._open, taken) if not has_left(peer)]
            self.open_max = max(self.open_max, len(self._open))

    def close(self) -> None:
        """Close all, and end."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for peer in (self._socket, *self._open):
            peer.close()


def has_left(peer: socket.socket) -> bool:
    """Return True if the other side has closed; read what it said until now."""
    try:
        while peer.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    peer.close()
    return True


def test_checks_of_links_that_never_answer(tmp_path: Path, figures: list[str]) -> None:
    """They hold a few connections for all who ask, and hold nobody else up."""
    settings = {
        "EDGEMAIL_LINK_CHECK": "on",
        "EDGEMAIL_LINK_CHECK_PRIVATE": "on",
        "EDGEMAIL_LINK_CHECK_RATE": "100000",
    }
    with closing(Tarpit()) as tarpit, attacked(tmp_path, **settings) as server:
        ids = []
        for mail in range(10):
            links = "".join(f"http://127.0.0.1:{tarpit.port}/{mail}/{n}\r\n" for n in range(LINKS_PER_MAIL))
            send(server, HEAD + b"\r\n" + links.encode())
            ids.append(newest_id(server, "ann@example.org"))
        paths = [f"/api/messages/{mail_id}/link-check" for mail_id in ids]
        works = [lambda path=path: request(server, f"POST {path}") for path in paths * 4]
        besiege(server, figures, "40 link checks of a tarpit", *works)
        assert 0 < tarpit.open_max <= AT_ONCE


def ask_tools(server: Process, method: str, params: dict[str, object]) -> socket.socket:
    """Make a request of MCP as an attacker."""
    fields, body = write_request(method, params)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    start = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    peer = socket.create_connection(("127.0.0.1", port_of(server)), 60, (ATTACKER, 0))
    peer.sendall(f"{start}{head}\r\n".encode() + body)
    return peer


def test_agents_that_listen(tmp_path: Path, figures: list[str]) -> None:
    """A few of a source are held; who hangs up leaves nothing behind."""
    uris = [f"edgemail://inbox/a{number}@example.org" for number in range(20)]
    params: dict[str, object] = {"notifications": {"resourceSubscriptions": uris}}
    with attacked(tmp_path) as server:
        with ask_tools(server, "tools/list", {}) as peer:  # loads the protocol
            assert b'"tools"' in b"".join(iter(lambda: peer.recv(65_536), b""))
        pid = server.process.pid
        with Honest(server) as honest:
            wait_for_reads(honest, 2)
            before = count_descriptors(pid)
            with ExitStack() as peers:
                for _ in range(200):
                    peers.enter_context(ask_tools(server, "subscriptions/listen", params))
                wait_for_reads(honest, 8)
                memory = measure_memory(pid)
            wait_until(lambda: count_descriptors(pid) <= before + 8)
            wait_for_reads(honest, 2)
        figures.append(f"200 agents that listen: {memory // MIB} MiB, {honest.check()}")
        assert memory < MEMORY_BYTES
