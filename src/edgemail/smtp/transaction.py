"""What a session knows of the message that is coming in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.model import Address
    from edgemail.smtp.outputs import Reply


@dataclass(slots=True)
class Transaction:
    """RFC 5321 section 3.3: a sender, then recipients, each inbox once and in order."""

    sender: Address | None
    smtputf8: bool
    recipients: dict[str, None] = field(default_factory=dict)
    chunks: int = 0
    """The number of BDAT commands so far."""


@dataclass(slots=True)
class Chunk:
    """What a BDAT announced (RFC 3030). A refused chunk is read all the same, and dropped."""

    is_empty: bool
    is_last: bool
    left_octets: int
    refusal: Reply | None
    dropped: Transaction | None = None
    """The transaction that ends with this chunk, which makes the message too large."""
    message_octets: int = 0
    """The size of the dropped message, with this chunk."""
