"""The JSON object of a message in a listing, from a row.

`http/models.py` has its model, `json_sql.py` has SQLite write the same octets, and tests compare the three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from edgemail.model import StoredMail, Summary


def write_date(date: datetime) -> str:
    """Write a date in UTC with milliseconds."""
    return f"{date.isoformat(timespec='milliseconds')[:23]}Z"


def list_fields(mail: StoredMail, summary: Summary) -> dict[str, object]:
    """Return the fields of a listed message in their order."""
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
