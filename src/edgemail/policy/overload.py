"""Whether the store still owes an answer that a sender did not wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.policy import replies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import Address
    from edgemail.smtp import Reply


class LateCommits:
    """Refuses mail at once while the store is late, instead of letting each sender wait as long as the one before.

    Nothing has to be tried to find out that it is over: what is late is still being committed.
    """

    def __init__(self) -> None:
        self._late = 0

    def begin(self) -> None:
        """Count a message whose sender was told that its commit takes too long."""
        self._late += 1

    def end(self) -> None:
        """Forget one: it is kept by now, or never will be."""
        self._late -= 1

    def judge_sender(self, sender: Address | None) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """Refuse any while something is late."""
        return replies.STORE_BEHIND if self._late else None

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:  # noqa: ARG002
        """Refuse any while something is late, before its octets come."""
        return replies.STORE_BEHIND if self._late else None
