"""Where a connection stands, and which command is welcome there (RFC 5321 section 4.1.4)."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import TYPE_CHECKING

from edgemail.smtp import replies
from edgemail.smtp.commands import Verb

if TYPE_CHECKING:
    from edgemail.smtp.outputs import Reply


class SessionState(IntEnum):
    """Where a connection stands. An IntEnum, since an Enum's hash is computed by Python code each time."""

    NEW = auto()
    """Greeted, but the peer has not said its name."""
    READY = auto()
    MAIL = auto()
    """A transaction is open and has no accepted recipient."""
    RCPT = auto()
    """A transaction is open and has one."""
    CHUNKS = auto()
    """Chunks of a message have come, and the last one has not."""
    DATA = auto()
    """The octets are a message's, up to its end mark."""
    CHUNK = auto()
    """The octets are a chunk's, as many as it declared."""
    AUTH = auto()
    """The next line answers a challenge."""
    SETTLING = auto()
    """A `Deliver` waits for `settle`; octets wait too."""
    SECURING = auto()
    """A `StartTls` waits for `secure`."""
    CLOSED = auto()


TAKES_COMMANDS = (SessionState.NEW, SessionState.READY, SessionState.MAIL, SessionState.RCPT, SessionState.CHUNKS)
TAKES_MESSAGE = frozenset({SessionState.CHUNKS, SessionState.DATA, SessionState.CHUNK})
IS_DEAF = frozenset({SessionState.SETTLING, SessionState.SECURING, SessionState.CLOSED})

_OUTSIDE = {SessionState.NEW: replies.HELLO_FIRST, SessionState.READY: replies.MAIL_FIRST}
_ANYWHERE: dict[SessionState, Reply | None] = dict.fromkeys(TAKES_COMMANDS)

# Which reply a verb gets where it is out of order; None where it is welcome.
ORDER: dict[Verb, dict[SessionState, Reply | None]] = dict.fromkeys(Verb, _ANYWHERE)
ORDER[Verb.MAIL] = _ANYWHERE | {
    SessionState.NEW: replies.HELLO_FIRST,
    SessionState.MAIL: replies.MAIL_TWICE,
    SessionState.RCPT: replies.MAIL_TWICE,
    SessionState.CHUNKS: replies.MAIL_TWICE,
}
ORDER[Verb.RCPT] = _ANYWHERE | _OUTSIDE | {SessionState.CHUNKS: replies.CHUNKS_OPEN}
ORDER[Verb.DATA] = (
    _ANYWHERE | _OUTSIDE | {SessionState.MAIL: replies.RCPT_FIRST, SessionState.CHUNKS: replies.CHUNKS_OPEN}
)
ORDER[Verb.AUTH] = _ANYWHERE | {
    SessionState.NEW: replies.HELLO_FIRST,
    SessionState.MAIL: replies.NOT_IN_TRANSACTION,
    SessionState.RCPT: replies.NOT_IN_TRANSACTION,
    SessionState.CHUNKS: replies.NOT_IN_TRANSACTION,
}
ORDER[Verb.STARTTLS] = ORDER[Verb.AUTH]

# A chunk that is refused is read and dropped all the same, so this is looked up apart from the others.
CHUNK_ORDER: dict[SessionState, Reply | None] = _ANYWHERE | _OUTSIDE | {SessionState.MAIL: replies.RCPT_FIRST}
