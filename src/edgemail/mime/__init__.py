"""A raw message -> its summary, its parts, its attachments, its codes and links.

Nothing here raises on what a message holds. Time and memory are linear in its length: each module has its bounds.
A summary looks at the first `TEXT_MAX` characters of text and `PAGE_MAX` of HTML; its words are those of the first
`WORDS_READ` characters.

The first message that is read loads the modules: mail is taken before they are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.model import Attachment, Code, ParsedMessage, Summary


def load() -> None:
    """Load all that reading a message needs. Later on nothing has to be opened for that.

    Raises:
        OSError: a file cannot be read, as when too many are open; a later call may succeed.
    """
    from edgemail.mime import reader

    reader.load_words()


def summarize(data: bytes) -> Summary:
    """Return what a listing shows of a message, or of as much of its beginning as `data` holds."""
    from edgemail.mime import reader

    return reader.summarize(data)


def read(data: bytes, codes: tuple[Code, ...] | None = None) -> ParsedMessage:
    """Take a message apart. Links are looked for in the first `SCANNED_MAX` characters of HTML and of text.

    `codes` are those that `summarize` has found in all of it: to look for them takes most of the time. Who has
    a summary's codes has its words for searches as well, so the new summary is without them.
    """
    from edgemail.mime import reader

    return reader.read(data, codes)


def attachment(data: bytes, index: int) -> tuple[Attachment, bytes]:
    """Return an attachment or inline part with its decoded octets; of an attached message, the whole message.

    Raises:
        AttachmentNotFound: the message has none of that number.
    """
    from edgemail.mime import reader

    return reader.attachment(data, index)
