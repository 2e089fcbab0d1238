"""Attacks as scripts: each connection repeats one script, from one of many source addresses."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from itertools import repeat
from typing import TYPE_CHECKING

from testkit.smtp_peer import MAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Script = Callable[[], Iterable[bytes]]

HELLO = b"EHLO evil.example\r\n"
PAUSE_S = 0.05
SLOW_S = 1.0
SOURCE_PEERS = 20
_BEGIN = HELLO + MAIL
_BLOCK = b"x" * 16_384
_CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + b"\x11" * 60


def source_of(number: int) -> str:
    """Return the source address of an attacker; SOURCE_PEERS attackers share one."""
    return f"127.0.2.{number // SOURCE_PEERS + 1}"


def _announce_too_much() -> Iterable[bytes]:
    yield HELLO + MAIL.replace(b"DATA\r\n", b"BDAT 20000000 LAST\r\n")
    yield b"x" * 1000


SCRIPTS: dict[str, tuple[int, float, Script]] = {
    # name: number of connections, pause between blocks in seconds, the blocks
    "drips a message": (1000, SLOW_S, lambda: (_BEGIN, *repeat(b"x", 60))),
    "opens and says nothing": (1000, SLOW_S, lambda: repeat(b"", 60)),
    "a line without an end": (100, 0, lambda: repeat(_BLOCK, 100)),
    "a message without an end": (200, 0.01, lambda: (_BEGIN, *repeat(_BLOCK, 4000))),
    "NOOP": (200, 0.01, lambda: repeat(b"NOOP\r\n" * 50, 1000)),
    "RSET": (200, 0.01, lambda: repeat(b"RSET\r\n" * 50, 1000)),
    "no command at all": (200, 0.01, lambda: repeat(b"WHAT\r\n" * 50, 1000)),
    "MAIL": (200, 0.01, lambda: (HELLO, *repeat(b"MAIL FROM:<a@b.example>\r\nRSET\r\n" * 20, 1000))),
    "RCPT": (
        200,
        0.01,
        lambda: (HELLO + b"MAIL FROM:<>\r\n", *repeat(b"RCPT TO:<a@b.example>\r\n" * 50, 1000)),
    ),
    "BDAT with less than it says": (200, SLOW_S, _announce_too_much),
    "BDAT with more than it says": (
        200,
        0.01,
        lambda: (HELLO + MAIL[:-6] + b"BDAT 3\r\n" + _BLOCK, *repeat(_BLOCK, 9)),
    ),
    "BDAT of huge sizes": (200, 0.01, lambda: repeat(HELLO + MAIL[:-6] + b"BDAT 99999999999999999999\r\n", 20)),
    "BDAT of nothing": (200, 0.01, lambda: (HELLO + MAIL[:-6], *repeat(b"BDAT 0\r\n" * 50, 1000))),
    "a ClientHello to the plain port": (200, 0.05, lambda: repeat(_CLIENT_HELLO, 3)),
    "HTTP": (200, 0.05, lambda: repeat(b"GET / HTTP/1.1\r\nHost: mx.example.com\r\n\r\n", 3)),
    "half a handshake": (200, SLOW_S, lambda: (HELLO, b"STARTTLS\r\n", _CLIENT_HELLO[:40])),
    "comes and goes": (200, 0, tuple),
}


async def attack(port: int, what: str, *, reads: bool = True) -> None:
    """Run all connections of an attack until cancelled."""
    count, pause_s, script = SCRIPTS[what]
    await asyncio.gather(
        *[_repeat_script(port, source_of(number), pause_s, script, reads=reads) for number in range(count)]
    )


async def _repeat_script(port: int, source: str, pause_s: float, script: Script, *, reads: bool) -> None:
    while True:
        with contextlib.suppress(OSError, ssl.SSLError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            drain = asyncio.create_task(_drain(reader)) if reads else None
            try:
                for octets in script():
                    writer.write(octets)
                    await writer.drain()
                    await asyncio.sleep(pause_s)
                    if drain is not None and drain.done():
                        break
            finally:
                if drain is not None:
                    drain.cancel()
                writer.transport.abort()
        await asyncio.sleep(PAUSE_S)


async def _drain(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65_536):
            pass
