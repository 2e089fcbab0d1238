"""Reads which host a link or a sender belongs to, from texts that strangers wrote."""

from __future__ import annotations

import re
from typing import Final

from edgemail.errors import AddressError
from edgemail.model import Address

_NAME: Final = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]"
_HOST: Final = re.compile(_NAME)
_LINK: Final = re.compile(rf"https?://({_NAME})(?::[0-9]{{1,5}})?(?=[/?#]|\Z)", re.IGNORECASE)
"""The host is plain, so that every program finds the same one. Browsers take `\\` for a slash, leave out line
breaks, and decode `%2e`, while other programs do not. Before an `@` stands no host at all."""
_ADDRESS_MAX: Final = 1_024


def read_host(text: str) -> str | None:
    """Return a host's name in the form that links have: ASCII, in lower case. None if it is no host."""
    try:
        name = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return _write_host(name) if _HOST.fullmatch(name) else None


def read_link_host(url: str) -> str | None:
    """Return the host that a browser would go to, or None if that is not plain from the URL."""
    match = _LINK.match(url)
    return None if match is None else _write_host(match[1])


def read_sender_address(shown: str, envelope: str) -> str | None:
    """Return the address of a From field as it is shown, else the envelope's; None if neither is an address."""
    text = shown[-_ADDRESS_MAX:].strip()
    if text.endswith(">"):
        text = text[:-1].rpartition("<")[2]
    for candidate in (text, envelope):
        try:
            return str(Address.parse(candidate))
        except AddressError:
            continue
    return None


def is_related(sender: str | None, host: str | None) -> bool:
    """Return True if a sender's domain is the host of a link, or one of them is within the other."""
    domain = read_host((sender or "").rpartition("@")[2])
    if domain is None or host is None:
        return False
    short, long = sorted((domain, host), key=len)
    return long == short or ("." in short and long.endswith(f".{short}"))


def _write_host(name: str) -> str:
    return name.lower().removesuffix(".")
