"""The parts of a message as an agent may read them: a text in pieces, and what was left out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from edgemail.http.mcp.documents import FileDocument
from edgemail.http.mcp.untrusted import drop_markers
from edgemail.mime.checked_forms import check_type
from edgemail.mime.invisible import drop_invisible
from edgemail.mime.message import Message
from edgemail.mime.person_text import SOURCE_MAX, PersonText, read_as_a_person, see_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgemail.mailbox.results import Result

MessagePartName = Literal["text", "html", "headers", "raw"]

FILES_MAX: Final = 20
_CHARACTER_OCTETS: Final = 4
_CODEC: Final = "utf-32-le"
"""Every character takes four octets, so that an offset in characters is a place in the octets."""


@dataclass(frozen=True, slots=True)
class AgentPartFacts:
    """What there is to say of a part, beside its text."""

    total_chars: int
    hidden_chars: int
    files: tuple[FileDocument, ...]


_Made = tuple[AgentPartFacts, "Sequence[bytes]"]


def make_text(data: bytes) -> _Made:
    """Return what a person sees."""
    message = Message(data)
    return _finish(read_as_a_person(message.text, message.html), list_files(message))


def make_html(data: bytes) -> _Made:
    """Return the HTML without what nobody sees."""
    return _finish(see_source(Message(data).html or ""))


def make_headers(data: bytes) -> _Made:
    """Return the header fields, decoded, a line for each."""
    lines = "\n".join(f"{field.name}: {field.value}" for field in Message(data).headers())
    return _finish(PersonText(*drop_invisible(lines[:SOURCE_MAX])))


def make_raw(data: bytes) -> _Made:
    """Return the message as it is stored, as text."""
    return _finish(PersonText(*drop_invisible(data[: SOURCE_MAX * 4].decode("utf-8", "replace")[:SOURCE_MAX])))


MAKERS: Final[dict[MessagePartName, Callable[[bytes], _Made]]] = {
    "text": make_text,
    "html": make_html,
    "headers": make_headers,
    "raw": make_raw,
}


def list_files(message: Message) -> tuple[FileDocument, ...]:
    """Return a message's attachments, without what their sender called them."""
    return tuple(
        FileDocument(index=file.index, type=check_type(file.type), size=file.size)
        for file in message.attachments[:FILES_MAX]
    )


def _finish(seen: PersonText, files: tuple[FileDocument, ...] = ()) -> _Made:
    text, dropped = drop_markers(seen.text)
    return AgentPartFacts(len(text), seen.hidden + dropped, files), [text.encode(_CODEC, "replace")]


async def read_slice(result: Result[AgentPartFacts], offset: int, max_chars: int) -> str:
    """Return up to `max_chars` characters of a part from `offset` on."""
    start, end = offset * _CHARACTER_OCTETS, (offset + max_chars) * _CHARACTER_OCTETS
    place, wanted = 0, []
    async for piece in result.read_pieces():
        if place >= end:
            break
        wanted.append(piece[max(0, start - place) : max(0, end - place)])
        place += len(piece)
    return b"".join(wanted).decode(_CODEC)
