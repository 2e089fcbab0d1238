"""A message -> its tree of parts, by offsets: nothing is copied or decoded (RFC 2046 section 5.1).

Multiparts that are broken are read as their authors meant them: with another boundary than they name, without an
end, or with all of the text before the first part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from edgemail.mime.header_fields import HeaderBlock, read_header
from edgemail.mime.parameters import Parameters
from edgemail.mime.transfer_encoding import decode, read_encoding
from edgemail.mime.uuencoded_files import split_uuencoded

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS_MAX: Final = 50
"""Multiparts within multiparts; each level is another pass over what it holds."""

PARTS_MAX: Final = 10_000
"""Of a message; some 1 KiB of memory each."""

HEAD_OCTETS_MAX: Final = 1024 * 1024
"""Of a message's header; with a longer one nothing but its beginning is read."""

_PART_HEAD_OCTETS_MAX: Final = 64 * 1024
_GUESSED_OCTETS: Final = 256 * 1024
_GUESSED_LINES: Final = 100
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_DELIMITER_END: Final = re.compile(rb"(--)?[ \t]*+(?:\r?\n|\Z)")
_DASHES: Final = re.compile(rb"--([^\s][^\r\n]{0,250}?)[ \t]{0,9}\r?\n(?:content-|(\r?\n))", re.IGNORECASE)
_CONTENT_FIELD: Final = re.compile(rb"\s{0,99}content-(type|disposition|transfer-encoding)[ \t]*:", re.IGNORECASE)


class _Range(NamedTuple):
    """The offsets of a part's beginning and end, and of the delimiter before it."""

    start: int
    end: int
    delimiter: int


@dataclass(slots=True)
class MailPart:
    """A part: its header, and where its body lies in `octets`. A multipart has children, all others have none."""

    octets: bytes
    start: int
    end: int
    header: HeaderBlock
    content_type: Parameters
    type: str
    """In lower case. What does not parse is `text/plain` (RFC 2045 section 5.2)."""
    is_typed: bool
    """False where the type is the default."""
    children: list[MailPart] = field(default_factory=list)

    @property
    def encoding(self) -> str:
        """The transfer encoding; see `read_encoding`."""
        return read_encoding(self.header.first.get("content-transfer-encoding", b"").decode("latin-1"))

    @property
    def charset(self) -> str:
        """The charset's label; ``""`` for none."""
        return self.content_type.word("charset")

    @property
    def is_multipart(self) -> bool:
        """True for what holds parts, or should."""
        return self.type.startswith("multipart/")

    @property
    def shown_type(self) -> str:
        """The type to tell others: nothing that does not parse is taken for text."""
        is_broken = not self.is_typed and "content-type" in self.header.first
        return "application/octet-stream" if is_broken else self.type

    def decode(self) -> bytes:
        """Return the octets that were sent in this part."""
        return decode(self.octets[self.start : self.end], self.encoding)

    def walk(self) -> Iterator[MailPart]:
        """Yield this part and all below it, in order."""
        todo = [self]
        while todo:
            part = todo.pop()
            yield part
            todo.extend(reversed(part.children))

    def leaves(self) -> Iterator[MailPart]:
        """Yield the parts that hold no others, in order."""
        return (part for part in self.walk() if not part.children)


def read_structure(octets: bytes) -> MailPart:
    """Read a message's tree of parts. Messages within it are not read."""
    header = read_header(octets, 0, len(octets), max_octets=HEAD_OCTETS_MAX, is_message=True)
    root = _make_part(octets, header, len(octets), "text/plain")
    left = PARTS_MAX
    todo = [(root, 0)]
    while todo:
        part, level = todo.pop()
        if not part.is_multipart:
            part.children = _split_text(part, left)
            left -= len(part.children)
            continue
        if level < LEVELS_MAX and left > 0:
            part.children = _read_children(part, left)
            left -= len(part.children)
            todo.extend((child, level + 1) for child in reversed(part.children))
        if not part.children:
            _make_text(part)
    return root


def _make_part(octets: bytes, header: HeaderBlock, end: int, default: str) -> MailPart:
    content_type = Parameters(header.first.get("content-type", b""))
    kind = content_type.value
    is_typed = _TYPE.fullmatch(kind) is not None
    if not is_typed:
        kind = "multipart/mixed" if kind.startswith("multipart") and "boundary" in content_type else default
    return MailPart(octets, header.body_start, end, header, content_type, kind, is_typed)


