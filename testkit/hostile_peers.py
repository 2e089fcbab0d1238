"""Hostile SMTP clients: raw sockets from any address of 127/8, with control of reads and resets."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import resource
import socket
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_READ_OCTETS = 2**16
_RESET = struct.pack("ii", 1, 0)
_ADDRESSES = itertools.count()

HELLO = b"EHLO attacker.example\r\n"
ENVELOPE = b"MAIL FROM:<ann@attacker.example>\r\nRCPT TO:<bob@example.org>\r\n"


@dataclass(frozen=True, slots=True)
class Target:
    """A server's SMTP endpoints: plain, and with implicit TLS."""

    smtp: tuple[str, int]
    smtps: tuple[str, int]


def next_address() -> str:
    """Return a source address that was not used yet."""
    number = next(_ADDRESSES)
    return f"127.{64 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}"


def raise_own_limit() -> None:
    """Raise this process's limit on open files to the hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def count_descriptors(pid: int) -> int:
    """Return the number of open files and sockets of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def measure_memory(pid: int) -> int:
    """Return the resident memory (RSS) of a process in octets."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


class Attacker:
    """One connection."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._loop = asyncio.get_running_loop()
        self._heard = b""

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(
        cls, address: tuple[str, int], source: str = "", receive_octets: int = 0
    ) -> AsyncIterator[Self]:
        """Connect from `source` or a new address; `receive_octets` is the receive buffer's size."""
        with socket.socket() as raw:
            raw.setblocking(False)
            if receive_octets:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
            raw.bind((source or next_address(), 0))
            await asyncio.get_running_loop().sock_connect(raw, address)
            yield cls(raw)

    async def say(self, octets: bytes) -> None:
        """Send all octets; wait while the server does not read."""
        await self._loop.sock_sendall(self._raw, octets)

    async def hear(self) -> int:
        """Return the code of the next reply, 0 at the end."""
        while True:
            line, newline, rest = self._heard.partition(b"\n")
            if newline:
                self._heard = rest
                if line[3:4] == b" ":
                    return int(line[:3])
            elif octets := await self._read():
                self._heard += octets
            else:
                return 0

    async def ask(self, octets: bytes) -> int:
        """Send octets; return the code of the next reply."""
        await self.say(octets)
        return await self.hear()

    async def last(self) -> int:
        """Read to the end; return the code of the last reply, 0 where there was none."""
        code = 0
        while heard := await self.hear():
            code = heard
        return code

    async def read_to_the_end(self) -> None:
        """Read and drop everything until the end of the connection."""
        while await self._read():
            pass

    async def flood(self, octets: bytes) -> None:
        """Send octets over and over until the server closes, and never read."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self.say(octets)
                await asyncio.sleep(0)  # otherwise this task would never yield

    async def start_mail(self) -> None:
        """Start a transaction, up to the 354 for DATA."""
        assert await self.hear() == 220
        assert await self.ask(HELLO) == 250
        await self.say(ENVELOPE + b"DATA\r\n")
        codes = [await self.hear() for _ in range(3)]
        assert codes == [250, 250, 354], codes

    def vanish(self) -> None:
        """Close with a reset (RST)."""
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._raw.close()

    async def _read(self) -> bytes:
        try:
            return await self._loop.sock_recv(self._raw, _READ_OCTETS)
        except ConnectionError:
            return b""


async def swarm(count: int, attack: Callable[[], Awaitable[int]]) -> Counter[int]:
    """Run `count` attacks at once; count their results."""
    return Counter(await asyncio.gather(*(attack() for _ in range(count))))
