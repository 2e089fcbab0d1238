"""Reads command lines (RFC 1939 section 3): a keyword in any case, and an argument behind one space."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

LINE_OCTETS: Final = 512
"""The longest command, but for AUTH: 255 octets (RFC 2449 section 4), and an address."""

AUTH_LINE_OCTETS: Final = 2048
"""The longest line of all: an AUTH command or the answer to its challenge, in base64."""

_DIGITS_MAX: Final = 10


class Pop3Verb(StrEnum):
    """What a command asks for."""

    USER = "USER"
    PASS = "PASS"  # noqa: S105 - a keyword
    AUTH = "AUTH"
    STLS = "STLS"
    UTF8 = "UTF8"
    CAPA = "CAPA"
    STAT = "STAT"
    LIST = "LIST"
    UIDL = "UIDL"
    RETR = "RETR"
    TOP = "TOP"
    DELE = "DELE"
    NOOP = "NOOP"
    RSET = "RSET"
    QUIT = "QUIT"
    HTTP = "HTTP"
    """A request line of HTTP: a web page has made a browser send it."""
    UNKNOWN = "unknown"


_NO_KEYWORDS: Final = (Pop3Verb.HTTP, Pop3Verb.UNKNOWN)
_VERBS: Final[dict[bytes, Pop3Verb]] = {verb.encode(): verb for verb in Pop3Verb if verb not in _NO_KEYWORDS}
_HTTP: Final = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"PATCH", b"TRACE"})


def read_verb(line: bytes) -> tuple[Pop3Verb, bytes | None]:
    """Return the verb of a line, and its argument; `None` where not even a space follows the keyword."""
    keyword, space, argument = line.partition(b" ")
    keyword = keyword.upper()
    verb = _VERBS.get(keyword)
    if verb is None:
        verb = Pop3Verb.HTTP if keyword in _HTTP and b"HTTP/" in argument else Pop3Verb.UNKNOWN
    return verb, argument if space else None


def read_numbers(argument: bytes | None) -> list[int] | None:
    """Read the numbers of an argument; return `None` where anything else stands there."""
    words = (argument or b"").split()
    # isdigit() of octets takes ASCII digits alone, and int() gets few of them.
    if any(not word.isdigit() or len(word) > _DIGITS_MAX for word in words):
        return None
    return [int(word) for word in words]
