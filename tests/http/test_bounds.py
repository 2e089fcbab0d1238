"""The bounds in front of the HTTP parser: each one with what is just within it, and with what is past it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import logging
import re
import socket
from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import pytest
from testkit.running_app import Program, running, settings_in
from testkit.waiting import PATIENCE_S, until

from edgemail.settings import PolicySettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edgemail.http.protocol import BoundedHttpProtocol
    from edgemail.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = b"Host: localhost\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
LAST = b"Connection: close\r\n\r\n"
PUT = b"PUT /api/chaos HTTP/1.1\r\n" + HOST
RULES = b'{"rules": []}'


def with_http(folder: Path, **changed: float) -> Settings:
    """Return settings with other bounds, for peers that are not trusted; the API may change the rules of chaos."""
    settings = settings_in(folder)
    return dataclasses.replace(
        settings,
        http=dataclasses.replace(settings.http, **changed),  # type: ignore[arg-type]
        smtp=dataclasses.replace(settings.smtp, trusted=(IPv4Network("127.0.0.9"),)),
        policy=PolicySettings(min_free=None, chaos_api="on"),
    )


@contextlib.asynccontextmanager
async def connected(
    program: Program, source: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    at = urlsplit(program.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Read to the end."""
    async with asyncio.timeout(PATIENCE_S):
        return await reader.read()


async def say(program: Program, *pieces: bytes, source: str = "127.0.0.1") -> bytes:
    """Send pieces in turn, and read to the end."""
    async with connected(program, source) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await rest(reader)


