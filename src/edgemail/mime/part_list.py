"""The tree of parts -> a list that shows what a message is made of, with the messages that are attached to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.mime.content import FilePart
from edgemail.mime.message import Message
from edgemail.mime.parameters import Parameters
from edgemail.mime.text_line import make_line

if TYPE_CHECKING:
    from edgemail.mime.structure import MailPart

LISTED_PARTS_MAX: Final = 500
NESTED_OCTETS_MAX: Final = 32 * 1024 * 1024
"""Of all attached messages whose parts are listed too."""

_WORD_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class ListedPart:
    """A part as its header describes it. The sender chose every string but `number`, `role` and `attachment`."""

    number: str
    """As IMAP numbers parts (RFC 3501 section 6.4.5): ``2.1``; ``""`` for a multipart that is a whole message."""
    level: int
    type: str
    charset: str
    encoding: str
    disposition: str
    name: str
    content_id: str
    size: int | None
    """Decoded octets; None for what holds other parts."""
    role: str
    """What the part is shown as: ``text``, ``html``, ``attachment``, ``inline``; ``""`` for nothing."""
    attachment: str | None
    """The path of the attachment or inline part, as `1.0`; None for all others."""


@dataclass(frozen=True, slots=True)
class PartList:
    """The parts in the message's order."""

    parts: tuple[ListedPart, ...]
    is_complete: bool
    """False where a bound has left parts out."""


def list_parts(data: bytes, depth_max: int) -> PartList:
    """List a message's parts; a path of an attachment has at most `depth_max` numbers."""
    listing = _PartListing(depth_max)
    listing.add_message(Message(data), "", 0, ())
    return PartList(tuple(listing.parts), listing.is_complete)


class _PartListing:
    """A list of parts while it is made."""

    def __init__(self, depth_max: int) -> None:
        self.parts: list[ListedPart] = []
        self.is_complete = True
        self._depth_max = depth_max
        self._octets_left = NESTED_OCTETS_MAX

    def add_message(self, message: Message, prefix: str, level: int, path: tuple[int, ...]) -> None:
        """Add the parts of a message that is the attachment at `path`; `prefix` is its own number and a dot."""
        root = message.root
        todo = [(root, "" if root.is_multipart and root.children else f"{prefix}1", level)]
        while todo:
            part, number, depth = todo.pop()
            if len(self.parts) >= LISTED_PARTS_MAX:
                self.is_complete = False
                return
            self._add_part(message, part, number, depth, path)
            start = f"{number}." if number else prefix
            children = [(child, f"{start}{place}", depth + 1) for place, child in enumerate(part.children, 1)]
            todo += reversed(children)

    def _add_part(self, message: Message, part: MailPart, number: str, level: int, path: tuple[int, ...]) -> None:
        role, index = message.role_of(part)
        octets = None if part.children else part.decode()
        file = FilePart(part, is_related=False)
        here = None if index is None else (*path, index)
        fields = part.header.first
        self.parts.append(
            ListedPart(
                number,
                level,
                part.shown_type,
                make_line(part.charset, _WORD_MAX),
                make_line(
                    fields.get("content-transfer-encoding", b"").decode("utf-8", "replace"), _WORD_MAX
                ).lower(),
                make_line(Parameters(fields.get("content-disposition", b"")).value, _WORD_MAX),
                file.name(message.label),
                file.content_id,
                None if octets is None else len(octets),
                role,
                None if here is None else ".".join(map(str, here)),
            )
        )
        if octets is None or here is None or not message.describe(here[-1], len(octets)).is_message:
            return
        if len(here) >= self._depth_max or len(octets) > self._octets_left:
            self.is_complete = False
            return
        self._octets_left -= len(octets)
        self.add_message(Message(octets), f"{number}.", level + 1, here)
