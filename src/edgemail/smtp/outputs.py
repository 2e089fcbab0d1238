"""What a session tells its driver to do, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgemail.model import Address, Spool


@dataclass(frozen=True, slots=True)
class Reply:
    """Octets to send, and their code (RFC 5321 section 4.2).

    Most replies are constants, so that they are encoded once and not for each peer. `reason` is a word for why
    something was refused, for whoever counts; it is not sent.
    """

    code: int
    octets: bytes
    reason: str = ""

    @classmethod
    def of(cls, code: int, *lines: str, reason: str = "") -> Self:
        """Encode a reply of one or more lines; the caller keeps them free of what a peer said.

        Raises:
            ValueError: a line is longer than 512 octets (RFC 5321 section 4.5.3.1.5).
        """
        last = len(lines) - 1
        encoded = [f"{code}{' ' if i == last else '-'}{line}\r\n".encode() for i, line in enumerate(lines)]
        if max(map(len, encoded)) > 512:
            raise ValueError("a reply line is longer than 512 octets")
        return cls(code, b"".join(encoded), reason)

    @property
    def is_refusal(self) -> bool:
        """Whether the peer was told no for good (5yz)."""
        return self.code >= 500


def list_reasons(constants: Mapping[str, object]) -> tuple[str, ...]:
    """Return the reasons of all replies among a module's constants."""
    replies = (one for one in constants.values() if isinstance(one, Reply))
    return tuple(sorted({one.reason for one in replies if one.reason}))


class Deliver(NamedTuple):
    """A whole message: keep it, then tell the session's `settle` how it went.

    `content` is what came, octet for octet, after dot-unstuffing; a spool is the driver's to discard. `hello` is
    the peer's own name for itself, printable and short. `protocol` is the word for the Received line (RFC 3848,
    RFC 6531). A tuple: there is one for each message, and a frozen dataclass takes three times as long to make.
    """

    sender: Address | None
    recipients: tuple[str, ...]
    content: bytes | Spool
    hello: str
    protocol: str


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """A message that was refused once its octets had come: no output, but for whoever keeps a log."""

    sender: Address | None
    recipients: tuple[str, ...]
    size_octets: int
    hello: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class StartTls:
    """Send what was replied, make the connection secure, then call the session's `secure`. Always last."""


@dataclass(frozen=True, slots=True)
class Close:
    """Send what was replied, then end the connection. Always last."""


Output = Reply | Deliver | StartTls | Close

CLOSE = Close()
START_TLS = StartTls()
