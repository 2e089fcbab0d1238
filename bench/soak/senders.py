"""Senders of every kind: honest in every way that SMTP allows, and hostile."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from testkit.waiting import until

from bench.soak.ledger import write_message

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

    from bench.soak.ledger import Ledger

PATIENCE_S = 60.0
INBOXES = 20
_SIZES = (500, 2_000, 4_000, 4_000, 20_000, 100_000)
_LARGE_OCTETS = 1_500_000
_LARGE_SHARE = 0.02
_SMALL_OCTETS = 10_000
_PAUSE_S = 0.05
_FAILURES = (OSError, asyncio.IncompleteReadError, ValueError, TimeoutError)


class SmtpClient:
    """One SMTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(
        cls, address: tuple[str, int], source: str, *, tls: bool = False
    ) -> AsyncIterator[SmtpClient]:
        """Connect from a source address, and send EHLO."""
        async with asyncio.timeout(PATIENCE_S):
            client = cls(*await asyncio.open_connection(*address, local_addr=(source, 0)))
        try:
            if await client.hear() != 220 or await client.ask(b"EHLO soak.example\r\n") != 250:
                raise ConnectionError("not welcome")
            if tls:
                await client._secure()
            yield client
        finally:
            client._writer.transport.abort()

    async def _secure(self) -> None:
        if await self.ask(b"STARTTLS\r\n") != 220:
            raise ConnectionError("no TLS")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await self._writer.start_tls(context)
        await self.ask(b"EHLO soak.example\r\n")

    async def say(self, octets: bytes) -> None:
        """Send octets."""
        self._writer.write(octets)
        async with asyncio.timeout(PATIENCE_S):
            await self._writer.drain()

    async def hear(self) -> int:
        """Return the code of the next reply."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = await self._reader.readuntil(b"\n")
                if line[3:4] == b" ":
                    return int(line[:3])

    async def ask(self, octets: bytes) -> int:
        """Send octets; return the code of the reply."""
        await self.say(octets)
        return await self.hear()

    async def begin(self, recipient: str) -> int:
        """Open a transaction; return the code of the first refusal, or 250."""
        for line in (b"MAIL FROM:<soak@sender.example>\r\n", f"RCPT TO:<{recipient}>\r\n".encode()):
            code = await self.ask(line)
            if code != 250:
                return code
        return 250


@dataclass
class Load:
    """The senders to one server, and their waiting times."""

    name: str
    address: tuple[str, int]
    ledger: Ledger
    chance: random.Random
    pause_s: float = _PAUSE_S
    counts: dict[int, int] = field(default_factory=dict)
    """Kept messages, by sender."""
    took_s: list[tuple[float, float]] = field(default_factory=list)
    """When small messages got their 250 (`time.monotonic`), and the seconds that it took."""

    async def run(self, senders: int) -> None:
        """Send until the server closes all connections and accepts no new ones."""
        await asyncio.gather(*(self._insist(number) for number in range(senders)))

    async def begin(self) -> None:
        """Wait until a message was kept, with a time limit."""
        with contextlib.suppress(TimeoutError):
            await until(lambda: sum(self.counts.values()) > 0, PATIENCE_S)

    async def _insist(self, number: int) -> None:
        count = 0
        self.counts[number] = 0
        while True:
            try:
                async with SmtpClient.connect(self.address, "127.0.0.1", tls=number % 5 == 4) as client:
                    while await self._send(client, number, count):
                        count += 1
                        await asyncio.sleep(self.chance.random() * 2 * self.pause_s)
            except _FAILURES:
                pass
            count += 1
            await asyncio.sleep(self.pause_s)
            if not await self._is_up():
                return

    async def _is_up(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(*self.address)
        except OSError:
            return False
        writer.close()
        return True

    async def _send(self, client: SmtpClient, number: int, count: int) -> bool:
        """Send one message; return True if the connection stays usable."""
        chance = self.chance
        token = f"{self.name}.{number}.{count}"
        size = _LARGE_OCTETS if chance.random() < _LARGE_SHARE else chance.choice(_SIZES)
        message = write_message(token, chance, size)
        code = await client.begin(f"soak{chance.randrange(INBOXES)}@example.org")
        if code != 250:
            self.ledger.codes[code] += 1
            return code != 421
        self.ledger.begin(token, message)
        way, code = chance.random(), 0
        began = time.monotonic()
        try:
            if way < 0.3:
                code = await self._say_chunks(client, message)
            else:
                code = await self._say_data(client, message, way)
        finally:
            self.ledger.end(token, code)
        if code == 250:
            now = time.monotonic()
            self.counts[number] += 1
            if size < _SMALL_OCTETS:
                self.took_s.append((now, now - began))
        return code not in (0, 421)

    async def _say_chunks(self, client: SmtpClient, message: bytes) -> int:
        """Send it by BDAT (RFC 3030), in one chunk or two."""
        cut = self.chance.randrange(len(message)) if self.chance.random() < 0.5 else 0
        if cut and (code := await client.ask(b"BDAT %d\r\n" % cut + message[:cut])) != 250:
            return code
        return await client.ask(b"BDAT %d LAST\r\n" % (len(message) - cut) + message[cut:])

    async def _say_data(self, client: SmtpClient, message: bytes, way: float) -> int:
        """Send it by DATA; some senders disconnect in the middle, or after the dot."""
        code = await client.ask(b"DATA\r\n")
        if code != 354:
            return code
        stuffed = message.replace(b"\r\n.", b"\r\n..")
        if way > 0.99:
            await client.say(stuffed[: len(stuffed) // 2])
            return 0
        await client.say(stuffed + b".\r\n")
        return 0 if way > 0.98 else await client.hear()


async def flood(address: tuple[str, int], source: str, connections: int, seconds: float) -> None:
    """Send as much as possible from one address, over many connections, for a while."""
    end = time.monotonic() + seconds

    async def insist() -> None:
        while time.monotonic() < end:
            with contextlib.suppress(*_FAILURES):
                async with SmtpClient.connect(address, source) as client:
                    while time.monotonic() < end and await client.begin("flood@example.org") != 421:
                        if await client.ask(b"DATA\r\n") == 354:
                            await client.ask(b"x" * 998 + b"\r\n.\r\n")
            await asyncio.sleep(0.01)

    await asyncio.gather(*(insist() for _ in range(connections)))


async def send_honestly(address: tuple[str, int], source: str) -> float:
    """Send one message from a new address; return the seconds from the connection to the 250.

    Raises:
        OSError: it was refused, or the connection broke.
    """
    began = time.monotonic()
    async with SmtpClient.connect(address, source) as client:
        if await client.begin("honest@example.org") != 250 or await client.ask(b"DATA\r\n") != 354:
            raise ConnectionError("refused")
        code = await client.ask(b"Subject: honest\r\n\r\nHi.\r\n.\r\n")
        if code != 250:
            raise ConnectionError(f"refused with {code}")
    return time.monotonic() - began