def statuses(answers: bytes) -> list[int]:
    """Return the status of each answer."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answers)]


def problem(answer: bytes) -> dict[str, object]:
    """Check that an answer is a whole problem document that ends the connection; return the document."""
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = head.decode().lower()
    assert "content-type: application/problem+json" in fields
    assert f"content-length: {len(body)}" in fields
    assert "connection: close" in fields
    assert "\r\ndate: " in fields
    document: dict[str, object] = json.loads(body)
    assert document["status"] == int(head.split()[1])
    return document


def count(program: Program, reason: str) -> int:
    """Return how often something was refused for that reason."""
    server = program.app._http[0]
    refusals = server._table._counters.refusals
    assert reason in refusals
    return refusals[reason]


def connections(program: Program) -> list[BoundedHttpProtocol]:
    """Return the open connections."""
    return cast("list[BoundedHttpProtocol]", list(program.app._http[0].server_state.connections))


@pytest.mark.parametrize(
    "second", [b"Host: localhost", b"hOST: evil.example", b"Host:", b"X: y\r\nHost: localhost"]
)
async def test_a_second_host_is_refused(lasting: Program, second: bytes) -> None:
    """400 (RFC 9112 section 3.2), also if both are the same: a proxy in front may have read the other one."""
    before = count(lasting, "malformed")
    answer = await say(lasting, GET + second + b"\r\n" + LAST)
    assert problem(answer)["status"] == 400
    assert count(lasting, "malformed") == before + 1
    assert statuses(await say(lasting, GET + b"\r\n" + GET + LAST)) == [200, 200]


async def test_a_target_is_bounded(lasting: Program) -> None:
    """414: RFC 9110 has a status for just this."""
    most = 16 * 1024
    within = b"GET /" + b"a" * (most - 1) + b" HTTP/1.1\r\n" + HOST + LAST
    assert statuses(await say(lasting, within)) == [404]
    before = count(lasting, "target_too_long")
    answer = await say(lasting, b"GET /" + b"a" * most)
    assert problem(answer)["status"] == 414
    assert count(lasting, "target_too_long") == before + 1


async def test_an_answer_is_sent_at_once(lasting: Program) -> None:
    """TCP_NODELAY: else the second write of an answer waits for the peer to acknowledge the first one."""
    async with connected(lasting) as (reader, writer):
        writer.write(GET + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        (connection,) = connections(lasting)
        served = connection.transport.get_extra_info("socket")
        assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_burst_of_requests_leaves_turns_to_others(lasting: Program) -> None:
    """A few requests start in each turn of the event loop, in order; SMTP has its turns between them."""
    turns, begun = lasting.app._http[0]._table.turns, list[int]()
    for number in range(100):
        turns.start(partial(begun.append, number))
    seen = [len(begun)]
    while len(begun) < 100:
        await asyncio.sleep(0)
        seen.append(len(begun))
    assert begun == list(range(100))
    assert {after - before for before, after in itertools.pairwise([0, *seen])} <= {0, 4, 8}
    async with contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(connected(lasting)) for _ in range(50)]
        for _, writer in peers:
            writer.write(GET + LAST)
        assert [statuses(await rest(reader)) for reader, _ in peers] == [[200]] * 50


def head_of(octets: int, begin: bytes = GET) -> bytes:
    """Return a request whose head has so many octets."""
    field = b"X: " + b"y" * (octets - len(begin) - len(LAST) - 5) + b"\r\n"
    request = begin + field + LAST
    assert len(request) == octets
    return request


@pytest.mark.parametrize("piece", [1, 1000, 16 * 1024, 10**6])
async def test_a_head_is_bounded_to_the_octet(lasting: Program, piece: int) -> None:
    """However it is cut: 64 KiB are taken, one octet more is not."""
    most = 64 * 1024
    if piece == 1:  # the last ones alone, as each is a packet
        cut = most - 50
        whole, more = head_of(most), head_of(most + 1)
        within = [whole[:cut], *(whole[n : n + 1] for n in range(cut, len(whole)))]
        past = [more[:cut], *(more[n : n + 1] for n in range(cut, len(more)))]
    else:
        within = [head_of(most)[n : n + piece] for n in range(0, most, piece)]
        past = [head_of(most + 1)[n : n + piece] for n in range(0, most + 1, piece)]
    assert statuses(await say(lasting, *within)) == [200]
    assert problem(await say(lasting, *past))["status"] == 431
    # also where another request came before it in the same octets
    both = GET + b"\r\n"
    assert statuses(await say(lasting, both + head_of(most))) == [200, 200]
    assert statuses(await say(lasting, both + head_of(most + 1)))[1:] in ([431], [])


async def test_the_number_of_fields_is_bounded(lasting: Program) -> None:
    """The 101st is one too many."""
    fields = b"".join(b"A%d: b\r\n" % number for number in range(98))
    assert statuses(await say(lasting, GET + fields + LAST)) == [200]
    answer = await say(lasting, GET + fields + b"One: more\r\n" + LAST)
    assert problem(answer)["status"] == 431
    assert count(lasting, "too_many_fields") == 1


async def test_leading_empty_lines_are_bounded(lasting: Program) -> None:
    """A few are skipped, as RFC 9112 asks; many are nonsense."""
    assert statuses(await say(lasting, b"\r\n\r\n" + GET + LAST)) == [200]
    for octets in (b"\r\n" * 33, b"\n" * 65, b"\r" * 20_000):
        assert problem(await say(lasting, octets))["status"] == 400


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_a_problem(lasting: Program, octets: bytes) -> None:
    """400, in the form that all errors have."""
    before = count(lasting, "malformed")
    assert problem(await say(lasting, octets))["title"] == "Bad Request"
    assert count(lasting, "malformed") == before + 1


async def test_a_body_is_bounded_before_it_comes(tmp_path: Path) -> None:
    """By what is declared, and in chunks by what came; framing counts."""
    async with running(with_http(tmp_path, max_body_bytes=1000)) as program:
        length = b"Content-Length: %d\r\n"
        body = RULES.ljust(1000)
        assert statuses(await say(program, PUT + length % 1000 + LAST + body)) == [200]
        for expect in (b"", b"Expect: 100-continue\r\n"):
            assert problem(await say(program, PUT + expect + length % 1001 + LAST))["status"] == 413
        chunked = PUT + b"Transfer-Encoding: chunked\r\n" + LAST
        sent = b"3e0\r\n" + RULES.ljust(0x3E0) + b"\r\n"
        assert len(sent) == 999
        assert statuses(await say(program, chunked + sent, b"0\r\n")) == [413]
        sent = b"%x\r\n%b\r\n0\r\n\r\n" % (0x3D0, RULES.ljust(0x3D0))
        assert statuses(await say(program, chunked + sent)) == [200]
        assert count(program, "body_too_long") == 3


async def test_chunk_extensions_and_trailers_are_bounded(tmp_path: Path) -> None:
    """Octets that carry nothing; a trailer field is no header field."""
    async with running(with_http(tmp_path)) as program:
        chunked = PUT + b"Transfer-Encoding: chunked\r\n" + LAST
        piece = b"%x;name=%b\r\n%b\r\n"
        extended = piece % (len(RULES), b"v" * 10_000, RULES)
        trailers = b"0\r\nHost: evil.example\r\nX: " + b"y" * 10_000 + b"\r\n\r\n"
        assert statuses(await say(program, chunked + extended + trailers)) == [200]
        endless = piece % (len(RULES), b"v" * 40_000, RULES)
        assert problem(await say(program, chunked + endless))["status"] == 431
        endless = extended + b"0\r\nX: " + b"y" * 40_000
        assert problem(await say(program, chunked + endless))["status"] == 431
        endless = extended + b"0\r\n" + b"a:b\r\n" * 10_000
        assert problem(await say(program, chunked + endless))["status"] == 431


async def test_a_trailer_field_behind_a_held_request_is_no_header_field(tmp_path: Path) -> None:
    """The application would see it with the others, as it has not begun when the trailer comes."""
    async with running(with_http(tmp_path)) as program:
        chunked = PUT.replace(HOST, b"") + b"Transfer-Encoding: chunked\r\n" + LAST
        trailer = b"%x\r\n%b\r\n0\r\nHost: localhost\r\n\r\n" % (len(RULES), RULES)
        assert statuses(await say(program, GET + b"\r\n" + chunked + trailer)) == [200, 421]


async def test_requests_that_come_early_are_answered_in_order(lasting: Program) -> None:
    """All of them, however they are cut, with bodies or without; few are parsed ahead."""
    paths = [b"/healthz", b"/nowhere", b"/readyz", b"/api/server", b"/api/inboxes/a@b.example/messages"]
    one = b"".join(b"GET %b HTTP/1.1\r\n%b\r\n" % (path, HOST) for path in paths)
    one += PUT + b"Content-Length: 13\r\n\r\n" + RULES
    one += (
        PUT
        + b"Transfer-Encoding: chunked\r\n\r\n5\r\n"
        + RULES[:5]
        + b"\r\n8;x\r\n"
        + RULES[5:]
        + b"\r\n0\r\nA: b\r\n\r\n"
    )
    one += b"GET /healthz HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + HOST + b"\r\n"
    wanted = [200, 404, 200, 200, 200, 404, 404, 200]
    text = one * 40 + GET + LAST
    for piece in (len(text), 16 * 1024, 1777, 97):
        answers = await say(lasting, *(text[n : n + piece] for n in range(0, len(text), piece)))
        assert statuses(answers) == wanted * 40 + [200], piece


@pytest.mark.parametrize("connection", [b"Upgrade", b"keep-alive, Upgrade, HTTP2-Settings"])
async def test_a_body_behind_an_upgrade_that_is_not_made_is_a_body(lasting: Program, connection: bytes) -> None:
    """Java's HTTP client offers `h2c`. A body that got lost would be the next request, and no body deletes all."""
    upgrade = b"Connection: %b\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n" % connection
    wrong = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"  # no JSON, and no request
    put = PUT + upgrade
    text = put + b"Content-Length: 13\r\n\r\n" + RULES
    text += put + b"Content-Length: %d\r\n\r\n" % len(wrong) + wrong
    text += put + b"Transfer-Encoding: chunked\r\n\r\nd\r\n" + RULES + b"\r\n0\r\n\r\n"
    text += GET + upgrade + b"Content-Length: 4\r\n\r\nbody" + GET + LAST
    plain = text.replace(b"Upgrade: h2c\r\n", b"")
    wanted = statuses(await say(lasting, plain))
    assert len(wanted) == 5
    for piece in (len(text), 97, 13, 1):
        answers = await say(lasting, *(text[n : n + piece] for n in range(0, len(text), piece)))
        assert statuses(answers) == wanted, piece


