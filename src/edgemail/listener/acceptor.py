"""A listening socket where something comes before SMTP: a proxy's header, a TLS handshake."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from edgemail.listener import replies
from edgemail.listener.connection import Connection
from edgemail.listener.proxy import MAX_OCTETS, HeaderReader, ProxyError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.listener.admission import Caller
    from edgemail.listener.server import Listener

_log = logging.getLogger(__name__)

_AT_ONCE = 100
"""How many connections are accepted in one go, before others have their turn."""
_BREAK_S = 1.0
"""How long nothing is accepted where that fails for want of something, such as file descriptors."""


class Acceptor:
    """Accepts connections by itself, so that those that are not let in cost neither a transport nor a handshake.

    The header is read off the bare socket, and no octet more than that: whatever is behind it is TLS or SMTP.
    """

    def __init__(self, listener: Listener, bound: socket.socket, *, is_tls: bool) -> None:
        """`bound` listens already."""
        self._listener = listener
        self._bound = bound
        self._is_tls = is_tls
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[None]] = set()
        self._break: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to accept."""
        self._break = None
        self._bound.setblocking(False)
        self._loop.add_reader(self._bound, self._accept)

    def close(self) -> None:
        """Accept no more, and drop those who are not in yet."""
        if self._break is not None:
            self._break.cancel()
        if self._bound.fileno() >= 0:
            self._loop.remove_reader(self._bound)
            self._bound.close()
        for one in tuple(self._entering):
            one.cancel()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                raw, address = self._bound.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _log.error("no connection can be accepted for %d s: %s", _BREAK_S, error.strerror)
                self._loop.remove_reader(self._bound)
                self._break = self._loop.call_later(_BREAK_S, self.open)
                return
            if len(self._entering) >= self._listener.settings.max_connections:
                self._listener.turn_away(replies.TOO_MANY_CONNECTIONS, address[0])
                raw.close()
                continue
            raw.setblocking(False)
            task = self._loop.create_task(self._let_in(raw, address[0]))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _let_in(self, raw: socket.socket, host: str) -> None:
        """Go on with a connection until SMTP begins; drop it without a word where it does not."""
        try:
            caller = await self._find_caller(raw, host)
            if caller is not None:
                await self._connect(raw, caller)
        except OSError as error:  # ssl.SSLError is one, and so is TimeoutError
            _log.debug("a connection from %s came to nothing: %s", host, error)

    async def _find_caller(self, raw: socket.socket, host: str) -> Caller | None:
        """Return who has connected; close the socket where that does not become known."""
        admission, settings = self._listener.admission, self._listener.settings
        caller = None
        try:
            if not admission.is_proxy(host):
                caller = admission.recognize(host)
            else:
                async with asyncio.timeout(settings.proxy_timeout_s):
                    caller = admission.introduce(host, await self._read_header(raw))
        except (ProxyError, OSError) as error:  # TimeoutError is one, and so is a reset
            self._listener.count_refusal(replies.BAD_PROXY_HEADER)
            what = error if isinstance(error, ProxyError) else "no whole PROXY header"
            _log.warning("%s is a proxy, but sends %s", host, what)
        finally:
            if caller is None:
                raw.close()
        return caller

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
        has_come = self._loop.create_future()
        self._loop.add_reader(raw, _fulfil, has_come)
        try:
            await has_come
        finally:
            self._loop.remove_reader(raw)

    async def _connect(self, raw: socket.socket, caller: Caller) -> None:
        """Make a connection of a socket. Over TLS its slot is taken before the handshake, which is what costs."""
        listener, certificate = self._listener, self._listener.certificate
        if not self._is_tls or certificate is None:
            connection = Connection(listener, caller=caller)
            await self._loop.connect_accepted_socket(lambda: connection, raw)
            return
        refusal = listener.admission.enter(caller)
        if refusal is not None:
            listener.turn_away(refusal, caller.ip)
            raw.close()
            return
        connection = Connection(listener, is_tls=True, caller=caller, has_slot=True)
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                raw,
                ssl=certificate.delegating_context,
                ssl_handshake_timeout=listener.settings.tls_timeout_s,
            )
        except BaseException:
            connection.leave()
            raise


def _fulfil(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
