"""Limits how often a source may ask for mail, with a rate for each kind of request.

The HTTP port and POP3 share the counters of wrong passwords and of misses.

A source is an IPv4 address or an IPv6 /64, as for SMTP.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from edgemail.policy.rates import Rate, find_source_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.settings import AccessSettings, Network

RequestKind = Literal["reads", "waits", "events", "deletes", "link_checks"]

_MAX_VISITORS: Final = 100_000
_MAX_EMPTY_INBOXES: Final = 100_000
_EMPTY_S: Final = 3600.0


class Visitor:
    """One source's counters. Each is made when it is first needed."""

    __slots__ = ("key", "logins", "misses", "rates")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.rates: dict[RequestKind, Rate] = {}
        self.misses = Rate()
        self.logins = Rate()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a source whose misses count."""

    visitors: Visitors
    visitor: Visitor

    def miss(self) -> None:
        """Count a message that is not there."""
        self.visitors.miss(self.visitor)

    def find_nothing(self, address: str) -> None:
        """Count an address without mail, once an hour."""
        self.visitors.find_nothing(self.visitor, address)


class Visitors:
    """The sources that there are just now. Their number is bounded: the oldest one is forgotten."""

    def __init__(self, settings: AccessSettings, clock: Callable[[], float]) -> None:
        """`clock` gives seconds and never goes back."""
        self._clock = clock
        self._limits: dict[RequestKind, int] = {
            "reads": settings.read_rate,
            "waits": settings.wait_rate,
            "events": settings.event_rate,
            "deletes": settings.delete_rate,
            "link_checks": settings.link_check_rate,
        }
        self._miss_limit = settings.miss_rate
        self._login_limit = settings.login_rate
        self._table: OrderedDict[bytes, Visitor] = OrderedDict()
        self._empty: OrderedDict[bytes, float] = OrderedDict()
        self._secret = os.urandom(16)

    def find(self, ip: IPv4Address | IPv6Address) -> Visitor:
        """Return an address's visitor."""
        key = find_source_key(ip)
        visitor = self._table.get(key)
        if visitor is None:
            if len(self._table) >= _MAX_VISITORS:
                self._table.popitem(last=False)
            visitor = self._table[key] = Visitor(key)
        else:
            self._table.move_to_end(key)
        return visitor

    def take(self, visitor: Visitor, kind: RequestKind) -> bool:
        """Count a request; return False if there were too many of its kind."""
        rate = visitor.rates.get(kind)
        if rate is None:
            rate = visitor.rates[kind] = Rate()
        return _take(rate, self._clock(), self._limits[kind])

    def may_look(self, visitor: Visitor) -> bool:
        """Return False if a source has missed too often."""
        return not visitor.misses.is_full(self._clock(), self._miss_limit)

    def miss(self, visitor: Visitor) -> None:
        """Count a miss, one past the limit too.

        Requests that are under way together may pass the limit. The source then waits longer for it.
        """
        visitor.misses.add(self._clock())

    def find_nothing(self, visitor: Visitor, address: str) -> None:
        """Count an address without mail as a miss, once for each source, address and hour."""
        now = self._clock()
        key = hashlib.blake2b(visitor.key + b" " + address.encode(), digest_size=16, key=self._secret).digest()
        if now < self._empty.get(key, now):
            return
        self._empty.pop(key, None)
        if len(self._empty) >= _MAX_EMPTY_INBOXES:
            self._empty.popitem(last=False)
        self._empty[key] = now + _EMPTY_S
        self.miss(visitor)

    def may_log_in(self, visitor: Visitor) -> bool:
        """Return False if a source has given too many wrong passwords."""
        return not visitor.logins.is_full(self._clock(), self._login_limit)

    def fail_login(self, visitor: Visitor) -> None:
        """Count a wrong password, one past the limit too."""
        visitor.logins.add(self._clock())


def _take(rate: Rate, now: float, limit: int) -> bool:
    """Count one more, unless there are too many; return False then."""
    if rate.is_full(now, limit):
        return False
    rate.add(now)
    return True


def is_within(ip: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    """Return True if one of the networks has this address."""
    return any(ip in network for network in networks)
