"""Which messages leave an inbox that is over a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from edgemail.store.base import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgemail.model import MailId
    from edgemail.store.base import SourceShare

HEAD_BYTES = 2048
"""The first octets of a message that `SourceShare.find_source` gets."""

_KNOWN_MAX = 20_000


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
        """List the messages whose source `choose` has to be told."""
        if self.share is None or not _Excess(self, held).is_left:
            return []
        return [message.id for message in held if message.source is None]

    def choose(self, held: Sequence[Held], sources: Mapping[MailId, str]) -> tuple[list[MailId], Usage]:
        """Choose what leaves an inbox, given its newest message first; return it, and what stays.

        First the oldest messages go of those sources that have more than their share, then the
        oldest of all. The newest message stays, however large it is. `sources` has those that
        `list_unknown` asked for.
        """
        excess = _Excess(self, held)
        older = held[:0:-1]
        if excess.is_left and self.share is not None:
            named = [
                (message, sources[message.id] if message.source is None else message.source)
                for message in reversed(held)
            ]
            older = excess.take_from_heavy(named, self.share)
        excess.take(older)
        return excess.gone, Usage(excess.messages, excess.size)


class SourceMemory:
    """The sources of messages that have no summary yet: each is read once, however often an inbox is trimmed."""

    def __init__(self) -> None:
        self._sources: dict[MailId, str] = {}

    def name(self, rows: Iterable[Sequence[Any]]) -> list[Held]:
        """Make the messages in an inbox of rows with an id, a size, and a source or None."""
        held = list(map(Held._make, rows))
        known = self._sources
        return (
            [
                message._replace(source=known.get(message.id)) if message.source is None else message
                for message in held
            ]
            if known
            else held
        )

    def learn(self, share: SourceShare | None, heads: Mapping[MailId, bytes]) -> dict[MailId, str]:
        """Find the sources of messages by their first octets."""
        if share is None:
            return {}
        found = {mail_id: share.find_source(head) for mail_id, head in heads.items()}
        if len(self._sources) + len(found) > _KNOWN_MAX:
            self._sources.clear()
        self._sources.update(found)
        return found


class _Excess:
    """Takes messages out of an inbox until it is within its limits."""

    def __init__(self, limits: InboxLimits, held: Sequence[Held]) -> None:
        self.messages = len(held)
        self.size = sum(message.size for message in held)
        self.gone: list[MailId] = []
        self._limits = limits

    @property
    def is_left(self) -> bool:
        """True while the inbox is over a limit."""
        return self._has_too_many or self._has_too_much

    def take(self, older: Sequence[Held]) -> None:
        """Take the oldest messages, given in order."""
        for message in older:
            if not self.is_left:
                break
            self._take(message)

    def take_from_heavy(self, named: Sequence[tuple[Held, str]], share: SourceShare) -> list[Held]:
        """Take the oldest messages of sources above their share; return the others, but for the newest.

        A source that is within its share stays so, which is why one walk from the oldest on is enough.
        """
        messages: dict[str, int] = {}
        size: dict[str, int] = {}
        for message, source in named:
            messages[source] = messages.get(source, 0) + 1
            size[source] = size.get(source, 0) + message.size
        is_limited = {source: share.is_limited(source) for source in messages}
        stays: list[Held] = []
        for message, source in named[:-1]:
            has_too_many = self._has_too_many and messages[source] > share.part * (self._limits.max_messages or 0)
            has_too_much = self._has_too_much and size[source] > share.part * (self._limits.max_bytes or 0)
            if is_limited[source] and (has_too_many or has_too_much):
                self._take(message)
                messages[source] -= 1
                size[source] -= message.size
            else:
                stays.append(message)
        return stays

    @property
    def _has_too_many(self) -> bool:
        return self._limits.max_messages is not None and self.messages > self._limits.max_messages

    @property
    def _has_too_much(self) -> bool:
        return self._limits.max_bytes is not None and self.size > self._limits.max_bytes

    def _take(self, message: Held) -> None:
        self.gone.append(message.id)
        self.messages -= 1
        self.size -= message.size
