"""Accepts connections: where, how many, and until when."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgemail.listener import replies
from edgemail.listener.acceptor import Acceptor
from edgemail.listener.admission import Admission
from edgemail.listener.connection import COMMAND_OCTETS, Connection
from edgemail.listener.session_rules import derive_rules
from edgemail.listener.spool import Spooler
from edgemail.listener.transaction_log import TransactionLog
from edgemail.policy import replies as policy_replies
from edgemail.policy.chaos import Chaos
from edgemail.policy.gate import Policy
from edgemail.settings import PolicySettings
from edgemail.smtp import REASONS, REFUSES_MESSAGE
from edgemail.system.metrics import SmtpCounters
from edgemail.system.sockets import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from edgemail.listener.admission import Caller
    from edgemail.model import Envelope, Spool
    from edgemail.settings import SmtpSettings
    from edgemail.smtp import Reply, SessionRules
    from edgemail.system.certificate import Certificate

_log = logging.getLogger(__name__)

_SWEEP_S = 1.0
_READ_OCTETS = 2**16
_SPOOLED_S = 1.0
"""At the end, for messages whose senders had no more time."""


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
        journal: TransactionLog | None = None,
    ) -> None:
        self.journal = journal or TransactionLog()
        self.spooler = spooler or Spooler.of(settings, Path(tempfile.gettempdir()))
        self.read_buffer = memoryview(bytearray(_READ_OCTETS))
        """Where every connection reads: what it gets is taken out before the next one reads."""
        self.command_buffer = self.read_buffer[:COMMAND_OCTETS]
        self.settings = settings
        self.deliver = deliver
        self.clock = clock
        self.certificate = certificate
        self.policy = policy or Policy(PolicySettings(min_free=None), Chaos())
        self.counters = counters or SmtpCounters()
        self.counters.refusals.update(dict.fromkeys((*REASONS, *policy_replies.REASONS, *replies.REASONS), 0))
        self.rules, self.trusted_rules, self.local_rules = derive_rules(
            settings, has_certificate=certificate is not None
        )
        self.admission = Admission(settings)
        self.connections: set[Connection] = set()
        self.haste_s = 0.0
        """How much earlier idle strangers are let go just now."""
        self.is_stopping = False
        self._servers: list[asyncio.Server] = []
        self._entrances: list[Acceptor] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._spooled: set[asyncio.Task[Any]] = set()
        self._ids = itertools.count()
        self._ids_prefix = secrets.token_hex(4)

    async def start(self, sockets: Iterable[socket.socket], tls_sockets: Iterable[socket.socket] = ()) -> None:
        """Accept connections on sockets that are bound already; on `tls_sockets` TLS comes first (RFC 8314)."""
        loop = asyncio.get_running_loop()
        for one in sockets:
            if self.settings.proxy_from:
                self._entrances.append(Acceptor(self, one, is_tls=False))
            else:  # the loop's own way, which is quicker
                connect = partial(Connection, self)
                self._servers.append(await loop.create_server(connect, sock=one, backlog=BACKLOG))
        self._entrances += [Acceptor(self, one, is_tls=True) for one in tls_sockets]
        for entrance in self._entrances:
            entrance.open()
        self._sweep()

    async def stop(self) -> None:
        """Accept no more; let messages under way finish within the settings' time, tell the rest 421."""
        self.is_stopping = True
        for server in self._servers:
            server.close()
        for entrance in self._entrances:
            entrance.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.shutdown_timeout_s
        for connection in tuple(self.connections):
            connection.stop()
        while self.connections and loop.time() < deadline:
            await asyncio.wait([one.closed for one in self.connections], timeout=deadline - loop.time())
        for connection in tuple(self.connections):
            connection.give_up()
        if self._spooled:
            # What came with its end mark, though nobody waits for the reply.
            await asyncio.wait(self._spooled, timeout=max(_SPOOLED_S, deadline - loop.time()))
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.journal.flush()

    def keep(self, envelope: Envelope) -> asyncio.Future[Any]:
        """Hand a whole message on to `deliver`; a spooled one as soon as all of it is in its file."""
        if envelope.spool is None:
            return self.deliver(envelope)
        task = asyncio.create_task(self._keep_spooled(envelope, envelope.spool))
        self._spooled.add(task)
        task.add_done_callback(self._spooled.discard)
        return task

    async def _keep_spooled(self, envelope: Envelope, spool: Spool) -> Any:
        await spool.flush()
        return await self.deliver(envelope)

    def choose_rules(self, caller: Caller) -> SessionRules:
        """Return what holds for a caller."""
        return self.local_rules if caller.is_local else self.trusted_rules if caller.is_trusted else self.rules

    def count_refusal(self, reply: Reply) -> None:
        """Count a reply that says no, or would have."""
        self.counters.refusals[reply.reason] += 1
        if reply in REFUSES_MESSAGE:
            self.counters.refused += 1

    def turn_away(self, reply: Reply, peer_ip: str) -> None:
        """Count a connection that is dropped before it could be told why."""
        self.count_refusal(reply)
        self.journal.note(None, reply, peer_ip)

    def next_id(self) -> str:
        """Name a transaction, for its Received line and the log."""
        return f"{self._ids_prefix}{next(self._ids):x}"

    def _sweep(self) -> None:
        """End what is past its time: one timer for all, not one for each connection."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        settings = self.settings
        self.haste_s = max(0.0, settings.idle_timeout_s - settings.busy_idle_timeout_s) * self.admission.is_busy
        for connection in tuple(self.connections):
            try:
                connection.check_time(now)
            except Exception:  # one that is broken must not give all others for ever
                _log.exception("a connection is broken")
                connection.abort()
        self.admission.sweep()
        self.policy.floor.refresh()
        self.journal.sweep()
        if self.certificate is not None:
            self.certificate.refresh()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep)
