"""Writes values into the tables' columns, and reads them back."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from edgemail.errors import MessageNotFound
from edgemail.model import Attachment, CalendarEvent, Code, HeaderAddress, Link, MailId, StoredMail, Summary
from edgemail.store import schema
from edgemail.store.base import ListingRow, SmallMail
from edgemail.store.query import make_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgemail.model import Address, Envelope

_T = TypeVar("_T")

# A quoted local part may hold "<", ">" and ", ".
_PATHS = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>')


def write_date(date: datetime) -> str:
    """Write an aware date as UTC with milliseconds; the texts sort as the dates do."""
    return (date if date.tzinfo is UTC else date.astimezone(UTC)).isoformat(" ", "milliseconds")[:-6]


def read_date(text: str) -> datetime:
    """Read what `write_date` wrote; return 1970-01-01 for a text that is not a date."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)


def write_sender(sender: Address | None) -> str:
    """Write a reverse-path."""
    return "<>" if sender is None else f"<{sender}>"


def write_recipients(recipients: Iterable[str]) -> str:
    """Write forward-paths."""
    return ", ".join(f"<{recipient}>" for recipient in recipients)


def read_recipients(text: str) -> tuple[str, ...]:
    """Read forward-paths; a path that is repeated counts once."""
    return tuple(dict.fromkeys(match[1] for match in _PATHS.finditer(text)))


def write_data(data: bytes) -> str | bytes:
    """Return a message as text, which browsers expect, where that loses nothing; else as octets."""
    if b"\0" in data:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def write_summary(mail_id: MailId, summary: Summary) -> tuple[Any, ...]:
    """Write the parameters of `schema.ADD_SUMMARY`."""
    return (
        mail_id,
        summary.subject,
        summary.sender_name,
        summary.preview,
        _dump([[part.name, part.type, part.size, part.index, part.content_id] for part in summary.attachments]),
        _dump([[code.code, code.reason] for code in summary.codes]),
        _dump([[link.url, link.text, link.reason] for link in summary.links]),
        *map(_write_addresses, (summary.to, summary.cc, summary.bcc, summary.reply_to)),
        summary.message_id,
        summary.inline_count,
        _dump([_write_event(event) for event in summary.events]),
        summary.source,
    )


def write_fields(mail_id: MailId, summary: Summary) -> tuple[Any, ...]:
    """Write the parameters of `schema.ADD_SEARCH_FIELDS`."""
    return (mail_id, *make_fields(summary))


def write_terms(terms: Sequence[str]) -> list[str]:
    """Write the four terms of `schema.SEARCH`. An empty one is found in every message."""
    return [*terms[: schema.TERMS_MAX], *[""] * (schema.TERMS_MAX - len(terms))]


def write_mail(envelope: Envelope) -> tuple[Any, ...]:
    """Write the parameters of `schema.ADD_MAIL`."""
    return (
        write_date(envelope.accepted_at),
        write_sender(envelope.sender),
        write_recipients(envelope.recipients),
        len(envelope.data),
        write_data(envelope.data),
    )


def write_large(envelope: Envelope) -> tuple[str, tuple[Any, ...]]:
    """Write the statement, with parameters, that inserts a large message without a copy of it as `str`."""
    data = envelope.data
    if not data.isascii() or b"\0" in data:
        return schema.ADD_MAIL, write_mail(envelope)
    return schema.ADD_ASCII, (
        write_date(envelope.accepted_at),
        write_sender(envelope.sender),
        write_recipients(envelope.recipients),
        len(data),
        data,
    )


def is_for_one(envelope: Envelope) -> bool:
    """Return True if `schema.PUT_INTO_INBOX` handles it: one recipient, and no comma in its name."""
    recipients = envelope.recipients
    return len(recipients) == 1 and "," not in recipients[0]


