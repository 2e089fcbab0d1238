"""Sample envelopes and messages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edgemail.model import Address, Envelope, MailId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.store.base import ListingRow, Mailbox

NOON = datetime(2026, 5, 17, 12, 0, 0, 250_000, UTC)


def envelope(
    *recipients: str,
    data: bytes = b"Subject: Hello\r\n\r\nHello.\r\n",
    sender: str | None = "bob@sender.example",
    at: datetime = NOON,
) -> Envelope:
    """Make an envelope, by default to ann@example.org."""
    reverse_path = None if sender is None else Address.parse(sender)
    return Envelope(reverse_path, recipients or ("ann@example.org",), data, at)


async def add_all(store: Mailbox, envelopes: Iterable[Envelope]) -> list[MailId]:
    """Add messages at once; return their ids in the order given."""
    return await asyncio.gather(*[store.add(message) for message in envelopes])


def ids(rows: Iterable[ListingRow]) -> list[MailId]:
    """Return the ids of listed messages."""
    return [row.mail.id for row in rows]


def letter(
    subject: str = "Hello", text: str = "Hello.", *, sender: str = "Bob <bob@sender.example>", extra: str = ""
) -> bytes:
    """Write a message as a sender would, with CRLF. `extra` is header lines, each with its CRLF."""
    head = (
        f"From: {sender}\r\nTo: ann@example.org\r\nSubject: {subject}\r\nDate: Sun, 17 May 2026 12:00:00 +0000\r\n"
    )
    return f"{head}{extra}\r\n{text}\r\n".encode()
