"""Which messages leave an inbox that is over a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from edgemail.store.base import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgemail.model import MailId
    from edgemail.store.base import SourceShare

HEAD_BYTES = 2048
"""How much `SourceShare.find_source` gets of a message."""


class Held(NamedTuple):
    """A message in an inbox, with its size in octets. `source` is None while it has no summary."""

    id: MailId
    size: int
    source: str | None


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """The most that an inbox may have; None means no limit."""

    max_messages: int | None
    max_bytes: int | None
    share: SourceShare | None = None

    def list_unknown(self, held: Sequence[Held]) -> list[MailId]:
        """List the messages of whose heads `choose` has to find the source."""
        if self.share is None or not _Excess(self, held).is_left:
            return []
        return [one.id for one in held if one.source is None]

    def choose(self, held: Sequence[Held], heads: Mapping[MailId, bytes]) -> tuple[list[MailId], Usage]:
        """Choose what leaves an inbox, given its newest message first; return it, and what stays.

        First the oldest messages go of those sources that have more than their share, then the
        oldest of all. The newest message stays, however large it is. `heads` has the first
        `HEAD_BYTES` of what `list_unknown` listed.
        """
        excess = _Excess(self, held)
        older = held[:0:-1]
        if excess.is_left and self.share is not None:
            find = self.share.find_source
            named = [(one, find(heads[one.id]) if one.source is None else one.source) for one in reversed(held)]
            older = excess.take_from_heavy(named, self.share)
        excess.take(older)
        return excess.gone, Usage(excess.messages, excess.size)


class _Excess:
    """Takes messages out of an inbox until it is within its limits."""

    def __init__(self, limits: InboxLimits, held: Sequence[Held]) -> None:
        self.messages = len(held)
        self.size = sum(one.size for one in held)
        self.gone: list[MailId] = []
        self._limits = limits

    @property
    def is_left(self) -> bool:
        """True while the inbox is over a limit."""
        return self._has_too_many or self._has_too_much

    def take(self, older: Sequence[Held]) -> None:
        """Take the oldest messages, given in order."""
        for one in older:
            if not self.is_left:
                break
            self._take(one)

    def take_from_heavy(self, named: Sequence[tuple[Held, str]], share: SourceShare) -> list[Held]:
        """Take the oldest messages of sources above their share; return the others, but for the newest.

        A source that is within its share stays so, which is why one walk from the oldest on is enough.
        """
        messages: dict[str, int] = {}
        size: dict[str, int] = {}
        for one, source in named:
            messages[source] = messages.get(source, 0) + 1
            size[source] = size.get(source, 0) + one.size
        is_limited = {source: share.is_limited(source) for source in messages}
        stays: list[Held] = []
        for one, source in named[:-1]:
            has_too_many = self._has_too_many and messages[source] > share.part * (self._limits.max_messages or 0)
            has_too_much = self._has_too_much and size[source] > share.part * (self._limits.max_bytes or 0)
            if is_limited[source] and (has_too_many or has_too_much):
                self._take(one)
                messages[source] -= 1
                size[source] -= one.size
            else:
                stays.append(one)
        return stays

    @property
    def _has_too_many(self) -> bool:
        return self._limits.max_messages is not None and self.messages > self._limits.max_messages

    @property
    def _has_too_much(self) -> bool:
        return self._limits.max_bytes is not None and self.size > self._limits.max_bytes

    def _take(self, one: Held) -> None:
        self.gone.append(one.id)
        self.messages -= 1
        self.size -= one.size
