"""The HTTP server: uvicorn on sockets that are already bound."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import uvicorn

from edgemail.http.answers import ABORT
from edgemail.system.sockets import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

REQUESTS_MAX = 2000
"""The most concurrent requests; further requests get 503."""


class _Abortable:
    """Tells `app` of each request how to close its connection at once: ASGI has no way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope.setdefault("extensions", {})[ABORT] = transport.abort
        await self._app(scope, receive, send)


class HttpServer(uvicorn.Server):
    """uvicorn on sockets that are already bound, without its own signal handlers."""

    def __init__(self, api: ASGIApp, sockets: list[socket.socket], stop_s: int) -> None:
        super().__init__(
            uvicorn.Config(
                _Abortable(api),
                lifespan="off",
                ws="none",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=REQUESTS_MAX,
                timeout_graceful_shutdown=stop_s,
                backlog=BACKLOG,
            )
        )
        self._sockets = sockets
        self._ended = asyncio.Event()
        self.is_up = asyncio.Event()

    async def run(self) -> None:  # type: ignore[override]
        """Serve until `stop`."""
        try:
            await self.serve(self._sockets)
        finally:
            self._ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve, then set `is_up`."""
        await super().startup(sockets)
        self.is_up.set()

    async def stop(self) -> None:
        """Finish the requests under way, then end."""
        self.should_exit = True
        await self._ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers: the program has its own."""
        yield
