"""A listed message as Mailpit's JSON, and the pieces that a whole message shares with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from edgemail import __version__
from edgemail.model import HeaderAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgemail.model import ListedMail, MailId

VERSION: Final = f"v1.33.0-edgemail-{__version__}"
"""Clients compare it with the oldest Mailpit that they know."""

_SENDER: Final = re.compile(r"(.*?)\s?<([^<>]*)>(?:, .*)?", re.DOTALL)
_DATE_MAX: Final = 200


def write_listed(listed: ListedMail) -> dict[str, Any]:
    """Write a message of a listing."""
    mail, summary = listed.mail, listed.summary
    named = (*summary.to, *summary.cc, *summary.bcc)
    return {
        "ID": str(mail.id),
        "MessageID": summary.message_id or make_message_id(mail.id),
        "Read": listed.is_read,
        "From": _read_sender(summary.sender_name),
        "To": write_addresses(summary.to),
        "Cc": write_addresses(summary.cc),
        "Bcc": write_addresses(add_missing(summary.bcc, named, mail.recipients)),
        "ReplyTo": write_addresses(summary.reply_to),
        "Subject": summary.subject,
        "Created": write_time(mail.date),
        "Username": "",
        "Tags": sort_tags(listed.tags),
        "Size": mail.size,
        "Attachments": len(summary.attachments),
        "Snippet": summary.preview,
    }


def make_message_id(mail_id: MailId) -> str:
    """Make the Message-ID of a message that has none."""
    return f"{mail_id}@edgemail"


def write_address(address: HeaderAddress) -> dict[str, str]:
    """Write an address with its name."""
    return {"Name": address.name, "Address": address.address}


def write_addresses(addresses: Iterable[HeaderAddress]) -> list[dict[str, str]]:
    """Write addresses with their names."""
    return [write_address(address) for address in addresses]


def add_missing(
    bcc: Sequence[HeaderAddress], named: Iterable[HeaderAddress], recipients: Iterable[str]
) -> list[HeaderAddress]:
    """Return the blind copies: those of the header, and the envelope's recipients that no header field names."""
    known = {address.address.lower() for address in named}
    return [*bcc, *(HeaderAddress("", recipient) for recipient in recipients if recipient.lower() not in known)]


def sort_tags(tags: Iterable[str]) -> list[str]:
    """Sort tags as Mailpit does, whatever their case."""
    return sorted(tags, key=str.lower)


def write_time(at: datetime) -> str:
    """Write a time in UTC, with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_date(text: str) -> str | None:
    """Read a Date field; return it as RFC 3339 writes it, with its own offset, or None where it is no date."""
    try:
        date = parsedate_to_datetime(text[:_DATE_MAX])
        if date.tzinfo is None:  # -0000 stands for UTC
            date = date.replace(tzinfo=UTC)
        return date.isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _read_sender(text: str) -> dict[str, str]:
    """Take the first address of `Summary.sender_name` apart."""
    first = text.partition(", ")[0]
    if "@" in first and "<" not in first:
        return {"Name": "", "Address": first}
    found = _SENDER.fullmatch(text)
    return {"Name": text, "Address": ""} if found is None else {"Name": found[1], "Address": found[2]}
