"""Checks the Host and Origin of each request, and sets the security headers of each response."""

from __future__ import annotations

import html
import ipaddress
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse, Response

from edgemail.http.forwarded import OWN_HOST
from edgemail.http.header_fields import find_field
from edgemail.http.problems import problem_response
from edgemail.settings.parsing import ANY_ORIGIN

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from edgemail.settings.sections.access import HostNames

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-fA-F:.]+)\]|(?P<name>[^:\[\]/@]+))(?::[0-9]{1,5})?")

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_API_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
_API_HEADERS = (
    *_HEADERS,
    (b"content-security-policy", _API_POLICY.encode()),
    (b"cache-control", b"no-store"),
)
MAIL_PATHS: Final = ("/view", "/email", "/messages", "/serve")
"""The paths of mail that other mail catchers have outside of `/api`, and all below them."""
MCP_PATH: Final = "/mcp"
"""Where agents have their tools."""

_API_PATHS = (
    *("/api/", MCP_PATH, "/healthz", "/livez", "/readyz", "/metrics", "/openapi.json"),
    *(f"{path}/" for path in MAIL_PATHS),
)
_READING = ("GET", "HEAD")

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*")
_OWN_NAMES = frozenset({"localhost", "host.docker.internal"})
_OWN_ENDINGS = (".localhost", ".test")
_LOCAL_ENDINGS = (".internal", ".local")


@dataclass(frozen=True, slots=True)
class ServedNames:
    """The names that HTTP is served under, besides IP addresses.

    DNS rebinding lets a name of an attacker's own point here. None of these can be: they are the
    server's own, or no public DNS server has them. Others in the same network can rebind those of
    `local` alone.
    """

    hosts: frozenset[str]
    domains: tuple[str, ...]
    kind: HostNames = "loopback"

    def are_own(self, name: str) -> bool:
        """Return True for a name of the settings: a host, a domain, or a name in a domain."""
        return name in self.hosts or any(name == domain or name.endswith(f".{domain}") for domain in self.domains)

    def include(self, name: str) -> bool:
        """Return True if requests may name this host, in lower case."""
        if _is_ip_address(name) or self.are_own(name):
            return True
        if self.kind == "public" or not _PLAIN_NAME.fullmatch(name):
            return False
        if name in _OWN_NAMES or name.endswith(_OWN_ENDINGS):
            return True
        return self.kind == "local" and ("." not in name or name.endswith(_LOCAL_ENDINGS))


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application that passes only allowed requests on to `app`.

    A web page from elsewhere must not read mail through a visitor's browser. Three checks:

    - Browsers keep other origins from reading responses, as no CORS header allows it by default.
    - A request with a foreign Origin is refused as well.
    - DNS rebinding makes a foreign page same-origin, but its Host gives it away: only IP addresses
      and `names` are served.
    """

    app: ASGIApp
    names: ServedNames
    origins: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket, or refuse it with a problem document."""
        is_api = scope["path"].startswith(_API_PATHS) or scope["path"] in MAIL_PATHS

        async def send_guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                fields = dict(_API_HEADERS if is_api else _HEADERS)
                for name, _ in message["headers"]:
                    fields.pop(name, None)
                message["headers"] = [*message["headers"], *fields.items()]
            await send(message)

        method = scope.get("method", "")  # a websocket has none, and is no file
        is_file = not is_api and method in _READING
        refusal = self._refuse(scope, method, is_api=is_api, is_file=is_file)
        if refusal is None:
            await self.app(scope, receive, send_guarded)
        else:
            status, detail = refusal
            is_page = method == "GET" and "text/html" in (find_field(scope, b"accept") or "")
            answer = _explain(status, detail) if is_page else problem_response(status, detail)
            await answer(scope, receive, send_guarded)

    def _refuse(self, scope: Scope, method: str, *, is_api: bool, is_file: bool) -> tuple[HTTPStatus, str] | None:
        host = find_field(scope, b"host") or ""
        for named in dict.fromkeys((scope.get(OWN_HOST, host), host)):
            if not self.names.include(_read_name(named)):
                return HTTPStatus.MISDIRECTED_REQUEST, _advise_on_host(named)
        origin = find_field(scope, b"origin")
        site = find_field(scope, b"sec-fetch-site")
        if origin is not None:
            if is_file:  # browsers send an Origin for a page's own modules; these files are no secret
                return None
            if origin in self.origins or ANY_ORIGIN in self.origins:
                return None
            if origin.lower().partition("://")[2] == host.lower():
                return None
            if self._is_behind_proxy(origin.lower(), site):
                return None
            return HTTPStatus.FORBIDDEN, _advise_on_origin(origin)
        # Without an Origin: a foreign page embeds this, as <img> or <script>. A link is fine, a form is not.
        is_link = method in _READING and find_field(scope, b"sec-fetch-mode") == "navigate"
        if is_api and site in ("cross-site", "same-site") and not is_link:
            return HTTPStatus.FORBIDDEN, "other sites may not embed this"
        return None

    def _is_behind_proxy(self, origin: str, site: str | None) -> bool:
        """Return True if this server's own page asks, and a proxy has put another name into Host.

        The page's origin is then a name of the settings. Other ports and other names of a domain
        are other origins: those count only where the browser says that the page is its own.
        """
        scheme, _, rest = origin.partition("://")
        name = _read_name(rest)
        if scheme not in ("http", "https") or not self.names.are_own(name):
            return False
        if site is not None:
            return site == "same-origin"
        return rest == name and (name in self.names.hosts or name in self.names.domains)


def _read_name(host: str) -> str:
    """Read the name in a Host, without its port; return "" if it is none."""
    match = _HOST.fullmatch(host)
    return "" if match is None else (match["ipv6"] or match["name"]).lower().removesuffix(".")


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _explain(status: HTTPStatus, detail: str) -> Response:
    """Build a page for whoever sees it in place of the one that they wanted."""
    text = f"{detail[0].upper()}{detail[1:]}."
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>edgemail</title>'
        f"<h1>edgemail does not answer here</h1><p>{html.escape(text)}</p></html>"
    )
    headers = {"content-security-policy": _API_POLICY, "cache-control": "no-store"}
    return HTMLResponse(page, status, headers)


def _advise_on_host(host: str) -> str:
    name = _read_name(host)
    shown = f' "{name}"' if _PLAIN_NAME.fullmatch(name) else ""
    value = name if shown else "NAME"
    return (
        f"this host name{shown} is not served here: set allowed_host = {value}, or let the proxy in front pass on "
        "the name that readers use (nginx: proxy_set_header Host $host;)"
    )


def _advise_on_origin(origin: str) -> str:
    name = _read_name(origin.lower().partition("://")[2])
    shown = _PLAIN_NAME.fullmatch(name)
    advice = (
        f"if {name} is this server's own name behind a proxy, set allowed_host = {name}"
        if shown
        else ("if it is this server's own page behind a proxy, set allowed_host")
    )
    return (
        f"other origins may not ask: allow one by the setting allowed_origin; {advice}, or let the proxy "
        "pass it on (nginx: proxy_set_header Host $host;)"
    )
