"""Both ends of an SMTP connection: a client that a test steers, and a store that it decides for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from edgemail.listener import Listener, Policy, TransactionLog
from edgemail.model import Endpoint
from edgemail.settings import SmtpSettings
from testkit.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from edgemail.model import Envelope, MailId
    from edgemail.policy.logins import Logins

HELLO = b"HELO client.example\r\n"
MAIL = b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n"


def message(text: str | bytes = b"Hi.") -> bytes:
    """Return a whole transaction, with a message of one line."""
    return MAIL + (text.encode() if isinstance(text, str) else text) + b"\r\n.\r\n"


@dataclass(slots=True)
class Counter:
    """Takes messages as a store does; the test says when each is kept, or why not."""

    envelopes: list[Envelope] = field(default_factory=list)
    futures: list[asyncio.Future[MailId]] = field(default_factory=list)
    keeps_at_once: bool = False

    def deliver(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """Take a message."""
        future: asyncio.Future[MailId] = asyncio.get_running_loop().create_future()
        self.envelopes.append(envelope)
        self.futures.append(future)
        if self.keeps_at_once:
            self.keep(len(self.futures) - 1)
        return future

    def keep(self, index: int) -> None:
        """Commit a message."""
        self.futures[index].set_result(index + 1)  # type: ignore[arg-type]

    async def arrival(self, count: int = 1) -> None:
        """Wait until so many messages have come."""
        await until(lambda: len(self.envelopes) >= count)

    @property
    def contents(self) -> list[bytes]:
        """The messages, without the two trace fields before them."""
        return [drop_trace(envelope.load().data) for envelope in self.envelopes]


def drop_trace(data: bytes) -> bytes:
    """Return a message as it came: Return-Path: is one line, and Received: is three."""
    return data.split(b"\r\n", 4)[4]


@contextlib.asynccontextmanager
async def listening(
    counter: Counter,
    policy: Policy | None = None,
    clock: Callable[[], datetime] | None = None,
    log: TransactionLog | None = None,
    logins: Logins | None = None,
    /,
    **settings: object,
) -> AsyncIterator[tuple[Listener, int]]:
    """Give a listener and its port on 127.0.0.1; an exception in a callback fails the test."""
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
    endpoint = Endpoint("127.0.0.1", 0)
    smtp = SmtpSettings(listen=(endpoint,), hostname="mx.example.com", **settings)  # type: ignore[arg-type]
    now = clock or (lambda: datetime.now(UTC))
    listener = Listener(smtp, counter.deliver, now, policy=policy, log=log, logins=logins)
    bound = socket.create_server((endpoint.host, endpoint.port))
    await listener.start([bound])
    try:
        yield listener, bound.getsockname()[1]
    finally:
        for connection in tuple(listener.connections):
            connection.abort()
        await asyncio.wait_for(listener.stop(), PATIENCE_S)
    assert unseen == []


def change_settings(listener: Listener, **values: object) -> None:
    """Change settings of a listener that runs, for what is still to come on open connections."""
    for name, value in values.items():
        object.__setattr__(listener.settings, name, value)


class Peer:
    """An SMTP client. Every wait is bounded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, port: int, source: str = "127.0.0.1") -> AsyncIterator[Self]:
        """Connect from an address; drop the connection at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        try:
            yield cls(reader, writer)
        finally:
            writer.transport.abort()

    @classmethod
    @contextlib.asynccontextmanager
    async def greeted(cls, port: int, source: str = "127.0.0.1") -> AsyncIterator[Self]:
        """Connect, and say HELO."""
        async with cls.connect(port, source) as peer:
            assert (await peer.reply())[:4] == "220 "
            await peer.say(HELLO, 250)
            yield peer

    def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._writer.write(octets)

    def finish(self) -> None:
        """Close this side, and go on reading."""
        self._writer.write_eof()

    def vanish(self) -> None:
        """Drop the connection with a reset."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._writer.transport.abort()

    async def reply(self) -> str:
        """Read a reply; return its last line."""
        async with asyncio.timeout(PATIENCE_S):
            while (line := (await self._reader.readline()).decode())[3:4] == "-":
                pass
        return line.removesuffix("\r\n")

    async def say(self, octets: bytes, *codes: int) -> str:
        """Send octets and read a reply for each code; return the last."""
        self.send(octets)
        last = ""
        for code in codes:
            last = await self.reply()
            assert last.startswith(f"{code} "), f"{last!r} in place of {code}"
        return last

    async def rest(self) -> str:
        """Read until the server closes."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self._reader.read()).decode()

    async def is_quiet(self) -> bool:
        """Return True if the server says nothing more for a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                return not await self._reader.readexactly(1)
        return True
