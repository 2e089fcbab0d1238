"""How an input is played to a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.smtp import Gate, Reply, SessionRules


HEADER_OCTETS = 7
"""The length of an input's header: flags, limits, packet length, and two positions to cut at.

Each position has two octets. From the first position on, packets have the packet length, so that
any place can be cut octet by octet. The rest of the input is the stream, so that a mutation of
the header leaves it alone.
"""


@dataclass(frozen=True, slots=True)
class Play:
    """The choices of an input's first octets."""

    rules: SessionRules
    gate: Gate | None
    verdict: Reply
    """The store's outcome for each message."""
    is_secure: bool
    room_octets: int | None
    """Messages above this size find no room."""
    known: frozenset[Reply]
    """All replies: none holds words of a peer."""
