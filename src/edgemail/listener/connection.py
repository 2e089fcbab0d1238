"""One peer's socket and its session: reads, writes, TLS, time limits."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.model import Envelope
from edgemail.smtp import TAKES_MESSAGE, Close, Deliver, Reply, Session, StartTls, write_trace

if TYPE_CHECKING:
    from edgemail.listener.server import Listener
    from edgemail.smtp import Output

_log = logging.getLogger(__name__)

_KEPT = Reply.of(250, "2.0.0 OK, kept")
_LATE = Reply.of(451, "4.3.0 The store takes too long, try again later", reason="commit_timed_out")
_FAILED = Reply.of(451, "4.3.0 The message could not be kept, try again later", reason="commit_failed")
_VERDICTS: dict[type[BaseException], Reply] = {
    StoreUnavailable: Reply.of(
        451, "4.3.0 The store is not available, try again later", reason="store_unavailable"
    ),
    StoreFull: Reply.of(452, "4.3.1 There is no room, try again later", reason="store_full"),
}
_TOO_MANY_CONNECTIONS = Reply.of(421, "4.7.0 Too many connections, try again later", reason="too_many_connections")
_TIMED_OUT = Reply.of(421, "4.4.2 Nothing came for too long", reason="timed_out")
_SESSION_TIMED_OUT = Reply.of(421, "4.4.2 The session took too long", reason="session_timed_out")
_STOPPING = Reply.of(421, "4.3.2 The server stops, try again later", reason="stopping")


class Connection(asyncio.Protocol):
    """One peer's socket and its session."""

    __slots__ = (
        "_closed",
        "_deadline",
        "_handshake",
        "_is_at_end",
        "_is_choked",
        "_is_tls",
        "_listener",
        "_loop",
        "_peer_ip",
        "_session",
        "_session_deadline",
        "_settling",
        "_transport",
    )

    def __init__(self, listener: Listener, *, is_tls: bool = False) -> None:
        self._listener = listener
        self._is_tls = is_tls
        self._handshake: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._settling: asyncio.Future[Any] | None = None
        self._closed: asyncio.Future[None] | None = None
        self._is_at_end = self._is_choked = False
        now = self._loop.time()
        self._deadline = now + listener.settings.idle_timeout_s
        self._session_deadline = now + listener.settings.session_timeout_s

    @property
    def closed(self) -> asyncio.Future[None]:
        """Done when the connection has ended."""
        if self._closed is None:
            self._closed = self._loop.create_future()
        return self._closed

    @property
    def _is_busy(self) -> bool:
        """Whether no more octets are wanted for now, or for ever."""
        return self._settling is not None or self._handshake is not None or self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or turn away where there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._peer_ip: str = peer[0] if peer else "127.0.0.1"
        listener = self._listener
        is_local = self._peer_ip == "::1" or self._peer_ip.startswith("127.")
        self._session = Session(listener.local_rules if is_local else listener.rules)
        is_full = len(listener.connections) >= listener.settings.max_connections
        listener.connections.add(self)
        if listener.is_stopping:
            self._act(self._session.end(_STOPPING))
        elif is_full:
            self._act(self._session.end(_TOO_MANY_CONNECTIONS))
        else:
            if self._is_tls:
                self._session.secure()
            self._act(self._session.greet())

    def data_received(self, data: bytes) -> None:
        """Feed the session; while a message is being committed, read no further than this."""
        if self._settling is not None:
            self._transport.pause_reading()
            self._session.feed(data)  # kept until then; the commit gets no more time for it
            return
        self._act(self._session.feed(data))
        if self._listener.is_stopping:
            self.stop()

    def eof_received(self) -> bool:
        """Stay while a message is being committed: a peer that has said all may still want its reply."""
        self._is_at_end = True
        return self._settling is not None and not self._is_tls  # over TLS there is no half of a connection

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not read: its replies must not pile up."""
        self._is_choked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._is_choked = False
        self._read_on()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Forget the connection; what was handed over is committed all the same."""
        self._listener.connections.discard(self)
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def check_time(self, now: float) -> None:
        """End the connection where its time is up."""
        is_late = now > self._deadline
        if self._transport.is_closing():
            if is_late:  # the peer does not take our last words
                self.abort()
        elif self._settling is not None:
            if is_late:
                self._answer(_LATE)
        elif self._handshake is not None:
            pass  # it has its own time limit
        elif is_late:
            self._act(self._session.end(_TIMED_OUT))
        elif now > self._session_deadline:
            self._act(self._session.end(_SESSION_TIMED_OUT))

    def stop(self) -> None:
        """End the connection, unless a message is under way: then after its reply."""
        if not self._is_busy and self._session.state not in TAKES_MESSAGE:
            self._act(self._session.end(_STOPPING))

    def give_up(self) -> None:
        """End the connection at once, whatever is under way: its sender keeps the message."""
        self._act(self._session.end(_STOPPING))
        self.abort()

    def abort(self) -> None:
        """End the connection at once, without a word."""
        if self._handshake is not None:
            self._handshake.cancel()
        self._transport.abort()

    def _act(self, outputs: list[Output]) -> None:
        """Do what the session says; all its replies go out in one write."""
        octets = b"".join([output.octets for output in outputs if type(output) is Reply])
        if octets:
            self._transport.write(octets)
        settings = self._listener.settings
        is_in_message = self._session.state in TAKES_MESSAGE
        timeout_s = settings.data_timeout_s if is_in_message else settings.idle_timeout_s
        match outputs[-1] if outputs else None:
            case Deliver() as delivery:
                timeout_s = settings.commit_timeout_s
                self._deliver(delivery)
            case StartTls():
                self._secure()
            case Close():
                self._transport.close()
        self._deadline = self._loop.time() + timeout_s

    def _secure(self) -> None:
        self._transport.pause_reading()
        self._handshake = self._loop.create_task(self._shake_hands())

    async def _shake_hands(self) -> None:
        """Go on over TLS; what comes over it before the session knows is kept by the session."""
        certificate = self._listener.certificate
        if certificate is None:
            raise RuntimeError("TLS without a certificate")
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                certificate.context,
                server_side=True,
                ssl_handshake_timeout=self._listener.settings.tls_timeout_s,
            )
        except OSError as error:  # ssl.SSLError is one, and so is a handshake that takes too long
            _log.debug("a TLS handshake with %s failed: %s", self._peer_ip, error)
            self._transport.abort()
            self.connection_lost(None)
            return
        finally:
            self._handshake = None
        if transport is None:
            raise RuntimeError("the event loop gave no transport")
        self._transport = transport
        self._is_tls = True
        self._act(self._session.secure())
        self._read_on()
        if self._listener.is_stopping:
            self.stop()

    def _deliver(self, delivery: Deliver) -> None:
        listener = self._listener
        now = listener.clock()
        trace = write_trace(
            delivery,
            peer_ip=self._peer_ip,
            hostname=listener.rules.hostname,
            transaction=listener.next_id(),
            at=now,
        )
        envelope = Envelope(delivery.sender, delivery.recipients, trace + delivery.content, now)
        self._settling = listener.deliver(envelope)
        self._settling.add_done_callback(self._settle)

    def _settle(self, future: asyncio.Future[Any]) -> None:
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if future is self._settling:  # else its time was up, and the peer was told so
            self._answer(_KEPT if error is None else _VERDICTS.get(type(error), _FAILED))

    def _answer(self, verdict: Reply) -> None:
        """Tell the peer what became of its message, and go on."""
        self._settling = None
        if self._transport.is_closing():
            return
        self._act(self._session.settle(verdict))
        if self._listener.is_stopping:
            self.stop()
        if self._is_at_end and self._settling is None:
            self._transport.close()
        self._read_on()

    def _read_on(self) -> None:
        if not (self._is_busy or self._is_choked):
            self._transport.resume_reading()
