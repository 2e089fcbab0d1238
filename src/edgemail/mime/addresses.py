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
_NAME_OCTETS_MAX: Final = 8 * 1024
_ADDRESS_MAX: Final = 400
_SIGN: Final = re.compile(rb"[\"(<,;:]")
_STOP: Final = re.compile(rb"[,;]")
_BLANK: Final = re.compile(rb"\s")
_QUOTE: Final = re.compile(rb"\\.|\"", re.DOTALL)
_BRACKET: Final = re.compile(rb"\\.|[()]", re.DOTALL)
_USER: Final = re.compile(rb"[A-Za-z0-9._+-]{1,64}")
"""A user of the sender's own machine, as in `root (Cron Daemon)`."""
_QUOTED_END: Final = re.compile(rb'"[^"]{1,290}"\Z')
_COMMENT: Final = re.compile(rb"\([^()]{0,300}\)")
_LOOSE_DOT: Final = re.compile(rb"[ \t]{0,9}([.@])[ \t]{0,9}")
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_ENTITIES: Final = (
    (b"&quot;", b'"'), (b"&#34;", b'"'), (b"&#39;", b"'"), (b"&#039;", b"'"), (b"&apos;", b"'"), (b"&lt;", b"<"),
    (b"&gt;", b">"), (b"&amp;", b"&"),
)  # fmt: skip
"""Signs that a program has written as HTML, one of them with the semicolon that parts addresses."""
_COMMON: Final = re.compile(
    rb"(?:([A-Za-z0-9]{1,60}(?: [A-Za-z0-9]{1,60}){0,3}) <([A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,250})>"
    rb"|([A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,250}))"
)
"""One mailbox as most programs write it. Reading it sign by sign gives the same, and takes four times as long."""
_WRAPPED: Final = frozenset({(b"'", b"'"), (b'"', b'"'), (b"[", b"]"), (b"{", b"}")})


def read_addresses(octets: bytes, label: str = "") -> tuple[HeaderAddress, ...]:
    """Read an unfolded field. Empty groups and empty entries are left out."""
    octets = octets[:_FIELD_MAX]
    if common := _COMMON.fullmatch(octets):
        name, address = common[1] or b"", common[2] or common[3]
        return (HeaderAddress(name.decode("ascii"), address.decode("ascii")),)
    if b"&" in octets:
        for written, meant in _ENTITIES:
            octets = octets.replace(written, meant)
    return _AddressScanner(octets, label).read()


def write_addresses(addresses: tuple[HeaderAddress, ...]) -> str:
    """Write addresses for people: ``Name <a@b>, c@d``."""
    return ", ".join(
        f"{mailbox.name} <{mailbox.address}>"
        if mailbox.name and mailbox.address
        else mailbox.name or mailbox.address
        for mailbox in addresses
    )


