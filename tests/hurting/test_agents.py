"""Agents that ask for much: floods of waits, bodies that are huge, deep or slow, and costly mail.

An honest sender and an honest reader beside them are served within the bounds of the other attacks.
"""

from __future__ import annotations

import json
import resource
import socket
from typing import TYPE_CHECKING

import pytest
from testkit.honest_work import ATTACKER, Honest, newest_id, port_of, send, wait_for_reads
from testkit.hostile_peers import count_descriptors, measure_memory, raise_own_limit
from testkit.mcp_caller import BEFORE, LATEST, write_request
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

ANN = "ann@example.org"
MEMORY_BYTES = 300 * 2**20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """Run the program with its protocol loaded, where no rate holds back who asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_own_limit()
    try:
        with serving(tmp_path / "mail.db", EDGEMAIL_LOG_LEVEL="warning") as one:
            for version in (LATEST, BEFORE):
                assert b'"tools"' in answer_of(post(one, "tools/list", {}, version))
            yield one
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_request(server: Process, fields: dict[str, str], length: int) -> socket.socket:
    """Connect as an attacker, and send the head of a request."""
    peer = socket.socket()
    peer.settimeout(2 * PATIENCE_S)
    peer.bind((ATTACKER, 0))
    peer.connect(("127.0.0.1", port_of(server)))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    peer.sendall(f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n{head}\r\n".encode())
    return peer


def post(server: Process, method: str, params: dict[str, object], version: str = LATEST) -> socket.socket:
    fields, body = write_request(method, params, version)
    peer = open_request(server, fields | {"connection": "close"}, len(body))
    peer.sendall(body)
    return peer


def call(server: Process, tool: str, version: str = LATEST, **arguments: object) -> socket.socket:
    return post(server, "tools/call", {"name": tool, "arguments": arguments}, version)


def answer_of(peer: socket.socket) -> bytes:
    with peer:
        return b"".join(iter(lambda: peer.recv(65_536), b""))


def check(server: Process, honest: Honest, figures: list[str], attack: str) -> None:
    """Check what the honest ones waited for, and the memory."""
    memory = measure_memory(server.process.pid)
    assert memory < MEMORY_BYTES
    figures.append(f"{attack}: {honest.check()}, {memory // 2**20} MiB")


def test_a_flood_of_waits(server: Process, figures: list[str]) -> None:
    """Eight are held; all others are told when to come again, at once."""
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        held = [call(server, "wait_for_code", address=ANN, timeout_s=55) for _ in range(8)]
        refused = [
            call(server, "wait_for_code", version, address=ANN, timeout_s=55)
            for _ in range(100)
            for version in (LATEST, BEFORE)
        ]
        busy = sum(b"busy, try again in 5 s" in answer_of(peer) for peer in refused[8:])
        assert busy >= len(refused) - 16
        wait_for_reads(honest, 5)
    for peer in (*held, *refused):
        peer.close()
    check(server, honest, figures, f"{len(held) + len(refused)} waits of agents")


def test_waits_that_are_hung_up_at_once(server: Process, figures: list[str]) -> None:
    pid = server.process.pid
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        before = count_descriptors(pid)
        for version in (LATEST, BEFORE) * 100:
            call(server, "wait_for_code", version, address=ANN, timeout_s=55).close()
        wait_for_reads(honest, 5)
        while b"busy" in answer_of(call(server, "wait_for_code", address=ANN, timeout_s=0)):
            assert honest.is_well
    assert count_descriptors(pid) <= before + 20
    check(server, honest, figures, "200 waits of agents hung up")


BODIES = {
    "huge": b"x" * 900_000,
    "deep": b"[" * 65_000,
    "deep objects": b'{"a":' * 12_000,
    "many numbers": b"[" + b"1," * 32_000 + b"1]",
    "long number": b"9" * 60_000,
    "long name": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "x" * 60_000}).encode(),
}


def test_bodies_that_are_no_requests(server: Process, figures: list[str]) -> None:
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        for version in (LATEST, BEFORE):
            fields, _ = write_request("tools/list", {}, version)
            for kind, body in BODIES.items():
                for _ in range(15):
                    peer = open_request(server, fields | {"connection": "close"}, len(body))
                    peer.sendall(body)
                    answer = answer_of(peer)
                    assert answer.split()[1].startswith(b"4") or b'"error":' in answer, (kind, answer[:200])
                    assert len(answer) < 70_000
        wait_for_reads(honest, 5)
    check(server, honest, figures, "180 requests of agents with a body that is no request")


def test_bodies_that_come_slowly(server: Process, figures: list[str]) -> None:
    fields, body = write_request("tools/list", {})
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        peers = [open_request(server, fields, len(body)) for _ in range(300)]
        for octet in body[:5]:
            for peer in peers:
                peer.sendall(bytes([octet]))
            wait_for_reads(honest, 1)
        wait_for_reads(honest, 5)
    for peer in peers:
        peer.close()
    check(server, honest, figures, "300 requests of agents whose bodies come slowly")


def test_costly_mail_is_read_again_and_again(server: Process, figures: list[str]) -> None:
    """A page of links that never end, and one with a style sheet for each of its elements."""
    pages = ("<a href=x>" * 25_000, "<style>.a .a{color:red}</style>" + "<p class=a>" * 60_000)
    for page in pages:
        send(server, letter("Page", page.replace(">", ">\r\n"), extra="Content-Type: text/html\r\n"))
    last = newest_id(server, ANN)
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        asked = [
            call(server, "read_message", address=ANN, id=last - number % 2, part=part, offset=number)
            for number in range(50)
            for part in ("text", "html")
        ]
        wait_for_reads(honest, 5)
        answers = [answer_of(peer) for peer in asked]
    assert all(b"structuredContent" in answer or b"isError" in answer for answer in answers)
    check(server, honest, figures, "100 readings of costly pages by agents")
