"""Serialises listed messages as `models.MessageModel` does, but without making models.

A model checks and copies each value, although the store's values are right. That took longer than
all the rest of a listing. A test compares the octets with those of the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import to_json

from edgemail.http.models import write_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import ListedMail


def serialize_listing(messages: Sequence[ListedMail], next_before: int | None) -> bytes:
    """Serialise a page as a `models.ListingModel`."""
    return to_json({"messages": [list_fields(message) for message in messages], "next_before": next_before})


def serialize_marked_listing(messages: Sequence[ListedMail], next_before: int | None) -> bytes:
    """Serialise a page of all mail as a `models.MarkedListingModel`."""
    return to_json({"messages": [_list_marked_fields(message) for message in messages], "next_before": next_before})


def serialize_message(message: ListedMail) -> bytes:
    """Serialise a message as a `models.MessageModel`, on one line: JSON escapes line ends."""
    return to_json(list_fields(message))


def serialize_marked_message(message: ListedMail) -> bytes:
    """Serialise a message as a `models.MarkedMessageModel`, on one line."""
    return to_json(_list_marked_fields(message))


def _list_marked_fields(message: ListedMail) -> dict[str, object]:
    return list_fields(message) | {"read": message.is_read, "tags": message.tags}


def list_fields(message: ListedMail) -> dict[str, object]:
    """Return the fields of a `models.MessageModel` in its order."""
    mail, summary = message.mail, message.summary
    return {
        "id": mail.id,
        "date": write_date(mail.date),
        "sender": mail.sender,
        "recipients": mail.recipients,
        "from": summary.sender_name,
        "to": summary.to,
        "cc": summary.cc,
        "message_id": summary.message_id,
        "subject": summary.subject,
        "preview": summary.preview,
        "size": mail.size,
        "attachments": [
            {"index": part.index, "name": part.name, "type": part.type, "size": part.size}
            for part in summary.attachments
        ],
        "inline_count": summary.inline_count,
        "codes": summary.codes,
        "links": summary.links,
        "events": summary.events,
    }
