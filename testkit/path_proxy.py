"""A proxy that passes on what is below one path, as it is, and has other programs on the rest of its host."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_NOTHING_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\nConnection: close\r\n\r\nanother's 404"


@asynccontextmanager
async def path_proxy(path: str, to: str) -> AsyncIterator[str]:
    """Run the proxy; give its URL. Each connection carries one request."""
    target = urlsplit(to)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            asked = head.split(b" ", 2)[1].decode()
            if asked != path and not asked.startswith((f"{path}/", f"{path}?")):
                writer.write(_NOTHING_HERE)
                await writer.drain()
                return
            lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
            upstream, sink = await asyncio.open_connection(target.hostname, target.port)
            with contextlib.closing(sink):
                sink.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
                while piece := await upstream.read(65536):
                    writer.write(piece)
                    await writer.drain()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
