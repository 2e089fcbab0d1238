"""A raw message -> its summary, its parts, its attachments, its codes and links.

Nothing here raises on what a message holds, and the work is bounded: see `parser` for the parsers' limits. A
summary looks at the first `TEXT_MAX` characters of text and `PAGE_MAX` of HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgemail.errors import AttachmentNotFound
from edgemail.mime.effort import head_end
from edgemail.mime.finder import Findings, find, visible
from edgemail.mime.parser import HEAD_OCTETS_MAX, parse
from edgemail.model import Attachment, Header, ParsedMessage, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.mime.parser import Mail, Part

SUBJECT_MAX = 1_000
PREVIEW_MAX = 140
NAME_MAX = 255
HEADERS_MAX = 1_000
WORDS_READ = 8 * 1024
WORDS_MAX = 2_000
TEXT_MAX = 32 * 1024
PAGE_MAX = 128 * 1024
SCANNED_MAX = 1024 * 1024

_FIELD_NAME = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
# Controls, line ends, surrogates, and what turns the direction of all that follows.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def summarize(data: bytes) -> Summary:
    """Tell what a listing shows of a message, or of as much of its beginning as `data` holds."""
    return _summary(parse(data))[0]


def read(data: bytes) -> ParsedMessage:
    """Take a message apart. Links are looked for in the first `SCANNED_MAX` characters of HTML and of text."""
    mail = parse(data)
    text = "\n".join(mail.texts) if mail.texts else None
    html = "\n".join(mail.pages) if mail.pages else None
    summary, found = _summary(mail)
    if len(html or "") > PAGE_MAX or len(text or "") > TEXT_MAX:
        found = find(summary.subject, summary.sender_name, (text or "")[:SCANNED_MAX], (html or "")[:SCANNED_MAX])
    return ParsedMessage(summary, tuple(_headers(data, mail)), text, html, found.links)


def attachment(data: bytes, index: int) -> tuple[Attachment, bytes]:
    """Give an attachment with its decoded octets.

    Raises:
        AttachmentNotFound: the message has none of that number.
    """
    parts = parse(data).parts
    if not 0 <= index < len(parts):
        raise AttachmentNotFound(f"the message has no attachment {index}")
    return _attachment(index, parts[index]), parts[index].content


def _summary(mail: Mail) -> tuple[Summary, Findings]:
    subject, sender = _line(mail.subject, SUBJECT_MAX), _line(mail.sender, SUBJECT_MAX)
    found = find(subject, sender, "\n".join(mail.texts)[:TEXT_MAX], "\n".join(mail.pages)[:PAGE_MAX])
    summary = Summary(
        sender_name=sender,
        subject=subject,
        preview=_line(visible(found.shown[: 4 * 1024]), PREVIEW_MAX),
        attachments=tuple(_attachment(index, part) for index, part in enumerate(mail.parts)),
        codes=found.codes,
        links=found.confirmations,
        words=_words(f"{subject} {mail.sender[:SUBJECT_MAX]} {visible(found.shown[:WORDS_READ])}"),
    )
    return summary, found


def _words(text: str) -> str:
    """Give each word once, in lower case, `WORDS_MAX` characters in all: what a search looks at."""
    words = " ".join(dict.fromkeys(_CONTROL.sub(" ", text).lower().split()))
    return words if len(words) <= WORDS_MAX else words[:WORDS_MAX].rpartition(" ")[0] or words[:WORDS_MAX]


def _attachment(index: int, part: Part) -> Attachment:
    name = _line(re.split(r"[/\\]", part.name)[-1], NAME_MAX)
    media_type = part.type.lower()
    if not _TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    return Attachment(index, name, media_type, len(part.content))


def _line(text: str, limit: int) -> str:
    """Make one line of it: whitespace folded, no control characters, at most `limit` characters."""
    line = " ".join(_CONTROL.sub(" ", text[: limit * 8]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _headers(data: bytes, mail: Mail) -> Iterator[Header]:
    """Give the header fields in the message's order; the parser has them by name."""
    if mail.source is None:
        return
    rest = {name: iter(values) for name, values in mail.source.headers.items()}
    end = head_end(data, HEAD_OCTETS_MAX)
    count = 0
    for found in _FIELD_NAME.finditer(data, 0, end if end >= 0 else HEAD_OCTETS_MAX):
        name = found[1].decode("ascii")
        value = next(rest.get(name, iter(())), None)
        if value is not None and count < HEADERS_MAX:
            yield Header(name, _CONTROL.sub(" ", value).strip())
            count += 1
