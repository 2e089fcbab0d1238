"""Accepts connections: where, how many, and until when."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from edgemail.listener.acceptor import Acceptor
from edgemail.listener.admission import Admission
from edgemail.listener.connection import COMMAND_OCTETS, Connection
from edgemail.listener.context import ListenerContext, ListenerStatus
from edgemail.listener.recorder import Recorder
from edgemail.listener.session_rules import derive_rules
from edgemail.listener.spool import Spooler
from edgemail.listener.transaction_log import TransactionLog
from edgemail.policy.chaos import Chaos
from edgemail.policy.gate import Policy
from edgemail.settings import PolicySettings
from edgemail.system.metrics import SmtpCounters
from edgemail.system.sockets import BACKLOG
from edgemail.system.temporary_files import find_temporary_folder

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from edgemail.listener.context import OpenConnection
    from edgemail.model import Envelope, Spool
    from edgemail.policy.logins import Logins
    from edgemail.settings import SmtpSettings
    from edgemail.system.certificate import Certificate

_log = logging.getLogger(__name__)

_SWEEP_S = 1.0
_READ_OCTETS = 2**16
_SPOOLED_S = 1.0
"""At the stop, the least time for messages whose senders have no more."""


class Listener:
    """Accepts connections and hands each whole message to `deliver`."""

    def __init__(
        self,
        settings: SmtpSettings,
        deliver: Callable[[Envelope], asyncio.Future[Any]],
        clock: Callable[[], datetime],
        certificate: Certificate | None = None,
        policy: Policy | None = None,
        counters: SmtpCounters | None = None,
        spooler: Spooler | None = None,
        log: TransactionLog | None = None,
        logins: Logins | None = None,
    ) -> None:
        """`logins` is needed where the settings ask for credentials."""
        self.settings = settings
        self.certificate = certificate
        self.policy = policy or Policy(PolicySettings(min_free=None), Chaos())
        self.spooler = spooler or Spooler.of(settings, find_temporary_folder())
        self.admission = Admission(settings)
        self.connections: set[OpenConnection] = set()
        self.status = ListenerStatus()
        self._deliver = deliver
        self.counters = counters or SmtpCounters()
        self._recorder = Recorder(self.counters, log or TransactionLog())
        read_buffer = memoryview(bytearray(_READ_OCTETS))
        self._context = ListenerContext(
            settings=settings,
            rules=derive_rules(
                settings,
                has_certificate=certificate is not None,
                knows_cram_md5=logins is None or logins.knows_cram_md5,
            ),
            policy=self.policy,
            admission=self.admission,
            spooler=self.spooler,
            recorder=self._recorder,
            certificate=certificate,
            logins=logins,
            clock=clock,
            store=self._store,
            read_buffer=read_buffer,
            command_buffer=read_buffer[:COMMAND_OCTETS],
            connections=self.connections,
            status=self.status,
        )
        self._servers: list[asyncio.Server] = []
        self._acceptors: list[Acceptor] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._spooled: set[asyncio.Task[Any]] = set()

    @property
    def has_pending(self) -> bool:
        """True while connections are accepted that are not admitted yet."""
        return any(acceptor.has_pending for acceptor in self._acceptors)

    async def start(self, sockets: Iterable[socket.socket], tls_sockets: Iterable[socket.socket] = ()) -> None:
        """Accept connections on bound sockets; on `tls_sockets` TLS comes first (RFC 8314)."""
        loop = asyncio.get_running_loop()
        for bound in sockets:
            if self.settings.proxy_from:
                self._acceptors.append(Acceptor(self._context, bound, is_tls=False))
            else:  # the event loop's own server, which is quicker
                connect = partial(Connection, self._context)
                self._servers.append(await loop.create_server(connect, sock=bound, backlog=BACKLOG))
        self._acceptors += [Acceptor(self._context, bound, is_tls=True) for bound in tls_sockets]
        for acceptor in self._acceptors:
            acceptor.open()
        self._sweep()

    async def stop(self) -> None:
        """Accept no more; tell peers 421, those with a message under way after its reply.

        The messages have `shutdown_timeout` for that.
        """
        self.status.is_stopping = True
        for server in self._servers:
            server.close()
        for acceptor in self._acceptors:
            acceptor.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.shutdown_timeout_s
        for connection in tuple(self.connections):
            connection.stop()
        while self.connections and loop.time() < deadline:
            closed = [connection.closed for connection in self.connections]
            await asyncio.wait(closed, timeout=deadline - loop.time())
        for connection in tuple(self.connections):
            connection.stop_at_once()
        if self._spooled:
            # They came with their end mark, though nobody waits for the reply.
            await asyncio.wait(self._spooled, timeout=max(_SPOOLED_S, deadline - loop.time()))
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._recorder.flush()

    def _store(self, envelope: Envelope) -> asyncio.Future[Any]:
        """Hand a whole message to `deliver`; a spooled one as soon as all of it is in its file."""
        if envelope.spool is None:
            return self._deliver(envelope)
        task = asyncio.create_task(self._store_spooled(envelope, envelope.spool))
        self._spooled.add(task)
        task.add_done_callback(self._spooled.discard)
        return task

    async def _store_spooled(self, envelope: Envelope, spool: Spool) -> Any:
        await spool.flush()
        return await self._deliver(envelope)

    def _sweep(self) -> None:
        """End connections past their deadlines: one timer for all of them."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        settings = self.settings
        reduction_s = max(0.0, settings.idle_timeout_s - settings.busy_idle_timeout_s)
        self.status.idle_reduction_s = reduction_s if self.admission.is_busy else 0.0
        for connection in tuple(self.connections):
            try:
                connection.check_time(now)
            except Exception:  # one broken connection must not end the sweep for all others
                _log.exception("a connection is broken")
                connection.abort()
        self.admission.sweep()
        self.policy.disk_space.refresh()
        self._recorder.sweep()
        if self.certificate is not None:
            self.certificate.refresh()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep)
