"""Puts together what a listing, a reader or a download wants of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.errors import AttachmentNotFound
from edgemail.mime.finder import find, html_to_text, load_words, visible
from edgemail.mime.message import Message
from edgemail.mime.search_words import WORDS_READ, search_words
from edgemail.mime.text_line import make_line
from edgemail.model import Attachment, ParsedMessage, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.mime.finder import Findings
    from edgemail.model import Code, Link

__all__ = ["attachment", "load_words", "read", "summarize"]

SUBJECT_MAX = 1_000
PREVIEW_MAX = 140
TEXT_MAX = 32 * 1024
PAGE_MAX = 128 * 1024
SCANNED_MAX = 1024 * 1024
_OVERLAP = 200
"""Characters that are looked at twice, as a word may be cut at `TEXT_MAX`."""


def summarize(data: bytes) -> Summary:
    """Return what a listing shows of a message, or of as much of its beginning as `data` holds."""
    return _summarize(Message(data))[0]


def read(data: bytes, codes: tuple[Code, ...] | None = None) -> ParsedMessage:
    """Take a message apart. Links are looked for in the first `SCANNED_MAX` characters of HTML and of text.

    `codes` are those that `summarize` has found in all of it. With them the summary has no `words`.
    """
    message = Message(data)
    summary, links = _summarize(message, codes)
    text, html = message.text, message.html
    if len(text or "") > TEXT_MAX or len(html or "") > PAGE_MAX:
        found = find(
            summary.subject, summary.sender_name, _cut(text, SCANNED_MAX), _cut(html, SCANNED_MAX), codes=()
        )
        links = found.links
    return ParsedMessage(summary, tuple(message.headers()), text, html, links, message.inline)


def attachment(data: bytes, index: int) -> tuple[Attachment, bytes]:
    """Return an attachment or inline part with its decoded octets; of an attached message, the whole message.

    Raises:
        AttachmentNotFound: the message has none of that number.
    """
    found = Message(data).file(index)
    if found is None:
        raise AttachmentNotFound(f"the message has no attachment {index}")
    return found


def _summarize(message: Message, codes: tuple[Code, ...] | None = None) -> tuple[Summary, tuple[Link, ...]]:
    subject = make_line(message.header_text("subject"), SUBJECT_MAX)
    sender = make_line(message.sender, SUBJECT_MAX)
    found = find(subject, sender, _cut(message.text, TEXT_MAX), _cut(message.html, PAGE_MAX), codes=codes)
    attachments = message.attachments
    words = ""
    if codes is None:
        words = search_words(subject, sender, *(file.name for file in attachments), *_list_texts(message, found))
    summary = Summary(
        sender_name=sender,
        subject=subject,
        preview=make_line(visible(found.shown[: 4 * 1024]), PREVIEW_MAX),
        attachments=attachments,
        codes=found.codes,
        links=found.confirmations,
        words=words,
        to=message.addresses("to"),
        cc=message.addresses("cc"),
        bcc=message.addresses("bcc"),
        reply_to=message.addresses("reply-to"),
        message_id=message.message_id,
        inline_count=len(message.inline),
        events=message.events,
    )
    return summary, found.links


def _list_texts(message: Message, found: Findings) -> Iterator[str]:
    """Yield the texts in which a search looks: what was found in already, and what comes behind it."""
    yield found.shown
    yield found.page_text
    if len(message.text or "") > TEXT_MAX:
        yield (message.text or "")[TEXT_MAX - _OVERLAP : WORDS_READ]
    if len(message.html or "") > PAGE_MAX:
        yield html_to_text((message.html or "")[:WORDS_READ])


def _cut(text: str | None, most: int) -> str | None:
    return None if text is None else text[:most]
