"""The websocket: what it tells, whom, and what a reader can cost."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from testkit.http_client import ask as ask_url
from testkit.running_app import resolved_in, running
from testkit.sample_mail import letter
from testkit.waiting import PATIENCE_S, until
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edgemail.http import websocket as bounds
from edgemail.http.compat.mailpit import events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from testkit.running_app import Program
    from websockets.asyncio.client import ClientConnection

BUFFER_BYTES = 4096
"""What each end of a connection by hand buffers of what nobody has read."""


def websocket_url(program: Program, path: str = "/api/events") -> str:
    return program.url.replace("http://", "ws://") + path


@asynccontextmanager
async def listening(program: Program, **options: Any) -> AsyncIterator[ClientConnection]:
    """Connect, and take the counts that come first."""
    async with connect(websocket_url(program), proxy=None, **options) as client:
        first = await read(client)
        assert first["Type"] == "stats"
        yield client


async def read(client: ClientConnection) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return json.loads(await client.recv())


async def read_until(client: ClientConnection, kind: str) -> list[Any]:
    """Read frames up to one of a kind."""
    frames = [await read(client)]
    while frames[-1]["Type"] != kind:
        frames.append(await read(client))
    return frames


async def ask(program: Program, method: str, path: str, body: Any) -> None:
    assert (await program.ask(f"/api/v1/{path}", method, {}, json.dumps(body).encode())).status == 200


@asynccontextmanager
async def shaking_hands(
    program: Program, **fields: str
) -> AsyncIterator[tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Begin a websocket by hand; give the status line and the connection. A field that is empty is left out."""
    at = urlsplit(program.url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (at.hostname, at.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=BUFFER_BYTES)
    given = {
        "Host": at.netloc,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    writer.write(f"GET /api/events HTTP/1.1\r\n{head}\r\n".encode())
    try:
        async with asyncio.timeout(PATIENCE_S):
            status = await reader.readline()
        yield status, reader, writer
    finally:
        writer.transport.abort()


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Read until the server has closed the connection, in whichever way."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    except ConnectionError:
        return b""


def frame(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    """Write a client's frame, masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([opcode | 0x80 * is_last]) + length + bytes(4) + payload


async def test_what_happens_is_told(program: Program) -> None:
    """New mail with its summary, then what becomes of it; counts a little later."""
    async with listening(program) as client:
        (mail_id,) = await program.send_letter("Told")
        new, stats = await read_until(client, "stats")
        assert (new["Type"], new["Data"]["ID"], new["Data"]["Subject"]) == ("new", str(mail_id), "Told")
        assert new["Data"]["Cc"] == []
        assert stats["Data"]["Total"] == stats["Data"]["Unread"] == 1
        assert stats["Data"]["Version"].startswith("v1.")
        await program.ask(f"/api/v1/message/{mail_id}")
        update, stats = await read_until(client, "stats")
        assert update == {"Type": "update", "Data": {"ID": str(mail_id), "Read": True}}
        assert stats["Data"]["Unread"] == 0
        await ask(program, "PUT", "tags", {"IDs": [str(mail_id)], "Tags": ["b", "a"]})
        assert (await read(client)) == {"Type": "update", "Data": {"ID": str(mail_id), "Tags": ["a", "b"]}}
        await ask(program, "PUT", "tags/a", {"Name": "c"})
        assert (await read_until(client, "prune"))[-1] == {"Type": "prune", "Data": None}
        await ask(program, "DELETE", "messages", {"IDs": [str(mail_id)]})
        assert (await read_until(client, "delete"))[-1] == {"Type": "delete", "Data": {"ID": str(mail_id)}}
        await program.send_letter("Another")
        await ask(program, "DELETE", "messages", {})
        assert (await read_until(client, "truncate"))[-1] == {"Type": "truncate", "Data": None}


async def test_our_own_stream_is_at_the_same_path(program: Program) -> None:
    """Whoever asks for no websocket gets server-sent events, and so does who asks for another protocol."""
    for headers in ({}, {"Connection": "Upgrade", "Upgrade": "h2c"}):
        answer = await program.ask("/api/events?address=ann%40example.org", "HEAD", headers)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_a_burst_is_told_whole_or_as_a_reason_to_load_again(program: Program) -> None:
    """In the order of arrival."""
    async with listening(program) as client:
        await program.send(*[letter(str(number)) for number in range(120)])
        seen: list[str] = []
        while seen[-1:] not in (["119"], ["prune"]):
            told = await read(client)
            if told["Type"] != "stats":
                seen.append(told["Data"]["Subject"] if told["Type"] == "new" else told["Type"])
        assert seen == [str(number) for number in range(120)]


@pytest.mark.parametrize("frames_per_s", [5_000, 50])
async def test_with_many_readers_a_large_change_is_a_reason_to_load_again(
    program: Program, monkeypatch: pytest.MonkeyPatch, frames_per_s: int
) -> None:
    """One reader is many where there is little time for all of them: senders are served in between."""
    monkeypatch.setattr(events, "_FRAMES_PER_S", frames_per_s)
    ids = await program.send_letter(*map(str, range(12)))
    async with listening(program) as client:
        await ask(program, "PUT", "messages", {"Read": True, "IDs": [str(mail_id) for mail_id in ids]})
        *told, stats = await read_until(client, "stats")
        updates = [{"Type": "update", "Data": {"ID": str(mail_id), "Read": True}} for mail_id in ids]
        assert told == (updates if frames_per_s == 5_000 else [{"Type": "prune", "Data": None}])
        assert stats["Data"]["Unread"] == 0


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Origin": "https://evil.example"}, b"403"),
        ({"Origin": "null"}, b"403"),
        ({"Origin": "http://127.0.0.1:1"}, b"403"),
        ({"Origin": "http://127.0.0.1.evil.example"}, b"403"),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, b"421"),
        ({"Host": "evil.example"}, b"421"),
        ({"Host": ""}, b"421"),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "websocket"}, b"403"),
        ({"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate"}, b"403"),
        ({"Sec_WebSocket_Version": "7"}, b"400"),
        ({"Sec_WebSocket_Key": "short"}, b"400"),
    ],
)
async def test_a_handshake_that_is_refused(program: Program, fields: dict[str, str], status: bytes) -> None:
    """Before anything is told: a browser lets every page open a websocket, and only the Origin gives it away."""
    async with shaking_hands(program, **fields) as (answer, reader, _):
        assert answer.startswith(b"HTTP/1.1 " + status), answer
        await read_to_end(reader)


async def test_another_network_may_not_listen(tmp_path: Path) -> None:
    settings = resolved_in(tmp_path, allow_http_sources="10.0.0.0/8")
    async with running(settings) as program, shaking_hands(program) as (answer, reader, _):
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"allow_http_sources" in await read_to_end(reader)


async def test_a_handshake_may_come_behind_another_request(program: Program) -> None:
    """At once with it, and with a frame behind: each gets its answer, in turn."""
    at = urlsplit(program.url)
    first = f"GET /healthz HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n"
    fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = base64.b64encode(bytes(16)).decode()
    upgrade = f"GET /api/events HTTP/1.1\r\nHost: {at.netloc}\r\n{fields}Sec-WebSocket-Key: {key}\r\n\r\n"
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write((first * 3 + upgrade).encode() + frame(9, b"early"))
    async with asyncio.timeout(PATIENCE_S):
        said = await reader.readuntil(b'"Type":"stats"')
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert said.index(b"HTTP/1.1 101 ") > said.rindex(b"HTTP/1.1 200 OK")
    writer.transport.abort()
    assert (await program.ask("/healthz")).status == 200


async def test_the_servers_own_page_may_listen(program: Program) -> None:
    async with shaking_hands(program, Origin=program.url) as (answer, _, _):
        assert answer.startswith(b"HTTP/1.1 101 ")


async def test_in_public_mode_only_the_operator_listens(tmp_path: Path) -> None:
    """A wrong password is told from none; and there is no websocket at all without the setting."""
    passwords = tmp_path / "passwords"
    passwords.write_text("admin:a-long-secret\n")
    passwords.chmod(0o600)
    settings = resolved_in(tmp_path, mode="public", password_file=str(passwords), compat_apis="on", reserved="none")
    right = "Basic " + base64.b64encode(b"admin:a-long-secret").decode()
    async with running(settings) as program:
        for given, status in ((None, 401), ("Basic eDp5", 401), (right, None)):
            headers = {} if given is None else {"Authorization": given}
            if status is None:
                async with listening(program, additional_headers=headers):
                    pass
                continue
            with pytest.raises(InvalidStatus) as refused:
                async with connect(websocket_url(program), proxy=None, additional_headers=headers):
                    pass
            assert refused.value.response.status_code == status
        for path in ("/api/v1/messages", "/api/v1/info", "/api/v1/chaos", "/view/latest.html", "/view/latest.txt"):
            assert (await program.ask(path)).status == 401, path
            assert (await program.ask(path, headers={"Authorization": right})).status in (200, 400, 404), path
        assert (await program.ask("/livez")).status == 200


async def test_it_works_under_a_base_path(tmp_path: Path) -> None:
    """And without it, as all else does."""
    async with running(resolved_in(tmp_path, base_path="/mail")) as program:
        root = program.url.removesuffix("/mail")
        for path in ("/mail/api/events", "/api/events"):
            async with connect(root.replace("http://", "ws://") + path, proxy=None) as client:
                assert (await read(client))["Type"] == "stats"
        for path in ("/mail/view/latest", "/mail//view/x"):
            (mail_id,) = await program.send_letter("One")
            answer = await ask_url(root, path)
            assert answer.headers["location"].startswith("/mail/"), path
            assert mail_id


async def test_readers_are_bounded_like_streams(tmp_path: Path) -> None:
    """Of a source, and of all together; one that goes makes room."""
    settings = resolved_in(tmp_path, trusted="10.0.0.0/8", max_streams_per_source="2")
    async with running(settings) as program:
        async with listening(program), listening(program):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(websocket_url(program), proxy=None):
                    pass
            assert refused.value.response.status_code == 429
        async with listening(program):
            pass


async def test_what_a_reader_says_is_dropped(program: Program) -> None:
    """Messages whole and in pieces, pings and pongs."""
    async with listening(program) as client:
        for message in ("x", b"x", ["a", "b", "c"], ""):
            await client.send(message)
        await asyncio.wait_for(await client.ping(), PATIENCE_S)
        (mail_id,) = await program.send_letter("Told all the same")
        assert (await read(client))["Data"]["ID"] == str(mail_id)


BREAKS = {
    "too long": frame(1, b"x" * 5000),
    "too long in pieces": frame(1, b"x" * 4000, is_last=False) + frame(0, b"x" * 4000),
    "no beginning": frame(0, b"x"),
    "no such kind": frame(3, b"x"),
    "long ping": frame(9, b"x" * 126),
    "not masked": b"\x81\x01x",
    "noise": b"\xff" * 100,
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bad close": frame(8, b"\x03"),
    "empty pieces": frame(1, b"", is_last=False) + frame(0, b"", is_last=False) * 20_000,
    "pongs": frame(10, b"") * 20_000,
}


@pytest.mark.parametrize("what", BREAKS)
async def test_a_reader_that_breaks_the_protocol_is_dropped(program: Program, what: str) -> None:
    """The server goes on, and holds nothing of it."""
    before = asyncio.all_tasks()
    async with shaking_hands(program) as (status, reader, writer):
        assert status.startswith(b"HTTP/1.1 101 ")
        writer.write(BREAKS[what])
        await read_to_end(reader)
    await until(lambda: asyncio.all_tasks() <= before)
    assert (await program.ask("/api/v1/info")).json()["Messages"] == 0


@pytest.mark.parametrize("said", [frame(1, b"x")[:2], b"", frame(1, b"\xff\xfe"), frame(1, b"x", is_last=False)])
async def test_a_reader_that_goes_without_a_word_is_forgotten(program: Program, said: bytes) -> None:
    """In the middle of a frame, too."""
    before = asyncio.all_tasks()
    async with shaking_hands(program) as (_, _, writer):
        writer.write(said)
    await until(lambda: asyncio.all_tasks() <= before)


async def test_a_reader_that_floods_is_dropped(program: Program) -> None:
    """Even by messages that are valid one by one."""

    async def flood(client: ClientConnection) -> None:
        for _ in range(10_000):
            await client.send("x" * 4000)

    async with listening(program) as client:
        with pytest.raises(ConnectionClosed):
            await flood(client)


async def test_a_reader_that_does_not_read_is_dropped(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few frames wait for it, and no more; others are told meanwhile."""
    monkeypatch.setattr(bounds, "_SLOW_S", 0.0)
    async with shaking_hands(program) as (status, reader, _), listening(program) as client:
        assert status.startswith(b"HTTP/1.1 101 ")
        for number in range(40):  # the connection itself buffers some of it
            await program.send(_large_letter(number))
            told = await read_until(client, "new")
            assert told[-1]["Data"]["Subject"] == str(number)
        await until(lambda: _count_connections(program, 2))  # the other reader, and who asks
        assert len(await read_to_end(reader)) < 40 * LARGE_FRAME_BYTES


async def _count_connections(program: Program, count: int) -> bool:
    metrics = (await program.ask("/metrics")).body.decode()
    return f"\nedgemail_http_connections {count}.0\n" in metrics


LARGE_FRAME_BYTES = 10_000
"""A frame of `_large_letter` is longer."""


def _large_letter(number: int) -> bytes:
    """Make a letter with a long summary: many recipients in its header."""
    to = ",\r\n ".join(f"{'n' * 100} <{'a' * 60}{place}@example.org>" for place in range(180))
    return f"Subject: {number}\r\nTo: {to}\r\n\r\nText.\r\n".encode()


async def test_stopping_says_goodbye(tmp_path: Path) -> None:
    """With 1012, so that readers come again; and at once."""
    async with running(resolved_in(tmp_path)) as program:
        client = await connect(websocket_url(program), proxy=None)
        await read(client)
    with pytest.raises(ConnectionClosed) as closed:
        await read(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


@pytest.mark.parametrize("kind", [0, 1, 2, 9, 10])
async def test_frames_are_counted_and_not_only_their_octets(program: Program, kind: int) -> None:
    """Each takes as long as many octets: a thousand readers of ten thousand empty frames took minutes."""
    start = frame(1, b"", is_last=False) if kind == 0 else b""
    async with shaking_hands(program) as (_, reader, writer):
        writer.write(start + frame(kind, b"", is_last=kind != 0) * 100)
        await read_to_end(reader)
