"""One peer's socket, read and written by a coroutine: every wait has a bound, and so has every buffer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from edgemail.system.certificate import Certificate

_RECEIVED_MAX_OCTETS: Final = 4096
"""With so many octets that nobody has taken, the socket is not read; a `read` gives no more."""
_WRITTEN_MAX_OCTETS: Final = 64 * 1024
"""With so many octets that are not sent, a writer waits until the peer has taken most of them."""
_WRITTEN_LOW_OCTETS: Final = 16 * 1024
_LINGER_MAX_OCTETS: Final = 256 * 1024


class PeerLostError(ConnectionError):
    """The connection is no more."""


class PeerTooSlowError(TimeoutError):
    """The peer does not read what it asked for."""


class PeerStream(asyncio.Protocol):
    """A connection that was accepted. Octets are read as far as somebody takes them."""

    def __init__(self, min_rate_bytes: int, *, is_tls: bool) -> None:
        """A peer must read `min_rate_bytes` a second. `is_tls` is true if TLS is in use already."""
        self._room_timeout_s = _WRITTEN_MAX_OCTETS / min_rate_bytes
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._dropped_octets: int | None = None
        self._awaited: asyncio.Future[None] | None = None
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_tls = is_tls
        self._has_ended = self._is_lost = self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._set_transport(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        """Keep octets for `read`."""
        if self._dropped_octets is not None:
            self._dropped_octets += len(data)
            if self._dropped_octets > _LINGER_MAX_OCTETS:
                self._transport.abort()
            return
        self._received += data
        if len(self._received) >= _RECEIVED_MAX_OCTETS:
            self.pause()
        self.wake()

    def eof_received(self) -> bool:
        """Stay open for what is owed: the peer may have closed only its own side. Over TLS no side closes alone."""
        self._has_ended = True
        self.wake()
        return not self._is_tls

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """End every wait."""
        self._is_lost = True
        self._has_room.set()
        self.wake()

    def pause_writing(self) -> None:
        """Let writers wait."""
        self._has_room.clear()

    def resume_writing(self) -> None:
        """Let writers go on."""
        self._has_room.set()

    def wake(self) -> None:
        """End a `read` that waits; it returns what there is."""
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)

    def pause(self) -> None:
        """Read no more from the socket until the next `read`."""
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def take(self) -> bytes:
        """Return what has come, but for what a next `take` returns."""
        octets = bytes(self._received[:_RECEIVED_MAX_OCTETS])
        del self._received[:_RECEIVED_MAX_OCTETS]
        return octets

    async def read(self, deadline: float) -> bytes | None:
        """Return what comes; ``b""`` after `wake`, None where nothing more comes.

        Raises:
            TimeoutError: nothing came until `deadline`, in seconds of the loop's clock.
        """
        if self._received:
            await asyncio.sleep(0)  # the others have their turn
        else:
            if self._is_over():
                return None
            if self._is_paused and not self._transport.is_closing():
                self._is_paused = False
                self._transport.resume_reading()
            self._awaited = self._loop.create_future()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._awaited
            finally:
                self._awaited = None
            if not self._received and self._is_over():
                return None
        return self.take()

    async def write(self, octets: bytes) -> None:
        """Send octets, once there is room for them.

        Raises:
            PeerLostError: the connection is no more.
            PeerTooSlowError: there is no room, as the peer reads too slowly.
        """
        if not self._has_room.is_set():
            try:
                async with asyncio.timeout(self._room_timeout_s):
                    await self._has_room.wait()
            except TimeoutError:
                raise PeerTooSlowError from None
        if self._transport.is_closing():  # also if it is lost
            raise PeerLostError
        self._transport.write(octets)

    async def start_tls(self, certificate: Certificate, timeout_s: float) -> None:
        """Go on over TLS. Nothing may have come that was not taken.

        Raises:
            PeerLostError: it came to nothing.
        """
        self.pause()
        try:
            transport = await self._loop.start_tls(
                self._transport, self, certificate.context, server_side=True, ssl_handshake_timeout=timeout_s
            )
        except OSError as error:  # ssl.SSLError is one, and so is a handshake that takes too long
            self._transport.abort()
            self._is_lost = True
            raise PeerLostError(str(error)) from error
        if transport is None:
            raise PeerLostError
        self._is_tls = True
        self._set_transport(transport)

    async def close(self, linger_s: float) -> None:
        """Close once everything is sent; read and drop for a while, as a reset would take our last words back."""
        is_open = not (self._is_over() or self._is_tls or self._transport.is_closing())
        if is_open and self._transport.can_write_eof():
            self._dropped_octets = 0
            self._transport.write_eof()
            if self._is_paused:
                self._is_paused = False
                self._transport.resume_reading()
            self._awaited = self._loop.create_future()
            try:
                async with asyncio.timeout(linger_s):
                    await self._awaited
            except TimeoutError:
                pass
        if not self._is_lost:
            self._transport.close()

    async def wait_closed(self, timeout_s: float) -> None:
        """Wait until a closed connection is gone; drop it after a time."""
        deadline = self._loop.time() + timeout_s
        while not self._is_lost and self._loop.time() < deadline:
            self._awaited = self._loop.create_future()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._awaited
            except TimeoutError:
                break
        self.abort()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def _set_transport(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._is_paused = False
        transport.set_write_buffer_limits(high=_WRITTEN_MAX_OCTETS, low=_WRITTEN_LOW_OCTETS)

    def _is_over(self) -> bool:
        """Return True if nothing more comes."""
        return self._has_ended or self._is_lost
