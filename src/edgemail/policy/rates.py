"""Per-source limits: connections at a time, connections a minute, messages a minute.

A source is an IPv4 address or an IPv6 /64: whoever has one address of a /64 has all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from edgemail.policy import replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.settings import SmtpSettings
    from edgemail.smtp import Reply

_MAX_SOURCES = 100_000
_LOOKED_AT = 1000
"""The most sources that one sweep looks at; the next sweeps look at the others."""

_WINDOW_S = 60.0


def read_ip(host: str) -> IPv4Address | IPv6Address:
    """Read a socket's address: without a zone, and an IPv4-mapped one as IPv4.

    Raises:
        ValueError: it is no IP address.
    """
    address = ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


class Rate:
    """A sliding minute: the count of this clock minute, and a share of that of the one before."""

    __slots__ = ("_before", "_count", "_minute")

    def __init__(self) -> None:
        self._minute = self._count = self._before = 0

    def is_full(self, now: float, limit: int) -> bool:
        """Return True if one more would be past the limit. `now` is in seconds; nothing changes."""
        whole, part_s = divmod(now, _WINDOW_S)
        count, before = self._count_in(int(whole))
        return count + before * (1 - part_s / _WINDOW_S) > limit - 1

    def add(self, now: float) -> None:
        """Count one more."""
        minute = int(now // _WINDOW_S)
        count, self._before = self._count_in(minute)
        self._minute, self._count = minute, count + 1

    def is_over(self, now: float) -> bool:
        """Return True if nothing of it counts any more."""
        return now // _WINDOW_S > self._minute + 1

    def _count_in(self, minute: int) -> tuple[int, int]:
        """Return the counts of a clock minute and of the one before."""
        if minute == self._minute:
            return self._count, self._before
        return 0, self._count if minute == self._minute + 1 else 0


class Source:
    """One source's counters and limits. The judges change nothing."""

    __slots__ = ("_table", "connections", "connects", "messages")

    def __init__(self, table: Sources) -> None:
        self._table = table
        self.connections = 0
        self.connects = Rate()
        self.messages = Rate()

    def judge_connection(self) -> Reply | None:
        """Refuse a connection while the source has too many, or had too many within a minute."""
        table = self._table
        if self.connections >= table.settings.max_connections_per_source:
            return replies.TOO_MANY_OF_SOURCE
        is_full = self.connects.is_full(table.clock(), table.settings.connection_rate)
        return replies.TOO_OFTEN if is_full else None

    def begin_connection(self) -> None:
        """Count a connection that was let in."""
        self.connects.add(self._table.clock())
        self.connections += 1

    def end_connection(self) -> None:
        """Count a connection out."""
        self.connections -= 1

    def judge_sender(self) -> Reply | None:
        """Refuse a message where there were too many within a minute."""
        table = self._table
        is_full = self.messages.is_full(table.clock(), table.settings.message_rate)
        return replies.TOO_MANY_MESSAGES if is_full else None

    def spend_message(self) -> None:
        """Count a message whose MAIL was accepted."""
        self.messages.add(self._table.clock())

    def is_idle(self, now: float) -> bool:
        """Return True if the source can be forgotten."""
        return not self.connections and self.connects.is_over(now) and self.messages.is_over(now)


class Sources:
    """The sources with something to count: a bounded number, or a flood would fill the memory."""

    def __init__(self, settings: SmtpSettings, clock: Callable[[], float]) -> None:
        """`clock` gives seconds and never goes back."""
        self.settings = settings
        self.clock = clock
        self._table: OrderedDict[bytes, Source] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of sources."""
        return len(self._table)

    def find(self, ip: IPv4Address | IPv6Address) -> Source:
        """Return the source of an address; the oldest one is forgotten where there are too many."""
        key = ip.packed[:8]  # all of an IPv4 address
        source = self._table.get(key)
        if source is None:
            if len(self._table) >= _MAX_SOURCES:
                self._table.popitem(last=False)
            source = self._table[key] = Source(self)
        return source

    def sweep(self) -> None:
        """Forget sources that have nothing to count."""
        now, table = self.clock(), self._table
        for _ in range(min(len(table), _LOOKED_AT)):
            key = next(iter(table))
            if table[key].is_idle(now):
                del table[key]
            else:
                table.move_to_end(key)
