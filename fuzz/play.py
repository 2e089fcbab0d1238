"""How a stream is played to a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.smtp import Gate, Reply, SessionRules


HEADER_OCTETS = 7
"""What a session's input begins with: flags, limits, the length of packets, and two places of two octets to cut at.

From the first place on come packets of that length, so that one octet each may cut whatever stands there.
The rest is the stream, so that a change in the one leaves the other alone.
"""


@dataclass(frozen=True, slots=True)
class Play:
    """What an input's first octets choose."""

    rules: SessionRules
    gate: Gate | None
    verdict: Reply
    """What the store makes of each message."""
    is_secure: bool
    room_octets: int | None
    """What is longer finds no room."""
    known: frozenset[Reply]
    """Every reply that there is: one that holds a peer's words is not among them."""
