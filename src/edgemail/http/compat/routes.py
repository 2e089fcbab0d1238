"""The routes of all of these APIs. Where two have a path, the first one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.http.compat import inbucket, mailcatcher
from edgemail.http.compat.maildev import routes as maildev
from edgemail.http.compat.mailhog import routes as mailhog
from edgemail.http.compat.mailpit import routes as mailpit

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from edgemail.http.compat.parts import CompatParts
    from edgemail.http.held_requests import HeldRequests


def list_routes(parts: CompatParts, streams: HeldRequests) -> list[BaseRoute]:
    """Make the routes; `streams` counts those that hold on."""
    routes = mailpit.list_routes(parts, streams)
    for tool in (mailhog, maildev, mailcatcher, inbucket):
        routes += tool.list_routes(parts)
    return routes
