"""A listening socket where something comes before SMTP: a PROXY header, or a TLS handshake."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from edgemail.listener import replies
from edgemail.listener.connection import Connection
from edgemail.listener.proxy import MAX_OCTETS, HeaderReader, ProxyError
from edgemail.system.accept_loop import PAUSE_S, AcceptLoop

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.listener.admission import RemotePeer
    from edgemail.listener.context import ListenerContext

_log = logging.getLogger(__name__)


class Acceptor:
    """Accepts connections without the event loop's server.

    A refused one then costs neither a transport nor a handshake.

    The header is read from the bare socket, and no octet behind it: that is TLS or SMTP.
    """

    def __init__(self, context: ListenerContext, bound: socket.socket, *, is_tls: bool) -> None:
        """`bound` listens already."""
        self._context = context
        self._bound = bound
        self._is_tls = is_tls
        self._loop = asyncio.get_running_loop()
        self._pending: set[asyncio.Task[None]] = set()
        self._accepting = AcceptLoop(bound, self._take, _log_failure)

    def open(self) -> None:
        """Begin to accept."""
        self._accepting.open()

    def close(self) -> None:
        """Accept no more, and drop the connections that are not admitted yet."""
        self._accepting.close()
        self._bound.close()
        for task in tuple(self._pending):
            task.cancel()

    @property
    def has_pending(self) -> bool:
        """True while connections are accepted that are not admitted yet."""
        return bool(self._pending)

    def _take(self, raw: socket.socket, host: str) -> None:
        if len(self._pending) >= self._context.settings.max_connections:
            self._context.recorder.drop_connection(replies.TOO_MANY_CONNECTIONS, host)
            raw.close()
            return
        task = self._loop.create_task(self._admit(raw, host))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _admit(self, raw: socket.socket, host: str) -> None:
        """Take a socket as far as SMTP; drop it without a reply where it does not come to that."""
        try:
            peer = await self._identify(raw, host)
            if peer is not None:
                await self._connect(raw, peer)
        except OSError as error:  # ssl.SSLError is one, and so is TimeoutError
            _log.debug("a connection from %s failed before SMTP: %s", host, error)

    async def _identify(self, raw: socket.socket, host: str) -> RemotePeer | None:
        """Return the peer; close the socket of a proxy that sends no valid header."""
        admission, settings = self._context.admission, self._context.settings
        peer = None
        try:
            if not admission.is_proxy(host):
                peer = admission.identify(host)
            else:
                async with asyncio.timeout(settings.proxy_timeout_s):
                    peer = admission.identify_behind(host, await self._read_header(raw))
        except (ProxyError, OSError) as error:  # TimeoutError is one, and so is a reset
            self._context.recorder.drop_connection(replies.BAD_PROXY_HEADER, host)
            what = error if isinstance(error, ProxyError) else "no whole PROXY header"
            _log.warning("%s is a proxy, but sends %s", host, what)
        finally:
            if peer is None:
                raw.close()
        return peer

    async def _read_header(self, raw: socket.socket) -> IPv4Address | IPv6Address | None:
        reader = HeaderReader()
        while not reader.is_whole:
            await self._wait_for_octets(raw)
            octets = raw.recv(MAX_OCTETS, socket.MSG_PEEK)
            if not octets:
                raise ProxyError("no PROXY header before the end")
            raw.recv(reader.feed(octets))
        return reader.peer

    async def _wait_for_octets(self, raw: socket.socket) -> None:
        readable = self._loop.create_future()
        self._loop.add_reader(raw, _set_done, readable)
        try:
            await readable
        finally:
            self._loop.remove_reader(raw)

    async def _connect(self, raw: socket.socket, peer: RemotePeer) -> None:
        """Make a connection of a socket; with TLS it takes its slot before the costly handshake."""
        context, certificate = self._context, self._context.certificate
        if not self._is_tls or certificate is None:
            connection = Connection(context, peer=peer)
            await self._loop.connect_accepted_socket(lambda: connection, raw)
            return
        refusal = context.admission.take_slot(peer)
        if refusal is not None:
            context.recorder.drop_connection(refusal, peer.ip)
            raw.close()
            return
        connection = Connection(context, is_tls=True, peer=peer, has_slot=True)
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                raw,
                ssl=certificate.delegating_context,
                ssl_handshake_timeout=context.settings.tls_timeout_s,
            )
        except BaseException:
            connection.free_slot()
            raise


def _log_failure(error: OSError) -> None:
    _log.error("cannot accept connections, trying again in %d s: %s", PAUSE_S, error.strerror)


def _set_done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
