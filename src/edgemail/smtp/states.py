"""The protocol in one table: from a state and an event to the next state, or to the refusal."""

from __future__ import annotations

from enum import IntEnum, StrEnum, auto
from typing import TYPE_CHECKING

from edgemail.smtp.commands import Verb
from edgemail.smtp.outputs import Reply
from edgemail.smtp.replies import (
    CHUNKS_OPEN,
    HELLO_FIRST,
    MAIL_FIRST,
    MAIL_TWICE,
    NO_RECIPIENTS,
    NOT_IN_TRANSACTION,
    RCPT_FIRST,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class SessionState(IntEnum):
    """Where a session stands. An IntEnum, as a plain Enum's hash is computed by Python code."""

    NEW = auto()
    """The peer has not said HELO or EHLO."""
    READY = auto()
    """No transaction is open."""
    MAIL = auto()
    """A transaction is open, and no RCPT has come."""
    NO_RCPT = auto()
    """A transaction is open, and every RCPT was refused."""
    RCPT = auto()
    """A transaction is open and has a recipient."""
    CHUNKS = auto()
    """Chunks of a message have come, and the last one has not."""
    DATA = auto()
    """The next octets are a message's, up to its end mark."""
    CHUNK = auto()
    """The next octets are a chunk's, as many as BDAT declared."""
    NEW_DROP = auto()
    """The next octets are those of a refused chunk; NEW follows. The next three are alike."""
    READY_DROP = auto()
    MAIL_DROP = auto()
    NO_RCPT_DROP = auto()
    AUTH = auto()
    """The next line answers a challenge."""
    SETTLING = auto()
    """A `Deliver` waits for its `Settled`."""
    SECURING = auto()
    """A `StartTls` waits for its `Secured`."""
    CLOSED = auto()


class Move(StrEnum):
    """What moves a session besides a command. It shares the table with `Verb`."""

    RCPT_REFUSED = "rcpt-refused"
    MESSAGE_REFUSED = "message-refused"
    """The transaction ends: DATA is refused, or a message that has come."""
    MESSAGE_TAKEN = "message-taken"
    """A whole message has come and is handed over."""
    CHUNK_REFUSED = "chunk-refused"
    """BDAT is refused; its octets come all the same (RFC 3030 section 2)."""
    CHUNK_ENDED = "chunk-ended"
    AUTH_ENDED = "auth-ended"
    SETTLED = "settled"
    SECURED = "secured"
    CLOSE = "close"


_STATES = tuple(SessionState)
NEW, READY, MAIL, NO_RCPT, RCPT, CHUNKS, DATA, CHUNK = _STATES[:8]
NEW_DROP, READY_DROP, MAIL_DROP, NO_RCPT_DROP, AUTH, SETTLING, SECURING, CLOSED = _STATES[8:]

TAKES_COMMANDS = (NEW, READY, MAIL, NO_RCPT, RCPT, CHUNKS)
TAKES_CHUNK = frozenset({CHUNK, NEW_DROP, READY_DROP, MAIL_DROP, NO_RCPT_DROP})
WAITS = frozenset({SETTLING, SECURING, CLOSED})
"""Octets that come are kept, or dropped where the session is closed."""


_STAY = TAKES_COMMANDS
_IN_MAIL = NOT_IN_TRANSACTION


def _row(*cells: SessionState | Reply) -> dict[SessionState, SessionState | Reply]:
    return dict(zip(TAKES_COMMANDS, cells, strict=True))


# A cell is the next state (of a command: once it is accepted), or the refusal of a command that is
# out of order (RFC 5321 section 4.1.4). An event without a cell for its state cannot happen there.
# fmt: off
TABLE: Mapping[Verb | Move, Mapping[SessionState, SessionState | Reply]] = {
    # in state:          NEW          READY       MAIL        NO_RCPT        RCPT        CHUNKS
    Verb.HELO:     _row(READY,       READY,      READY,      READY,         READY,      READY),
    Verb.EHLO:     _row(READY,       READY,      READY,      READY,         READY,      READY),
    Verb.MAIL:     _row(HELLO_FIRST, MAIL,       MAIL_TWICE, MAIL_TWICE,    MAIL_TWICE, MAIL_TWICE),
    Verb.RCPT:     _row(HELLO_FIRST, MAIL_FIRST, RCPT,       RCPT,          RCPT,       CHUNKS_OPEN),
    Verb.DATA:     _row(HELLO_FIRST, MAIL_FIRST, RCPT_FIRST, NO_RECIPIENTS, DATA,       CHUNKS_OPEN),
    Verb.BDAT:     _row(HELLO_FIRST, MAIL_FIRST, RCPT_FIRST, NO_RECIPIENTS, CHUNK,      CHUNK),
    Verb.AUTH:     _row(HELLO_FIRST, AUTH,       _IN_MAIL,   _IN_MAIL,      _IN_MAIL,   _IN_MAIL),
    Verb.STARTTLS: _row(HELLO_FIRST, SECURING,   _IN_MAIL,   _IN_MAIL,      _IN_MAIL,   _IN_MAIL),
    Verb.RSET:     _row(NEW,         READY,      READY,      READY,         READY,      READY),
    Verb.NOOP:     _row(*_STAY),
    Verb.HELP:     _row(*_STAY),
    Verb.VRFY:     _row(*_STAY),
    Verb.EXPN:     _row(*_STAY),
    Verb.UNKNOWN:  _row(*_STAY),
    Verb.HTTP:     _row(CLOSED,      CLOSED,     CLOSED,     CLOSED,        CLOSED,     CLOSED),
    Verb.QUIT:     _row(CLOSED,      CLOSED,     CLOSED,     CLOSED,        CLOSED,     CLOSED),

    Move.RCPT_REFUSED:    {MAIL: NO_RCPT, NO_RCPT: NO_RCPT, RCPT: RCPT},
    Move.MESSAGE_REFUSED: {RCPT: READY, DATA: READY, CHUNK: READY},
    Move.MESSAGE_TAKEN:   {DATA: SETTLING, CHUNK: SETTLING},
    Move.CHUNK_REFUSED:   {NEW: NEW_DROP, READY: READY_DROP, MAIL: MAIL_DROP, NO_RCPT: NO_RCPT_DROP,
                           RCPT: READY_DROP, CHUNKS: READY_DROP},
    Move.CHUNK_ENDED:     {CHUNK: CHUNKS, NEW_DROP: NEW, READY_DROP: READY, MAIL_DROP: MAIL, NO_RCPT_DROP: NO_RCPT},
    Move.AUTH_ENDED:      {AUTH: READY},
    Move.SETTLED:         {SETTLING: READY},
    Move.SECURED:         {SECURING: NEW, NEW: NEW},  # the latter: TLS came before SMTP (RFC 8314)
    Move.CLOSE:           dict.fromkeys(_STATES, CLOSED),
}
# fmt: on

NEXT: Mapping[Verb | Move, Mapping[SessionState, SessionState]] = {
    event: {state: cell for state, cell in row.items() if isinstance(cell, SessionState)}
    for event, row in TABLE.items()
}
"""The table's next states alone."""

REFUSALS: Mapping[Verb, Mapping[SessionState, Reply | None]] = {
    verb: {state: cell if isinstance(cell, Reply) else None for state, cell in TABLE[verb].items()} for verb in Verb
}
"""The table's refusals alone: the reply to a command out of order, `None` where it is in order."""
