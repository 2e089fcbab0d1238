"""Serves `/robots.txt` and `security.txt`, for crawlers, researchers and people who complain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from edgemail.settings import AccessSettings

_VALID: Final = timedelta(days=180)
"""How long a reader may keep security.txt (RFC 9116 section 2.5.5 asks for less than a year)."""


def route_well_known(settings: AccessSettings) -> list[BaseRoute]:
    """Return the routes."""
    rule = "Disallow: /" if settings.robots == "refuse" else "Allow: /$\nDisallow: /"
    abuse = f"# Abuse: {settings.abuse_contact}\n" if settings.abuse_contact else ""

    async def tell_robots(_: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{abuse}User-agent: *\n{rule}\n")

    async def tell_researchers(_: Request) -> PlainTextResponse:
        if settings.security_contact is None:
            raise HTTPException(404)
        expires = (datetime.now(UTC) + _VALID).replace(hour=0, minute=0, second=0, microsecond=0)
        text = f"Contact: {settings.security_contact}\nExpires: {expires:%Y-%m-%dT%H:%M:%SZ}\n"
        return PlainTextResponse(text)

    return [
        Route("/robots.txt", tell_robots, methods=["GET"]),
        Route("/.well-known/security.txt", tell_researchers, methods=["GET"]),
    ]
