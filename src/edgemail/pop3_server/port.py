"""A listening socket of POP3: who is refused costs neither a session nor a handshake."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from edgemail.policy.rates import read_ip
from edgemail.pop3_server.connection import Pop3Connection
from edgemail.pop3_server.peer_stream import PeerStream
from edgemail.pop3_server.recorder import SessionTally
from edgemail.system.accept_loop import PAUSE_S, AcceptLoop

if TYPE_CHECKING:
    import socket
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.pop3.outputs import Pop3Reply
    from edgemail.pop3_server.context import Pop3Context

_log = logging.getLogger(__name__)


class Pop3Port:
    """Accepts connections, and serves each in a task that has a slot to its end."""

    def __init__(self, context: Pop3Context, bound: socket.socket, *, is_tls: bool) -> None:
        """`bound` listens already; with `is_tls` a handshake comes before everything else (RFC 8314)."""
        self._context = context
        self._bound = bound
        self._is_tls = is_tls
        self._loop = asyncio.get_running_loop()
        self._accepting = AcceptLoop(bound, self._admit, _log_failure)
        self._tasks: dict[asyncio.Task[None], Pop3Connection | None] = {}

    def open(self) -> None:
        """Begin to accept."""
        self._accepting.open()

    def close(self) -> None:
        """Accept no more."""
        self._accepting.close()
        self._bound.close()

    async def end(self, reply: Pop3Reply, timeout_s: float) -> None:
        """End all sessions with a reply, then drop those that are not over in time."""
        for task, connection in self._tasks.items():
            if connection is None:
                task.cancel()
            else:
                connection.end(reply)
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=timeout_s)
        for connection in tuple(self._tasks.values()):
            if connection is not None:
                connection.abort()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=timeout_s)

    def _admit(self, raw: socket.socket, host: str) -> None:
        context, ip = self._context, read_ip(host)
        is_trusted = context.doorkeeper.is_trusted(ip)
        refusal = context.refuse_source(ip) or context.slots.take(ip, is_trusted=is_trusted)
        if refusal is not None:
            context.recorder.refuse(SessionTally(str(ip)), refusal)
            self._turn_away(raw, refusal)
            return
        task = self._loop.create_task(self._serve(raw, ip))
        self._tasks[task] = None
        context.recorder.begin(context.slots.taken)

        def forget(task: asyncio.Task[None]) -> None:
            connection = self._tasks.pop(task)
            context.slots.free(ip, is_trusted=is_trusted)
            tally = SessionTally(str(ip)) if connection is None else connection.tally
            context.recorder.end(tally, context.slots.taken)

        task.add_done_callback(forget)

    def _turn_away(self, raw: socket.socket, refusal: Pop3Reply) -> None:
        """Say why, if that takes no wait, and close."""
        try:
            if not self._is_tls:
                raw.send(refusal.octets)
        except OSError:
            _log.debug("a peer was gone before it was refused")
        finally:
            raw.close()

    async def _serve(self, raw: socket.socket, ip: IPv4Address | IPv6Address) -> None:
        """Take a socket as far as POP3, and serve it; drop it where it does not come to that."""
        context, certificate = self._context, self._context.certificate
        stream = PeerStream(context.min_read_rate_bytes, is_tls=self._is_tls)
        try:
            if self._is_tls and certificate is not None:
                await self._loop.connect_accepted_socket(
                    lambda: stream,
                    raw,
                    ssl=certificate.delegating_context,
                    ssl_handshake_timeout=context.tls_timeout_s,
                )
            else:
                await self._loop.connect_accepted_socket(lambda: stream, raw)
        except OSError as error:  # ssl.SSLError is one, and so is a handshake that takes too long
            _log.debug("a connection from %s failed before POP3: %s", ip, error)
            return
        connection = Pop3Connection(context, stream, ip, is_tls=self._is_tls)
        task = asyncio.current_task()
        if task is not None:
            self._tasks[task] = connection
        await connection.serve()


def _log_failure(error: OSError) -> None:
    _log.error("cannot accept POP3 connections, trying again in %d s: %s", PAUSE_S, error.strerror)
