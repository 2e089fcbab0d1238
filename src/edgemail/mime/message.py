"""A message with all that is read of it: headers, bodies, files, invitations."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from edgemail.mime.addresses import read_addresses, write_addresses
from edgemail.mime.calendar import EVENTS_MAX, read_events
from edgemail.mime.charsets import decode_body
from edgemail.mime.content import mark_inline, read_content
from edgemail.mime.encoded_words import decode_words, unfold
from edgemail.mime.flowed_text import join_flowed
from edgemail.mime.header_fields import read_header
from edgemail.mime.structure import read_structure
from edgemail.mime.text_line import make_line, without_controls
from edgemail.mime.transfer_encoding import decode_text
from edgemail.model import Attachment, CalendarEvent, Header, HeaderAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.mime.content import FilePart, MailContent
    from edgemail.mime.structure import MailPart

OCTETS_MAX: Final = 64 * 1024 * 1024
"""Of a message; of a longer one the header alone is read."""

HEADERS_MAX: Final = 1_000
_VALUE_MAX: Final = 64 * 1024
"""Octets of a header field that are read."""

_OPENING_OCTETS: Final = 16 * 1024
_ID_MAX: Final = 500
_MESSAGE_ID: Final = re.compile(rb"<([^<>]{1,998})>")
_TRACE: Final = frozenset({"return-path", "received"})


class Message:
    """A message; each part of it is decoded when it is asked for."""

    def __init__(self, data: bytes) -> None:
        """Read the structure."""
        if len(data) > OCTETS_MAX:
            data = data[:_OPENING_OCTETS]
        lines = _split_lines(data)
        self._root = read_structure(lines)
        if lines is not data:
            for part in self._root.walk():
                if part.octets is lines:
                    part.octets = data
        leaves = self._root.leaves()
        self._label = next((label for leaf in leaves if leaf.type[:5] == "text/" and (label := leaf.charset)), "")

    @property
    def root(self) -> MailPart:
        """The message's tree of parts."""
        return self._root

    @property
    def label(self) -> str:
        """The charset of what names none."""
        return self._label

    @property
    def type(self) -> str:
        """The message's own type, in lower case."""
        return self._root.shown_type

    def header_text(self, key: str) -> str:
        """Return the first field of that name (in lower case), decoded; ``""`` for none."""
        return decode_words(self._root.header.first.get(key, b"")[:_VALUE_MAX], self._label)

    def headers(self) -> Iterator[Header]:
        """Yield the header fields in the message's order."""
        for name, raw in self._root.header.fields[:HEADERS_MAX]:
            read = raw[:_VALUE_MAX]
            value = decode_words(unfold(read), self._label)
            yield Header(name, without_controls(value).strip(), _decode_raw(read))

    def addresses(self, key: str) -> tuple[HeaderAddress, ...]:
        """Return the addresses of all fields of that name (in lower case)."""
        if key not in self._root.header.first:
            return ()
        values = [unfold(raw) for name, raw in self._root.header.fields if name.lower() == key]
        return read_addresses(b", ".join(values), self._label)

    @property
    def sender(self) -> str:
        """The first From field, as ``Name <a@b>``."""
        octets = self._root.header.first.get("from", b"")
        return write_addresses(read_addresses(octets, self._label)) if octets else ""

    @property
    def message_id(self) -> str:
        """The Message-ID without angle brackets."""
        octets = self._root.header.first.get("message-id", b"")
        found = _MESSAGE_ID.search(octets)
        return make_line((found[1] if found else octets).decode("utf-8", "replace").strip(" <>"), _ID_MAX)

    @cached_property
    def text(self) -> str | None:
        """The text, None where there is none."""
        return _join(self._content_parts.texts)

    @cached_property
    def html(self) -> str | None:
        """The HTML, None where there is none."""
        return _join(self._content_parts.pages)

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """The attachments, without the parts that belong to the HTML."""
        return tuple(self._describe(index, file) for index, file in enumerate(self._files) if not file.is_inline)

    @cached_property
    def inline(self) -> tuple[Attachment, ...]:
        """The parts that belong to the HTML."""
        return tuple(self._describe(index, file) for index, file in enumerate(self._files) if file.is_inline)

    @cached_property
    def events(self) -> tuple[CalendarEvent, ...]:
        """The events of invitations, each once."""
        found: dict[CalendarEvent, None] = {}
        for file in self._files:
            if file.is_calendar and len(found) < EVENTS_MAX:
                found |= dict.fromkeys(read_events(_decode(file.part), file.part.content_type.word("method")))
        return tuple(found)[:EVENTS_MAX]

    def numbered_files(self) -> Iterator[tuple[str, Attachment, bytes]]:
        """Yield each attachment and inline part with its place in the tree, as ``2`` or ``1.2``, and its octets.

        A message without parts is ``0``.
        """
        numbers: dict[int, str] = {}
        todo = [(self._root, "")]
        while todo:
            part, number = todo.pop()
            numbers[id(part)] = number or "0"
            start = f"{number}." if number else ""
            todo += [(child, f"{start}{place}") for place, child in enumerate(part.children, 1)]
        for index, file in enumerate(self._files):
            octets = file.part.decode()
            yield numbers[id(file.part)], self._describe(index, file, len(octets)), octets

    def file(self, index: int) -> tuple[Attachment, bytes] | None:
        """Return an attachment or inline part with its octets, None where there is none of that number."""
        if not 0 <= index < len(self._files):
            return None
        octets = self._files[index].part.decode()
        return self._describe(index, self._files[index], len(octets)), octets

    def role_of(self, part: MailPart) -> tuple[str, int | None]:
        """Return what a part is shown as, ``""`` for nothing, and the number of an attachment or inline part."""
        return self._roles.get(id(part), ("", None))

    def describe(self, index: int, size: int) -> Attachment:
        """Describe an attachment or inline part whose size is known."""
        return self._describe(index, self._files[index], size)

    @cached_property
    def _roles(self) -> dict[int, tuple[str, int | None]]:
        content = self._content_parts
        roles: dict[int, tuple[str, int | None]] = {id(part): ("text", None) for part in content.texts}
        roles |= {id(part): ("html", None) for part in content.pages}
        for index, file in enumerate(self._files):
            roles[id(file.part)] = ("inline" if file.is_inline else "attachment", index)
        return roles

    @cached_property
    def _content_parts(self) -> MailContent:
        return read_content(self._root)

    @cached_property
    def _files(self) -> list[FilePart]:
        if self._content_parts.files and self.html:
            mark_inline(self._content_parts, self.html)
        return self._content_parts.files

    def _describe(self, index: int, file: FilePart, size: int | None = None) -> Attachment:
        if size is None:
            size = len(file.part.decode())
        return Attachment(index, file.name(self._label), file.part.shown_type, size, file.content_id)


