"""`Content-Type` and `Content-Disposition` -> their values and parameters (RFC 2045 section 5.1, RFC 2231)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from edgemail.mime.charsets import decode_labelled, find_codec
from edgemail.mime.encoded_words import decode_words

_FIELD_MAX: Final = 16 * 1024
_PARAMETERS_MAX: Final = 100
_COMMENT: Final = re.compile(rb"\([^()]{0,1000}\)")
_SLASH: Final = re.compile(rb"[ \t]{0,9}/[ \t]{0,9}")
_VALUE: Final = re.compile(rb"\s*+([\"']?)([^\s;=,\"'()]*+)(?![ \t]*=)[ \t\"']*+")
_NAME: Final = re.compile(rb"[;,\s]*+([^\s;=\"]*+)[ \t]*+(=?)[ \t]*+")
_SECTION: Final = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")
_RUN_ON: Final = re.compile(
    rb"[\s,](?:charset|name|filename|boundary|format|delsp|type|method|size|start)(?:\*[0-9]{0,3}\*?)?[ \t]{0,9}=",
    re.IGNORECASE,
)
_AFTER_QUOTE: Final = re.compile(rb"[ \t]*+(?:[;,(]|\Z)|[ \t]++[\w*-]{1,60}=", re.ASCII)
_NEXT_PARAMETER: Final = re.compile(rb";[ \t]{0,99}[\w*-]{1,60}=", re.ASCII)
_QUOTE: Final = re.compile(rb"[\"\\]")
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_FOLDER: Final = re.compile(rb"[A-Za-z]:\\|\\\\\w")
_EXTENDED: Final = re.compile(rb"([A-Za-z0-9_.:+-]{2,40})'[A-Za-z0-9-]{0,20}'", re.ASCII)
_PERCENT: Final = re.compile(rb"%[0-9A-Fa-f]{2}")


class Parameters:
    """A value with parameters; each parameter is decoded when it is asked for."""

    __slots__ = ("_pieces", "_plain", "value")

    def __init__(self, octets: bytes) -> None:
        """Read an unfolded value."""
        octets = octets[:_FIELD_MAX]
        self._plain: dict[str, bytes] = {}
        self._pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
        head, separator, rest = octets.partition(b";")
        if b"(" in head:
            head = _COMMENT.sub(b" ", head)
        octets = _SLASH.sub(b"/", head, count=1) + separator + rest
        opening = _VALUE.match(octets)
        self.value = opening[2].decode("latin-1").lower() if opening else ""
        if opening and not opening[1] and octets.startswith(b'"', opening.end(2)):  # then it is no token
            self.value += '"'
        self._read(octets, opening.end() if opening else 0)

    def octets(self, name: str) -> bytes:
        """Return a parameter that is no text, as the boundary."""
        return self._plain.get(name) or self._join(name)[0]

    def text(self, name: str, label: str = "") -> str:
        """Return a parameter as text; RFC 2231's form is preferred where there are two."""
        if name in self._pieces and (self._is_whole(name) or name not in self._plain):
            joined, charset = self._join(name)
            if joined:
                text = decode_labelled(joined, charset) if charset else decode_words(joined, label)
                return decode_words(text.encode(), label) if "=?" in text else text
        octets = self._plain.get(name, b"")
        extended = _EXTENDED.match(octets)
        if extended and _PERCENT.search(octets) and find_codec(extended[1].decode("latin-1")):
            return decode_labelled(unquote_to_bytes(octets[extended.end() :]), extended[1].decode("latin-1"))
        text = decode_words(octets, label)
        if "%" in text and b"=?" in octets and (encoded := _EXTENDED.match(text.encode())):
            return decode_labelled(unquote_to_bytes(text.encode()[encoded.end() :]), encoded[1].decode("latin-1"))
        return text

    def word(self, name: str) -> str:
        """Return a parameter that is one word of ASCII, in lower case, as a charset."""
        words = self.text(name).lower().split(maxsplit=1)
        return words[0].strip(";,'\"") if words else ""

    def __contains__(self, name: str) -> bool:
        return name in self._plain or name in self._pieces

    def _read(self, octets: bytes, place: int) -> None:
        is_unclosed = False
        for _ in range(_PARAMETERS_MAX):
            found = _NAME.match(octets, place)
            if found is None or found.end() >= len(octets):
                return
            place = found.end()
            if not found[2]:
                place += octets[place : place + 1] == b'"'
                continue
            if octets.startswith(b'"', place) and not is_unclosed:
                value, place, is_unclosed = _read_quoted(octets, place + 1)
            elif octets.startswith(b'"', place):
                value, place = _read_open(octets, place + 1, -1)
            else:
                value, place = _read_token(octets, place)
            self._keep(found[1].decode("latin-1").lower(), value)

    def _keep(self, name: str, value: bytes) -> None:
        section = _SECTION.fullmatch(name)
        if section is None:
            return
        if section[2] is None and section[3] is None:
            self._plain.setdefault(name, value)
        else:
            # The whole in one piece has the number -1: it is preferred to numbered pieces.
            number = -1 if section[2] is None else int(section[2])
            self._pieces.setdefault(section[1], {}).setdefault(number, (value, section[3] is not None))

    def _is_whole(self, name: str) -> bool:
        """Return False where pieces of a parameter are missing."""
        numbers = self._pieces[name]
        return -1 in numbers or max(numbers) == len(numbers) - 1

    def _join(self, name: str) -> tuple[bytes, str]:
        """Join RFC 2231's pieces; return the octets, and the charset or ``""``."""
        pieces = self._pieces.get(name, {})
        if not pieces:
            return b"", ""
        first = min(pieces)
        charset = ""
        joined: list[bytes] = []
        for number in (-1,) if first == -1 else range(first, first + len(pieces)):
            if number not in pieces:
                break
            value, is_encoded = pieces[number]
            if is_encoded and not charset and (opening := _EXTENDED.match(value)):
                charset = opening[1].decode("latin-1")
                value = value[opening.end() :]
            elif is_encoded and not joined:
                value = value.removeprefix(b"''")
            joined.append(unquote_to_bytes(value) if is_encoded else value)
        return b"".join(joined), charset


