"""The tree of parts -> what a person would call the text, the attachments, and the images that the HTML shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from html import unescape
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from edgemail.mime.encoded_words import decode_words
from edgemail.mime.header_fields import read_header
from edgemail.mime.parameters import Parameters
from edgemail.mime.text_line import make_line
from edgemail.mime.transfer_encoding import decode

if TYPE_CHECKING:
    from edgemail.mime.structure import MailPart

FILES_MAX: Final = 256
"""Attachments and inline parts of a message. Those after it are in the raw message only."""

NAME_MAX: Final = 255
_ENDING_MAX: Final = 10

_INNER_OCTETS: Final = 16 * 1024
_SUBJECT_MAX: Final = 100
_ID_MAX: Final = 255
_SCANNED_MAX: Final = 1024 * 1024
_REFERENCES_MAX: Final = 1_000
_REFERENCE: Final = re.compile(r"[^\"'\s<>)]{1,500}")
_NO_NAME: Final = re.compile(r"[/\\:*?\"<>|]+")
_BODY_TYPES: Final = frozenset({"text/plain", "text/html"})
_CALENDARS: Final = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_FILES_OF_TEXT: Final = _CALENDARS | {
    "text/vcard",
    "text/x-vcard",
    "text/directory",
    "text/csv",
    "text/rfc822-headers",
}
_MESSAGES: Final = frozenset({"message/rfc822", "message/global", "message/news"})


@dataclass(slots=True)
class FilePart:
    """A leaf of the tree that is no body: an attachment, or a part that belongs to the HTML."""

    part: MailPart
    is_related: bool
    """True below a multipart/related, and not its root."""
    is_inline: bool = False

    @property
    def content_id(self) -> str:
        """The Content-ID without angle brackets; ``""`` for none."""
        octets = self.part.header.first.get("content-id", b"")
        return make_line(octets.decode("utf-8", "replace").strip().removeprefix("<").removesuffix(">"), _ID_MAX)

    @property
    def is_calendar(self) -> bool:
        """True for an invitation."""
        return self.part.type in _CALENDARS

    def name(self, label: str) -> str:
        """Return the file's name without folders. `label` is the charset of what names none.

        Attached messages and invitations have a name where the sender gave none.
        """
        name = _file_name(self.part, label)
        if not name and self.part.type in _MESSAGES:
            return _name_message(self.part, label)
        if not name and self.is_calendar:
            return "invite.ics"
        return _shorten_name(re.split(r"[/\\]", name)[-1])


@dataclass(slots=True)
class MailContent:
    """Bodies and files of a message. Files are in the order of the message; an index is their number."""

    texts: list[MailPart] = field(default_factory=list)
    pages: list[MailPart] = field(default_factory=list)
    files: list[FilePart] = field(default_factory=list)


def read_content(root: MailPart) -> MailContent:
    """Tell bodies from files. Which files belong to the HTML is told by `mark_inline`."""
    content = MailContent()
    content.texts, content.pages = _choose(root, content.files, _Place.TOP)
    if not (content.texts or content.pages) and content.files:
        _promote(content)
    del content.files[FILES_MAX:]
    return content


def mark_inline(content: MailContent, html: str) -> None:
    """Mark the files that belong to the HTML: what it refers to, and images that were sent with it."""
    named = [file for file in content.files if "content-id" in file.part.header.first]
    located = [file for file in content.files if "content-location" in file.part.header.first]
    references = _find_references(html) if named else set()
    for file in named:
        file.is_inline = file.content_id in references or (
            file.is_related
            and _disposition(file.part).value != "attachment"
            and (file.part.type.startswith("image/") or not _file_name(file.part, ""))
        )
    for file in located:
        location = file.part.header.first["content-location"].decode("utf-8", "replace").strip('<>" ')
        if file.is_related and len(location) > 4 and html.find(location, 0, _SCANNED_MAX) >= 0:
            file.is_inline = True


class _Place(Enum):
    """The place of a part among others. It tells whether a file name makes the part an attachment."""

    TOP = 0
    AMONG_OTHERS = 1
    ALTERNATIVE = 2
    RELATED = 3


_READABLE_PLACES: Final = frozenset({_Place.TOP, _Place.ALTERNATIVE})
"""The places where a text is a body even if it has a file name."""

_Bodies: TypeAlias = "tuple[list[MailPart], list[MailPart]]"
"""Text and HTML of a subtree."""


def _choose(part: MailPart, files: list[FilePart], place: _Place, *, is_related: bool = False) -> _Bodies:
    """Find the bodies below a part; everything else but other alternatives goes into `files`."""
    if not part.children:
        kind = _body_kind(part, place)
        if kind is None:
            files.append(FilePart(part, is_related or place is _Place.RELATED))
            return [], []
        return ([], [part]) if kind == "text/html" else ([part], [])
    texts: list[MailPart] = []
    pages: list[MailPart] = []
    is_alternative = part.type == "multipart/alternative"
    root = _find_root(part) if part.type == "multipart/related" else None
    below = _Place.ALTERNATIVE if is_alternative else _Place.AMONG_OTHERS
    for child in part.children:
        is_beside = root is not None and child is not root
        found_texts, found_pages = _choose(
            child, files, _Place.RELATED if is_beside else below, is_related=is_related or is_beside
        )
        if not is_alternative:
            texts += found_texts
            pages += found_pages
            continue
        texts = _take_better(texts, found_texts, is_leaf=not child.children)
        pages = _take_better(pages, found_pages, is_leaf=not child.children)
    return texts, pages


def _take_better(known: list[MailPart], found: list[MailPart], *, is_leaf: bool) -> list[MailPart]:
    """Choose between alternatives: the last is the best one (RFC 2046 section 5.1.4), unless it is empty.

    Two texts side by side, which say the same in no way that their sender could have meant, are both read.
    """
    if not found or not known:
        return found or known
    is_proper = [any(part.type in _BODY_TYPES for part in parts) for parts in (known, found)]
    if is_proper[0] is not is_proper[1]:
        return known if is_proper[0] else found
    if all(_is_blank(part) for part in found):
        return known
    return known + found if is_leaf else found


def _is_blank(part: MailPart) -> bool:
    return not part.octets[part.start : min(part.end, part.start + 4096)].strip()


def _body_kind(part: MailPart, place: _Place) -> str | None:
    """Return `text/plain` or `text/html` for a body, None for a file."""
    kind = part.type
    if kind not in _BODY_TYPES:
        is_readable = kind.startswith("text/") and kind not in _FILES_OF_TEXT and place in _READABLE_PLACES
        if not is_readable:
            return None
    disposition = _disposition(part)
    if disposition.value == "attachment" or (place is _Place.RELATED and "content-id" in part.header.first):
        return None
    if (kind not in _BODY_TYPES or place not in _READABLE_PLACES) and _file_name(part, ""):
        return None
    return "text/html" if kind == "text/html" else "text/plain"


def _find_root(related: MailPart) -> MailPart:
    """Find the part that the others belong to (RFC 2387 section 3.2), which is not always the one that is named."""
    start = related.content_type.octets("start").strip(b"<> ")
    for child in related.children:
        if start and child.header.first.get("content-id", b"").strip(b"<> ") == start:
            return child
    for child in related.children:
        if child.children or child.type in _BODY_TYPES:
            return child
    return related.children[0]


def _promote(content: MailContent) -> None:
    """Show the first file as text where there is no other text at all, and only its type names it."""
    part = content.files[0].part
    if any(file.part.type in _BODY_TYPES for file in content.files[1:]):
        return
    disposition = _disposition(part)
    if part.type in _BODY_TYPES and disposition.value != "attachment" and "filename" not in disposition:
        (content.pages if part.type == "text/html" else content.texts).append(part)
        del content.files[0]


def _disposition(part: MailPart) -> Parameters:
    return Parameters(part.header.first.get("content-disposition", b""))


def _file_name(part: MailPart, label: str) -> str:
    return _disposition(part).text("filename", label) or part.content_type.text("name", label)


def _shorten_name(name: str) -> str:
    """Make one line of a file's name; one that is cut keeps its ending, which tells what the file is."""
    stem, dot, ending = name.rpartition(".")
    if len(name) <= NAME_MAX or not stem or len(ending) > _ENDING_MAX:
        return make_line(name, NAME_MAX)
    return make_line(stem, NAME_MAX - len(dot + ending)) + dot + make_line(ending, _ENDING_MAX)


def _name_message(part: MailPart, label: str) -> str:
    """Name an attached message by its subject."""
    octets = decode(part.octets[part.start : min(part.end, part.start + _INNER_OCTETS)], part.encoding)
    header = read_header(octets, 0, len(octets), max_octets=_INNER_OCTETS, is_message=True)
    subject = decode_words(header.first.get("subject", b""), label)
    name = make_line(_NO_NAME.sub(" ", subject), _SUBJECT_MAX).strip(" .")
    return f"{name or 'message'}.eml"


def _find_references(html: str) -> set[str]:
    """List the Content-IDs that the HTML refers to."""
    found: set[str] = set()
    lowered = html[:_SCANNED_MAX].lower()
    place = 0
    while len(found) < _REFERENCES_MAX and (place := lowered.find("cid:", place)) >= 0:
        reference = _REFERENCE.match(html, place + 4) if len(lowered) == len(html[:_SCANNED_MAX]) else None
        if reference:
            found |= {reference[0], unquote(unescape(reference[0]))}
        place += 4
    return found
