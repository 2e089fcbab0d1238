"""`From`, `To`, `Cc`, `Bcc`, `Reply-To` -> names and addresses (RFC 5322 section 3.4), as people write them."""

from __future__ import annotations

import re
from typing import Final

from edgemail.mime.encoded_words import decode_words
from edgemail.mime.text_line import make_line
from edgemail.model import HeaderAddress

ADDRESSES_MAX: Final = 200
"""Addresses of one field that are read."""

_FIELD_MAX: Final = 64 * 1024
_NAME_MAX: Final = 300
_ADDRESS_MAX: Final = 400
_SIGN: Final = re.compile(rb"[\"(<,;:]")
_BARE: Final = re.compile(rb"[^\s<>,;]{1,400}@[^\s<>,;]{1,400}")
_QUOTED_ADDRESS: Final = re.compile(rb'"[^"\\]{1,200}"@[^\s<>,;]{1,255}')
_COMMENT: Final = re.compile(rb"\([^()]{0,300}\)")
_LOOSE_DOT: Final = re.compile(rb"[ \t]{0,9}([.@])[ \t]{0,9}")
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


def read_addresses(octets: bytes, label: str = "") -> tuple[HeaderAddress, ...]:
    """Read an unfolded field. Empty groups and empty entries are left out."""
    return _AddressScanner(octets[:_FIELD_MAX], label).read()


def write_addresses(addresses: tuple[HeaderAddress, ...]) -> str:
    """Write addresses for people: ``Name <a@b>, c@d``."""
    return ", ".join(
        f"{one.name} <{one.address}>" if one.name and one.address else one.name or one.address for one in addresses
    )


class _AddressScanner:
    """Goes through a field sign by sign; what it has of the mailbox at hand is in three lists."""

    def __init__(self, octets: bytes, label: str) -> None:
        self._octets = octets
        self._label = label
        self._found: list[HeaderAddress] = []
        self._words: list[bytes] = []
        self._comments: list[bytes] = []
        self._address: bytes | None = None
        self._ends_in_quotes = False
        self._has_quotes = self._has_brackets = self._has_angles = True  # closing ones, further on

    def read(self) -> tuple[HeaderAddress, ...]:
        octets, place = self._octets, 0
        while (sign := _SIGN.search(octets, place)) and len(self._found) < ADDRESSES_MAX:
            self._add_word(octets[place : sign.start()])
            place = sign.end()
            if sign[0] == b'"':
                place = self._read_quoted(place)
            elif sign[0] == b"(":
                place = self._read_comment(place)
            elif sign[0] == b"<":
                place = self._read_angle(place)
            elif sign[0] == b":":
                self._begin_group(place)
            else:
                self._end_entry(sign[0])
        self._add_word(octets[place:])
        self._end_entry(b"")
        return tuple(self._found[:ADDRESSES_MAX])

    def _add_word(self, word: bytes) -> None:
        self._words.append(word)
        self._ends_in_quotes = self._ends_in_quotes and not word.strip()

    def _read_quoted(self, place: int) -> int:
        octets, end = self._octets, place
        while self._has_quotes:
            end = octets.find(b'"', end)
            if end < 0:
                self._has_quotes = False
            elif _count_backslashes(octets, end) % 2 == 0:
                inner = octets[place:end]
                is_local_part = octets.startswith(b"@", end + 1)
                self._words.append(b'"' + inner + b'"' if is_local_part else _ESCAPED.sub(rb"\1", inner))
                self._ends_in_quotes = not is_local_part
                return end + 1
            else:
                end += 1
        return place

    def _read_comment(self, place: int) -> int:
        if not self._has_brackets:
            return place
        octets, depth, end = self._octets, 1, place
        for sign in re.finditer(rb"\\.|[()]", octets[place:], re.DOTALL):
            depth += (sign[0] == b"(") - (sign[0] == b")")
            if depth == 0:
                end = place + sign.start()
                self._comments.append(_ESCAPED.sub(rb"\1", octets[place:end]))
                return end + 1
        self._has_brackets = False
        self._words.append(b"(")
        return place

    def _read_angle(self, place: int) -> int:
        octets = self._octets
        end = octets.find(b">", place) if self._has_angles else -1
        if end < 0:
            self._has_angles = False
            end = min((at for sign in b",;" if (at := octets.find(sign, place)) >= 0), default=len(octets))
        inner = octets[place:end].strip(b" \t<")
        if not self._address:
            self._address = _clean(inner)
        while octets.startswith(b">", end):
            end += 1
        return end

    def _begin_group(self, place: int) -> None:
        """Forget the name of a group, which a semicolon ends. Any other colon belongs to a name."""
        is_group = self._octets.find(b";", place) >= 0 or not self._octets[place:].strip()
        if is_group and self._address is None and not any(b"@" in word for word in self._words):
            self._words = []
            self._comments = []
        else:
            self._words.append(b":")

    def _end_entry(self, sign: bytes) -> None:
        """End a mailbox. A comma after something without an address belongs to the name that follows."""
        text = b"".join(self._words).strip()
        if self._address is None and text:
            bare = _QUOTED_ADDRESS.search(text) or _BARE.search(text)
            if bare:
                self._address = bare[0]
                self._words = [text[: bare.start()], b" ", text[bare.end() :]]
            elif sign:
                self._words.append(sign)
                return
        name = b"".join(self._words).strip()
        name = (name if self._ends_in_quotes else name.rstrip(b" \t,;")) or b" ".join(self._comments)
        address = self._address or b""
        if name or address:
            self._found.append(
                HeaderAddress(
                    make_line(decode_words(name, self._label), _NAME_MAX),
                    make_line(decode_words(address, self._label), _ADDRESS_MAX),
                )
            )
        self._words, self._comments, self._address, self._ends_in_quotes = [], [], None, False


def _clean(address: bytes) -> bytes:
    """Drop what is no part of an address: a route, `mailto:`, comments, and blanks around dots."""
    if address.startswith(b"@"):
        address = address.rpartition(b":")[2]
    address = address.removeprefix(b"mailto:")
    if b"(" in address:
        address = _COMMENT.sub(b"", address)
    if b" " in address and b'"' not in address:
        address = _LOOSE_DOT.sub(rb"\1", address)
    return address


def _count_backslashes(octets: bytes, end: int) -> int:
    start = end
    while start and octets[start - 1] == 0x5C:
        start -= 1
    return end - start
