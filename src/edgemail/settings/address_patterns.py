"""Patterns that match addresses: an exact address, or a glob of `*` and `?` over the whole address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgemail.model import PATH_MAX_OCTETS, Address

if TYPE_CHECKING:
    from collections.abc import Iterable

NULL = "<>"
"""The null sender, in a pattern and as a text to match."""

WILDCARDS_MAX = 20

PATTERNS_MAX = 10_000
"""The most patterns in a list: each address is matched against all globs of it."""

_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_EVERYONE_OF = re.compile(r"\*@([^*?\"\\]+)")


def read_pattern(text: str) -> str:
    """Read a pattern; return it in lower case, as it is compared.

    Raises:
        ValueError: with the rest of a sentence that begins with the text.
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
        raise ValueError(f"matches no address, since it has no @; {advice}")
    if text.count("*") + text.count("?") > WILDCARDS_MAX:
        raise ValueError(f"has more than {WILDCARDS_MAX} of * and ?; {advice}")
    return text.lower()


class Patterns:
    """A list of patterns.

    Exact addresses and whole domains are looked up in sets, so their number costs no time. All other globs are one
    regular expression.
    """

    __slots__ = ("_domains", "_exact", "_globs")

    def __init__(self, texts: Iterable[str]) -> None:
        """Take patterns that `read_pattern` returned."""
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
        """Return True if there is a pattern."""
        return bool(self._exact or self._domains or self._globs)

    def match(self, address: str) -> bool:
        """Return True if a pattern matches an address, which is in lower case as `Address.inbox` is."""
        if address in self._exact:
            return True
        if self._domains:
            _, at, domain = address.rpartition("@")
            if at and domain in self._domains:
                return True
        return self._globs is not None and self._globs.fullmatch(address) is not None


def _translate(glob: str) -> str:
    """Write a glob as a regular expression that does not backtrack.

    The first match of a piece between two `*` is as good as any later one, so an atomic group holds it. The time is
    then bounded by the product of the lengths; with backtracking, each `*` would multiply it by the length.
    """
    head, *pieces = [_write_piece(piece) for piece in re.sub(r"\*+", "*", glob).split("*")]
    if not pieces:
        return head
    *middle, tail = pieces
    return head + "".join(f"(?>.*?{piece})" for piece in middle) + ".*" + tail


def _write_piece(piece: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in piece)