class _AddressScanner:
    """Goes through a field sign by sign, and keeps what it has of the mailbox at hand."""

    def __init__(self, octets: bytes, label: str) -> None:
        self._octets = octets
        self._label = label
        self._found: list[HeaderAddress] = []
        self._earlier: list[bytes] = []
        """What came before the last comma without an address, so that it is part of a name."""
        self._words: list[bytes] = []
        self._comments: list[bytes] = []
        self._address: bytes | None = None
        self._ends_in_quotes = self._has_at = False
        self._last_semicolon = octets.rfind(b";")
        self._angle_place = 0
        self._has_quotes = self._has_brackets = True  # closing ones, further on
        self._angle_end = 0
        """Where the next closing angle bracket is, which is looked for once; -1 for none."""

    def read(self) -> tuple[HeaderAddress, ...]:
        """Return the mailboxes."""
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
        self._has_at = self._has_at or b"@" in word
        self._ends_in_quotes = self._ends_in_quotes and not word.strip()

    def _read_quoted(self, place: int) -> int:
        octets = self._octets
        if self._has_quotes:
            for sign in _QUOTE.finditer(octets, place):
                if sign[0] == b'"':
                    self._add_quoted(
                        octets[place : sign.start()], is_local_part=octets.startswith(b"@", sign.end())
                    )
                    return sign.end()
            self._has_quotes = False
        return place

    def _add_quoted(self, octets: bytes, *, is_local_part: bool) -> None:
        self._words.append(b'"' + octets + b'"' if is_local_part else _ESCAPED.sub(rb"\1", octets))
        self._ends_in_quotes = not is_local_part

    def _read_comment(self, place: int) -> int:
        octets, depth = self._octets, 1
        if self._has_brackets:
            for sign in _BRACKET.finditer(octets, place):
                depth += (sign[0] == b"(") - (sign[0] == b")")
                if depth == 0:
                    self._comments.append(_ESCAPED.sub(rb"\1", octets[place : sign.start()]))
                    return sign.end()
            self._has_brackets = False
        self._words.append(b"(")
        return place

    def _read_angle(self, place: int) -> int:
        octets = self._octets
        while octets[place : place + 1] in {b"<", b" ", b"\t"}:
            place += 1
        if 0 <= self._angle_end < place:
            self._angle_end = octets.find(b">", place)
        end = self._angle_end
        inner = octets.find(b"<", place, end) if end >= 0 else len(octets)
        if inner >= 0:  # this one is not closed
            stop = _STOP.search(octets, place, inner)
            end = stop.start() if stop else inner
        found = _clean(octets[place:end].strip())
        if not self._address:
            self._address, self._angle_place = found, len(self._words)
        elif b"@" in found and b"@" not in self._address:  # what was in brackets before is a name
            self._words.insert(self._angle_place, self._address)
            self._address = found
        while octets.startswith(b">", end):
            end += 1
        return end

    def _begin_group(self, place: int) -> None:
        """Forget the name of a group, which a semicolon ends. Any other colon belongs to a name."""
        is_group = self._last_semicolon >= place or place == len(self._octets)
        if is_group and self._address is None and not self._has_at:
            self._earlier, self._words, self._comments = [], [], []
        else:
            self._words.append(b":")

    def _end_entry(self, sign: bytes) -> None:
        """End a mailbox. A comma after something without an address belongs to the name that follows."""
        if self._address is None or b"@" not in self._address:
            text = self._split_off_bare(b"".join(self._words))
            bare = _find_bare(text)
            if bare:
                before = [self._address] if self._address else []
                self._address = _clean(text[bare[0] : bare[1]])
                self._words = [*before, text[: bare[0]], b" ", text[bare[1] :]]
            elif self._address is None and not self._take_comment() and sign:
                if text.strip():
                    self._earlier += (text, sign)
                self._words, self._has_at = [], False
                return
        name = b"".join(self._earlier + self._words).strip()[:_NAME_OCTETS_MAX]
        comment = b" ".join(self._comments)[:_NAME_OCTETS_MAX]
        if self._address is None and comment and _USER.fullmatch(name):
            self._address, name = name, b""
        name = (name if self._ends_in_quotes else _strip_name(name)) or comment
        address = (self._address or b"")[:_NAME_OCTETS_MAX]
        if name or address:
            shown = _unquote(make_line(decode_words(name, self._label), _NAME_MAX))
            self._found.append(HeaderAddress(shown, make_line(decode_words(address, self._label), _ADDRESS_MAX)))
        self._earlier, self._words, self._comments = [], [], []
        self._address, self._ends_in_quotes, self._has_at = None, False, False

    def _split_off_bare(self, text: bytes) -> bytes:
        """Take addresses that blanks alone part for so many mailboxes, but for the last; return what is left."""
        while not self._earlier and self._address is None and len(self._found) < ADDRESSES_MAX:
            bare = _find_bare(text)
            after = _find_bare(text[bare[1] :]) if bare else None
            if not bare or not after or text[: bare[0]].strip() or text[bare[1] : bare[1] + after[0]].strip():
                break
            address = _clean(text[bare[0] : bare[1]])
            self._found.append(HeaderAddress("", make_line(decode_words(address, self._label), _ADDRESS_MAX)))
            text = text[bare[1] :]
        return text

    def _take_comment(self) -> bool:
        """Take an address that stands in a comment, as in `Ann Doe (ann@sender.example)`."""
        comment = self._comments[0].strip() if self._comments else b""
        if b"@" not in comment or _BLANK.search(comment) or _find_bare(comment) is None:
            return False
        self._address = _clean(comment)
        del self._comments[0]
        return True


def _strip_name(name: bytes) -> bytes:
    """Drop signs at the ends of a name that belong to something else: brackets without the other one, escapes."""
    name = name.strip(b" \t,;<>\\")
    if b")" not in name:
        name = name.removeprefix(b"(")
    if b"(" not in name:
        name = name.removesuffix(b")")
    return name


def _unquote(name: str) -> str:
    """Drop quotes that were encoded with the name, and those that Outlook puts around it."""
    for quote in ('"', "'"):
        if len(name) > 2 and name[0] == name[-1] == quote and (quote == '"' or quote not in name[1:-1]):
            name = name[1:-1].strip()
    return name


def _find_bare(text: bytes) -> tuple[int, int] | None:
    """Find an address that no angle brackets enclose; return its start and end."""
    at = text.find(b"@")
    if at < 0:
        return None
    quoted = _QUOTED_END.search(text, max(0, at - 300), at)
    start = quoted.start() if quoted else max(text.rfind(blank, 0, at) for blank in (b" ", b"\t")) + 1
    stop = _BLANK.search(text, at)
    end = stop.start() if stop else len(text)
    return (start, end) if start < at < end - 1 else None


def _clean(address: bytes) -> bytes:
    """Drop what is no part of an address: a route, `mailto:`, comments, blanks around dots, signs around it."""
    address = address.strip(b" \t,;<>")
    if (address[:1], address[-1:]) in _WRAPPED:
        address = address[1:-1]
    if address.startswith(b"@"):
        address = address.rpartition(b":")[2]
    if address[:7].lower() == b"mailto:":
        address = address[7:]
    if b"(" in address:
        address = _COMMENT.sub(b"", address)
    elif address.endswith(b")"):
        address = address[:-1]
    if (b" " in address or b"\t" in address) and b'"' not in address:
        address = _LOOSE_DOT.sub(rb"\1", address)
    return address
