"""The protocol in one table: from a state and an event to the next state, or to the refusal."""

from __future__ import annotations

from enum import IntEnum, StrEnum, auto
from typing import TYPE_CHECKING

from edgemail.smtp.commands import Verb
from edgemail.smtp.outputs import Reply
from edgemail.smtp.replies import (
    AUTH_REQUIRED,
    CHUNKS_OPEN,
    HELLO_FIRST,
    MAIL_FIRST,
    MAIL_TWICE,
    NO_RECIPIENTS,
    NOT_IN_TRANSACTION,
    RCPT_FIRST,
    STARTTLS_FIRST,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class SessionState(IntEnum):
    """Where a session stands. An IntEnum, as a plain Enum's hash is computed by Python code."""

    NEW = auto()
    """The peer has not said HELO or EHLO."""
    NEEDS_TLS = auto()
    """No mail is taken before STARTTLS."""
    NEEDS_LOGIN = auto()
    """No mail is taken before AUTH."""
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
    """The next octets are those of a refused chunk; NEW follows. The next five are alike."""
    NEEDS_TLS_DROP = auto()
    NEEDS_LOGIN_DROP = auto()
    READY_DROP = auto()
    MAIL_DROP = auto()
    NO_RCPT_DROP = auto()
    AUTH = auto()
    """The next line answers a challenge."""
    CHECKING = auto()
    """A `CheckLogin` waits for its `LoginChecked`."""
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
    TLS_NEEDED = "tls-needed"
    """The rules ask for TLS before mail, and there is none."""
    LOGIN_NEEDED = "login-needed"
    """The rules ask for a login before mail, and there was none."""
    LOGIN_GIVEN = "login-given"
    """A name and a password have come, and are compared."""
    LOGIN_CHECKED = "login-checked"
    AUTH_ENDED = "auth-ended"
    """An exchange ends and nothing is compared: it failed, or anyone is let in."""
    SETTLED = "settled"
    SECURED = "secured"
    CLOSE = "close"


_STATES = tuple(SessionState)
NEW, NEEDS_TLS, NEEDS_LOGIN, READY, MAIL, NO_RCPT, RCPT, CHUNKS, DATA, CHUNK = _STATES[:10]
NEW_DROP, NEEDS_TLS_DROP, NEEDS_LOGIN_DROP, READY_DROP, MAIL_DROP, NO_RCPT_DROP = _STATES[10:16]
AUTH, CHECKING, SETTLING, SECURING, CLOSED = _STATES[16:]

TAKES_COMMANDS = (NEW, NEEDS_TLS, NEEDS_LOGIN, READY, MAIL, NO_RCPT, RCPT, CHUNKS)
TAKES_CHUNK = frozenset({CHUNK, NEW_DROP, NEEDS_TLS_DROP, NEEDS_LOGIN_DROP, READY_DROP, MAIL_DROP, NO_RCPT_DROP})
WAITS = frozenset({CHECKING, SETTLING, SECURING, CLOSED})
"""Octets that come are kept, or dropped where the session is closed."""


_STAY = TAKES_COMMANDS
_CLOSE = (CLOSED,) * len(TAKES_COMMANDS)
_HELLO = (READY,) * len(TAKES_COMMANDS)
_TWICE, _NOBODY, _CHUNKED, _INSIDE = MAIL_TWICE, NO_RECIPIENTS, CHUNKS_OPEN, NOT_IN_TRANSACTION
_NO_TLS, _NO_AUTH = STARTTLS_FIRST, AUTH_REQUIRED  # RFC 3207 section 4, RFC 4954 section 6


def _row(*cells: SessionState | Reply) -> dict[SessionState, SessionState | Reply]:
    return dict(zip(TAKES_COMMANDS, cells, strict=True))


# A cell is the next state (of a command: once it is accepted), or the refusal of a command that is
# out of order (RFC 5321 section 4.1.4). An event without a cell for its state cannot happen there.
# fmt: off
TABLE: Mapping[Verb | Move, Mapping[SessionState, SessionState | Reply]] = {
    # in state:          NEW          NEEDS_TLS NEEDS_LOGIN  READY       MAIL        NO_RCPT  RCPT      CHUNKS
    Verb.HELO:     _row(*_HELLO),
    Verb.EHLO:     _row(*_HELLO),
    Verb.MAIL:     _row(HELLO_FIRST, _NO_TLS,  _NO_AUTH,    MAIL,       _TWICE,     _TWICE,  _TWICE,   _TWICE),
    Verb.RCPT:     _row(HELLO_FIRST, _NO_TLS,  _NO_AUTH,    MAIL_FIRST, RCPT,       RCPT,    RCPT,     _CHUNKED),
    Verb.DATA:     _row(HELLO_FIRST, _NO_TLS,  _NO_AUTH,    MAIL_FIRST, RCPT_FIRST, _NOBODY, DATA,     _CHUNKED),
    Verb.BDAT:     _row(HELLO_FIRST, _NO_TLS,  _NO_AUTH,    MAIL_FIRST, RCPT_FIRST, _NOBODY, CHUNK,    CHUNK),
    Verb.AUTH:     _row(HELLO_FIRST, _NO_TLS,  AUTH,        AUTH,       _INSIDE,    _INSIDE, _INSIDE,  _INSIDE),
    Verb.STARTTLS: _row(HELLO_FIRST, SECURING, SECURING,    SECURING,   _INSIDE,    _INSIDE, _INSIDE,  _INSIDE),
    Verb.RSET:     _row(NEW,         _NO_TLS,  NEEDS_LOGIN, READY,      READY,      READY,   READY,    READY),
    Verb.HELP:     _row(NEW,         _NO_TLS,  _NO_AUTH,    *_STAY[3:]),
    Verb.VRFY:     _row(NEW,         _NO_TLS,  _NO_AUTH,    *_STAY[3:]),
    Verb.EXPN:     _row(NEW,         _NO_TLS,  _NO_AUTH,    *_STAY[3:]),
    Verb.NOOP:     _row(*_STAY),
    Verb.UNKNOWN:  _row(*_STAY),
    Verb.HTTP:     _row(*_CLOSE),
    Verb.QUIT:     _row(*_CLOSE),

    Move.TLS_NEEDED:      {READY: NEEDS_TLS},
    Move.LOGIN_NEEDED:    {READY: NEEDS_LOGIN},
    Move.RCPT_REFUSED:    {MAIL: NO_RCPT, NO_RCPT: NO_RCPT, RCPT: RCPT},
    Move.MESSAGE_REFUSED: {RCPT: READY, DATA: READY, CHUNK: READY},
    Move.MESSAGE_TAKEN:   {DATA: SETTLING, CHUNK: SETTLING},
    Move.CHUNK_REFUSED:   {NEW: NEW_DROP, NEEDS_TLS: NEEDS_TLS_DROP, NEEDS_LOGIN: NEEDS_LOGIN_DROP,
                           READY: READY_DROP, MAIL: MAIL_DROP, NO_RCPT: NO_RCPT_DROP,
                           RCPT: READY_DROP, CHUNKS: READY_DROP},
    Move.CHUNK_ENDED:     {CHUNK: CHUNKS, NEW_DROP: NEW, NEEDS_TLS_DROP: NEEDS_TLS, NEEDS_LOGIN_DROP: NEEDS_LOGIN,
                           READY_DROP: READY, MAIL_DROP: MAIL, NO_RCPT_DROP: NO_RCPT},
    Move.LOGIN_GIVEN:     {AUTH: CHECKING},
    Move.LOGIN_CHECKED:   {CHECKING: READY},
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
