"""Tells what happens to the mail of all inboxes to those who show a list of it.

No reader has a queue. All share the last few changes; who reads more slowly than they come is told
to load the list again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from contextlib import AbstractContextManager

    from edgemail.model import MailId

CHANGES_MAX: Final = 256
"""The most changes that are shared."""

IDS_MAX: Final = 200
"""A change of more messages is a reason to load the list again."""


@dataclass(frozen=True, slots=True)
class MailChange:
    """What happened to messages: `deleted_all` and `reload` name none."""

    kind: Literal["new", "read", "unread", "tagged", "deleted", "deleted_all", "reload"]
    mail_ids: tuple[MailId, ...] = ()
    tags: tuple[str, ...] = ()
    """Those that the messages have now, for `tagged`."""


RELOAD: Final = MailChange("reload")


class MailChanges:
    """The last changes, and those who wait for more."""

    def __init__(self, follow_others: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        """`follow_others` is entered for each who follows; see `Mailbox.follow_others`."""
        self._follow_others = follow_others
        self._recent: deque[MailChange] = deque(maxlen=CHANGES_MAX)
        self._count = 0
        self._bells: set[asyncio.Event] = set()
        self._is_closed = False

    @property
    def is_followed(self) -> bool:
        """True while somebody follows."""
        return bool(self._bells)

    def publish(
        self, kind: Literal["new", "read", "unread", "tagged", "deleted"], mail_ids: Sequence[MailId]
    ) -> None:
        """Tell of messages."""
        if self._bells and mail_ids:
            self.add(RELOAD if len(mail_ids) > IDS_MAX else MailChange(kind, tuple(mail_ids)))

    def reload(self) -> None:
        """Tell that more has changed than is said here."""
        self.add(RELOAD)

    def add(self, change: MailChange) -> None:
        """Tell of one change; two reloads in a row are one."""
        if not self._bells or (
            change is RELOAD and self._recent and self._recent[-1] is RELOAD and self._is_unread()
        ):
            return
        self._recent.append(change)
        self._count += 1
        for bell in self._bells:
            bell.set()

    def close(self) -> None:
        """End every `follow`."""
        self._is_closed = True
        for bell in self._bells:
            bell.set()

    async def follow(self, *, quiet_s: float | None = None) -> AsyncGenerator[list[MailChange] | None, None]:
        """Yield the changes from now on; None whenever there was none for `quiet_s`.

        Who lags behind gets `reload` in place of what was missed. Ends when the server stops.
        """
        bell = asyncio.Event()
        seen = self._count
        self._bells.add(bell)
        try:
            with self._follow_others():
                while not self._is_closed:
                    if seen == self._count:
                        bell.clear()
                        try:
                            async with asyncio.timeout(quiet_s):
                                await bell.wait()
                        except TimeoutError:
                            yield None
                        continue
                    missed = self._count - seen
                    seen = self._count
                    yield [RELOAD] if missed > len(self._recent) else list(self._recent)[-missed:]
        finally:
            self._bells.discard(bell)

    def _is_unread(self) -> bool:
        """Return True if somebody was told of the last change and has not read it yet."""
        return all(bell.is_set() for bell in self._bells)
