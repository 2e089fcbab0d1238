"""A plain HTTP client, and a reader of server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from email.message import Message

_CLIENTS = ThreadPoolExecutor(64, thread_name_prefix="client")
"""Separate threads: waiting clients must not use up the event loop's, which the program needs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event of a message. `position` is its id field: the message's id, or several."""

    id: int
    name: str
    data: Any
    position: str


async def ask(
    url: str, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """Make one request; `path` is sent as given."""

    def work() -> Answer:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
        try:
            with contextlib.suppress(BrokenPipeError):  # a refusal may come before the whole body has gone
                connection.request(method, path, body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    return await asyncio.get_running_loop().run_in_executor(_CLIENTS, work)


def inbox_path(address: str, rest: str = "") -> str:
    """Return the path of an inbox, percent-encoded, followed by `rest`."""
    return f"/api/inboxes/{quote(address, safe='')}{rest}"


class EventStream:
    """The events of one inbox or several, decoded from chunks (RFC 9112 section 7.1)."""

    def __init__(self, status: int, head: str, reader: asyncio.StreamReader) -> None:
        self.status = status
        self.head = head
        self._reader = reader
        self._text = b""

    async def line(self) -> str:
        """Return a line with its newline, or "" at the end of the stream."""
        while b"\n" not in self._text:
            size = int((await self._reader.readline()).strip() or b"0", 16)
            if size == 0:
                return ""
            self._text += (await self._reader.readexactly(size + 2))[:-2]
        line, _, self._text = self._text.partition(b"\n")
        return f"{line.decode()}\n"

    async def next(self) -> Event | None:
        """Return the next event, None at the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.line():
                if line == "\n":
                    if not fields:
                        continue  # it was a comment
                    data = json.loads(fields["data"])
                    return Event(data["id"], fields["event"], data, fields["id"])
                name, _, value = line.rstrip("\n").partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
        assert not fields
        return None

    async def take(self, count: int) -> list[Event]:
        """Return the next `count` events."""
        events = [await self.next() for _ in range(count)]
        return [event for event in events if event is not None]


@asynccontextmanager
async def follow(url: str, path: str, headers: str = "", host: str = "") -> AsyncIterator[EventStream]:
    """Follow an inbox; `headers` are lines, each with its CRLF. Disconnects at the end."""
    name, _, port = urlsplit(url).netloc.partition(":")
    host = host or f"{name}:{port}"
    reader, writer = await asyncio.open_connection(name, int(port))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        yield EventStream(int(head.split()[1]), head.lower(), reader)
    finally:
        writer.close()
