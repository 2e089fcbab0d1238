"""How far back an inbox is kept: its newest messages, until one too many or one too large."""

from __future__ import annotations

from dataclasses import dataclass

from edgemail.store.base import Usage


@dataclass(slots=True)
class Cut:
    """Walks an inbox from its newest message back; says which is the first to go."""

    max_messages: int | None
    max_bytes: int | None
    messages: int = 0
    size: int = 0
    last_gone: int = 0
    """That message's id: it goes, and all before it. 0 where none does."""

    def take(self, mail_id: int, size: int) -> bool:
        """Go on to the next older message; tell whether it stays. `size` is in octets."""
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
        """What stays."""
        return Usage(self.messages, self.size)
