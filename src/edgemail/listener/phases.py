"""The phases of a connection in one table, and when a connection is read from."""

from __future__ import annotations

from enum import IntEnum, StrEnum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Phase(IntEnum):
    """Where a connection stands. An IntEnum, as a plain Enum's hash is computed by Python code."""

    GREETING = auto()
    """The peer waits for the greeting, and must not talk before."""
    TALKING = auto()
    """The session takes what comes."""
    SETTLING = auto()
    """A message is being stored; the session keeps what comes."""
    CHECKING = auto()
    """A login is being compared; the session keeps what comes."""
    HANDSHAKE = auto()
    """TLS begins, after STARTTLS."""
    LINGERING = auto()
    """The last reply is sent; what comes is read and dropped."""
    CLOSING = auto()
    """The socket closes once everything is sent."""
    LOST = auto()
    """The connection is no more."""


class PhaseEvent(StrEnum):
    """What ends a phase."""

    GREETED = "greeted"
    DELIVERED = "delivered"
    SETTLED = "settled"
    LOGIN_GIVEN = "login-given"
    LOGIN_CHECKED = "login-checked"
    TLS_STARTED = "tls-started"
    SECURED = "secured"
    LAST_REPLY = "last-reply"
    CLOSED = "closed"
    LOST = "lost"


_PHASES = tuple(Phase)
GREETING, TALKING, SETTLING, CHECKING, HANDSHAKE, LINGERING, CLOSING, LOST = _PHASES
_OPEN = (GREETING, TALKING, SETTLING, CHECKING, HANDSHAKE)

# An event without a next phase cannot happen there.
# fmt: off
NEXT_PHASE: Mapping[PhaseEvent, Mapping[Phase, Phase]] = {
    PhaseEvent.GREETED:       {GREETING: TALKING},
    PhaseEvent.DELIVERED:     {TALKING: SETTLING},
    PhaseEvent.SETTLED:       {SETTLING: TALKING},
    PhaseEvent.LOGIN_GIVEN:   {TALKING: CHECKING},
    PhaseEvent.LOGIN_CHECKED: {CHECKING: TALKING},
    PhaseEvent.TLS_STARTED:   {TALKING: HANDSHAKE},
    PhaseEvent.SECURED:       {HANDSHAKE: TALKING},
    PhaseEvent.LAST_REPLY:    dict.fromkeys(_OPEN, LINGERING),
    PhaseEvent.CLOSED:        dict.fromkeys((*_OPEN, LINGERING, CLOSING), CLOSING),
    PhaseEvent.LOST:          dict.fromkeys(_PHASES, LOST),
}
# fmt: on

IS_READ = frozenset({GREETING, TALKING, SETTLING, CHECKING, LINGERING})
"""The phases in which a connection is read from, unless there is a reason to pause."""

IS_OVER = frozenset({LINGERING, CLOSING, LOST})
"""The phases behind the last reply."""

# The reasons to pause, as bits of a number: a set of its own takes 216 octets for each connection.
PEER_IS_SLOW: Final = 1
"""The peer does not read its replies: they must not pile up."""
CONTENT_IS_BEHIND: Final = 2
"""The disk has not taken what came."""
OCTETS_WAIT: Final = 4
"""Octets wait behind a message that is being stored, or a login that is being compared."""
TURN_IS_OVER: Final = 8
"""A full buffer was read: the other connections come first."""
PEER_IS_DONE: Final = 16
"""The peer has closed its side."""


def is_read(phase: Phase, pauses: int) -> bool:
    """Return True if a connection should be read from."""
    return not pauses and phase in IS_READ
