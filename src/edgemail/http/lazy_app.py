"""Loads the API when it is first asked for: a server that only takes mail needs neither its time nor its memory."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from edgemail.errors import EdgemailError, StoreUnavailable
from edgemail.http.problems import answer_error, busy_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

_log = logging.getLogger(__name__)

_READY_S: Final = 2.0
"""The time limit for the readiness check: probes give up after a few seconds."""


async def check_ready(check: Callable[[], Awaitable[None]]) -> None:
    """Return if the store answers in time; `check` asks it.

    Raises:
        StoreUnavailable: it does not.
    """
    try:
        async with asyncio.timeout(_READY_S):
            await check()
    except TimeoutError:
        raise StoreUnavailable("the store does not answer in time") from None


class LazyApp:
    """An ASGI application that answers probes, and loads another one for everything else."""

    def __init__(
        self,
        load: Callable[[], ASGIApp],
        check: Callable[[], Awaitable[None]],
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        """`load` runs once, in a thread, and then `prepare`, for which nobody waits.

        `check` asks the store if it is well.
        """
        self._load = load
        self._check = check
        self._prepare = prepare
        self._preparing: asyncio.Task[None] | None = None
        self._app: ASGIApp | None = None
        self._loading: asyncio.Task[ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket."""
        app = self._app
        if app is None:
            app = self._find_probe(scope) or await self._wait_loaded(scope)
        await app(scope, receive, send)

    def _find_probe(self, scope: Scope) -> ASGIApp | None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return None
        return {"/healthz": self._say_alive, "/readyz": self._say_ready}.get(scope["path"])

    async def _wait_loaded(self, scope: Scope) -> ASGIApp:
        loading = self._loading
        if loading is None:
            loading = self._loading = asyncio.create_task(asyncio.to_thread(self._load))
            loading.add_done_callback(self._end_loading)
        try:
            return await asyncio.shield(loading)
        except Exception:
            if scope["type"] != "http":
                raise
            return busy_response("the API cannot be loaded now; the log has the details")

    def _end_loading(self, loading: asyncio.Task[ASGIApp]) -> None:
        self._loading = None
        if loading.cancelled():
            return
        if (error := loading.exception()) is None:
            self._app = loading.result()
            self._preparing = asyncio.create_task(self._run_prepare())
        else:  # as with too many open files; the next request tries again
            _log.error("the API cannot be loaded", exc_info=error)

    async def _run_prepare(self) -> None:
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as error:  # whoever needs it tries again
            _log.debug("what reading mail needs cannot be loaded yet: %s", error)

    async def _say_alive(self, scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"status": "ok"})(scope, receive, send)

    async def _say_ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = JSONResponse({"status": "ok"})
        try:
            await check_ready(self._check)
        except EdgemailError as error:
            response = answer_error(error)
        await response(scope, receive, send)