def _split_text(part: MailPart, most: int) -> list[MailPart]:
    """Return the text of a part and the files within it as parts; nothing if there are no files."""
    octets, start, end = part.octets, part.start, part.end
    if part.type != "text/plain" or part.encoding or octets.find(b"begin ", start, end) < 0:
        return []
    disposition = Parameters(part.header.first.get("content-disposition", b""))
    if disposition.value == "attachment" or "filename" in disposition or "name" in part.content_type:
        return []
    children = []
    for place, piece_end, name in split_uuencoded(octets, start, end, most):
        if name is None:
            header = HeaderBlock((), {}, place)
            children.append(MailPart(octets, place, piece_end, header, part.content_type, part.type, part.is_typed))
            continue
        content_type = b'application/octet-stream; name="' + name.translate(None, b'"\\') + b'"'
        fields = {"content-type": content_type, "content-transfer-encoding": b"x-uuencode"}
        children.append(_make_part(octets, HeaderBlock((), fields, place), piece_end, "text/plain"))
    return children


def _read_children(part: MailPart, most: int) -> list[MailPart]:
    octets, start, end = part.octets, part.start, part.end
    boundary = part.content_type.octets("boundary").rstrip()
    ranges = _split(octets, start, end, boundary, most) if boundary else []
    if not ranges and part.encoding in {"base64", "quoted-printable"}:  # which RFC 2045 section 6.4 forbids
        decoded = part.decode()
        if boundary and (ranges := _split(decoded, 0, len(decoded), boundary, most)):
            octets, start, end = decoded, 0, len(decoded)
            part.octets, part.start, part.end = octets, start, end
    if not ranges and (guessed := _guess_boundary(octets, start, end)):
        boundary = guessed
        ranges = _split(octets, start, end, boundary, most)
    if not ranges:
        return []
    preamble_end = ranges[0].delimiter
    default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
    children = [_read_part(octets, found, default) for found in ranges]
    if any(child.is_multipart and child.content_type.octets("boundary").rstrip() == boundary for child in children):
        ranges = _split(octets, start, end, boundary, most, is_shared=True)
        children = [_read_part(octets, found, default) for found in ranges]
    if _CONTENT_FIELD.match(octets, start, preamble_end):  # the first delimiter is missing
        first = _Range(start, _drop_line_end(octets, start, preamble_end), start)
        children.insert(0, _read_part(octets, first, default))
    is_empty = all(child.start >= child.end and not child.is_multipart for child in children)
    if is_empty and octets[start:preamble_end].strip():  # the preamble is the message
        part.end = preamble_end
        return []
    return children


def _read_part(octets: bytes, found: _Range, default: str) -> MailPart:
    header = read_header(octets, found.start, found.end, max_octets=_PART_HEAD_OCTETS_MAX)
    return _make_part(octets, header, found.end, default)


def _split(
    octets: bytes, start: int, end: int, boundary: bytes, most: int, *, is_shared: bool = False
) -> list[_Range]:
    """Return the parts between delimiters.

    What is behind the last delimiter counts only where nothing is before it, or where a part within has the same
    boundary, so that the last delimiter may be that part's.
    """
    found: list[_Range] = []
    needle = b"--" + boundary
    place, part_start, delimiter = start, -1, start
    while len(found) < most:
        at = octets.find(needle, place, end)
        if at < 0:
            break
        place = at + len(needle)
        line_end = _DELIMITER_END.match(octets, place, end)
        if line_end is None or (at > start and octets[at - 1] != 0x0A):
            continue
        if part_start >= 0:
            found.append(_Range(part_start, max(part_start, _drop_line_end(octets, start, at)), delimiter))
        if line_end[1] and found and not is_shared:
            return found
        part_start = -1 if line_end[1] else line_end.end()
        delimiter = at
        place = max(place, line_end.end() - 1)
    else:
        return found
    if part_start >= 0:
        found.append(_Range(part_start, end, delimiter))
    return found


def _drop_line_end(octets: bytes, start: int, at: int) -> int:
    """Return where the part before a delimiter ends: the line end before it is the delimiter's."""
    if at > start and octets[at - 1] == 0x0A:
        at -= 1
        if at > start and octets[at - 1] == 0x0D:
            at -= 1
    return at


def _guess_boundary(octets: bytes, start: int, end: int) -> bytes | None:
    """Find the boundary that a multipart uses in place of the one that it names."""
    limit = min(end, start + _GUESSED_OCTETS)
    place = start
    for _ in range(_GUESSED_LINES):
        if not octets.startswith(b"--", place, limit):
            place = octets.find(b"\n--", place, limit) + 1
            if not place:
                return None
        line = _DASHES.match(octets, place, end)
        if line and (not line[2] or octets.find(b"\n--" + line[1] + b"--", place, limit) >= 0):
            return line[1]
        place += 2
    return None


def _make_text(part: MailPart) -> None:
    """Take a multipart without parts for the text that stands where they should be."""
    boundary = part.content_type.octets("boundary")
    closing = part.octets.find(b"\n--" + boundary + b"--", part.start, part.end) if boundary else -1
    if closing >= 0:
        part.end = closing + 1
    body = part.octets[part.start : min(part.end, part.start + 200)].lstrip().lower()
    part.type = "text/html" if body.startswith((b"<html", b"<!doctype", b"<body", b"<div")) else "text/plain"
