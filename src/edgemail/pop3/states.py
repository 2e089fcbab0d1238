"""The protocol in one table: from a state and an event to the next state, or to the refusal."""

from __future__ import annotations

from enum import IntEnum, StrEnum, auto
from typing import TYPE_CHECKING

from edgemail.pop3.commands import Pop3Verb
from edgemail.pop3.replies import LOGGED_IN, LOGIN_FIRST, STLS_FIRST, USER_FIRST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgemail.pop3.outputs import Pop3Reply


class Pop3State(IntEnum):
    """Where a session stands. RFC 1939 calls the first six AUTHORIZATION, the next three TRANSACTION."""

    NEEDS_TLS = auto()
    """No name is taken before STLS."""
    NEW = auto()
    """No name was given."""
    NAMED = auto()
    """USER named an inbox."""
    ANSWERING = auto()
    """The next line answers the challenge of AUTH."""
    CHECKING = auto()
    """An `OpenInbox` waits for its answer."""
    SECURING = auto()
    """A `BeginTls` waits for its `TlsBegun`."""
    READY = auto()
    """Somebody reads an inbox."""
    LISTING = auto()
    """A list is being written."""
    FETCHING = auto()
    """A message is being written."""
    UPDATING = auto()
    """A `Remove` waits for its `Removed`."""
    CLOSED = auto()


class Pop3Move(StrEnum):
    """What moves a session besides a command. It shares the table with `Pop3Verb`."""

    GREETED = "greeted"
    """No TLS is needed before a login, or there is TLS."""
    RESPONDED = "responded"
    """AUTH has brought a name and a password."""
    AUTH_ENDED = "auth-ended"
    """AUTH has brought none."""
    OPENED = "opened"
    REFUSED = "refused"
    LISTED = "listed"
    FETCHED = "fetched"
    CLOSE = "close"


_STATES = tuple(Pop3State)
NEEDS_TLS, NEW, NAMED, ANSWERING, CHECKING, SECURING, READY, LISTING, FETCHING, UPDATING, CLOSED = _STATES

TAKES_COMMANDS = (NEEDS_TLS, NEW, NAMED, READY)
WAITS = frozenset({CHECKING, SECURING, FETCHING, UPDATING, CLOSED})
"""Lines that come are kept, or dropped where the session is closed."""

_TLS, _USER, _LOGIN, _IN = STLS_FIRST, USER_FIRST, LOGIN_FIRST, LOGGED_IN


def _row(*cells: Pop3State | Pop3Reply) -> dict[Pop3State, Pop3State | Pop3Reply]:
    return dict(zip(TAKES_COMMANDS, cells, strict=True))


# A cell is the next state once the command is accepted, or the refusal of a command that is out of order.
# An event without a cell for its state cannot happen there.
# fmt: off
TABLE: Mapping[Pop3Verb | Pop3Move, Mapping[Pop3State, Pop3State | Pop3Reply]] = {
    # in state:              NEEDS_TLS  NEW        NAMED      READY
    Pop3Verb.USER:    _row(_TLS,      NAMED,     NAMED,     _IN),
    Pop3Verb.PASS:    _row(_TLS,      _USER,     CHECKING,  _IN),
    Pop3Verb.AUTH:    _row(_TLS,      ANSWERING, ANSWERING, _IN),
    Pop3Verb.STLS:    _row(SECURING,  SECURING,  SECURING,  _IN),
    Pop3Verb.UTF8:    _row(NEEDS_TLS, NEW,       NAMED,     _IN),
    Pop3Verb.CAPA:    _row(NEEDS_TLS, NEW,       NAMED,     READY),
    Pop3Verb.UNKNOWN: _row(NEEDS_TLS, NEW,       NAMED,     READY),
    Pop3Verb.STAT:    _row(_LOGIN,    _LOGIN,    _LOGIN,    READY),
    Pop3Verb.LIST:    _row(_LOGIN,    _LOGIN,    _LOGIN,    LISTING),
    Pop3Verb.UIDL:    _row(_LOGIN,    _LOGIN,    _LOGIN,    LISTING),
    Pop3Verb.RETR:    _row(_LOGIN,    _LOGIN,    _LOGIN,    FETCHING),
    Pop3Verb.TOP:     _row(_LOGIN,    _LOGIN,    _LOGIN,    FETCHING),
    Pop3Verb.DELE:    _row(_LOGIN,    _LOGIN,    _LOGIN,    READY),
    Pop3Verb.NOOP:    _row(_LOGIN,    _LOGIN,    _LOGIN,    READY),
    Pop3Verb.RSET:    _row(_LOGIN,    _LOGIN,    _LOGIN,    READY),
    Pop3Verb.QUIT:    _row(CLOSED,    CLOSED,    CLOSED,    UPDATING),
    Pop3Verb.HTTP:    _row(CLOSED,    CLOSED,    CLOSED,    CLOSED),

    Pop3Move.GREETED:    {NEEDS_TLS: NEW, SECURING: NEW},
    Pop3Move.RESPONDED:  {ANSWERING: CHECKING},
    Pop3Move.AUTH_ENDED: {ANSWERING: NEW},
    Pop3Move.OPENED:     {CHECKING: READY},
    Pop3Move.REFUSED:    {CHECKING: NEW},
    Pop3Move.LISTED:     {LISTING: READY},
    Pop3Move.FETCHED:    {FETCHING: READY},
    Pop3Move.CLOSE:      dict.fromkeys(_STATES, CLOSED),
}
# fmt: on
