"""Where to cut an inbox: how many of its newest messages are within the limits."""

from __future__ import annotations

from dataclasses import dataclass

from edgemail.store.base import Usage


@dataclass(slots=True)
class Cut:
    """Walks an inbox from its newest message back, to the first one that has to go."""

    max_messages: int | None
    max_bytes: int | None
    messages: int = 0
    size: int = 0
    last_gone: int = 0
    """The id of that message: it goes, and so do all older ones. 0 where none has to go."""

    def take(self, mail_id: int, size: int) -> bool:
        """Look at the next older message; return True if it stays. `size` is in octets."""
        too_many = self.max_messages is not None and self.messages >= self.max_messages
        too_much = self.max_bytes is not None and self.size + size > self.max_bytes
        if self.messages and (too_many or too_much):
            self.last_gone = mail_id
            return False
        self.messages += 1
        self.size += size
        return True

    @property
    def left(self) -> Usage:
        """How much stays."""
        return Usage(self.messages, self.size)
