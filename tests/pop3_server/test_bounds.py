"""Every wait has an end, every buffer a bound, and every source its share."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from testkit.running_app import ANN
from testkit.sample_mail import letter
from testkit.waiting import PATIENCE_S, until

from tests.pop3_server.reading import address_of, make_certificate, serving_pop3

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from testkit.running_app import Program

    Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

pytestmark = pytest.mark.slow

LOGIN = f"USER {ANN}\r\nPASS x\r\n".encode()
NOT_TRUSTED = {"trusted": "none", "allow_http_sources": "127.0.0.0/8"}


@contextlib.asynccontextmanager
async def dialled(program: Program, number: int = 0, receive_octets: int = 0) -> AsyncIterator[Streams]:
    """Connect, and hear the greeting unless TLS comes first."""
    raw = socket.socket()
    raw.setblocking(False)
    if receive_octets:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
    await asyncio.get_running_loop().sock_connect(raw, address_of(program, number))
    reader, writer = await asyncio.open_connection(sock=raw, limit=4096 if receive_octets else 2**16)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def hear(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE_S):
        return await reader.readline()


async def hear_all(reader: asyncio.StreamReader) -> bytes:
    """Read to the end; a reset is one."""
    heard = b""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE_S):
            while octets := await reader.read(2**16):
                heard += octets
    return heard


def refusals(program: Program) -> dict[str, int]:
    """Return what was refused, by its reason."""
    counters = program.app._http_parts.counters.pop3
    assert counters is not None
    return {reason: count for reason, count in counters.refusals.items() if count}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"max_pop3_connections_per_source": "2"}, b"-ERR [SYS/TEMP] too many connections of your network\r\n"),
        ({"pop3_connection_rate": "2"}, b"-ERR [SYS/TEMP] too many connections of your network in a minute\r\n"),
        ({"max_pop3_connections": "2"}, b"-ERR [SYS/TEMP] too many connections; try again later\r\n"),
    ],
)
async def test_one_connection_too_many(tmp_path: Path, setting: dict[str, str], said: bytes) -> None:
    """It is told so, and closed; those that are open go on."""
    async with (
        serving_pop3(tmp_path, **NOT_TRUSTED, **setting) as program,
        dialled(program) as first,
        dialled(program) as second,
    ):
        for reader, _ in (first, second):
            assert (await hear(reader)).startswith(b"+OK")
        async with dialled(program) as (reader, _):
            assert await hear_all(reader) == said
        first[1].write(b"CAPA\r\n")
        assert await hear(first[0]) == b"+OK\r\n"


async def test_a_slot_comes_back(tmp_path: Path) -> None:
    """When its connection is over, however it ended."""
    async with serving_pop3(tmp_path, **NOT_TRUSTED, max_pop3_connections_per_source="1") as program:
        for ending in (b"QUIT\r\n", b"", b"GET / HTTP/1.1\r\n"):
            async with dialled(program) as (reader, writer):
                assert (await hear(reader)).startswith(b"+OK")
                writer.write(ending)
                if ending:
                    await hear_all(reader)
            counters = program.app._http_parts.counters.pop3
            await until(lambda counters=counters: counters is not None and counters.connections == 0)  # type: ignore[misc]


@pytest.mark.parametrize("octets", [b"", b"USER a@b.example\r\n", b"x"])
async def test_who_does_not_log_in_is_closed_soon(tmp_path: Path, octets: bytes) -> None:
    """The deadline does not move, whatever is said."""
    async with serving_pop3(tmp_path, pop3_login_timeout="1s") as program, dialled(program) as (reader, writer):
        writer.write(octets)
        assert (await hear_all(reader)).endswith(b"-ERR you took too long\r\n")


async def test_who_is_idle_after_the_login_has_more_time(tmp_path: Path) -> None:
    """And no message is deleted by that (RFC 1939 section 3)."""
    async with serving_pop3(tmp_path, pop3_login_timeout="1h", pop3_idle_timeout="1s") as program:
        await program.send_letter("one")
        async with dialled(program) as (reader, writer):
            writer.write(LOGIN + b"DELE 1\r\n")
            heard = await hear_all(reader)
        assert heard.endswith(b"+OK deleted at QUIT\r\n-ERR you took too long\r\n")
        assert len(await program.list_inbox()) == 1


async def test_who_does_not_shake_hands_is_dropped(tmp_path: Path) -> None:
    """Silence and nonsense on the port for TLS, and behind STLS."""
    given, _ = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, pop3s="127.0.0.1:0", tls_timeout="1s", **given) as program:
        for octets in (b"", b"USER a@b.example\r\n" * 100):
            async with dialled(program, 1) as (reader, writer):
                writer.write(octets)
                assert b"+OK" not in await hear_all(reader)
            async with dialled(program) as (reader, writer):
                writer.write(b"STLS\r\n")
                await hear(reader)
                assert await hear(reader) == b"+OK begin TLS\r\n"
                writer.write(octets)
                assert b"+OK" not in await hear_all(reader)


async def test_what_is_injected_before_tls_is_never_obeyed(tmp_path: Path) -> None:
    """In the packet of STLS (CVE-2011-0411)."""
    given, _ = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given) as program, dialled(program) as (reader, writer):
        writer.write(b"STLS\r\n" + LOGIN)
        heard = await hear_all(reader)
        assert heard.endswith(b"-ERR octets came behind STLS\r\n")
        assert b"messages" not in heard


@pytest.mark.parametrize("way", ["plain", "TLS"])
async def test_a_slow_reader_is_dropped(tmp_path: Path, way: str) -> None:
    """Whoever takes less than `min_read_rate` holds a slot for a while, and no more of a message than that."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(
        tmp_path, pop3s="127.0.0.1:0", min_read_rate="40000", max_inbox_bytes="off", **given
    ) as program:
        await program.send(letter("large", text=("0123456789abcdef" * 4 + "\r\n") * 200_000))

        def ask() -> socket.socket:
            raw = socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.settimeout(PATIENCE_S)
            raw.connect(address_of(program, int(way == "TLS")))
            peer = context.wrap_socket(raw, server_hostname="127.0.0.1") if way == "TLS" else raw
            peer.sendall(LOGIN + b"RETR 1\r\n")
            return peer

        with await asyncio.to_thread(ask):
            await until(lambda: refusals(program) == {"too_slow": 1})


