"""Patterns of addresses: an exact one, or a glob of `*` and `?` over the whole of it, in lower case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgemail.model import PATH_MAX_OCTETS, Address

if TYPE_CHECKING:
    from collections.abc import Iterable

NULL = "<>"
"""How the null sender is written, in a pattern and for it."""

WILDCARDS_MAX = 20

PATTERNS_MAX = 10_000
"""How many a list may have: all its globs are asked for each address."""

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_EVERYONE_OF = re.compile(r"\*@([^*?\"\\]+)")


def read_pattern(text: str) -> str:
    """Read a pattern; return it in the form that addresses are compared in.

    Raises:
        ValueError: with the end of the sentence that the text starts.
    """
    advice = "write an address, or one with * and ?, such as *@spam.example"
    if text == NULL:
        return text
    if text.startswith("<"):
        raise ValueError(f"is not a pattern of addresses; {advice}, or <> for the null sender")
    if not text or _HIDDEN.search(text) or len(text.encode()) > PATH_MAX_OCTETS:
        raise ValueError(f"is not a pattern of addresses; {advice}")
    if not ("*" in text or "?" in text):
        try:
            return Address.parse(text).inbox
        except ValueError as error:
            hint = f"; write *@{text} for a domain" if "@" not in text else ""
            raise ValueError(f"is not an address: {error}{hint}") from None
    if "@" not in text and "*" not in text:
        raise ValueError(f"matches no address, for want of an @; {advice}")
    if text.count("*") + text.count("?") > WILDCARDS_MAX:
        raise ValueError(f"has more than {WILDCARDS_MAX} of * and ?; {advice}")
    return text.lower()


class Patterns:
    """Some patterns, asked together.

    Exact ones and whole domains cost a look-up, however many there are; the other globs are one expression.
    """

    __slots__ = ("_domains", "_exact", "_globs")

    def __init__(self, texts: Iterable[str]) -> None:
        """Make them of what `read_pattern` gave."""
        self._exact: set[str] = set()
        self._domains: set[str] = set()
        globs = []
        for text in texts:
            domain = _EVERYONE_OF.fullmatch(text)
            if domain is not None and "@" not in domain[1]:
                self._domains.add(domain[1])
            elif "*" in text or "?" in text:
                globs.append(_translate(text))
            else:
                self._exact.add(text)
        self._globs = re.compile("|".join(globs), re.DOTALL) if globs else None

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._exact or self._domains or self._globs)

    def match(self, address: str) -> bool:
        """Tell whether one of them matches an address, in lower case as `Address.inbox` gives it."""
        if address in self._exact:
            return True
        if self._domains:
            _, at, domain = address.rpartition("@")
            if at and domain in self._domains:
                return True
        return self._globs is not None and self._globs.fullmatch(address) is not None


def _translate(glob: str) -> str:
    """Write a glob as a regular expression that never goes back over what it has passed.

    The first place where a piece between two `*` fits is as good as any later one, so an atomic group may hold it:
    the time is bounded by the product of the lengths, and does not double with each `*`.
    """
    head, *pieces = [_write_piece(piece) for piece in re.sub(r"\*+", "*", glob).split("*")]
    if not pieces:
        return head
    *middle, tail = pieces
    return head + "".join(f"(?>.*?{piece})" for piece in middle) + ".*" + tail


def _write_piece(piece: str) -> str:
    return "".join("." if one == "?" else re.escape(one) for one in piece)
