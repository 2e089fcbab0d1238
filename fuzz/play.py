"""How an input is played to a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.smtp import Gate, Reply, SessionRules


HEADER_OCTETS = 7
"""The first octets of an input: flags, limits, a length of packets, and two places of two octets.

The stream is cut at these places; from the first one on packets have that length, so that any octet
behind it may be a packet of its own. The rest of the input is the stream.
"""


@dataclass(frozen=True, slots=True)
class Play:
    """What the first octets of an input choose."""

    rules: SessionRules
    gate: Gate | None
    verdict: Reply
    """The store's verdict on each message."""
    is_secure: bool
    room_octets: int | None
    """There is no room for a longer message."""
    known: frozenset[Reply]
    """Every reply that may be sent; none of them holds words of the peer."""
