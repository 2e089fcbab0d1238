"""Lets pass what has the form of a code, a link or an address, and nothing that could be read as prose."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from edgemail.errors import AddressError
from edgemail.model import Address

URL_MAX: Final = 2_000
ADDRESS_MAX: Final = 320

_CODE: Final = re.compile(r"[A-Za-z0-9-]{3,12}")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}")
_LOCAL: Final = re.compile(r"[A-Za-z0-9._%+=-]{1,64}")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_IP_LITERAL: Final = re.compile(r"[0-9a-f:.]+")
_URL: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|-]+")
_AUTHORITY: Final = re.compile(r"[A-Za-z]+://[^/?#]*")
_HOST_MAX: Final = 253
_OTHER_SAFE: Final = "%/?#[]@!$&'()*+,;=:~|"


def check_code(text: str) -> str | None:
    """Return a code, None for what has not the form of one."""
    return text if _CODE.fullmatch(text) else None


def check_type(text: str) -> str:
    """Return a media type, ``application/octet-stream`` for what has not the form of one."""
    return text if _TYPE.fullmatch(text) else "application/octet-stream"


def check_host(text: str) -> str | None:
    """Return a host name in lower case and in ASCII, as DNS has it; None for what is none."""
    name = text.lower().rstrip(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return name if len(name) <= _HOST_MAX and _HOST.fullmatch(name) else None


def check_address(text: str) -> str | None:
    """Return an address of the common form, its domain in ASCII; None for any other.

    A quoted local part could hold a sentence.
    """
    if len(text) > ADDRESS_MAX:
        return None
    try:
        address = Address.parse(text.strip())
    except AddressError:
        return None
    domain = check_host(address.domain)
    return f"{address.local}@{domain}" if domain and _LOCAL.fullmatch(address.local) else None


def check_link(url: str) -> tuple[str, str] | None:
    """Return a web link in ASCII and its host; None for one that is too long or not plainly a link.

    Letters beyond ASCII are shown as browsers send them: punycode in the host, percent-encoded elsewhere.
    Refused are a name before the host, and a backslash, which readers of URLs take for different things.
    """
    if len(url) > URL_MAX or "\\" in url or url[:1].isspace() or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.username is not None or parts.password is not None:
        return None
    if ":" in host:
        name = host if _IP_LITERAL.fullmatch(host) else None
        shown = f"[{host}]"
    else:
        name = check_host(host)
        shown = name or ""
    if name is None:
        return None
    place = shown if port is None else f"{shown}:{port}"
    rest = quote(_AUTHORITY.sub("", url, count=1), safe=_OTHER_SAFE)
    checked = f"{parts.scheme}://{place}{rest}"
    return (checked, name) if len(checked) <= URL_MAX and _URL.fullmatch(checked) else None


def share_an_owner(host: str, other: str) -> bool:
    """Return True if two host names belong to one registered domain, as far as their form tells."""
    return host == other or (_registered(host) is not None and _registered(host) == _registered(other))


def _registered(host: str) -> str | None:
    """Return the part of a host name that somebody registers; None for an address or a single label."""
    labels = host.split(".")
    if len(labels) < 2 or ":" in host or labels[-1].isdigit():
        return None
    # `co.uk`, `com.au`, `gov.br`: two labels that belong to a registry
    is_second_level = len(labels[-1]) == 2 and (len(labels[-2]) <= 3)
    wanted = 3 if is_second_level and len(labels) > 2 else 2
    return ".".join(labels[-wanted:])
