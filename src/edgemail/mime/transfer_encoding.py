"""Content-Transfer-Encoding -> the octets that were meant (RFC 2045 section 6).

What is broken is decoded as far as it goes. What plainly is not in the encoding that its label says is left as it
is: a wrong decode must never look like content.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from edgemail.mime.charsets import is_valid

_ALIASES: Final = {
    "base64": "base64", "base-64": "base64", "base 64": "base64", "b64": "base64", "b": "base64",
    "x-base64": "base64",
    "quoted-printable": "quoted-printable", "quoted printable": "quoted-printable",
    "quotedprintable": "quoted-printable", "quoted_printable": "quoted-printable", "qp": "quoted-printable",
    "quote-printable": "quoted-printable", "quoted-printible": "quoted-printable", "q": "quoted-printable",
    "x-uuencode": "uuencode", "uuencode": "uuencode", "x-uue": "uuencode", "uue": "uuencode", "x-uu": "uuencode",
}  # fmt: skip
_COMMENT: Final = re.compile(r"\([^()]*\)")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CHUNK: Final = 256 * 1024
"""Decoding holds the interpreter's lock; between two pieces whoever waits for it may have it."""
_BLANKS: Final = b" \t\r\n\v\f"
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOREIGN: Final = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})
_RULER: Final = rb"^[ \t]*(?:--|__|~~|\*\*|##|==|[^A-Za-z0-9+/=\s][^\n]*[^A-Za-z0-9+/=\s])"
_THREE_WORDS: Final = rb"[^\s][ \t]+[^\s]+[ \t]+[^\s]"
_PROSE: Final = re.compile(_RULER + rb"|" + _THREE_WORDS, re.MULTILINE)
"""A ruler, a line between signs, or three words: the footer of a mailing list, or text that is no base64."""
_BEGIN: Final = re.compile(rb"(?:^|\n)begin [0-7]{3,4} [^\r\n]*\r?\n")
_FOR_ADDRESSES: Final = re.compile(rb"[A-Za-z0-9\s]*+[-_][A-Za-z0-9_\s-]*+=*+\s*+")
"""Base64 of the alphabet for addresses (RFC 4648 section 5)."""
_LINE_OF_DASHES: Final = re.compile(rb"^[-_]++[ \t\r]*+$", re.MULTILINE)
_TO_COMMON: Final = bytes.maketrans(b"-_", b"+/")
_PIECE: Final = re.compile(rb"([^=]+)(=*)")
_PIECES_MAX: Final = 1_000
_SOFT_BREAK: Final = re.compile(rb"=[ \t]*+(?:\r?\n|\r)")
_SOFT_BREAK_ODD: Final = re.compile(rb"=(?:[ \t]|\r(?!\n))")


def read_encoding(value: str) -> str:
    """Return `base64`, `quoted-printable`, `uuencode`, or ``""`` for octets as they are."""
    name = _COMMENT.sub(" ", value[:200]).partition(";")[0].partition(",")[0]
    return _ALIASES.get(" ".join(name.strip(" \t\r\n\"'<>.:=").lower().split()), "")


def decode(octets: bytes, encoding: str) -> bytes:
    """Decode a body. `encoding` is what `read_encoding` returns."""
    if encoding == "base64":
        return decode_base64(octets)
    if encoding == "quoted-printable":
        return decode_quoted_printable(octets)
    if encoding == "uuencode":
        return decode_uuencode(octets)
    return octets


def decode_text(octets: bytes, encoding: str, label: str) -> bytes:
    """Decode a body that is text in the charset `label`.

    Broken base64 that would not be text either is left as it is: somebody has labelled plain text so.
    """
    decoded = decode(octets, encoding)
    if encoding != "base64" or not _is_broken(octets):
        return decoded
    is_text = not _CONTROL.search(decoded) and is_valid(decoded, label, is_cut=True)
    return decoded if is_text else octets