def _join(parts: list[MailPart]) -> str | None:
    """Join what several parts say; blank ones say nothing."""
    texts = [_decode(part) for part in parts]
    return "\n".join([text for text in texts if text.strip()] or texts[:1]) if texts else None


def _decode(part: MailPart) -> str:
    octets = decode_text(part.octets[part.start : part.end], part.encoding, part.charset)
    text = decode_body(octets, part.charset, is_html=part.type == "text/html")
    if part.type == "text/plain" and part.content_type.word("format") == "flowed":
        return join_flowed(text, delete_blanks=part.content_type.word("delsp") == "yes")
    return text


def _decode_raw(octets: bytes) -> str:
    """Show a field as it was sent."""
    octets = octets.removeprefix(b" ").rstrip(b"\r\n")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _split_lines(data: bytes) -> bytes:
    """Return the message with line feeds where lines end in carriage returns alone.

    Such lines come behind the trace fields that the server has put before them.
    """
    whole = data.rstrip(b"\r\n")
    tail = whole.rfind(b"\n") + 1
    if whole.find(b"\r", tail) < 0:
        return data
    if tail and any(
        field.name.lower() not in _TRACE for field in read_header(data, 0, tail, max_octets=_OPENING_OCTETS).fields
    ):
        return data
    return data[:tail] + data[tail:].replace(b"\r\n", b"\n\n").replace(b"\r", b"\n")
