"""Encoded words of header fields -> text (RFC 2047), wherever they stand and however they were cut."""

from __future__ import annotations

import binascii
import re
from typing import Final

from edgemail.mime.charsets import decode_header, decode_labelled, is_valid
from edgemail.mime.transfer_encoding import decode_base64

_OPENING: Final = re.compile(rb"=\?[ \t]{0,4}([^?\s]{0,64}?)[ \t]{0,4}\?[ \t]{0,4}([bBqQ])[ \t]{0,4}\?")

_Word = tuple[bytes, bytes]
"""The encoding, `B` or `Q`, and what is encoded."""


def unfold(octets: bytes) -> bytes:
    """Make one line of a field's value."""
    if b"\n" in octets:
        octets = octets.replace(b"\r\n", b"").replace(b"\n", b"")
    return octets.strip(b" \t\r")


def decode_words(octets: bytes, label: str = "") -> str:
    """Decode an unfolded value. `label` is the charset of what no encoded word labels.

    Words that only blanks part are one text: mailers cut words inside characters, so their octets are joined before
    they are decoded.
    """
    if b"=?" not in octets:
        return decode_header(octets, label)
    pieces: list[str] = []
    run: list[_Word] = []
    charset = ""
    place = after = 0
    end = -1
    while (start := octets.find(b"=?", after)) >= 0:
        opening = _OPENING.match(octets, start)
        if opening is None:
            after = start + 2
            continue
        content = opening.end()
        if end < content:
            end = octets.find(b"?=", content)
            if end < 0:
                break
        inner = octets.find(b"=?", content, end)
        if inner >= 0 and _OPENING.match(octets, inner):  # the word before it has no end
            after = inner
            continue
        named = opening[1].partition(b"*")[0].decode("latin-1").lower()
        gap = octets[place:start]
        if gap.strip() or (gap and not run):
            pieces += (_decode_run(run, charset), decode_header(gap, label))
            run = []
        elif run and named != charset:
            pieces.append(_decode_run(run, charset))
            run = []
        charset = named
        run.append((opening[2].upper(), octets[content:end]))
        place = after = end + 2
    pieces += (_decode_run(run, charset), decode_header(octets[place:], label))
    return "".join(pieces)


def _decode_run(run: list[_Word], charset: str) -> str:
    if not run:
        return ""
    joined = b"".join(_decode_word(*word) for word in run)
    if len(run) > 1 and all(encoding == b"B" for encoding, _ in run) and not is_valid(joined, charset):
        whole = decode_base64(b"".join(content for _, content in run))  # base64 that was cut anywhere
        if is_valid(whole, charset):
            joined = whole
    return decode_labelled(joined, charset)


def _decode_word(encoding: bytes, content: bytes) -> bytes:
    return decode_base64(content) if encoding == b"B" else binascii.a2b_qp(content, header=True)