def decode_base64(octets: bytes) -> bytes:
    """Decode base64 as far as it goes; return octets that are no base64 at all as they are."""
    done: list[bytes] = []
    kept = b""
    try:
        for start in range(0, len(octets), _CHUNK):
            kept += octets[start : start + _CHUNK].translate(None, _BLANKS)
            whole = len(kept) & ~3
            if start + _CHUNK < len(octets):
                done.append(binascii.a2b_base64(kept[:whole], strict_mode=True))
                kept = kept[whole:]
        whole_groups = kept.rstrip(b"=")  # padding that nothing needs is no error in some versions of Python
        kept = kept if len(whole_groups) % 4 or not whole_groups else whole_groups
        done.append(binascii.a2b_base64(kept, strict_mode=True))
    except binascii.Error:
        return _mend_base64(octets)
    return b"".join(done)


def _mend_base64(octets: bytes) -> bytes:
    """Decode base64 that has foreign or missing characters, padding within it, or something after it."""
    if _FOR_ADDRESSES.fullmatch(octets) and not _LINE_OF_DASHES.search(octets):
        octets = octets.translate(_TO_COMMON)
    prose = _PROSE.search(octets)
    text = octets[: octets.rfind(b"\n", 0, prose.start() + 1) + 1] if prose else octets
    clean = text.translate(None, _FOREIGN)
    foreign = len(text) - len(clean) - sum(map(text.count, (b"\r", b"\n", b" ", b"\t")))
    if not clean or foreign * 4 > len(clean):
        return octets if octets.strip() else b""
    return _decode_pieces(clean) if prose is None and not foreign else _decode_bare(clean.partition(b"=")[0])


def _decode_pieces(text: bytes) -> bytes:
    """Decode pieces that each have their own padding, as concatenated files have, up to one that is broken."""
    done = bytearray()
    for count, piece in enumerate(_PIECE.finditer(text)):
        if count == _PIECES_MAX or (count and len(piece[2]) < -len(piece[1]) % 4):
            break
        done += _decode_bare(piece[1])
    return bytes(done)


def _decode_bare(text: bytes) -> bytes:
    """Decode characters of the alphabet alone, without padding; one too many is dropped."""
    if len(text) % 4 == 1:
        text = text[:-1]
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


def _is_broken(octets: bytes) -> bool:
    """Return True where base64 has something that no encoder writes."""
    text = octets.strip(_BLANKS)
    return bool(text.rstrip(b"=").translate(None, _ALPHABET + b"\r\n") or len(text.translate(None, b"\r\n")) % 4)


def decode_quoted_printable(octets: bytes) -> bytes:
    """Decode quoted-printable. Octets above ASCII and signs that encode nothing stay as they are."""
    if b"=" not in octets:
        return octets
    done, start = bytearray(), 0
    while start < len(octets):
        end = _end_of_piece(octets, start)
        piece = octets[start:end]
        if _SOFT_BREAK_ODD.search(piece):
            piece = _SOFT_BREAK.sub(b"", piece)
        done += binascii.a2b_qp(piece)
        start = end
    return bytes(done)


def _end_of_piece(octets: bytes, start: int) -> int:
    """Return where quoted-printable can be cut: behind a line, or before a code."""
    end = start + _CHUNK
    if end >= len(octets):
        return len(octets)
    line_end = octets.rfind(b"\n", start, end) + 1
    code = octets.rfind(b"=", end - 3, end)
    return line_end or (code if code > start else end)


def decode_uuencode(octets: bytes) -> bytes:
    """Decode the first file of uuencoded lines; return octets without a `begin` as they are."""
    begin = _BEGIN.search(octets)
    if begin is None:
        return octets
    done, place = bytearray(), begin.end()
    while place < len(octets):
        end = octets.find(b"\n", place)
        line = octets[place : end if end >= 0 else len(octets)].rstrip(b"\r")
        place = end + 1 if end >= 0 else len(octets)
        if not line.strip() or line.strip() in {b"end", b"`"}:
            break
        piece = _decode_uuencoded_line(line)
        if piece is None:
            break
        done += piece
    return bytes(done)


def _decode_uuencoded_line(line: bytes) -> bytes | None:
    """Decode a line, or what its first character says of it: some programs write a checksum behind."""
    length = (((line[0] - 32) & 63) * 4 + 2) // 3
    for octets in (line, line[: length + 1]):
        try:
            # Characters that are missing would be zeros: a line of one octet would make 45.
            return binascii.a2b_uu(octets)[: (len(octets) - 1) * 3 // 4]
        except binascii.Error:
            continue
    return None
