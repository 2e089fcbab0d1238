"""An inbox as one session sees it: what was there at its login, in order of arrival."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from edgemail.model import MailId

if TYPE_CHECKING:
    from collections.abc import Iterable


class Snapshot:
    """Ids, sizes and times of messages: 24 octets for each one, and nothing of the messages themselves.

    Messages have the numbers 1, 2, … Those marked as deleted keep their numbers (RFC 1939 section 5).
    """

    __slots__ = ("_ids", "_marked", "_sizes", "_times_ms")

    def __init__(self, messages: Iterable[tuple[int, int, int]] = ()) -> None:
        """`messages` have their id, size in octets, and time of arrival in milliseconds, oldest first."""
        self._ids, self._sizes, self._times_ms = array("q"), array("q"), array("q")
        for mail_id, size, time_ms in messages:
            self._ids.append(mail_id)
            self._sizes.append(size)
            self._times_ms.append(time_ms)
        self._marked: set[int] = set()

    def __len__(self) -> int:
        """Return the highest number."""
        return len(self._ids)

    @property
    def marked_ids(self) -> list[MailId]:
        """The ids of the messages that are marked as deleted."""
        return [self.id_of(number) for number in sorted(self._marked)]

    def measure(self) -> tuple[int, int]:
        """Return the count of messages that are not marked, and their octets."""
        marked_octets = sum(self.size_of(number) for number in self._marked)
        return len(self) - len(self._marked), sum(self._sizes) - marked_octets

    def has(self, number: int) -> bool:
        """Return True if there is a message of this number that is not marked."""
        return 1 <= number <= len(self) and number not in self._marked

    def id_of(self, number: int) -> MailId:
        """Return a message's id."""
        return MailId(self._ids[number - 1])

    def size_of(self, number: int) -> int:
        """Return a message's size in octets."""
        return self._sizes[number - 1]

    def uid_of(self, number: int) -> str:
        """Return a message's unique-id (RFC 1939 section 7).

        The time is a part of it: a database that begins anew has the same ids again.
        """
        return f"{self._ids[number - 1]}.{self._times_ms[number - 1]}"

    def mark(self, number: int) -> None:
        """Mark a message as deleted."""
        self._marked.add(number)

    def unmark_all(self) -> None:
        """Take all marks back."""
        self._marked.clear()
