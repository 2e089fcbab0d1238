"""Serves everything under a path, such as `/mail`, for a reverse proxy that shares its host with others."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class BasePath:
    """An ASGI application that serves `app` under a path without a final slash.

    It serves the same without the path: to a proxy that takes the path away itself, and to probes,
    which ask the port and not the proxy.
    """

    app: ASGIApp
    path: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with the path taken away, and put it before every redirect's target."""

        async def send_moved(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "location" in headers:
                    headers["location"] = self._move(headers["location"])
            await send(message)

        if scope["path"] == self.path:
            query = scope["query_string"].decode("latin-1")
            target = "/?" + query if query else "/"
            redirect = RedirectResponse(target, HTTPStatus.PERMANENT_REDIRECT)
            await redirect(scope, receive, send_moved)
            return
        if scope["path"].startswith(f"{self.path}/"):
            raw = scope.get("raw_path") or b""
            scope = {
                **scope,
                "path": scope["path"].removeprefix(self.path),
                "raw_path": raw.removeprefix(self.path.encode()),
            }
        await self.app(scope, receive, send_moved)

    def _move(self, location: str) -> str:
        """Return a redirect's target under the path: without a scheme and a host, which a proxy may change."""
        parts = urlsplit(location)
        return urlunsplit(("", "", self.path + parts.path, parts.query, parts.fragment))
