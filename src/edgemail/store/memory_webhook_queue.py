"""The webhook's queue of the memory store."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from edgemail.model import MailId
from edgemail.store.webhook_queue import Backlog, DueMail, Noted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from edgemail.model import StoredMail

_MESSAGES_MAX: Final = 100
"""How much new mail is looked at in one go: everything here happens on the event loop."""


@dataclass(slots=True)
class _QueueEntry:
    attempts: int
    due_ms: int
    claim: str = ""


class MemoryWebhookQueue:
    """A `WebhookQueue` in this process's memory."""

    def __init__(
        self, last_id: Callable[[], int], find: Callable[[MailId], tuple[StoredMail, bool] | None]
    ) -> None:
        """`find` returns a message, and whether it has a summary; None for one that was deleted."""
        self._last_id = last_id
        self._find = find
        self._entries: dict[MailId, _QueueEntry] = {}
        self._noted: int | None = None

    def forget(self, mail_id: MailId) -> None:
        """Drop a message that was deleted."""
        self._entries.pop(mail_id, None)

    async def begin(self) -> None:
        """See `WebhookQueue.begin`."""
        if self._noted is None:
            self._noted = self._last_id()

    async def note_new(
        self,
        is_wanted: Callable[[Sequence[str]], bool],
        *,
        since: datetime,
        due_ms: int,
        max_waiting: int,
    ) -> Noted:
        """See `WebhookQueue.note_new`."""
        first = (self._noted or 0) + 1
        last = min(self._last_id(), first + _MESSAGES_MAX - 1)
        queued = 0
        for number in range(first, last + 1):
            found = self._find(MailId(number))
            if found is not None and found[0].date >= since and is_wanted(found[0].recipients):
                self._entries[MailId(number)] = _QueueEntry(0, due_ms)
                queued += 1
        self._noted = max(last, first - 1)
        oldest = list(self._entries)[: max(0, len(self._entries) - max_waiting)]  # they are in order of id
        for mail_id in oldest:
            del self._entries[mail_id]
        return Noted(queued, len(oldest), has_more=last < self._last_id())

    async def measure(self) -> Backlog:
        """See `WebhookQueue.measure`."""
        due_ms = min((entry.due_ms for entry in self._entries.values()), default=None)
        return Backlog(len(self._entries), due_ms)

    async def claim(self, name: str, *, now_ms: int, until_ms: int, limit: int) -> list[DueMail]:
        """See `WebhookQueue.claim`."""
        due = [
            (entry.due_ms, mail_id)
            for mail_id, entry in self._entries.items()
            if entry.due_ms <= now_ms and (found := self._find(mail_id)) is not None and found[1]
        ]
        claimed = sorted(mail_id for _, mail_id in nsmallest(limit, due))
        for mail_id in claimed:
            self._entries[mail_id].due_ms, self._entries[mail_id].claim = until_ms, name
        return [DueMail(mail_id, self._entries[mail_id].attempts) for mail_id in claimed]

    async def finish(self, name: str, done: Sequence[MailId], later: Sequence[tuple[DueMail, int]]) -> None:
        """See `WebhookQueue.finish`."""
        for mail_id in done:
            if self._is_claimed(mail_id, name):
                del self._entries[mail_id]
        for mail, due_ms in later:
            if self._is_claimed(mail.mail_id, name):
                entry = self._entries[mail.mail_id]
                entry.attempts, entry.due_ms, entry.claim = mail.attempts, due_ms, ""

    async def make_due(self, *, after_ms: int, now_ms: int) -> None:
        """See `WebhookQueue.make_due`."""
        for entry in self._entries.values():
            if entry.due_ms > after_ms:
                entry.due_ms = now_ms

    def _is_claimed(self, mail_id: MailId, name: str) -> bool:
        return mail_id in self._entries and self._entries[mail_id].claim == name
