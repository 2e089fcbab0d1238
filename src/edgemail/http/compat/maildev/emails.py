"""A message as MailDev's JSON. All but `write_summary` runs in a worker thread."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from edgemail.errors import AttachmentNotFound
from edgemail.http.compat.facts import add_missing, read_date, read_sender, write_time
from edgemail.http.compat.views import PAGE_TEXT_MAX, SAFE_TYPES, show_images
from edgemail.http.large_responses import serialize_text
from edgemail.mime.message import Message
from edgemail.mime.page_text import write_page_text
from edgemail.mime.reader import SUBJECT_MAX
from edgemail.mime.text_line import make_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgemail.model import Attachment, HeaderAddress, ListedMail

_ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/json": ".json",
}
_ENDING: Final = re.compile(r"\.[A-Za-z0-9_-]{1,16}")
_UNITS: Final = ("Bytes", "KB", "MB", "GB", "TB")
_PRIORITIES: Final = re.compile(r"(high|urgent|[12]\b)|(low|non-urgent|[45]\b)", re.IGNORECASE)

Email = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EmailFacts:
    """What the envelope has to be compared with, and the time of the Date field."""

    named: tuple[HeaderAddress, ...]
    time: str | None


def write_content(data: bytes) -> tuple[EmailFacts, Sequence[bytes]]:
    """Write what a message says itself: the end of the document that `write_beginning` begins."""
    facts, email = _read(Message(data))
    text, html = email.pop("text", None), email.pop("html", None)
    pieces = [to_json(email)[1:-1]]
    for name, value in ((b"text", text), (b"html", html)):
        if value is not None:
            pieces += [b',"%s":' % name, *serialize_text(value)]
    return facts, [*pieces, b"}"]


def write_beginning(listed: ListedMail, facts: EmailFacts) -> bytes:
    """Write what is said of a message beside its content."""
    return to_json(_describe(listed, facts))[:-1] + b","


def is_like(data: bytes, listed: ListedMail, filters: Iterable[tuple[str, str]]) -> bool:
    """Return True if a message has each of these values at these paths, as `from.address`."""
    facts, email = _read(Message(data))
    email |= _describe(listed, facts)
    return all(value in _find_values(email, path) for path, value in filters)


def write_summary(listed: ListedMail) -> Email:
    """Write a message of a list without contents."""
    mail, summary = listed.mail, listed.summary
    sender = read_sender(summary.sender_name)
    cc = {"cc": _write_addresses(summary.cc)} if summary.cc else {}
    return {
        "id": str(mail.id),
        "time": write_time(mail.date),
        "read": listed.is_read,
        "subject": summary.subject,
        "size": mail.size,
        "sizeHuman": _write_size(mail.size),
        "from": _write_addresses([sender] if sender.address or sender.name else []),
        "to": _write_addresses(summary.to),
        "attachmentCount": len(summary.attachments) + summary.inline_count,
        "preview": summary.preview,
        **cc,
    }


def make_attachment(data: bytes, name: str) -> tuple[str, Sequence[bytes]]:
    """Return an attachment by the name that it was given, or by its own, under a type that no browser runs.

    Raises:
        AttachmentNotFound: there is none.
    """
    found: tuple[Attachment, bytes] | None = None
    for _, about, octets in Message(data).numbered_files():
        if _generate_name(about) == name:
            found = about, octets
            break
        if about.name == name and found is None:
            found = about, octets
    if found is None:
        raise AttachmentNotFound(f"there is no attachment {name}")
    about, octets = found
    return about.type if about.type in SAFE_TYPES else "application/octet-stream", [octets]


def _read(message: Message) -> tuple[EmailFacts, Email]:
    sender, to, cc, bcc = (message.addresses(key) for key in ("from", "to", "cc", "bcc"))
    time = _read_time(message)
    inline = {about.index for about in message.inline}
    text, html = (some.replace("\r\n", "\n") for some in (message.text or "", show_images(message)))
    if html and not text.strip():
        text = write_page_text(html[:PAGE_TEXT_MAX])
    headers: dict[str, str | list[str]] = {}
    for header in message.headers():
        key, before = header.name.lower(), headers.get(header.name.lower())
        values = [] if before is None else [before] if isinstance(before, str) else before
        headers[key] = [*values, header.value] if values else header.value
    email: Email = {
        "subject": make_line(message.header_text("subject"), SUBJECT_MAX),
        "from": _write_addresses(sender),
        "to": _write_addresses(to),
        "date": time,
        "messageId": message.message_id,
        "priority": _read_priority(message),
        "headers": headers,
        "attachments": [
            _write_attachment(about, is_inline=about.index in inline) for about in _list_files(message)
        ],
    }
    email |= {name: _write_addresses(some) for name, some in (("cc", cc), ("bcc", bcc)) if some}
    email |= {name: some for name, some in (("text", text), ("html", html)) if some}
    if reply := message.header_text("in-reply-to").strip():
        email["inReplyTo"] = reply
    return EmailFacts((*to, *cc), time), email


def _list_files(message: Message) -> list[Attachment]:
    return sorted((*message.attachments, *message.inline), key=lambda about: about.index)


def _describe(listed: ListedMail, facts: EmailFacts) -> Email:
    mail = listed.mail
    return {
        "id": str(mail.id),
        "time": facts.time or write_time(mail.date),
        "read": listed.is_read,
        "size": mail.size,
        "sizeHuman": _write_size(mail.size),
        "envelope": {
            "from": {"address": mail.sender, "args": False},
            "to": [{"address": recipient, "args": False} for recipient in mail.recipients],
            "host": "",
            "remoteAddress": "",
        },
        "calculatedBcc": _write_addresses(add_missing((), facts.named, mail.recipients)),
    }


def _write_addresses(addresses: Iterable[HeaderAddress]) -> list[dict[str, str]]:
    return [{"address": address.address, "name": address.name} for address in addresses]


def _write_attachment(about: Attachment, *, is_inline: bool) -> dict[str, Any]:
    written = {
        "filename": about.name,
        "fileName": about.name,
        "generatedFileName": _generate_name(about),
        "contentType": about.type,
        "contentDisposition": "inline" if is_inline else "attachment",
        "size": about.size,
        "length": about.size,
    }
    return written | ({"contentId": about.content_id} if about.content_id else {})


def _generate_name(about: Attachment) -> str:
    """Make a name without any sign of the sender's."""
    ending = posixpath.splitext(about.name)[1]
    ending = ending if _ENDING.fullmatch(ending) else _ENDINGS.get(about.type, "")
    source = about.content_id or f"{about.index}-{about.name}-{about.size}"
    return hashlib.md5(source.encode("utf-8", "replace"), usedforsecurity=False).hexdigest() + ending


def _write_size(octets: int) -> str:
    """Write a size with two digits behind the point at most, as `2.5 KB`."""
    size, unit = float(octets), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.2f}".rstrip("0").rstrip(".") + f" {_UNITS[unit]}"


def _read_time(message: Message) -> str | None:
    date = read_date(message.header_text("date"))
    try:
        return None if date is None else write_time(datetime.fromisoformat(date).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _read_priority(message: Message) -> str:
    for key in ("x-priority", "x-msmail-priority", "importance", "priority"):
        if found := _PRIORITIES.search(message.header_text(key)[:100]):
            return "high" if found[1] else "low"
    return "normal"


def _find_values(value: Any, path: str) -> list[str]:
    """Return the values at a path, as JavaScript writes them; a list stands for each of its entries."""
    for name in path.split("."):
        if isinstance(value, list):
            value = [entry.get(name) for entry in value if isinstance(entry, dict)]
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return []
    values = value if isinstance(value, list) else [value]
    return [_write_value(entry) for entry in values if isinstance(entry, str | int | bool)]


def _write_value(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
