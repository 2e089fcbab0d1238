"""Which messages a test waits for, and how a failure says that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgemail.testing.message import describe_link, read_sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from edgemail.testing.message import Message


@dataclass(frozen=True)
class Match:
    """A message that has all of this. `link` is the URL and the text of a link that it must have."""

    subject: str | re.Pattern[str] | None = None
    sender: str | None = None
    where: Callable[[Message], bool] | None = None
    has_code: bool = False
    link: tuple[str | re.Pattern[str], str] | None = None

    def fits_listed(self, listed: Mapping[str, Any]) -> bool:
        """Return True if a message has what its summary in the API tells of it."""
        if isinstance(self.subject, str) and self.subject.casefold() not in listed["subject"].casefold():
            return False
        if isinstance(self.subject, re.Pattern) and not self.subject.search(listed["subject"]):
            return False
        senders = (read_sender(listed["from"]).address.casefold(), listed["sender"].casefold())
        if self.sender is not None and self.sender.casefold() not in senders:
            return False
        return not self.has_code or bool(listed["codes"])

    @property
    def needs_whole(self) -> bool:
        """True if a summary does not tell."""
        return self.link is not None or self.where is not None

    def fits_whole(self, message: Message) -> bool:
        """Return True if a message has the rest as well."""
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
