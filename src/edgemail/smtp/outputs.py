"""What a session tells its driver to do, in order."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgemail.model import Address, Spool
    from edgemail.smtp.auth import Login
    from edgemail.smtp.content import Content

UNTIL_END_MARK = sys.maxsize
"""A `ContentFollows` of a message that ends with its end mark."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Octets to send, and their code (RFC 5321 section 4.2).

    Most replies are constants, so that they are encoded once and not for each peer. `reason` is a
    word for why something was refused; it is counted, and never sent. `about` says what was refused,
    where the reason does not tell.
    """

    code: int
    octets: bytes
    reason: str = ""
    about: str = ""

    @classmethod
    def of(cls, code: int, *lines: str, reason: str = "", about: str = "") -> Self:
        """Encode a reply of one or more lines; the caller keeps them free of what a peer said.

        Raises:
            ValueError: a line is longer than 512 octets (RFC 5321 section 4.5.3.1.5).
        """
        last = len(lines) - 1
        encoded = [f"{code}{' ' if i == last else '-'}{line}\r\n".encode() for i, line in enumerate(lines)]
        if max(map(len, encoded)) > 512:
            raise ValueError("a reply line is longer than 512 octets")
        return cls(code, b"".join(encoded), reason, about)

    @property
    def is_refusal(self) -> bool:
        """True for a permanent refusal (5yz)."""
        return self.code >= 500


def list_reasons(constants: Mapping[str, object]) -> tuple[str, ...]:
    """Return the reasons of all replies among a module's constants."""
    replies = (value for value in constants.values() if isinstance(value, Reply))
    return tuple(sorted({reply.reason for reply in replies if reply.reason}))


class Deliver(NamedTuple):
    """A whole message: store it, then tell the session `Settled`. Always the last output of a call.

    `content` is what came, octet for octet, after dot-unstuffing; the driver discards a spool.
    `hello` is the peer's own name for itself: any characters, at most 255, perhaps none. `protocol`
    is the word for the Received line (RFC 3848, RFC 6531). `is_followed` is true where octets
    behind the message have come already: the driver should read no more until it has settled the
    message.

    A tuple, as each message needs one and a frozen dataclass takes three times as long to make.
    """

    sender: Address | None
    recipients: tuple[str, ...]
    content: bytes | Spool
    hello: str
    protocol: str
    is_followed: bool = False


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message was refused after its octets had come, with the reply that is the next output.

    For the log: the reply is sent all the same.
    """

    sender: Address | None
    recipients: tuple[str, ...]
    size_octets: int
    hello: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class CheckLogin:
    """Compare what a peer said of itself, then tell the session `LoginChecked`.

    Always the last output of a call. The session keeps the octets that come meanwhile.
    """

    login: Login


@dataclass(frozen=True, slots=True)
class StartTls:
    """Send the replies, make the connection secure, then tell the session `Secured`.

    Always the last output of a call.
    """


@dataclass(frozen=True, slots=True)
class Close:
    """Send the replies, then end the connection. Always the last output of a session.

    `hello` is the peer's own name for itself, for the log: any characters, perhaps none.
    """

    hello: str = ""


class ContentFollows(NamedTuple):
    """A message is coming: of the octets to come so many are sure to be its own.

    0 stands for a command between two chunks (RFC 3030), and `UNTIL_END_MARK` for a message by
    DATA. Holds for what comes after this call, until the next `ContentFollows`, `CommandsFollow`,
    `Deliver` or `Close`.
    """

    octets: int


@dataclass(frozen=True, slots=True)
class CommandsFollow:
    """No message is coming any more."""


class ContentBehind(NamedTuple):
    """The message's content is written more slowly than it comes.

    The driver should read no more until `content.call_when_ready` calls back.
    """

    content: Content


Output = (
    Reply
    | Deliver
    | MessageRefused
    | CheckLogin
    | StartTls
    | Close
    | ContentFollows
    | CommandsFollow
    | ContentBehind
)

START_TLS = StartTls()
COMMANDS_FOLLOW = CommandsFollow()
MESSAGE_FOLLOWS = ContentFollows(UNTIL_END_MARK)
