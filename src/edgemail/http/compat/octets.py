"""Writes octets as a JSON string: UTF-8, and a replacement character for what is none."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from pydantic_core import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLICE_BYTES: Final = 64 * 1024
"""Octets that are decoded at once: each call holds the GIL."""


def serialize_octets(octets: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield a part of some octets as a JSON string, slice by slice."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    yield b'"'
    for place in range(start, end, _SLICE_BYTES):
        stop = min(place + _SLICE_BYTES, end)
        yield to_json(decoder.decode(octets[place:stop], stop == end))[1:-1]
    yield b'"'
