"""Who floods the list of all mail and Mailpit's API, beside an honest sender and an honest reader."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import resource
import socket
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from testkit.honest_work import ATTACKER, Honest, ask, port_of, send, wait_for_reads
from testkit.hostile_peers import count_descriptors, measure_memory, raise_own_limit
from testkit.http_siege import MEMORY_BYTES, MIB, besiege, opening, request, wait_until
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.time_limit import bounded

from edgemail import mime
from edgemail.model import MailId
from edgemail.store import encoding, schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

KEPT = 20_000


def fill(path: Path, count: int) -> None:
    """Add messages, with all that is derived of them, to a database that nobody has open."""
    data = letter("x", text="lorem ipsum dolor sit amet " * 20)
    summary = mime.summarize(data)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        rows = [
            (
                "2026-05-17 12:00:00.000",
                "<bob@sender.example>",
                f"<kim{number % 500}@example.org>",
                len(data),
                data.decode(),
            )
            for number in range(count)
        ]
        database.executemany(schema.ADD_MAIL, rows)
        database.execute("INSERT INTO inbox SELECT trim(recipients, '<>'), id FROM mail")
        ids = range(1, count + 1)
        database.executemany(schema.ADD_SUMMARY, [encoding.write_summary(MailId(id_), summary) for id_ in ids])
        database.executemany(schema.ADD_WORDS, [(id_, summary.words) for id_ in ids])
        database.executemany(schema.ADD_SEARCH_FIELDS, [encoding.write_fields(MailId(id_), summary) for id_ in ids])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with much mail."""
    path = tmp_path_factory.mktemp("filled") / "mail.db"
    with serving(path) as server:
        server.process.terminate()
        server.wait()
    fill(path, KEPT)
    return path


@contextlib.contextmanager
def attacked(path: Path) -> Iterator[Process]:
    """Run the program with room for many connections of one source."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_own_limit()
    many = {
        "EDGEMAIL_LOG_LEVEL": "warning",
        "EDGEMAIL_MAX_HTTP_CONNECTIONS": "4000",
        "EDGEMAIL_MAX_HTTP_CONNECTIONS_PER_SOURCE": "3000",
        "EDGEMAIL_MAX_AGE": "off",
        "EDGEMAIL_MAX_MESSAGES": "off",
    }
    try:
        with serving(path, **many) as server:
            yield server
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def server(filled: Path, tmp_path: Path) -> Iterator[Process]:
    """Run the program on a copy of much mail."""
    path = tmp_path / "mail.db"
    path.write_bytes(filled.read_bytes())
    with attacked(path) as one:
        yield one


SEARCHES = {
    "hits nothing": "zzzzqqq",
    "many terms": " ".join(f"zz{number}" for number in range(16)),
    "metacharacters": "*a*b*c[d]?_%" * 40,
    "nearly": ("lorem " * 7 + "zz").replace(" ", '" "'),
    "negations": " ".join(f"-nothere{number}" for number in range(16)),
    "near miss": "x" * 998 + "y",
    "quotes": '"' * 500 + "a",
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_searches(server: Process, figures: list[str], kind: str) -> None:
    """A hundred at a time, from one source, by our API and by Mailpit's."""
    text = quote(SEARCHES[kind])
    paths = [
        f"/api/messages?search={text}",
        f"/api/counts?search={text}",
        f"/api/v1/search?query={text}&start={10**18 - 1}",
        f"/api/v1/search?query={text}&limit={10**18 - 1}",
        f"/view/latest.html?query={text}",
    ]
    besiege(
        server,
        figures,
        f"100 searches, {kind}",
        *[lambda path=path: request(server, f"GET {path}") for path in paths * 20],
    )


def test_waits_for_a_search(server: Process, figures: list[str]) -> None:
    """Each looks at each mail that comes."""
    with contextlib.ExitStack() as peers:
        pid = server.process.pid
        with Honest(server) as honest:
            wait_for_reads(honest, 2)
            for number in range(1000):
                peers.enter_context(ask(server, f"/api/wait?search=never{number}&timeout=55"))
            wait_for_reads(honest, 10)
            memory = measure_memory(pid)
        figures.append(f"1,000 waits: {memory // MIB} MiB, {honest.check()}")
        assert memory < MEMORY_BYTES


HANDSHAKE = (
    b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n\r\n"
)


def frame(opcode: int, payload: bytes, *, is_last: bool = True, length: int | None = None) -> bytes:
    """Write a client's frame, masked by zeros; `length` is what it says that it has."""
    size = len(payload) if length is None else length
    start = bytes([0x80 * is_last | opcode])
    if size < 126:
        start += bytes([0x80 | size])
    else:
        start += bytes([0xFF]) + size.to_bytes(8, "big")
    return start + bytes(4) + payload


def connect(server: Process) -> socket.socket:
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.settimeout(20)
    peer.bind((ATTACKER, 0))
    peer.connect(("127.0.0.1", port_of(server)))
    return peer


