"""A listed message as Mailpit's JSON, and the pieces that a whole message shares with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from edgemail import __version__
from edgemail.http.compat.facts import add_missing, read_sender, write_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import HeaderAddress, ListedMail, MailId

VERSION: Final = f"v1.33.0-edgemail-{__version__}"
"""Clients compare it with the oldest Mailpit that they know."""


def write_listed(listed: ListedMail) -> dict[str, Any]:
    """Write a message of a listing."""
    mail, summary = listed.mail, listed.summary
    named = (*summary.to, *summary.cc, *summary.bcc)
    return {
        "ID": str(mail.id),
        "MessageID": summary.message_id or make_message_id(mail.id),
        "Read": listed.is_read,
        "From": write_address(read_sender(summary.sender_name)),
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


def sort_tags(tags: Iterable[str]) -> list[str]:
    """Sort tags as Mailpit does, whatever their case."""
    return sorted(tags, key=str.lower)
