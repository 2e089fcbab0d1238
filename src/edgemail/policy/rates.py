"""Per-source limits: connections at a time, connections and messages a minute, octets an hour.

A source is an IPv4 address or an IPv6 /64: whoever has one address of a /64 has all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
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

_MINUTE_S = 60.0
_HOUR_S = 3600.0


def read_ip(host: str) -> IPv4Address | IPv6Address:
    """Read a socket's address: without a zone, and an IPv4-mapped one as IPv4.

    Raises:
        ValueError: it is no IP address.
    """
    return _parse_ip(host.partition("%")[0])


def find_source_key(ip: IPv4Address | IPv6Address) -> bytes:
    """Return what stands for the source of an address: all of an IPv4 address, the /64 of an IPv6 address."""
    return ip.packed[:8]


@lru_cache(maxsize=1024)  # a request has the same address read several times, and the next one again
def _parse_ip(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


class Rate:
    """A sliding window: the count of this minute or hour of the clock, and a share of the one before."""

    __slots__ = ("_before", "_count", "_window", "_window_s")

    def __init__(self, window_s: float = _MINUTE_S) -> None:
        self._window_s = window_s
        self._window = self._count = self._before = 0

    def is_full(self, now: float, limit: int, amount: int = 1) -> bool:
        """Return True if `amount` more would be past the limit. `now` is in seconds; nothing changes."""
        whole, part_s = divmod(now, self._window_s)
        count, before = self._count_in(int(whole))
        return count + before * (1 - part_s / self._window_s) > limit - amount

    def add(self, now: float, amount: int = 1) -> None:
        """Count `amount` more."""
        window = int(now // self._window_s)
        count, self._before = self._count_in(window)
        self._window, self._count = window, count + amount

    def is_over(self, now: float) -> bool:
        """Return True if nothing of it counts any more."""
        return not (self._count or self._before) or now // self._window_s > self._window + 1

    def _count_in(self, window: int) -> tuple[int, int]:
        """Return the counts of a window and of the one before."""
        if window == self._window:
            return self._count, self._before
        return 0, self._count if window == self._window + 1 else 0


class Source:
    """One source's counters and limits. The judges change nothing."""

    __slots__ = ("_table", "_wrong_logins", "connections", "connects", "messages", "octets")

    def __init__(self, table: Sources) -> None:
        self._table = table
        self.connections = 0
        self.connects = Rate()
        self.messages = Rate()
        self.octets = Rate(_HOUR_S)
        self._wrong_logins: Rate | None = None  # few sources have any

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

    def judge_sender(self, share: float = 1.0) -> Reply | None:
        """Refuse a message where there were too many within a minute, or too many octets within an hour.

        `share` is the part of the octets that the source may use now.
        """
        table = self._table
        if self.messages.is_full(table.clock(), table.settings.message_rate):
            return replies.TOO_MANY_MESSAGES
        return self.judge_size(1, share)

    def judge_size(self, size: int, share: float = 1.0) -> Reply | None:
        """Refuse a message of a declared size that would be past the octets of an hour: it need not come."""
        return replies.TOO_MANY_OCTETS if self._is_past_hour(size, share) else None

    def spend_message(self) -> None:
        """Count a message whose MAIL was accepted."""
        self.messages.add(self._table.clock())

    def spend_octets(self, size: int, share: float = 1.0) -> Reply | None:
        """Count a message that has come, or refuse it if it is past the limit of an hour.

        All connections of a source are asked here, in turn, so together they cannot be past it.
        """
        if self._is_past_hour(size, share):
            return replies.TOO_MANY_OCTETS
        self.octets.add(self._table.clock(), size)
        return None

    def is_guessing(self, limit: int) -> bool:
        """Return True if the source has given as many wrong passwords within a minute as the limit."""
        return self._wrong_logins is not None and self._wrong_logins.is_full(self._table.clock(), limit)

    def count_wrong_login(self) -> None:
        """Count a wrong password."""
        if self._wrong_logins is None:
            self._wrong_logins = Rate()
        self._wrong_logins.add(self._table.clock())

    def is_idle(self, now: float) -> bool:
        """Return True if the source can be forgotten."""
        rates = (self.connects, self.messages, self.octets, self._wrong_logins)
        return not self.connections and all(rate is None or rate.is_over(now) for rate in rates)

    def _is_past_hour(self, size: int, share: float) -> bool:
        limit = self._table.settings.max_bytes_per_source_per_hour
        return limit is not None and self.octets.is_full(self._table.clock(), int(limit * share), size)


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
        key = find_source_key(ip)
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
