"""What a reader looks for in all mail, and whether a message is it. `query_sql.py` says it in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from edgemail.system.folding import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from edgemail.model import HeaderAddress, StoredMail, Summary

ADDRESS_FIELDS: Final = ("to", "from", "cc", "bcc", "reply-to")
FIELDS: Final = frozenset(
    {*ADDRESS_FIELDS, "addressed", "subject", "message-id", "tag", "is", "has", "after", "before"}
    | {"larger", "smaller"}
)
FIELD_TEXT_MAX: Final = 4096
"""The most characters of one header field that are looked at."""


@dataclass(frozen=True, slots=True)
class MailTerm:
    """One thing to look for.

    | `field` | `text` |
    | --- | --- |
    | None | words anywhere in the message, folded |
    | to, from, cc, bcc, reply-to, addressed, subject, message-id | a part of it, folded |
    | tag | a whole tag, in lower case |
    | is | read, unread or tagged |
    | has | attachment or inline |
    | sender | a part of the From field or of the envelope's sender, folded |
    | recipient | a part of the To field or of the envelope's recipients, folded |
    | mailbox | a recipient of the envelope in lower case, or the local part of one, with or without `+tag` |
    | after, before | "", with the date in `date`; after means at that time or later |
    | larger, smaller | "", with the octets in `octets` |

    `sender`, `recipient` and `mailbox` are for programs: nobody can type them.
    """

    field: str | None
    text: str
    is_negated: bool = False
    octets: int = 0
    date: datetime | None = None


@dataclass(frozen=True, slots=True)
class MailQuery:
    """Looks for messages for which every term holds. Without terms it means all mail."""

    terms: tuple[MailTerm, ...] = ()


class SearchFields(NamedTuple):
    """What a search looks at besides words, and the row. Texts are folded."""

    sender: str
    to: str
    cc: str
    bcc: str
    reply_to: str
    subject: str
    message_id: str
    attachments: int
    inline_parts: int


@dataclass(frozen=True, slots=True)
class Searched:
    """A message as a search sees it. `words` are those of `Summary.words`."""

    mail: StoredMail
    fields: SearchFields
    words: str
    is_read: bool = False
    tags: Collection[str] = ()


def make_fields(summary: Summary) -> SearchFields:
    """Make what a search looks at."""
    return SearchFields(
        sender=_fold_field(summary.sender_name),
        to=_fold_addresses(summary.to),
        cc=_fold_addresses(summary.cc),
        bcc=_fold_addresses(summary.bcc),
        reply_to=_fold_addresses(summary.reply_to),
        subject=_fold_field(summary.subject),
        message_id=_fold_field(summary.message_id),
        attachments=len(summary.attachments),
        inline_parts=summary.inline_count,
    )


def matches(query: MailQuery, message: Searched) -> bool:
    """Return True if every term of a query holds for a message."""
    return all(_holds(term, message) != term.is_negated for term in query.terms)


def _holds(term: MailTerm, message: Searched) -> bool:
    mail, fields, text = message.mail, message.fields, term.text
    match term.field:
        case None:
            texts = (*fields[:_TEXT_FIELDS], _write_recipients(mail))
            return any(text in field for field in texts) or all(word in message.words for word in text.split())
        case "is":
            return {"read": message.is_read, "unread": not message.is_read, "tagged": bool(message.tags)}[text]
        case "has":
            return (fields.attachments if text == "attachment" else fields.inline_parts) > 0
        case "tag":
            return text in (tag.lower() for tag in message.tags)
        case "after" | "before":
            return term.date is not None and (mail.date < term.date) == (term.field == "before")
        case "larger" | "smaller":
            return mail.size > term.octets if term.field == "larger" else mail.size < term.octets
        case "sender":
            return text in fields.sender or text in _lower_ascii(f"<{mail.sender}>")
        case "recipient":
            return text in fields.to or text in _write_recipients(mail)
        case "mailbox":
            recipients = _write_recipients(mail)
            return any(form in recipients for form in write_mailbox_forms(text))
        case "bcc":
            return _is_in_bcc(message, text)
        case "addressed":
            return _is_in_bcc(message, text) or any(
                text in field for field in (fields.sender, fields.to, fields.cc, fields.reply_to)
            )
        case _:
            return text in str(getattr(fields, _ATTRIBUTES[term.field]))


_TEXT_FIELDS: Final = 6
"""The first fields, in which a free word may be. The seventh is the Message-ID."""

_ATTRIBUTES: Final = {
    "from": "sender",
    "to": "to",
    "cc": "cc",
    "reply-to": "reply_to",
    "subject": "subject",
    "message-id": "message_id",
}


def _is_in_bcc(message: Searched, text: str) -> bool:
    """Return True for a Bcc field, and for recipients of the envelope that no field shows."""
    fields = message.fields
    return text in fields.bcc or (
        text in _write_recipients(message.mail) and text not in fields.to and text not in fields.cc
    )


def write_mailbox_forms(name: str) -> tuple[str, ...]:
    """Write how the recipients of a message that is in a mailbox begin; one of these is among them."""
    return (f"<{name}>",) if "@" in name else (f"<{name}@", f"<{name}+", f"<{name}>")


def _lower_ascii(text: str) -> str:
    """Return a text with the letters of ASCII in lower case, as SQLite does it."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _write_recipients(mail: StoredMail) -> str:
    return ", ".join(f"<{recipient}>" for recipient in mail.recipients)


def _fold_addresses(addresses: Sequence[HeaderAddress]) -> str:
    return _fold_field("\n".join(f"{address.name} <{address.address}>" for address in addresses))


def _fold_field(text: str) -> str:
    return fold(text[:FIELD_TEXT_MAX])
