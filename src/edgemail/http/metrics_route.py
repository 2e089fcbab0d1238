"""Serves the counters to Prometheus at `/metrics`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from edgemail.http.prometheus import MetricsExporter


class MetricsPage:
    """Answers `/metrics`, GET and HEAD."""

    def __init__(self, load: Callable[[], MetricsExporter]) -> None:
        """`load` is called by the first request, in a thread: the library takes a while to load."""
        self._load = load
        self._exporter: MetricsExporter | None = None

    @property
    def route(self) -> Route:
        """The route of the page."""
        return Route("/metrics", self._answer, include_in_schema=False)

    @property
    def app(self) -> ASGIApp:
        """An ASGI application for a separate port. It has no mail, so it serves any Host."""
        return Starlette(routes=[self.route])

    async def _answer(self, _: Request) -> Response:
        if self._exporter is None:
            self._exporter = await asyncio.to_thread(self._load)
        text = await self._exporter.render()
        fields = {"content-type": self._exporter.content_type, "cache-control": "no-store"}
        return Response(text, headers=fields)
