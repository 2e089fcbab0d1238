"""The octets of a message or a part -> its header fields, and where its body begins (RFC 5322 section 2.2).

A header that is not well formed is read as its author meant it: a line that is no field is passed over where fields
follow, and begins the body where none do.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import Final, NamedTuple

from edgemail.mime.encoded_words import unfold

FIELDS_MAX: Final = 2_000
"""Fields of one header that are read."""

_BREAK: Final = re.compile(rb"\r?\n(?![ \t])")
_NAME: Final = re.compile(rb"[!-9;-~]{1,200}")
_TWO_WORDS: Final = re.compile(rb"[A-Za-z][\w-]{0,60} [\w-]{1,60}[ \t]{0,9}:")
_MBOX: Final = re.compile(rb">?From \S{1,300} {1,9}[A-Z][a-z][a-z] ")
_BLANKS: Final = re.compile(rb"[ \t\r\n]*+")
_KNOWN: Final = frozenset({
    "from", "to", "cc", "bcc", "subject", "date", "sender", "received", "references", "precedence", "organization",
    "importance", "priority", "sensitivity", "lines", "status", "keywords", "comments", "autocrypt",
})  # fmt: skip
"""Names of one word that are fields even after a line that is none."""
_CUT_NAME: Final = re.compile(rb"c(?:o(?:n(?:t(?:e(?:n(?:t(?:-[a-z-]*)?)?)?)?)?)?)?", re.IGNORECASE)
"""The beginning of `Content-Type` and the like at the end of a message that is cut off."""
_TRACE: Final = frozenset({"received", "return-path", "delivered-to", "x-original-to"})


class HeaderField(NamedTuple):
    """A field: its name as it was sent, and the octets after the colon with their folds."""

    name: str
    raw: bytes


class HeaderBlock(NamedTuple):
    """The fields of a header, and the offset of the body."""

    fields: tuple[HeaderField, ...]
    first: dict[str, bytes]
    """The first value of each name in lower case, unfolded."""
    body_start: int


def read_header(octets: bytes, start: int, end: int, *, max_octets: int, is_message: bool = False) -> HeaderBlock:
    """Read the header that begins at `start`. One longer than `max_octets` has no body.

    A message may begin with blank lines or the separator of a mailbox file.
    """
    if is_message:
        start = _skip_opening(octets, start, end)
    header_end, body_start = _find_end(octets, start, end, max_octets)
    fields: list[HeaderField] = []
    first: dict[str, bytes] = {}
    doubtful = -1  # where the first line is that is no field and that no field has followed
    is_real = False
    place = start
    while place < header_end and len(fields) < FIELDS_MAX:
        found = _BREAK.search(octets, place, header_end)
        line_end, following = (found.start(), found.end()) if found else (header_end, header_end)
        colon = octets.find(b":", place, line_end)
        name = octets[place:colon].rstrip().removeprefix(BOM_UTF8) if 0 <= colon - place <= 300 else b""
        if not fields and name[:1] in {b" ", b"\t"} and name.strip().lower().decode("latin-1") in _KNOWN:
            name = name.strip()
        if _NAME.fullmatch(name):
            text = name.decode("ascii")
            key = text.lower()
            if doubtful < 0 or key in _KNOWN or "-" in key:
                raw = octets[colon + 1 : line_end]
                fields.append(HeaderField(text, raw))
                if key not in first:
                    first[key] = unfold(raw)
                doubtful = -1
                is_real = is_real or key not in _TRACE
                name = b""
            else:
                name = b"?"
        else:
            name = b"?"
        if name and doubtful < 0 and not _is_skipped(octets, place, is_real=is_real):
            doubtful = place
        place = following
    if doubtful >= 0 and not (end == len(octets) and _CUT_NAME.fullmatch(octets, doubtful, end)):
        body_start = doubtful
    return HeaderBlock(tuple(fields), first, body_start)


def _is_skipped(octets: bytes, place: int, *, is_real: bool) -> bool:
    """Return True for a line that is no field and no text either."""
    return bool(
        _MBOX.match(octets, place)
        or octets.startswith((b":", b" ", b"\t"), place)
        or (is_real and _TWO_WORDS.match(octets, place))
    )


def _skip_opening(octets: bytes, start: int, end: int) -> int:
    blanks = _BLANKS.match(octets, start, end)
    first = max(start, octets.rfind(b"\n", start, blanks.end()) + 1) if blanks else start
    if _MBOX.match(octets, first):
        return (octets.find(b"\n", first, end) + 1) or end
    colon = octets.find(b":", first, first + 100)
    name = octets[first:colon].lower() if colon > first else b""
    return first if name and (name.decode("latin-1") in _KNOWN or b"-" in name) and _NAME.fullmatch(name) else start


def _find_end(octets: bytes, start: int, end: int, max_octets: int) -> tuple[int, int]:
    """Return where the header ends and where the body begins."""
    for blank in (b"\r\n", b"\n"):
        if octets.startswith(blank, start, end):
            return start, start + len(blank)
    limit = min(end, start + max_octets)
    bare = octets.find(b"\n\n", start, limit)
    full = octets.find(b"\n\r\n", start, limit if bare < 0 else bare)
    if full >= 0:
        return full + 1, full + 3
    if bare >= 0:
        return bare + 1, bare + 2
    return limit, end
