"""Checks the Host and Origin of each request, and sets the security headers of each response."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from edgemail.http.problems import problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-fA-F:.]+)\]|(?P<name>[^:\[\]/@]+))(?::[0-9]{1,5})?")

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
_API_PATHS = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json")


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application that passes only allowed requests on to `app`.

    A web page from elsewhere must not read mail through a visitor's browser. Three checks:

    - Browsers keep other origins from reading responses, as no CORS header allows it by default.
    - A request with a foreign Origin is refused as well.
    - DNS rebinding makes a foreign page same-origin, but its Host gives it away: only IP addresses,
      localhost and the names in the settings are served.
    """

    app: ASGIApp
    hosts: frozenset[str]
    domains: tuple[str, ...]
    origins: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with a problem document."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_api = scope["path"].startswith(_API_PATHS)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                if is_api:
                    answer.setdefault("content-security-policy", _API_POLICY)
                    answer.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refuse(headers, is_api=is_api)
        if refusal is None:
            await self.app(scope, receive, send_guarded)
        else:
            status, detail = refusal
            await problem_response(status, detail)(scope, receive, send_guarded)

    def _refuse(self, headers: Headers, *, is_api: bool) -> tuple[HTTPStatus, str] | None:
        host = headers.get("host", "")
        if not self._serves(host):
            detail = "this host name is not served here; allow it by the setting allowed_host"
            return HTTPStatus.MISDIRECTED_REQUEST, detail
        origin = headers.get("origin")
        if origin is not None:
            if origin in self.origins or origin.lower().partition("://")[2] == host.lower():
                return None
            return HTTPStatus.FORBIDDEN, "other origins may not ask; allow one by the setting allowed_origin"
        # Without an Origin: a foreign page embeds this, as <img> or <script>. A link is fine.
        is_cross_site = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if is_api and is_cross_site and headers.get("sec-fetch-mode") != "navigate":
            return HTTPStatus.FORBIDDEN, "other sites may not embed this"
        return None

    def _serves(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = (match["ipv6"] or match["name"]).lower().removesuffix(".")
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return (
                name == "localhost"
                or name.endswith(".localhost")
                or name in self.hosts
                or any(name == domain or name.endswith(f".{domain}") for domain in self.domains)
            )
        return True
