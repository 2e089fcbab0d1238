"""What it would cost to parse a message, told before any parser sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CHUNK = 1024 * 1024
_ENCODED_RUN = re.compile(rb"=\?[^\n]*(?:\n[ \t][^\n]*)*")
_TYPE_FIELD = re.compile(rb"^content-(?:type|disposition)[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shape:
    """The most `levels` and `parts` that a message may have, and its `lines`."""

    levels: int
    parts: int
    lines: int
    encoded: bool


def measure(data: bytes) -> Shape:
    """Count what may be structure; too high at times, never too low.

    Every level has a Content-Type that names a boundary; the name may hide in an encoded word.
    """
    types = names = words = parts = lines = 0
    for start in range(0, len(data), _CHUNK):
        # A few octets more: what lies across an edge is counted.
        piece = data[start : start + _CHUNK + 11].lower()
        types += piece.count(b"content-type")
        names += piece.count(b"boundary")
        words += piece.count(b"=?")
        parts += piece.count(b"\n--")
        lines += piece.count(b"\n")
    levels = min(types, names + words)
    return Shape(levels, parts if levels else 0, lines, encoded=words > 0)


def decoding(data: bytes) -> int:
    """Estimate the octets looked at to decode encoded words: quadratic in the length of a header field."""
    return sum(len(run[0]) * run[0].count(b"=?") for run in _ENCODED_RUN.finditer(data))


def parameters(data: bytes) -> int:
    """Estimate the octets looked at to split parameters, by a parser that is quadratic in a field's length."""
    return sum((found.end() - found.start()) ** 2 for found in _TYPE_FIELD.finditer(data))


def head_end(data: bytes, limit: int) -> int:
    """Tell where the header ends, or -1 where it is longer than `limit` octets."""
    ends = (data.find(mark, 0, limit) for mark in (b"\n\r\n", b"\n\n"))
    end = min((end for end in ends if end >= 0), default=-1)
    if end >= 0:
        return end + 1
    return len(data) if len(data) <= limit else -1