async def test_an_upgrade_changes_no_bound(lasting: Program) -> None:
    """Each refusal is given that a request without it gets."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    for rest, status in (
        (b"Content-Length: 99999999\r\n\r\n", 413),
        (b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (HOST + b"\r\n", 400),
    ):
        assert statuses(await say(lasting, PUT + upgrade + rest)) == [status], rest


async def test_early_requests_wait_as_octets(lasting: Program) -> None:
    """Behind an event stream that does not end, they take no more memory than one read."""
    stream = b"GET /api/inboxes/a@b.example/events HTTP/1.1\r\n" + HOST + b"\r\n"
    async with connected(lasting) as (reader, writer):
        writer.write(stream + (GET + b"\r\n") * 100_000)
        await reader.readuntil(b"listening")
        (connection,) = [connection for connection in connections(lasting) if connection.is_answering]
        await until(lambda: bool(connection._held))
        await asyncio.sleep(0.05)
        assert len(connection._held) <= 96 * 1024
        assert len(connection.pipeline) == 0


async def test_nonsense_behind_a_request_does_not_spoil_its_answer(lasting: Program) -> None:
    """The answer comes whole; then the nonsense gets its own."""
    slow = b"GET /api/inboxes/none@b.example/wait?timeout=0.1 HTTP/1.1\r\n" + HOST + b"\r\n"
    for nonsense in (b"nonsense\r\n\r\n", b"\x00" * 100_000):
        answers = await say(lasting, slow + nonsense)
        assert statuses(answers) == [200, 400]
        assert b"timeout" in answers.partition(b"\r\n\r\n")[2][:40]
        answers = await say(lasting, slow, b"GET / H", nonsense)
        assert statuses(answers)[0] == 200


async def test_a_head_has_a_deadline(tmp_path: Path) -> None:
    """From its first octet on, whatever keeps coming; who says nothing hears nothing."""
    async with running(with_http(tmp_path, head_timeout_s=0.3)) as program:
        assert await say(program) == b""
        assert problem(await say(program, GET))["status"] == 408
        async with connected(program) as (reader, writer):

            async def drip() -> None:
                with contextlib.suppress(ConnectionError):
                    for octet in GET * 1000:
                        writer.write(bytes([octet]))
                        await writer.drain()
                        await asyncio.sleep(0.02)

            dripping = asyncio.create_task(drip())
            assert problem(await rest(reader))["status"] == 408
            dripping.cancel()
        # The second request of a connection has a deadline, too.
        async with connected(program) as (reader, writer):
            writer.write(GET + b"\r\nGET /")
            assert statuses(await rest(reader)) == [200, 408]
        assert count(program, "head_timeout") == 3
        assert count(program, "silent") == 1


async def test_a_body_has_a_least_rate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """408 while the application waits for it; it is no error of the application."""
    caplog.set_level(logging.WARNING)
    async with running(with_http(tmp_path, head_timeout_s=0.3, min_body_rate_bytes=1000)) as program:
        begin = PUT + b"Content-Length: 100000\r\n\r\n"
        assert problem(await say(program, begin + b"{"))["status"] == 408
        chunked = PUT + b"Transfer-Encoding: chunked\r\n\r\n"
        assert problem(await say(program, chunked))["status"] == 408
        assert count(program, "body_timeout") == 2
        # Where the answer needs no body, it is given at once, and the connection ends all the same.
        other = begin.replace(b"PUT /api/chaos", b"POST /healthz")
        assert statuses(await say(program, other)) == [405]
        async with connected(program) as (reader, writer):  # a body that comes fast enough
            writer.write(begin.replace(b"\r\n\r\n", b"\r\n" + LAST))
            for _ in range(20):
                writer.write(b" " * 5000)
                await asyncio.sleep(0.05)
            assert statuses(await rest(reader)) == [422]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_an_idle_connection_ends(tmp_path: Path) -> None:
    """After `http_keep_alive`, without a word; not while an answer is under way."""
    async with running(with_http(tmp_path, keep_alive_s=0.2)) as program:
        assert statuses(await say(program, GET + b"\r\n")) == [200]
        slow = b"GET /api/inboxes/none@b.example/wait?timeout=1 HTTP/1.1\r\n" + HOST + b"\r\n"
        assert statuses(await say(program, slow)) == [200]


async def test_what_a_peer_says_after_a_refusal_is_dropped(lasting: Program) -> None:
    """It hears the refusal, though it goes on talking for a while."""
    async with connected(lasting) as (reader, writer):
        writer.write(b"nonsense\r\n\r\n")
        for _ in range(5):
            await asyncio.sleep(0.02)
            writer.write(GET + b"\r\n")
        assert statuses(await rest(reader)) == [400]


async def test_connections_of_a_source_are_bounded(tmp_path: Path) -> None:
    """429 for strangers; not for who is trusted, not for others, and not for probes."""
    page = b"GET /api/server HTTP/1.1\r\n" + HOST + LAST
    async with (
        running(with_http(tmp_path, max_connections_per_source=2)) as program,
        contextlib.AsyncExitStack() as stack,
    ):
        held = [await stack.enter_async_context(connected(program, "127.0.0.5")) for _ in range(2)]
        answer = await say(program, page, source="127.0.0.5")
        assert problem(answer)["status"] == 429
        assert b"retry-after: 5\r\n" in answer
        assert statuses(await say(program, page, source="127.0.0.6")) == [200]
        for path, status in ((b"/healthz", 200), (b"/readyz", 200), (b"/healthz?a=b", 422)):
            probe = b"GET %b HTTP/1.1\r\n%b\r\n" % (path, HOST)
            assert statuses(await say(program, probe, source="127.0.0.5")) == [status]
        head = await say(program, page.replace(b"GET", b"HEAD"), source="127.0.0.5")
        assert statuses(head) == [429]
        assert head.endswith(b"\r\n\r\n")
        for _ in range(5):
            await stack.enter_async_context(connected(program, "127.0.0.9"))
        assert statuses(await say(program, page, source="127.0.0.9")) == [200]
        held[0][1].transport.abort()

        async def is_served() -> bool:
            return statuses(await say(program, page, source="127.0.0.5")) == [200]

        await until(is_served)


async def test_a_trusted_proxy_is_many_readers(tmp_path: Path) -> None:
    """No limit per source holds for its connections: behind it are others."""
    settings = with_http(tmp_path, max_connections_per_source=2)
    access = dataclasses.replace(settings.access, http_trusted_proxies=(IPv4Network("127.0.0.5"),))
    page = b"GET /api/server HTTP/1.1\r\n" + HOST + LAST
    async with (
        running(dataclasses.replace(settings, access=access)) as program,
        contextlib.AsyncExitStack() as stack,
    ):
        for _ in range(3):
            await stack.enter_async_context(connected(program, "127.0.0.5"))
        assert statuses(await say(program, page, source="127.0.0.5")) == [200]


async def test_a_connection_that_waits_gives_way(tmp_path: Path) -> None:
    """Thousands of idle connections keep nobody out; the one that waited longest goes first."""
    async with running(with_http(tmp_path, max_connections=3)) as program, contextlib.AsyncExitStack() as stack:
        idle = []
        for source in ("127.0.0.5", "127.0.0.6", "127.0.0.7"):
            reader, writer = await stack.enter_async_context(connected(program, source))
            writer.write(GET + b"\r\n")
            await reader.readuntil(b"}")
            idle.append((reader, writer))
        idle[0][1].write(GET + b"\r\n")  # it is the last one to wait now
        await idle[0][0].readuntil(b"}")
        assert statuses(await say(program, GET + LAST)) == [200]
        assert await rest(idle[1][0]) == b""
        for reader, writer in (idle[0], idle[2]):
            writer.write(GET + LAST)
            assert statuses(await rest(reader)) == [200]
        assert count(program, "gave_way") == 1


@pytest.mark.slow
async def test_a_port_where_all_are_busy_answers_probes(tmp_path: Path) -> None:
    """503 with Retry-After for the rest, however many come."""
    stream = b"GET /api/inboxes/a@b.example/events HTTP/1.1\r\n" + HOST + b"\r\n"
    page = b"GET /api/server HTTP/1.1\r\n" + HOST + b"\r\n"
    async with running(with_http(tmp_path, max_connections=3)) as program, contextlib.AsyncExitStack() as stack:
        for source in ("127.0.0.5", "127.0.0.6", "127.0.0.7"):
            reader, writer = await stack.enter_async_context(connected(program, source))
            writer.write(stream)
            await reader.readuntil(b"listening")
        answer = await say(program, page)
        assert problem(answer)["status"] == 503
        assert b"retry-after: 5\r\n" in answer
        silent = [await stack.enter_async_context(connected(program, "127.0.0.8")) for _ in range(200)]
        for path in (b"/healthz", b"/readyz"):
            probe = b"GET %b HTTP/1.1\r\n%b\r\n" % (path, HOST)
            assert statuses(await say(program, probe)) == [200]
        for reader, _ in silent:  # the oldest gave way, the others had two seconds
            assert statuses(await rest(reader)) == [503]
        await until(lambda: len(connections(program)) == 3)


async def test_refusals_are_logged_once_a_minute_and_kind(
    lasting: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """uvicorn would log each one."""
    caplog.set_level(logging.DEBUG)
    for _ in range(50):
        await say(lasting, b"nonsense\r\n\r\n")
        await say(lasting, b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + HOST + LAST)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) <= 1, lines


async def test_a_peer_that_leaves_early_requests_behind_is_noticed(tmp_path: Path) -> None:
    """Its answer is worked for no longer, though its next request has come."""
    stream = b"GET /api/inboxes/a@b.example/events HTTP/1.1\r\n" + HOST + b"\r\n"
    async with running(with_http(tmp_path)) as program:
        async with connected(program) as (reader, writer):
            writer.write(stream + GET + b"\r\n")
            await reader.readuntil(b"listening")
            assert len(connections(program)) == 1
        await until(lambda: connections(program) == [])