def write_spooled(envelope: Envelope) -> tuple[str, tuple[Any, ...]]:
    """Write the statement, with parameters, that inserts a message with zeros for its data."""
    is_text = envelope.spool is not None and envelope.spool.is_text and isinstance(write_data(envelope.data), str)
    return schema.ADD_TEXT if is_text else schema.ADD_OCTETS, (
        write_date(envelope.accepted_at),
        write_sender(envelope.sender),
        write_recipients(envelope.recipients),
        envelope.size,
        envelope.size,
    )


def read_mail(row: tuple[Any, ...], inbox: str | None = None) -> StoredMail:
    """Read the first five columns of a row; of an inbox's row, name that recipient alone."""
    mail_id, date, sender, recipients, size = row[:5]
    named = read_recipients(recipients) if inbox is None else (inbox,)
    return StoredMail(MailId(mail_id), read_date(date), sender.strip("<>"), named, size)


def read_summary(row: tuple[Any, ...]) -> Summary | None:
    """Read the summary's columns of a row; return None while the message has no summary."""
    (subject, sender_name, preview, attachments, codes, links, to, cc, bcc, reply_to) = row[5:15]
    message_id, inline_count, events = row[15:18]
    if subject is None:
        return None
    return Summary(
        sender_name,
        subject,
        preview,
        _read_list(_read_attachment, attachments),
        _read_list(Code, codes),
        _read_list(Link, links),
        to=_read_list(HeaderAddress, to),
        cc=_read_list(HeaderAddress, cc),
        bcc=_read_list(HeaderAddress, bcc),
        reply_to=_read_list(HeaderAddress, reply_to),
        message_id=message_id,
        inline_count=inline_count,
        events=_read_list(_read_event, events),
    )


def ask_small(mail_id: MailId, inbox: str | None) -> tuple[Any, ...]:
    """Return the statement, with its values, that reads a small message with its row."""
    return (schema.READ_SMALL, mail_id) if inbox is None else (schema.READ_SMALL_OF_INBOX, mail_id, inbox)


def read_small(rows: Sequence[tuple[Any, ...]], mail_id: MailId, inbox: str | None) -> SmallMail:
    """Read what `ask_small` has found; of an inbox's row, name that recipient alone.

    Raises:
        MessageNotFound: there is no row.
    """
    for row in rows:
        data, codes = row[5:]
        return SmallMail(
            read_mail(row, inbox),
            None if data is None else bytes(data),
            None if codes is None else _read_list(Code, codes),
        )
    raise MessageNotFound(f"there is no message {mail_id}")


def read_listing_row(row: tuple[Any, ...], inbox: str | None = None) -> ListingRow:
    """Read a row of a listing; of an inbox's listing, name that recipient alone.

    One of all mail says also whether the message was read, and its tags.
    """
    mail, summary, head = read_mail(row, inbox), read_summary(row), bytes(row[18] or b"")
    if len(row) == 19:
        return ListingRow(mail, summary, head)
    return ListingRow(mail, summary, head, bool(row[19]), tuple(sorted(json.loads(row[20]))))


def _write_addresses(addresses: Sequence[HeaderAddress]) -> str:
    return _dump([[address.name, address.address] for address in addresses])


def _read_list(read: Callable[..., _T], text: str) -> tuple[_T, ...]:
    """Read each entry of a list. Most lists are empty, and JSON's reader would take a microsecond for each."""
    return () if text == "[]" else tuple([read(*fields) for fields in json.loads(text)])


def _read_attachment(name: str, media_type: str, size: int, index: int, content_id: str) -> Attachment:
    return Attachment(index, name, media_type, size, content_id)


def _write_event(event: CalendarEvent) -> list[Any]:
    times = event.starts, event.ends, event.time_zone
    return [event.method, event.title, *times, event.location, event.organizer, list(event.attendees)]


def _read_event(*fields: Any) -> CalendarEvent:
    method, title, starts, ends, time_zone, location, organizer, attendees = fields
    return CalendarEvent(method, title, starts, ends, time_zone, location, organizer, tuple(attendees))


def _dump(value: list[list[Any]]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else "[]"
