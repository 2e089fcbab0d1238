"""Accepts HTTP connections, and decides which of them may stay."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from edgemail.http.limits import (
    ACCEPT_AT_ONCE,
    NO_DESCRIPTORS,
    PROBE_CONNECTIONS,
    REFUSALS,
    TOO_MANY_CONNECTIONS,
    TOO_MANY_OF_SOURCE,
    HttpRefusal,
)
from edgemail.http.request_turns import RequestTurns
from edgemail.policy.rates import find_source_key
from edgemail.system.accept_loop import AcceptLoop
from edgemail.system.minute_log import MinuteLog

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.http.protocol import BoundedHttpProtocol
    from edgemail.settings import Network
    from edgemail.system.metrics import HttpCounters

_log = logging.getLogger(__name__)

_BREAK_S = 0.1
"""The pause after an accept that failed, mostly for want of descriptors."""


class ConnectionTable:
    """The open connections of a port, within its limits.

    When the port is full, the connection that has waited longest without a request gives way.
    If all have a request under way, a new connection is read for a short time all the same: it
    may be a probe.
    """

    def __init__(
        self, limit: int, limit_per_source: int, trusted: Sequence[Network], counters: HttpCounters
    ) -> None:
        """No limit per source holds for peers in the networks `trusted`."""
        self._limit = limit
        self._limit_per_source = limit_per_source
        self._trusted = trusted
        self._counters = counters
        self._sources: dict[bytes, int] = {}
        self._slots: dict[BoundedHttpProtocol, bytes | None] = {}
        self._past_limits: dict[BoundedHttpProtocol, None] = {}
        self.waiting: dict[BoundedHttpProtocol, None] = {}
        """The connections whose peer owes a request, the oldest first."""
        self.turns = RequestTurns()
        self.minute_log = MinuteLog(_log)
        for refusal in REFUSALS:
            counters.refusals[refusal.reason] += 0

    def enter(self, connection: BoundedHttpProtocol, ip: IPv4Address | IPv6Address) -> HttpRefusal | None:
        """Count a new connection in. If it is past a limit, return the answer for all but probes."""
        self._counters.connects += 1
        self._counters.connections += 1
        source = self._find_source(ip)
        refusal = None
        if source is not None and self._sources.get(source, 0) >= self._limit_per_source:
            refusal = TOO_MANY_OF_SOURCE
        elif len(self._slots) >= self._limit and not self._make_room():
            refusal = TOO_MANY_CONNECTIONS
        if refusal is None:
            self._slots[connection] = source
            if source is not None:
                self._sources[source] = self._sources.get(source, 0) + 1
            self.waiting[connection] = None
            return None
        if len(self._past_limits) >= PROBE_CONNECTIONS:
            oldest = next(iter(self._past_limits))
            oldest = next((other for other in self._past_limits if not other.is_answering), oldest)
            del self._past_limits[oldest]
            oldest.give_way()
        self._past_limits[connection] = None
        return refusal

    def leave(self, connection: BoundedHttpProtocol) -> None:
        """Forget a connection that is closed."""
        self._counters.connections -= 1
        self._past_limits.pop(connection, None)
        self._free(connection)

    def report(self, refusal: HttpRefusal, host: str = "") -> None:
        """Count a refusal; log one line a minute for each reason, unless nothing was asked."""
        self._counters.refusals[refusal.reason] += 1
        if refusal.is_logged:
            origin = f", from {host}" if host else ""
            self.minute_log.note(refusal.reason, f"HTTP refused: {refusal.detail}{origin}")

    def shed(self) -> None:
        """Close the connections that have waited longest, to free descriptors."""
        for _ in range(ACCEPT_AT_ONCE):
            if not self._make_room():
                return

    def _make_room(self) -> bool:
        """Close the connection that has waited longest; return False if none waits."""
        oldest = next(iter(self.waiting), None)
        if oldest is None:
            return False
        self._free(oldest)
        oldest.give_way()
        return True

    def _free(self, connection: BoundedHttpProtocol) -> None:
        self.waiting.pop(connection, None)
        source = self._slots.pop(connection, None)
        if source is not None:
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]

    def _find_source(self, ip: IPv4Address | IPv6Address) -> bytes | None:
        """Return the key of a peer's source, or `None` if the peer is trusted."""
        return None if any(ip in network for network in self._trusted) else find_source_key(ip)


class HttpAcceptor:
    """Accepts the connections of a listening socket, a bounded number at a time.

    asyncio's own server accepts as many at once as the backlog has, before any is counted.
    """

    def __init__(
        self, bound: socket.socket, table: ConnectionTable, create_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        """`bound` listens already, with the options of `edgemail.http.sockets`."""
        self._table = table
        self._create_protocol = create_protocol
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[object]] = set()
        self._accepting = AcceptLoop(
            bound, self._admit, self._make_descriptors, pause_s=_BREAK_S, find_batch=self._find_batch
        )

    def open(self) -> None:
        """Begin to accept."""
        self._accepting.open()

    def close(self) -> None:
        """Accept no more."""
        self._accepting.close()

    def _find_batch(self) -> int:
        return ACCEPT_AT_ONCE - len(self._entering)

    def _make_descriptors(self, error: OSError) -> None:
        """Close connections that wait for a request, as an accept has failed for want of descriptors."""
        _log.debug("accept failed: %s", error.strerror)
        self._table.report(NO_DESCRIPTORS)
        self._table.shed()

    def _admit(self, raw: socket.socket, _: str) -> None:
        task: asyncio.Task[object] = self._loop.create_task(self._enter(raw))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def _enter(self, raw: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._create_protocol, raw)
        except OSError as error:
            _log.debug("a connection came to nothing: %s", error)
            raw.close()
