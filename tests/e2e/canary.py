"""A web server that no message may reach."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


PATIENCE_S = 0.5


class Canary:
    """Listens for HTTPS and for HTTP, records requests, and answers with an image."""

    def __init__(self, image: bytes) -> None:
        self.https = ""
        self.http = ""
        self.connections = 0
        self.requests: list[str] = []
        fields = f"Content-Type: image/png\r\nContent-Length: {len(image)}\r\nConnection: close"
        self._answer = f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + image

    def forget(self) -> None:
        self.connections = 0
        self.requests = []

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):  # TLS on the port for HTTP never comes to an empty line
                head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.decode("latin-1").split(" ")[1])
            writer.write(self._answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def listening_canary(folder: Path, image: bytes) -> AsyncIterator[Canary]:
    canary = Canary(image)
    secure = _certificate(folder)
    async with (
        await asyncio.start_server(canary.hear, "127.0.0.1", 0, ssl=secure) as https,
        await asyncio.start_server(canary.hear, "127.0.0.1", 0) as http,
    ):
        canary.https = f"https://127.0.0.1:{https.sockets[0].getsockname()[1]}"
        canary.http = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}"
        yield canary


def _certificate(folder: Path) -> ssl.SSLContext:
    key, chain = folder / "key.pem", folder / "chain.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-days", "1", "-subj", "/CN=canary", "-keyout", str(key), "-out", str(chain)]
    subprocess.run(["openssl", "req", *kind, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context