SOCKETS = {
    "that never read": lambda _: HANDSHAKE,
    "that end their handshake never": lambda _: HANDSHAKE[:-2],
    "with frames of 2^63 octets": lambda _: HANDSHAKE + frame(2, b"x" * 60_000, length=2**63 - 1),
    "with frames of 1 MB": lambda _: HANDSHAKE + frame(1, b"x" * 1_000_000),
    "with reserved opcodes": lambda _: HANDSHAKE + frame(3, b"") * 1000,
    "with random frames": lambda _: HANDSHAKE + os.urandom(5000),
    "with ten thousand empty pieces": lambda _: (
        HANDSHAKE + frame(1, b"a", is_last=False) + frame(0, b"", is_last=False) * 10_000
    ),
    "with ten thousand pings": lambda _: HANDSHAKE + frame(9, b"") * 10_000,
    "that close at once": lambda _: HANDSHAKE + frame(8, b"\x03\xe8"),
}


@pytest.mark.parametrize("kind", SOCKETS)
def test_a_thousand_websockets(server: Process, figures: list[str], kind: str) -> None:
    """Mail goes on arriving, of which each of them is told."""
    with contextlib.ExitStack() as peers:
        pid = server.process.pid
        with Honest(server) as honest:
            wait_for_reads(honest, 2)
            before = count_descriptors(pid)
            for number in range(1000):
                peer = peers.enter_context(connect(server))
                peer.setblocking(False)
                with contextlib.suppress(OSError):
                    peer.send(SOCKETS[kind](number))
                if number % 100 == 99:  # attackers, tests and the server share the cores
                    wait_for_reads(honest, 1)
            wait_for_reads(honest, 10)
            memory = measure_memory(pid)
            peers.close()
            wait_until(lambda: count_descriptors(pid) <= before + 8)
            wait_for_reads(honest, 2)
    figures.append(f"1,000 websockets {kind}: {memory // MIB} MiB, {honest.check()}")
    assert memory < MEMORY_BYTES


def test_a_flood_of_pings(server: Process, figures: list[str]) -> None:
    """From fifty peers, who read no pong."""

    def flood() -> None:
        with opening(connect(server)) as peer:
            peer.sendall(HANDSHAKE)
            while True:
                peer.sendall(frame(9, b"p" * 125) * 100)

    besiege(server, figures, "50 floods of pings", *[flood] * 50)


def test_changes_of_all_mail_while_mail_arrives(server: Process, figures: list[str]) -> None:
    """Marks, tags, and deletions that find nothing."""

    def change(body: dict[str, object]) -> None:
        request(server, "PATCH /api/messages", json.dumps(body).encode())

    works = [
        lambda: change({"search": "", "read": True}),
        lambda: change({"search": "", "read": False}),
        lambda: request(server, "PUT /api/v1/messages", b'{"Read":true}'),
        lambda: request(server, "PUT /api/v1/tags/a", b'{"Name":"b"}'),
        lambda: request(server, "PUT /api/v1/tags/b", b'{"Name":"a"}'),
        lambda: change({"ids": list(range(1, 1001)), "tags": [f"tag {number}" for number in range(30)]}),
        lambda: request(server, "DELETE /api/v1/search?query=is:tagged%20larger:1gb"),
    ]
    besiege(server, figures, "changes of all mail", *works * 3)


def test_thousands_of_tags(server: Process, figures: list[str]) -> None:
    """Each message brings tags of its own."""
    numbers = iter(range(10**9))

    def tag() -> None:
        tags = ", ".join(f"t{next(numbers)}" for _ in range(200))
        send(server, letter("tagged", extra=f"X-Tags: {tags}\r\n"), "tagged@example.org")
        request(server, "GET /api/v1/messages")
        request(server, "GET /api/v1/info")

    besiege(server, figures, "thousands of tags", *[tag] * 10, reads=15)


def test_lists_of_tags(filled: Path, tmp_path: Path, figures: list[str]) -> None:
    """Of thirty tags on each message: 600,000 entries to count."""
    path = tmp_path / "mail.db"
    path.write_bytes(filled.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) "
            "INSERT INTO tag SELECT mail.id, 'tag ' || i FROM mail, n"
        )
    with attacked(path) as server:
        works = [lambda path=path: request(server, f"GET {path}") for path in ("/api/tags", "/api/v1/info")]
        besiege(server, figures, "100 lists of tags", *works * 50)


BODIES = {
    "a large attachment": lambda: base64.b64encode(bytes(12 * MIB)),
    "escapes": lambda: b"\\n" * (8 * MIB),
}


@pytest.mark.parametrize("kind", [*BODIES, "small values"])
def test_submissions_of_large_bodies(server: Process, figures: list[str], kind: str) -> None:
    """Their octets are counted while they come."""
    if kind == "small values":
        body = b'{"Tags":[' + b"[]," * (8 * MIB) + b"[]]}"
    else:
        head = b'{"From":{"Email":"a@b.example"},"To":[{"Email":"flood@example.org"}],'
        content = BODIES[kind]()
        is_file = kind == "a large attachment"
        body = (
            head
            + (b'"Attachments":[{"Filename":"f","Content":"' if is_file else b'"Text":"')
            + content
            + (b'"}]}' if is_file else b'"}')
        )
    besiege(server, figures, f"20 submissions, {kind}", *[lambda: request(server, "POST /api/v1/send", body)] * 20)
