"""A text with files that old programs have put into it as uuencoded lines -> where each of them is."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_FILE: Final = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n((?:[!-M][ -`]{1,84}+\r?\n)*)"
    rb"(?:[` ]?[ \t]*+\r?\n)?end[ \t]*+(?:\r?\n|\Z)",
    re.MULTILINE,
)


class TextPiece(NamedTuple):
    """The offsets of a piece of text, or of a file."""

    start: int
    end: int
    file_name: bytes | None
    """None for text."""


def split_uuencoded(octets: bytes, start: int, end: int, most: int) -> list[TextPiece]:
    """Return a text's files and what is around them, at most `most` pieces; nothing where there is no file."""
    pieces: list[TextPiece] = []
    place = text_start = start
    while len(pieces) + 3 <= most and (found := _FILE.search(octets, place, end)):
        place = found.end()
        if not _has_right_length(found[2]):
            continue
        if octets[text_start : found.start()].strip():
            pieces.append(TextPiece(text_start, found.start(), None))
        pieces.append(TextPiece(found.start(), place, found[1].strip()))
        text_start = place
    if pieces and octets[text_start:end].strip():
        pieces.append(TextPiece(text_start, end, None))
    return pieces


def _has_right_length(lines: bytes) -> bool:
    """Return True if the first line is as long as its first octet says, but for a checksum or blanks at its end."""
    line = lines[:100].partition(b"\n")[0].rstrip(b"\r")
    length = (line[0] - 30) // 3 * 4 if line else 0
    return not line or length - 4 < len(line) - 1 <= length + 2
