"""Who gets in: whom a listener knows by address, and how many connections there may be."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.listener import replies
from edgemail.policy.rates import Source, Sources, read_ip

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.settings import Network, SmtpSettings
    from edgemail.smtp import Reply

_TRUSTED_SHARE = 10
"""Trusted peers get in until there is a tenth more than `max_connections`, or a flood would lock them out."""

_LINGERING_SHARE = 4
"""How many connections may linger, as a share of `max_connections`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A peer, as it is known by its address. `source` is `None` where no limit a source holds for it.

    `is_local` is a trusted peer on this machine.
    """

    ip: str
    source: Source | None = None
    is_local: bool = False

    @property
    def is_trusted(self) -> bool:
        """Whether it is free of limits that are meant for strangers."""
        return self.source is None


class Admission:
    """Counts the connections of a listener: a slot each, from `enter` to `leave`."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._sources = Sources(settings, time.monotonic)
        self._taken = 0
        self._lingering = 0

    @property
    def is_busy(self) -> bool:
        """Whether so many slots are taken that idle strangers have less time."""
        return self._taken * 100 > self._settings.max_connections * self._settings.busy_percent

    def is_proxy(self, host: str) -> bool:
        """Tell whether a socket's address is that of a proxy, which names its peer in a header."""
        networks = self._settings.proxy_from
        return bool(networks) and _is_within(read_ip(host), networks)

    def recognize(self, host: str) -> Caller:
        """Return who calls from an address."""
        ip = read_ip(host)
        if _is_within(ip, self._settings.trusted):
            return Caller(str(ip), is_local=ip.is_loopback)
        return Caller(str(ip), self._sources.find(ip))

    def introduce(self, proxy: str, ip: IPv4Address | IPv6Address | None) -> Caller:
        """Return whom a proxy names; `None` is itself, or somebody whom it does not name.

        A loopback address is on this machine only where the proxy is; elsewhere it is the proxy's own machine,
        of which we know nothing.
        """
        if ip is None:
            return Caller(str(read_ip(proxy)))
        if ip.is_loopback and not read_ip(proxy).is_loopback:
            return Caller(str(ip), self._sources.find(ip))
        return self.recognize(str(ip))

    def enter(self, caller: Caller) -> Reply | None:
        """Give a slot to a caller, or refuse it."""
        limit = self._settings.max_connections
        source = caller.source
        if source is None:
            limit += limit // _TRUSTED_SHARE
        if self._taken >= limit:
            return replies.TOO_MANY_CONNECTIONS
        refusal = None if source is None else self._sources.enter(source)
        if refusal is None:
            self._taken += 1
        return refusal

    def leave(self, caller: Caller) -> None:
        """Take a slot back."""
        self._taken -= 1
        if caller.source is not None:
            caller.source.connections -= 1

    def begin_lingering(self) -> bool:
        """Count a connection that has had its last words; tell whether there is room for it."""
        if self._lingering * _LINGERING_SHARE >= self._settings.max_connections:
            return False
        self._lingering += 1
        return True

    def end_lingering(self) -> None:
        """Forget one of them."""
        self._lingering -= 1

    def sweep(self) -> None:
        """Forget sources that have not been here for a while."""
        self._sources.sweep()


def _is_within(ip: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(ip in network for network in networks)
