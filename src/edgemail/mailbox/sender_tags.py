"""The tags that a message brings along: its X-Tags field, and what stands behind a plus in an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgemail.model import Summary

_HEAD_BYTES: Final = 64 * 1024
_VALUE_MAX: Final = 4 * 1024
_FIELD: Final = re.compile(rb"^x-tags[ \t]*:", re.IGNORECASE | re.MULTILINE)


def find_sender_tags(data: bytes, summary: Summary) -> list[str]:
    """Return the tags as they were written, each once."""
    from edgemail.mime.encoded_words import decode_words
    from edgemail.mime.header_fields import read_header

    tags: list[str] = []
    if _FIELD.search(data, 0, _HEAD_BYTES):
        header = read_header(data, 0, min(len(data), _HEAD_BYTES), max_octets=_HEAD_BYTES, is_message=True)
        tags += decode_words(header.first.get("x-tags", b"")[:_VALUE_MAX]).split(",")
    for named in (*summary.to, *summary.cc, *summary.bcc):
        local = named.address.rpartition("@")[0]
        tags += local.split("+")[1:]
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
