"""Who connects, by source: how many at a time, and how often.

A source is an IPv4 address or an IPv6 /64, as whoever has one address of a /64 has all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from edgemail.policy import replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import Address
    from edgemail.settings import SmtpSettings
    from edgemail.smtp import Reply

_MAX_SOURCES = 100_000
_LOOKED_AT = 1000
"""How many of them a sweep looks at; the others have their turn in the next ones."""

_WINDOW_S = 60.0


def read_ip(host: str) -> IPv4Address | IPv6Address:
    """Read a socket's address: without a zone, and as IPv4 where it only stands in IPv6's form.

    Raises:
        ValueError: it is none.
    """
    address = ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


class Rate:
    """Counts what happens in a minute that slides: this clock minute, and its due share of the one before."""

    __slots__ = ("_before", "_count", "_minute")

    def __init__(self) -> None:
        self._minute = self._count = self._before = 0

    def has_room(self, now: float, limit: int) -> bool:
        """Return True if one more would be within the limit. `now` is in seconds."""
        whole, part_s = divmod(now, _WINDOW_S)
        minute = int(whole)
        if minute != self._minute:
            self._before = self._count if minute == self._minute + 1 else 0
            self._minute, self._count = minute, 0
        return self._count + self._before * (1 - part_s / _WINDOW_S) <= limit - 1

    def take(self, now: float, limit: int) -> bool:
        """Count one more, unless there are too many; tell which. `now` is in seconds."""
        if not self.has_room(now, limit):
            return False
        self._count += 1
        return True

    def is_over(self, now: float) -> bool:
        """Tell whether nothing of it counts any more."""
        return now // _WINDOW_S > self._minute + 1


class Source:
    """One source's counters; also the gate that its sessions ask at MAIL."""

    __slots__ = ("_table", "connections", "connects", "messages")

    def __init__(self, table: Sources) -> None:
        self._table = table
        self.connections = 0
        self.connects = Rate()
        self.messages = Rate()

    def judge_sender(self, sender: Address | None) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """Refuse a message where there were too many in this minute."""
        table = self._table
        is_taken = self.messages.take(table.clock(), table.settings.message_rate)
        return None if is_taken else replies.TOO_MANY_MESSAGES

    def is_idle(self, now: float) -> bool:
        """Tell whether it can be forgotten."""
        return not self.connections and self.connects.is_over(now) and self.messages.is_over(now)


class Sources:
    """The sources that there are just now: a bounded number, or a flood from many would fill the memory."""

    def __init__(self, settings: SmtpSettings, clock: Callable[[], float]) -> None:
        """`clock` gives seconds and never goes back."""
        self.settings = settings
        self.clock = clock
        self._table: OrderedDict[bytes, Source] = OrderedDict()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._table)

    def find(self, ip: IPv4Address | IPv6Address) -> Source:
        """Return an address's source; the one that came first is forgotten where there are too many."""
        key = ip.packed[:8]  # all of an IPv4 address
        source = self._table.get(key)
        if source is None:
            if len(self._table) >= _MAX_SOURCES:
                self._table.popitem(last=False)
            source = self._table[key] = Source(self)
        return source

    def enter(self, source: Source) -> Reply | None:
        """Count a connection in, or refuse it."""
        if source.connections >= self.settings.max_connections_per_source:
            return replies.TOO_MANY_OF_SOURCE
        if not source.connects.take(self.clock(), self.settings.connection_rate):
            return replies.TOO_OFTEN
        source.connections += 1
        return None

    def sweep(self) -> None:
        """Forget those that have nothing to count."""
        now, table = self.clock(), self._table
        for _ in range(min(len(table), _LOOKED_AT)):
            key = next(iter(table))
            if table[key].is_idle(now):
                del table[key]
            else:
                table.move_to_end(key)
