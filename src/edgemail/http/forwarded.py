"""Reads the client's address, scheme and host from X-Forwarded-* or Forwarded (RFC 7239)."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from edgemail.http.header_fields import find_field
from edgemail.policy.rates import read_ip
from edgemail.policy.visitors import is_within
from edgemail.settings.values import PRIVATE
from edgemail.system.minute_log import MinuteLog

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from starlette.types import ASGIApp, Receive, Scope, Send

    from edgemail.settings import Network

_minutes = MinuteLog(logging.getLogger(__name__))

OWN_HOST: Final = "edgemail.own_host"
"""The key of a scope for the Host of the request itself, where a proxy has named another one."""

_MAX_HOPS: Final = 20
_FORWARDED_MAX_BYTES: Final = 4096
_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*))\s*')


@dataclass(frozen=True, slots=True)
class Forwarded:
    """An ASGI application that believes trusted proxies, and passes what they say on to `app`.

    The peer is then the last address that is no proxy's. Scheme and host are those that the last
    proxy names. Many proxies pass on an X-Forwarded-Host that a client made up, so `Guard` wants
    the request's own Host to be a served name as well.
    """

    app: ASGIApp
    proxies: tuple[Network, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self.proxies:
            peer = read_peer(scope)
            if peer is not None and is_within(peer, self.proxies):
                scope = self._rewrite(scope)
        else:
            self._warn_of_proxy(scope)
        await self.app(scope, receive, send)

    def _warn_of_proxy(self, scope: Scope) -> None:
        """Say that a proxy in front of this server is not believed. A peer on the Internet is none."""
        if find_field(scope, b"x-forwarded-for") is None and find_field(scope, b"forwarded") is None:
            return
        peer = read_peer(scope)
        if peer is not None and is_within(peer, PRIVATE):
            _minutes.note(
                "proxy",
                f"{peer} says for whom it asks, as proxies do, and is not in http_trusted_proxies: all its readers "
                "count as one",
            )

    def _rewrite(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        hops = _read_hops(headers)
        scope = dict(scope)
        for hop in reversed(hops[-_MAX_HOPS:]):
            ip = _read_node(hop.get("for", ""))
            if ip is None:
                break
            scope["client"] = (str(ip), 0)
            if not is_within(ip, self.proxies):
                break
        last = hops[-1] if hops else {}
        scheme = (_read_last(headers, "x-forwarded-proto") or last.get("proto", "")).lower()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        host = _read_last(headers, "x-forwarded-host") or last.get("host", "")
        if host:
            scope[OWN_HOST] = headers.get("host", "")
            rest = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [(b"host", host.encode("latin-1", "replace")), *rest]
        return scope


def read_peer(scope: Scope) -> IPv4Address | IPv6Address | None:
    """Return the address of who asks; `None` if it has none, as on a Unix socket."""
    client = scope.get("client")
    try:
        return None if client is None else read_ip(client[0])
    except ValueError:
        return None


def _read_hops(headers: Headers) -> list[dict[str, str]]:
    """Return what each proxy on the way has added, the last one at the end."""
    addresses = headers.getlist("x-forwarded-for")
    if addresses:
        return [{"for": address.strip()} for address in ",".join(addresses).rsplit(",", _MAX_HOPS)]
    hops: list[dict[str, str]] = []
    for element in _split_elements(",".join(headers.getlist("forwarded"))[-_FORWARDED_MAX_BYTES:]):
        pairs = [_PAIR.fullmatch(pair) for pair in element.split(";")]
        hops.append({pair[1].lower(): pair[2] or pair[3] or "" for pair in pairs if pair is not None})
    return [hop for hop in hops if hop]


def _split_elements(text: str) -> list[str]:
    """Split a list at the commas outside of quotes, from its end: what comes first is the peer's own."""
    parts: list[str] = []
    end, is_quoted = len(text), False
    for index in range(len(text) - 1, -1, -1):
        if text[index] == '"':
            is_quoted = not is_quoted
        elif text[index] == "," and not is_quoted:
            parts.append(text[index + 1 : end])
            end = index
    return [text[:end], *reversed(parts)]


def _read_node(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, which may have a port, and brackets for IPv6."""
    match = re.fullmatch(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+)(?::[0-9]+)?", text)
    try:
        return read_ip((match[1] or match[2]) if match else text)
    except ValueError:
        return None


def _read_last(headers: Headers, name: str) -> str:
    """Return the last value of a list, which the proxy next to this server wrote."""
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()
