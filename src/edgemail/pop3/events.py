"""What a driver tells a session besides the octets that come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.pop3.outputs import Pop3Reply
    from edgemail.pop3.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class InboxOpened:
    """The login is right. `snapshot` has the inbox as the session sees it until its end."""

    snapshot: Snapshot
    may_delete: bool = True


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """The login is wrong, or was not checked; `reply` says so, and nothing of the inbox."""

    reply: Pop3Reply


@dataclass(frozen=True, slots=True)
class Piece:
    """The next octets of the message of the last `Fetch`."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """The message of the last `Fetch` has come to its end."""


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """The message of the last `Fetch` cannot be read, or not to its end."""

    reply: Pop3Reply


@dataclass(frozen=True, slots=True)
class Removed:
    """The last `Remove` is done, but for `failures` messages that are still there."""

    failures: int


@dataclass(frozen=True, slots=True)
class TlsBegun:
    """The connection is secure: by STLS, or from its beginning (then before anything else)."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The connection must end, with this reply if one can be written: a deadline, or the server stops."""

    reply: Pop3Reply


Pop3Event = InboxOpened | LoginRefused | Piece | Fetched | FetchFailed | Removed | TlsBegun | SessionEnded
