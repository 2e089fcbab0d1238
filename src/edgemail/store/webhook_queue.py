"""The interface of the queue of mail that the webhook has yet to tell about, whatever it is kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from edgemail.model import MailId


class Noted(NamedTuple):
    """What became of new mail: how much of it was queued, and how much of the oldest was dropped for it."""

    queued: int
    dropped: int
    has_more: bool
    """True if there may be more new mail."""


class Backlog(NamedTuple):
    """How much mail waits, and when the first of it is due, in ms since 1970; None where none waits."""

    waiting: int
    due_ms: int | None


class DueMail(NamedTuple):
    """Mail that is to be told about now, and how often that was tried before."""

    mail_id: MailId
    attempts: int


class WebhookQueue(Protocol):
    """Keeps which mail waits to be told about. A message that is deleted leaves it.

    Several programs may share it. Each message is queued once, and one program at a time has it. Times are
    in ms since 1970. Nothing is synced: after a power cut a message may be told about twice.

    Every method may raise what those of `Mailbox` that write raise.
    """

    async def begin(self) -> None:
        """Take all mail that is there for old, unless the queue was begun before."""
        ...

    async def note_new(
        self,
        is_wanted: Callable[[Sequence[str]], bool],
        *,
        since: datetime,
        due_ms: int,
        max_waiting: int,
    ) -> Noted:
        """Queue some of the mail that came since this was last asked for, oldest first.

        It queues what came after `since` and whose recipients `is_wanted` takes. Above `max_waiting` the
        oldest mail leaves the queue.
        """
        ...

    async def measure(self) -> Backlog:
        """Count what waits."""
        ...

    async def claim(self, name: str, *, now_ms: int, until_ms: int, limit: int) -> list[DueMail]:
        """Take up to `limit` messages that are due and have a summary, those that are due longest first.

        Nobody else gets them before `until_ms`, which is another time for each call. `name` is that of
        the program that claims.
        """
        ...

    async def finish(self, name: str, done: Sequence[MailId], later: Sequence[tuple[DueMail, int]]) -> None:
        """Drop what is done; put back the rest, with its attempts and when it is due.

        What `name` has no claim to any more is left as it is.
        """
        ...

    async def make_due(self, *, after_ms: int, now_ms: int) -> None:
        """Make due what is due after `after_ms` alone: a clock was set back."""
        ...
