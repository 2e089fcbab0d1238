"""What it would cost to parse a message, told before any parser sees it."""

from __future__ import annotations

import re
from typing import NamedTuple

_CHUNK = 64 * 1024
"""Counting holds the interpreter's lock; between two pieces whoever waits for it may have it."""
_TYPE_FIELD = re.compile(rb"^content-(?:type|disposition)", re.IGNORECASE | re.MULTILINE)
_FIELD_END = re.compile(rb"\n(?![ \t])")


class Shape(NamedTuple):
    """How often something stands in a message that may be structure; too often at times, never too seldom."""

    types: int
    """Fields that name a type, as each level has one."""
    parts: int
    """Lines that may begin a part."""
    words: int
    """Encoded words."""


def measure(data: bytes) -> Shape:
    """Count what may be structure; lines that may begin a part only where a type is named."""
    types = _count(data, b"content-type")
    return Shape(types, _count(data, b"\n--") if types else 0, _count(data, b"=?"))


def levels(data: bytes, shape: Shape) -> int:
    """Count the levels that a message may have.

    Every level has a Content-Type that names a boundary; the name may hide in an encoded word.
    """
    return min(shape.types, _count(data, b"boundary") + shape.words) if shape.types else 0


def lines(data: bytes) -> int:
    """Count the lines."""
    return _count(data, b"\n")


def _count(data: bytes, word: bytes) -> int:
    """Count a word, in any case."""
    count, rest = 0, len(word) - 1  # what lies across an edge is counted once
    has_case = word.upper() != word.lower()
    for start in range(0, len(data), _CHUNK):
        piece = data[start : start + _CHUNK + rest]
        count += (piece.lower() if has_case else piece).count(word)
    return count


def decoding(data: bytes) -> int:
    """Estimate the octets looked at to decode encoded words: quadratic in the length of a header field."""
    looked_at = end = 0
    while (start := data.find(b"=?", end)) >= 0:
        end = _field_end(data, start)
        looked_at += (end - start) * data.count(b"=?", start, end)
    return looked_at


def parameters(data: bytes) -> int:
    """Estimate the octets looked at to split parameters, by a parser that is quadratic in a field's length."""
    looked_at = end = 0
    while field := _TYPE_FIELD.search(data, end):
        end = _field_end(data, field.end())
        looked_at += (end - field.start()) ** 2
    return looked_at


def _field_end(data: bytes, start: int) -> int:
    """Return where a header field ends that is folded over any number of lines."""
    found = _FIELD_END.search(data, start)
    return found.start() if found else len(data)


def head_end(data: bytes, limit: int) -> int:
    """Tell where the header ends, or -1 where it is longer than `limit` octets."""
    ends = (data.find(mark, 0, limit) for mark in (b"\n\r\n", b"\n\n"))
    end = min((end for end in ends if end >= 0), default=-1)
    if end >= 0:
        return end + 1
    return len(data) if len(data) <= limit else -1
