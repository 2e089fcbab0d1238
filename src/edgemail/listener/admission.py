"""Who gets in: what is known of a peer by its address, and how many connections there may be."""

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
"""Trusted peers have a tenth of `max_connections` on top, or a flood would lock them out."""

_LINGERING_SHARE = 4
"""A quarter of `max_connections` may linger."""


@dataclass(frozen=True, slots=True)
class RemotePeer:
    """What is known of a peer by its address.

    `source` has its counters; `None` where the per-source limits do not apply.
    """

    ip: str
    source: Source | None = None

    @property
    def is_trusted(self) -> bool:
        """True if the limits for strangers do not apply."""
        return self.source is None


class Admission:
    """Counts the connections of a listener: each has a slot, from `take_slot` to `free_slot`."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._sources = Sources(settings, time.monotonic)
        self._taken = 0
        self._lingering = 0

    @property
    def is_busy(self) -> bool:
        """True if more than `busy_percent` of the slots are taken: idle strangers have less time."""
        return self._taken * 100 > self._settings.max_connections * self._settings.busy_percent

    def is_proxy(self, host: str) -> bool:
        """Return True if an address is that of a proxy, which names its peer in a header."""
        networks = self._settings.proxy_from
        return bool(networks) and _is_within(read_ip(host), networks)

    def identify(self, host: str) -> RemotePeer:
        """Return what is known of the peer at an address."""
        ip = read_ip(host)
        return self._identify(ip, ip)

    def identify_behind(self, proxy: str, ip: IPv4Address | IPv6Address | None) -> RemotePeer:
        """Return what is known of the peer that a proxy names; with `None` it speaks for itself.

        A loopback address means the proxy's own machine, and is trusted if that is.
        """
        proxy_ip = read_ip(proxy)
        if ip is None:
            return RemotePeer(str(proxy_ip))
        named = read_ip(str(ip))
        return self._identify(named, proxy_ip if named.is_loopback else named)

    def _identify(self, ip: IPv4Address | IPv6Address, machine: IPv4Address | IPv6Address) -> RemotePeer:
        """Return what is known of a peer on a machine, which decides whether the peer is trusted."""
        is_trusted = _is_within(machine, self._settings.trusted)
        return RemotePeer(str(ip), None if is_trusted else self._sources.find(ip))

    def take_slot(self, peer: RemotePeer) -> Reply | None:
        """Give a slot to a peer, or return why it gets none."""
        limit = self._settings.max_connections
        source = peer.source
        if source is None:
            limit += limit // _TRUSTED_SHARE
        if self._taken >= limit:
            return replies.TOO_MANY_CONNECTIONS
        if source is not None:
            refusal = source.judge_connection()
            if refusal is not None:
                return refusal
            source.begin_connection()
        self._taken += 1
        return None

    def free_slot(self, peer: RemotePeer) -> None:
        """Take a slot back."""
        self._taken -= 1
        if peer.source is not None:
            peer.source.end_connection()

    def begin_lingering(self) -> bool:
        """Count a connection that lingers; return False if too many do."""
        if self._lingering * _LINGERING_SHARE >= self._settings.max_connections:
            return False
        self._lingering += 1
        return True

    def end_lingering(self) -> None:
        """Count a connection out that lingered."""
        self._lingering -= 1

    def sweep(self) -> None:
        """Forget sources that have nothing to count any more."""
        self._sources.sweep()


def _is_within(ip: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(ip in network for network in networks)
