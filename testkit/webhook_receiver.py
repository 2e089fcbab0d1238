"""A program that is told of mail: a small HTTP server on real sockets, which answers as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Told:
    """A request that came whole."""

    method: str
    target: str
    fields: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class WebhookReceiver:
    """What came, and how the next requests are answered: by each of `planned` in turn, then by `usual`."""

    port: int = 0
    host: str = "127.0.0.1"
    connects: int = 0
    told: list[Told] = field(default_factory=list)
    planned: list[Behaviour] = field(default_factory=list)
    usual: Behaviour | None = None
    at_once: int = 0
    most_at_once: int = 0
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hook?key=s3cret"

    @property
    def subjects(self) -> list[str]:
        return [told.json().get("subject") or told.json()["Subject"] for told in self.told]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connects += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                self.told.append(await read_request(reader))
                behave = self.planned.pop(0) if self.planned else self.usual or answer(204)
                await behave(reader, writer)
        finally:
            self.tasks.discard(task)
            self.at_once -= 1
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Told:
    """Read one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Told(method, target, fields, await reader.readexactly(int(fields.get("content-length", "0"))))


def answer(status: int, *fields: str, body: bytes = b"") -> Behaviour:
    """Answer with a status, header fields and a body."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} X", *fields, f"Content-Length: {len(body)}"))

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()

    return behave


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Answer nothing until the other side goes."""
    await reader.read()


async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection in place of an answer."""
    writer.transport.abort()


def drip(octets: bytes, pause_s: float) -> Behaviour:
    """Answer an octet at a time, then hang."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for octet in octets:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(pause_s)
        await reader.read()

    return behave


def endless(head: bytes, piece: bytes) -> Behaviour:
    """Answer without an end."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return behave


@asynccontextmanager
async def receiving(
    usual: Behaviour | None = None, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[WebhookReceiver]:
    """Serve for as long as the context lasts."""
    receiver = WebhookReceiver(host=host, usual=usual)
    server = await asyncio.start_server(receiver.serve, host, port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in receiver.tasks:
            task.cancel()
        await asyncio.gather(*receiver.tasks, return_exceptions=True)
