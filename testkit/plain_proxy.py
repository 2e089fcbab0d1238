"""An HTTP proxy that does what nginx does by default: it puts the upstream's name into Host."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from testkit.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_CONNECTION = re.compile(rb"(?im)^connection:[^\r\n]*\r\n")
_HOST = re.compile(rb"(?im)^host:[^\r\n]*")


@asynccontextmanager
async def proxying(url: str, host: str) -> AsyncIterator[int]:
    """Pass requests on to `url` with `host` as their Host; give the port of this machine to ask."""
    upstream = urlsplit(url)
    under_way: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = _HOST.sub(b"Host: " + host.encode(), await reader.readuntil(b"\r\n\r\n"))
        head = _CONNECTION.sub(b"", head).removesuffix(b"\r\n")
        above, up = await asyncio.open_connection(upstream.hostname, upstream.port)
        try:
            up.write(head + b"Connection: close\r\n\r\n")
            while octets := await above.read(65_536):
                writer.write(octets)
                await writer.drain()
        finally:
            up.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(pass_on(reader, writer))
        under_way.add(task)
        try:
            await asyncio.gather(task, return_exceptions=True)
        finally:
            under_way.discard(task)
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(under_way):
            task.cancel()
        await until(lambda: not under_way)
