"""Which messages a test waits for, and how a failure says that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.testing.message import describe_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgemail.testing.message import Message


@dataclass(frozen=True)
class Match:
    """A message that has all of this. `link` is the URL and the text of a link that it must have."""

    subject: str | re.Pattern[str] | None = None
    sender: str | None = None
    where: Callable[[Message], bool] | None = None
    has_code: bool = False
    link: tuple[str | re.Pattern[str], str] | None = None

    def fits(self, message: Message) -> bool:
        """Return True if a message has it."""
        if isinstance(self.subject, str) and self.subject.casefold() not in message.subject.casefold():
            return False
        if isinstance(self.subject, re.Pattern) and not self.subject.search(message.subject):
            return False
        senders = (message.sender.address.casefold(), message.envelope_from.casefold())
        if self.sender is not None and self.sender.casefold() not in senders:
            return False
        if self.has_code and not message.codes:
            return False
        if self.link is not None and not message.find_links(*self.link):
            return False
        return self.where is None or bool(self.where(message))

    def describe(self) -> str:
        """Say it as the end of "No mail to ...", with a space in front; empty if every message fits."""
        return "".join(f" {part}" for part in self._describe())

    def _describe(self) -> Iterator[str]:
        if isinstance(self.subject, re.Pattern):
            yield f"with a subject that matches {self.subject.pattern!r}"
        elif self.subject is not None:
            yield f'with subject "{self.subject}"'
        if self.sender is not None:
            yield f"from {self.sender}"
        if self.has_code:
            yield "with a code"
        if self.link is not None:
            yield " ".join(["with a link", *describe_link(*self.link)])
        if self.where is not None:
            yield f"where {getattr(self.where, '__name__', repr(self.where))}"
