"""A TCP proxy in front of a server that can cut or delay requests and responses."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Callable

Fault = Literal["none", "lose answer", "hold request", "cut"]


class FaultyProxy:
    """Forwards TCP connections to a port.

    `fault` applies to requests for which `is_hit` returns True:

    - "lose answer": the request is forwarded, the response is dropped;
    - "hold request": the client's connection ends, and the request is forwarded after `let_go`;
    - "cut": the connection ends, and new connections are refused.
    """

    def __init__(self, port: int, is_hit: Callable[[bytes], bool] = lambda _: True) -> None:
        self._to = port
        self.is_hit = is_hit
        self._fault: Fault = "none"
        self.hits = 0
        self.connections = 0
        self.requests = 0
        self.held = 0
        """The number of requests that are held, or released and not answered yet."""
        self._go_on = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def fault(self) -> Fault:
        """The fault for the requests that are hit."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def let_go(self) -> None:
        """Forward the held requests."""
        self._go_on.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Return once every connection has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        server: asyncio.StreamWriter | None = None
        try:
            if str(self.fault) == "cut":
                return
            try:
                answers, server = await asyncio.open_connection("127.0.0.1", self._to)
            except OSError:
                return
            while request := await _read_message(reader):
                self.requests += 1
                is_hit = self.fault != "none" and self.is_hit(request)
                self.hits += is_hit
                fault: str = self.fault if is_hit else "none"
                if fault == "cut":
                    return
                if fault == "hold request":
                    self.fault = "none"
                    self.held += 1
                    writer.transport.abort()
                    await self._go_on.wait()
                    server.write(request)
                    await _read_message(answers)
                    self.held -= 1
                    return
                server.write(request)
                answer = await _read_message(answers)
                if fault == "lose answer":
                    return
                writer.write(answer)
        finally:
            self._tasks.discard(task)
            for stream in (writer, server):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """Read a request or a response unchanged (RFC 9112 section 6); return b"" at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
        if fields.get(b"transfer-encoding") != b"chunked":
            return head + await reader.readexactly(int(fields[b"content-length"]))
        body = b""
        while not body.endswith(b"\r\n0\r\n\r\n"):
            size = await reader.readuntil(b"\r\n")
            body += size + await reader.readexactly(int(size, 16) + 2)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    return head + body
