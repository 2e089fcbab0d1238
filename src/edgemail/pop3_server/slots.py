"""How many connections there may be: in all, of one source, and in a minute."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final

from edgemail.policy.rates import Rate, find_source_key
from edgemail.pop3 import replies

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.pop3.outputs import Pop3Reply
    from edgemail.settings import Pop3Settings

_TRUSTED_SHARE: Final = 10
"""Trusted peers have a tenth of `max_connections` on top, or a flood would lock them out."""
_MAX_RATES: Final = 10_000


class Pop3Slots:
    """Counts connections. A source is an IPv4 address or an IPv6 /64."""

    def __init__(self, settings: Pop3Settings, clock: Callable[[], float]) -> None:
        """`clock` gives seconds and never goes back."""
        self._settings = settings
        self._clock = clock
        self.taken = 0
        """The connections that are open."""
        self._open: Counter[bytes] = Counter()
        self._rates: OrderedDict[bytes, Rate] = OrderedDict()

    def take(self, ip: IPv4Address | IPv6Address, *, is_trusted: bool) -> Pop3Reply | None:
        """Give a slot, or return why there is none. Give it back by `free` with the same arguments."""
        settings = self._settings
        if is_trusted:
            if self.taken >= settings.max_connections + settings.max_connections // _TRUSTED_SHARE:
                return replies.TOO_MANY_CONNECTIONS
            self.taken += 1
            return None
        key, now = find_source_key(ip), self._clock()
        if self.taken >= settings.max_connections:
            return replies.TOO_MANY_CONNECTIONS
        if self._open[key] >= settings.max_connections_per_source:
            return replies.TOO_MANY_OF_SOURCE
        rate = self._find_rate(key)
        if rate.is_full(now, settings.connection_rate):
            return replies.TOO_OFTEN
        rate.add(now)
        self._open[key] += 1
        self.taken += 1
        return None

    def free(self, ip: IPv4Address | IPv6Address, *, is_trusted: bool) -> None:
        """Take a slot back."""
        self.taken -= 1
        if not is_trusted:
            key = find_source_key(ip)
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]

    def _find_rate(self, key: bytes) -> Rate:
        rate = self._rates.get(key)
        if rate is None:
            if len(self._rates) >= _MAX_RATES:
                self._rates.popitem(last=False)
            rate = self._rates[key] = Rate()
        else:
            self._rates.move_to_end(key)
        return rate