async def test_who_asks_much_and_reads_nothing_is_answered_no_further(tmp_path: Path) -> None:
    """Thousands of commands in one go: the buffers stay small, and the connection ends."""
    async with serving_pop3(tmp_path, min_read_rate="40000") as program:
        await program.send(*[letter(f"s{number}") for number in range(20)])
        async with dialled(program, receive_octets=4096) as (reader, writer):
            writer.write(LOGIN + b"UIDL\r\nTOP 1 9\r\n" * 100_000)
            await until(lambda: bool(set(refusals(program)) & {"too_slow", "too_many_commands"}))
            assert not reader.at_eof()


async def test_a_half_closed_connection_gets_its_answers(tmp_path: Path) -> None:
    """As of a script: `printf ... | nc`."""
    async with serving_pop3(tmp_path) as program:
        await program.send_letter("one")
        async with dialled(program) as (reader, writer):
            writer.write(LOGIN + b"RETR 1\r\nSTAT\r\n")
            writer.write_eof()
            heard = await hear_all(reader)
        assert heard.count(b"+OK ") == 5
        assert b"Subject: one" in heard


@pytest.mark.parametrize("way", ["idle", "reading"])
async def test_a_stop_ends_sessions_with_a_word(tmp_path: Path, way: str) -> None:
    """Within a message there is no place for one."""
    async with serving_pop3(tmp_path, shutdown_timeout="1s", max_inbox_bytes="off") as program:
        await program.send(letter("large", text=("0123456789abcdef" * 4 + "\r\n") * 200_000))
        async with dialled(program, receive_octets=4096) as (reader, writer):
            writer.write(LOGIN + (b"RETR 1\r\n" if way == "reading" else b""))
            for _ in range(3 + (way == "reading")):
                await hear(reader)
            assert program.app._pop3 is not None
            await program.app._pop3.stop()
            heard = await hear_all(reader)
        assert heard.endswith(b"-ERR [SYS/TEMP] the server stops\r\n") is (way == "idle")


async def test_nothing_of_pop3_is_loaded_without_it(tmp_path: Path) -> None:
    """Those who do not use it do not pay for it."""
    code = (
        "import sys, edgemail.app, edgemail.http.servers;"
        "print([name for name in sys.modules if name.startswith('edgemail.pop3')])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    said, _ = await process.communicate()
    assert said.strip() == b"[]"