def _read_token(octets: bytes, place: int) -> tuple[bytes, int]:
    """Read a value without quotes, with any blanks in it; return it and where it ends."""
    start = place
    while octets.startswith(b"=?", place) and (end := octets.find(b"?=", place + 2)) >= 0:
        second = octets.find(b"?", place + 2)
        third = octets.find(b"?", second + 1) if second >= 0 else -1
        if third >= 0 and end <= third:  # Q-encoded content may begin with "="
            end = octets.find(b"?=", third + 1)
            if end < 0:
                break
        place = end + 2
        while octets[place : place + 1] in {b" ", b"\t"}:
            place += 1
    end = octets.find(b";", place)
    end = len(octets) if end < 0 else end
    run_on = _RUN_ON.search(octets, place, end)
    if run_on:
        end = run_on.start()
    return octets[start:end].strip(), end


def _read_quoted(octets: bytes, start: int) -> tuple[bytes, int, bool]:
    """Read a quoted string. A quote within it that is not escaped belongs to it if text follows.

    Returns the value, where it ends, and True if no quoted string can follow, so that none is looked for again.
    """
    place = start
    first_quote = -1
    while sign := _QUOTE.search(octets, place):
        place = sign.end()
        if sign[0] == b"\\":
            place += 1
        elif _AFTER_QUOTE.match(octets, place):
            return _unescape(octets[start : sign.start()]), place, False
        elif first_quote < 0:
            first_quote = sign.start()
    return *_read_open(octets, start, first_quote), True


def _read_open(octets: bytes, start: int, first_quote: int) -> tuple[bytes, int]:
    """Read a quoted string that is not closed: up to the next parameter."""
    following = _NEXT_PARAMETER.search(octets, start)
    end = following.start() if following else len(octets)
    if 0 <= first_quote < end:
        end = first_quote
    return _unescape(octets[start:end].rstrip()), end


def _unescape(octets: bytes) -> bytes:
    r"""Undo escapes; a path of Windows, as `C:\a\b.txt`, has none but those of quotes."""
    if b"\\" not in octets:
        return octets
    if _FOLDER.match(octets):
        return octets.replace(b"\\\\", b"\\").replace(b'\\"', b'"')
    return _ESCAPED.sub(rb"\1", octets)
