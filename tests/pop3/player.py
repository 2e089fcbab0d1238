"""Plays octets to a session as its driver would, over an inbox in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgemail.pop3 import replies
from edgemail.pop3.events import (
    Fetched,
    FetchFailed,
    InboxOpened,
    LoginRefused,
    Piece,
    Removed,
    TlsBegun,
)
from edgemail.pop3.outputs import BeginTls, Fetch, HangUp, OpenInbox, Pop3Reply, Remove
from edgemail.pop3.session import Pop3Session
from edgemail.pop3.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.pop3.rules import Pop3Rules

TIME_MS = 1_767_225_600_000
FIRST_ID = 11


@dataclass
class Maildrop:
    """What the player's driver knows. Ids begin with `FIRST_ID`."""

    messages: list[bytes] = field(default_factory=list)
    password: bytes | None = None
    """The right one; None if all are."""
    may_delete: bool = True
    gone: set[int] = field(default_factory=set)
    """Numbers of messages that were deleted since the login."""
    cut_short: set[int] = field(default_factory=set)
    """Numbers of messages that are deleted while they are read."""
    stuck: set[int] = field(default_factory=set)
    """Numbers of messages that cannot be deleted."""


class Player:
    """A session, and what came of it: octets written, and events as texts between them."""

    def __init__(self, rules: Pop3Rules, maildrop: Maildrop, *, piece_octets: int = 1000) -> None:
        self.session = Pop3Session(rules)
        self._maildrop = maildrop
        self._piece_octets = piece_octets
        self.said: list[bytes | str] = []
        self.reasons: list[str] = []
        self.opened: list[OpenInbox] = []
        self.session.start()
        self._run()
        self.greeting = self.said.pop()

    def send(self, packets: Iterable[bytes]) -> None:
        """Let the peer send some packets."""
        for packet in packets:
            self.session.receive(packet)
            self._run()

    @property
    def octets(self) -> bytes:
        """All that was written."""
        return b"".join(part for part in self.said if isinstance(part, bytes))

    def _write(self, what: bytes | str) -> None:
        last = self.said[-1] if self.said else ""
        if isinstance(what, bytes) and isinstance(last, bytes):
            self.said[-1] = last + what
        else:
            self.said.append(what)

    def _run(self) -> None:
        while (output := self.session.take_output()) is not None:
            match output:
                case Pop3Reply():
                    self._write(output.octets)
                    if output.reason:
                        self.reasons.append(output.reason)
                case OpenInbox():
                    self.opened.append(output)
                    self._open(output)
                case Fetch():
                    self._fetch(output.mail_id - FIRST_ID)
                case Remove():
                    self._write(f"D: {', '.join(str(mail_id - FIRST_ID + 1) for mail_id in output.mail_ids)}")
                    stuck = [
                        mail_id for mail_id in output.mail_ids if mail_id - FIRST_ID + 1 in self._maildrop.stuck
                    ]
                    self.session.tell(Removed(len(stuck)))
                case BeginTls():
                    self._write("T:")
                    self.session.tell(TlsBegun())
                case HangUp():
                    self._write("X:")

    def _open(self, login: OpenInbox) -> None:
        drop = self._maildrop
        if drop.password is not None and login.secret != drop.password:
            self.session.tell(LoginRefused(replies.LOGIN_WRONG))
            return
        rows = [(FIRST_ID + at, len(data), TIME_MS + at) for at, data in enumerate(drop.messages)]
        self.session.tell(InboxOpened(Snapshot(rows), drop.may_delete))

    def _fetch(self, at: int) -> None:
        session, data, size = self.session, self._maildrop.messages[at], self._piece_octets
        if at + 1 in self._maildrop.gone:
            session.tell(FetchFailed(replies.IS_GONE))
            return
        for start in range(0, len(data), size):
            if not session.is_fetching:
                return
            session.tell(Piece(data[start : start + size]))
            self._flush()
            if at + 1 in self._maildrop.cut_short:
                session.tell(FetchFailed(replies.IS_GONE))
                return
        if session.is_fetching:
            session.tell(Fetched())

    def _flush(self) -> None:
        """Write what a piece has brought, and nothing that comes after the message."""
        while self.session.is_fetching and (output := self.session.take_output()) is not None:
            assert isinstance(output, Pop3Reply)
            self._write(output.octets)
