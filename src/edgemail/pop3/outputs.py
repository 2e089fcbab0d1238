"""What a session tells its driver to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import MailId


@dataclass(frozen=True, slots=True)
class Pop3Reply:
    """Octets for the peer. `reason` names why something is refused; it is empty where nothing is."""

    octets: bytes
    reason: str = ""

    @classmethod
    def ok(cls, text: str) -> Self:
        """Make a positive status line."""
        return cls(f"+OK {text}\r\n".encode())

    @classmethod
    def err(cls, reason: str, text: str, code: str = "") -> Self:
        """Make a negative status line; `code` is a response code (RFC 2449 section 8)."""
        return cls(f"-ERR {f'[{code}] ' if code else ''}{text}\r\n".encode(), reason)


@dataclass(frozen=True, slots=True)
class OpenInbox:
    """Somebody wants to read an inbox: answer with `InboxOpened` or `LoginRefused`.

    `name` is who asks, where that is told apart from the inbox (the authentication identity of
    RFC 4616).
    """

    inbox: str
    secret: bytes = field(repr=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read a message: answer with a `Piece` for each of its pieces, then `Fetched`, or with `FetchFailed`.

    Stop as soon as the session is not fetching any more.
    """

    mail_id: MailId


@dataclass(frozen=True, slots=True)
class Remove:
    """Take these messages out of the inbox: answer with `Removed`."""

    mail_ids: Sequence[MailId]


@dataclass(frozen=True, slots=True)
class BeginTls:
    """Start a TLS handshake: answer with `TlsBegun`. The session gets all octets that came before."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection, once what was written is sent."""


Pop3Output = Pop3Reply | OpenInbox | Fetch | Remove | BeginTls | HangUp
