"""Refuses mail while a commit is pending that has timed out for its sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.policy import replies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import Address
    from edgemail.smtp import Reply


class LateCommits:
    """Refuses mail at once while a timed-out commit is pending, so that no other sender waits.

    No probe is needed to see that the store works again: the pending commit ends.
    """

    def __init__(self) -> None:
        self._late = 0

    def begin(self) -> None:
        """Count a commit that has timed out."""
        self._late += 1

    def end(self) -> None:
        """Count out a timed-out commit that has ended, one way or the other."""
        self._late -= 1

    def judge_sender(self, sender: Address | None) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """Refuse every sender while a commit is late."""
        return replies.STORE_BEHIND if self._late else None

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:  # noqa: ARG002
        """Refuse every message while a commit is late, before its octets come."""
        return replies.STORE_BEHIND if self._late else None
