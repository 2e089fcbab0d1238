"""The HTTP server: uvicorn's loop and shutdown, with connections accepted and bounded here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import uvicorn

from edgemail.http.answers import ABORT
from edgemail.http.connections import HttpAcceptor
from edgemail.http.limits import WEBSOCKET_MESSAGE_BYTES, SpecialPaths
from edgemail.http.protocol import BoundedHttpProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from edgemail.http.connections import ConnectionTable
    from edgemail.settings import HttpSettings

_log = logging.getLogger(__name__)

_SWEEP_TICKS = 5
"""Deadlines are checked at every fifth tick of uvicorn's loop, which is twice a second."""


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

    def __init__(
        self,
        api: ASGIApp,
        sockets: list[socket.socket],
        stop_s: int,
        settings: HttpSettings,
        table: ConnectionTable,
        special: SpecialPaths | None = None,
    ) -> None:
        """Serve `api` on sockets that listen already; `table` bounds the connections."""
        super().__init__(
            uvicorn.Config(
                _Abortable(api),
                lifespan="off",
                ws="none",  # `BoundedHttpProtocol` makes the websockets, with these settings
                ws_max_size=WEBSOCKET_MESSAGE_BYTES,
                ws_per_message_deflate=False,
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=stop_s,
            )
        )
        self.config.load()  # it imports modules, which would hold up the event loop
        self._sockets = sockets
        self._settings = settings
        self._table = table
        self._special = special or SpecialPaths()
        self._acceptors: list[HttpAcceptor] = []
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
        await super().startup([])
        self._acceptors = [HttpAcceptor(bound, self._table, self._create_protocol) for bound in sockets or ()]
        for acceptor in self._acceptors:
            acceptor.open()
        self.is_up.set()

    async def on_tick(self, counter: int) -> bool:
        """Check the deadlines of all connections every now and then."""
        if counter % _SWEEP_TICKS == 0:
            self._sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and finish the requests under way."""
        for acceptor in self._acceptors:
            acceptor.close()
        await super().shutdown(sockets)

    async def stop(self) -> None:
        """Finish the requests under way, then end."""
        self.should_exit = True
        await self._ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers: the program has its own."""
        yield

    def _create_protocol(self) -> BoundedHttpProtocol:
        return BoundedHttpProtocol(
            self._table, self._settings, self._special, self.config, self.server_state, self.lifespan.state
        )

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in tuple(self.server_state.connections):
            try:
                connection.check_time(now)  # type: ignore[union-attr]
            except Exception:  # a broken connection must not keep all others open
                _log.exception("a connection is broken")
                connection.transport.abort()
        self._table.minute_log.sweep()
