"""Bounds the memory that messages take while they come by `/send`."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edgemail.errors import TooBusy

if TYPE_CHECKING:
    from collections.abc import Iterator

_MESSAGES: Final = 4
"""How many messages of the largest size there is room for; half of it for one source."""


class SubmissionMemory:
    """The octets of all bodies that are held just now."""

    def __init__(self, max_message_bytes: int) -> None:
        self._max_bytes = _MESSAGES * max_message_bytes
        self._sources: Counter[str] = Counter()
        self._bytes = 0

    @contextmanager
    def hold(self, source: str) -> Iterator[SubmissionLease]:
        """Count what a source sends for as long as the context lasts."""
        lease = SubmissionLease(self, source)
        try:
            yield lease
        finally:
            self._bytes -= lease.octets
            self._sources[source] -= lease.octets
            if not self._sources[source]:
                del self._sources[source]

    def take(self, source: str, octets: int) -> None:
        """Count more octets of a source.

        Raises:
            TooBusy: there is no room for them.
        """
        if self._bytes + octets > self._max_bytes or self._sources[source] + octets > self._max_bytes // 2:
            raise TooBusy("too many messages are sent at once; try again later")
        self._bytes += octets
        self._sources[source] += octets


class SubmissionLease:
    """The octets of one body."""

    def __init__(self, memory: SubmissionMemory, source: str) -> None:
        self._memory = memory
        self._source = source
        self.octets = 0

    def grow(self, octets: int) -> None:
        """Count more octets.

        Raises:
            TooBusy: there is no room for them.
        """
        self._memory.take(self._source, octets)
        self.octets += octets
