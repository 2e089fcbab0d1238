"""Where a connection stands, and which command is welcome there (RFC 5321 section 4.1.4)."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import TYPE_CHECKING

from edgemail.smtp import replies
from edgemail.smtp.commands import Verb

if TYPE_CHECKING:
    from edgemail.smtp.outputs import Reply


class State(IntEnum):
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


TAKES_COMMANDS = (State.NEW, State.READY, State.MAIL, State.RCPT, State.CHUNKS)
TAKES_MESSAGE = frozenset({State.CHUNKS, State.DATA, State.CHUNK})
IS_DEAF = frozenset({State.SETTLING, State.SECURING, State.CLOSED})

_OUTSIDE = {State.NEW: replies.HELLO_FIRST, State.READY: replies.MAIL_FIRST}
_ANYWHERE: dict[State, Reply | None] = dict.fromkeys(TAKES_COMMANDS)

# Which reply a verb gets where it is out of order; None where it is welcome.
ORDER: dict[Verb, dict[State, Reply | None]] = dict.fromkeys(Verb, _ANYWHERE)
ORDER[Verb.MAIL] = _ANYWHERE | {
    State.NEW: replies.HELLO_FIRST,
    State.MAIL: replies.MAIL_TWICE,
    State.RCPT: replies.MAIL_TWICE,
    State.CHUNKS: replies.MAIL_TWICE,
}
ORDER[Verb.RCPT] = _ANYWHERE | _OUTSIDE | {State.CHUNKS: replies.CHUNKS_OPEN}
ORDER[Verb.DATA] = _ANYWHERE | _OUTSIDE | {State.MAIL: replies.RCPT_FIRST, State.CHUNKS: replies.CHUNKS_OPEN}
ORDER[Verb.AUTH] = _ANYWHERE | {
    State.NEW: replies.HELLO_FIRST,
    State.MAIL: replies.NOT_IN_TRANSACTION,
    State.RCPT: replies.NOT_IN_TRANSACTION,
    State.CHUNKS: replies.NOT_IN_TRANSACTION,
}
ORDER[Verb.STARTTLS] = ORDER[Verb.AUTH]

# A chunk that is refused is read and dropped all the same, so this is looked up apart from the others.
CHUNK_ORDER: dict[State, Reply | None] = _ANYWHERE | _OUTSIDE | {State.MAIL: replies.RCPT_FIRST}
