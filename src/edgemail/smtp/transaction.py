"""What a session knows of the message under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.model import Address
    from edgemail.smtp.order import SessionState
    from edgemail.smtp.outputs import Reply


@dataclass(slots=True)
class Transaction:
    """RFC 5321 section 3.3: a sender, then recipients, each inbox once and in order."""

    sender: Address | None
    smtputf8: bool
    recipients: dict[str, None] = field(default_factory=dict)
    has_rcpt: bool = False
    """Whether a recipient was named, taken or not."""
    chunks: int = 0
    """How many BDAT have come."""


@dataclass(slots=True)
class Chunk:
    """What a BDAT announced (RFC 3030). A refused one is read all the same, and dropped."""

    is_empty: bool
    is_last: bool
    left_octets: int
    refusal: Reply | None
    state_after: SessionState
    dropped: Transaction | None = None
    """The transaction that ends with this chunk, as it makes the message too large."""
    message_octets: int = 0
    """How large that is, with this chunk."""
