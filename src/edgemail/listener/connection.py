"""One peer's socket and its session: reads, writes, TLS, time limits."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from edgemail.listener import replies
from edgemail.listener.admission import Caller
from edgemail.listener.deadlines import Deadlines
from edgemail.model import Envelope
from edgemail.policy.gate import ConnectionGate
from edgemail.smtp import TAKES_MESSAGE, Close, Deliver, Reply, Session, SessionState, StartTls, write_trace
from edgemail.system.sockets import has_unread_input

if TYPE_CHECKING:
    from collections import Counter

    from edgemail.listener.server import Listener
    from edgemail.listener.transaction_log import Entry
    from edgemail.smtp import Output

_log = logging.getLogger(__name__)

COMMAND_OCTETS = 4096
"""How much is read at once where it may be commands."""
_DRAIN_OCTETS = 4 * 2**20
"""How much is read and dropped after the last words."""
_FAREWELL = 221
_DATA, _CHUNK, _CLOSED = SessionState.DATA, SessionState.CHUNK, SessionState.CLOSED  # asked for with each packet
_UNKNOWN = Caller("")
_GONE = ("0.0.0.0", 0)  # noqa: S104 - a peer that has left before it was looked at


class Connection(asyncio.BufferedProtocol):
    """One peer's socket and its session."""

    __slots__ = (
        "_caller",
        "_closed",
        "_entry",
        "_greeting",
        "_handshake",
        "_has_slot",
        "_is_at_end",
        "_is_behind",
        "_is_choked",
        "_is_lingering",
        "_is_paused",
        "_is_tls",
        "_listener",
        "_loop",
        "_pace",
        "_session",
        "_settling",
        "_tally",
        "_transport",
    )

    def __init__(
        self, listener: Listener, *, is_tls: bool = False, caller: Caller | None = None, has_slot: bool = False
    ) -> None:
        """Make one for a peer that is known by its address, or is `caller`; `has_slot` where it was let in."""
        self._listener = listener
        self._is_tls = is_tls
        self._caller = caller or _UNKNOWN
        self._has_slot = has_slot
        self._greeting: asyncio.TimerHandle | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._settling: asyncio.Future[Any] | None = None
        self._closed: asyncio.Future[None] | None = None
        self._entry: Entry | None = None  # in the log, of the message that is being committed
        self._tally: Counter[str] | None = None  # what was refused, for the log
        self._is_at_end = self._is_behind = self._is_choked = self._is_lingering = self._is_paused = False
        self._pace = Deadlines(listener.settings, self._loop.time())

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
        """Greet, or turn away."""
        self._transport = cast("asyncio.Transport", transport)
        listener = self._listener
        if self._caller is _UNKNOWN:
            address = transport.get_extra_info("peername") or _GONE
            self._caller = listener.admission.recognize(address[0])
        gate = ConnectionGate(listener.policy, self._caller.ip, self._caller.source)
        self._session = Session(listener.choose_rules(self._caller), gate, listener.spooler)
        listener.connections.add(self)
        listener.counters.connects += 1
        listener.counters.connections = len(listener.connections)
        refusal = replies.STOPPING if listener.is_stopping else gate.judge_source() or self._enter(self._caller)
        if refusal is not None:
            self._act(self._session.end(refusal))
            return
        if self._is_tls:
            listener.counters.tls_connects += 1
            self._session.secure()
        delay_s = None if self._caller.is_trusted else listener.settings.greeting_delay_s
        if delay_s is None:
            self._greet()
        else:
            self._greeting = self._loop.call_later(delay_s, self._greet)

    def _enter(self, caller: Caller) -> Reply | None:
        """Take a slot; refuse who is one too many, or has not waited for the greeting."""
        if not self._has_slot:
            refusal = self._listener.admission.enter(caller)
            if refusal is not None:
                return refusal
            self._has_slot = True
        # Over TLS the socket has what belongs to the handshake.
        is_early = not (caller.is_trusted or self._is_tls) and has_unread_input(
            self._transport.get_extra_info("socket")
        )
        return replies.EARLY_TALKER if is_early else None

    def _greet(self) -> None:
        self._greeting = None
        self._act(self._session.greet())

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the protocol's signature
        """Return where octets are read into: a loop of its own choosing reads four times as many at once.

        Commands cost the more for each octet: of those only a few are read before others have their turn.
        """
        session, listener = self._session, self._listener
        if session.state is _DATA:
            return listener.read_buffer
        if session.state is not _CHUNK:
            return listener.command_buffer
        return listener.read_buffer[: max(session.chunk_octets, COMMAND_OCTETS)]

    def buffer_updated(self, nbytes: int) -> None:
        """Take octets from there."""
        is_full = nbytes >= COMMAND_OCTETS and nbytes == len(self.get_buffer(0))
        self.data_received(self._listener.read_buffer[:nbytes].tobytes())
        # libuv goes on, 32 times, with a peer that fills the buffer, while all others wait.
        if is_full and not self._transport.is_closing():
            self._pause()
            self._loop.call_soon(self._read_on)

    def data_received(self, data: bytes) -> None:
        """Feed the session; while a message is being committed, read no further than this."""
        self._pace.octets += len(data)
        if self._settling is not None:
            self._pause()
            self._session.feed(data)  # kept until then; the commit gets no more time for it
        elif self._session.state is _CLOSED:
            if self._pace.octets > _DRAIN_OCTETS:
                self.abort()
        elif self._greeting is not None:
            self._act(self._session.end(replies.EARLY_TALKER))
        else:
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
        self._pause()

    def resume_writing(self) -> None:
        """Read again."""
        self._is_choked = False
        self._read_on()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Forget the connection; what was handed over is committed all the same."""
        listener = self._listener
        listener.connections.discard(self)
        listener.counters.connections = len(listener.connections)
        if self._tally is not None:
            listener.journal.close(self._tally, peer_ip=self._caller.ip, hello=self._session.hello)
            self._tally = None
        self._session.abandon()
        self.leave()
        if self._is_lingering:
            self._is_lingering = False
            self._listener.admission.end_lingering()
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def leave(self) -> None:
        """Give the slot back, if there is one."""
        if self._has_slot:
            self._has_slot = False
            self._listener.admission.leave(self._caller)

    def check_time(self, now: float) -> None:
        """End the connection where its time is up."""
        listener, is_late = self._listener, now > self._pace.deadline
        if self._session.state is _CLOSED or self._transport.is_closing():
            if is_late:
                self._cut_off(now)
        elif self._settling is not None:
            if is_late:
                listener.policy.backlog.begin()
                self._answer(replies.STORE_LATE)
        elif self._handshake is None:  # which has its own time limit
            is_stranger = self._caller.source is not None
            farewell = self._pace.judge(listener.settings, now, listener.haste_s, is_stranger)
            if farewell is not None:
                self._act(self._session.end(farewell))

    def stop(self) -> None:
        """End the connection, unless a message is under way: then after its reply."""
        if self._session.state is _CLOSED:
            self._close()
        elif not self._is_busy and self._session.state not in TAKES_MESSAGE:
            self._act(self._session.end(replies.STOPPING))

    def give_up(self) -> None:
        """End the connection at once, whatever is under way: its sender keeps the message."""
        self._act(self._session.end(replies.STOPPING))
        self.abort()

    def abort(self) -> None:
        """End the connection at once, without a word."""
        if self._handshake is not None:
            self._handshake.cancel()
        self._transport.abort()

    def _act(self, outputs: list[Output]) -> None:
        """Do what the session says; all its replies go out in one write."""
        session, last = self._session, outputs[-1] if outputs else None
        if session.refused:
            self._log_refused()
        if type(last) is Reply and len(outputs) == 1 and not last.reason:  # as nearly always
            self._transport.write(last.octets)
        elif outputs:
            self._say(outputs)
        settings, now = self._listener.settings, self._loop.time()
        self._pace.go_on(settings, now, session.state in TAKES_MESSAGE)
        content = session.content
        if content is not None and content.is_behind and not self._is_behind:
            self._is_behind = True
            self._pause()
            content.call_when_ready(self._catch_up)
        if last is None or type(last) is Reply:
            return
        match last:
            case Deliver() as delivery:
                self._pace.deadline = now + settings.commit_timeout_s
                self._deliver(delivery)
                if session.waiting_octets:
                    self._pause()
            case StartTls():
                self._secure()
            case Close():
                self._pace.deadline = now + settings.linger_s
                self._part(outputs)

    def _say(self, outputs: list[Output]) -> None:
        """Write all replies, and note those that refuse something."""
        said: list[bytes] = []
        for output in outputs:
            if type(output) is Reply:
                said.append(output.octets)
                if output.reason:
                    self._listener.count_refusal(output)
                    self._tally = self._listener.journal.note(self._tally, output, self._caller.ip)
        if said:
            self._transport.write(b"".join(said))

    def _log_refused(self) -> None:
        """Write of the messages that were refused when they had come."""
        listener, refused = self._listener, self._session.refused
        if listener.journal.is_on:
            for one in refused:
                listener.journal.refuse(one, transaction=listener.next_id(), peer_ip=self._caller.ip)
        refused.clear()

    def _part(self, outputs: list[Output]) -> None:
        """Close, but first read on for a while: octets that nobody reads would make a reset of our last words."""
        listener = self._listener
        # Who says QUIT sends no more, and waits for the end, of which there is no half over TLS.
        is_asked = _FAREWELL in [output.code for output in outputs if type(output) is Reply]
        if self._greeting is not None:
            self._greeting.cancel()
            self._greeting = None
        self.leave()
        if is_asked or self._is_at_end or listener.is_stopping or not listener.admission.begin_lingering():
            self._close()
            return
        self._is_lingering = True
        if self._transport.can_write_eof():  # TLS has no half of a connection
            self._transport.write_eof()
        self._is_paused = False
        self._transport.resume_reading()

    def _close(self) -> None:
        """Close the socket once all is sent. asyncio cannot abort a TLS transport that was closed twice."""
        if not self._transport.is_closing():
            self._transport.close()

    def _cut_off(self, now: float) -> None:
        """End a connection that has had its last words, unless its peer still takes them."""
        if (
            self._transport.get_write_buffer_size()
            and now < self._pace.deadline + self._listener.settings.idle_timeout_s
        ):
            return
        if self._is_tls and not self._transport.is_closing():
            self._close()  # which says goodbye in TLS
            self._pace.deadline = now + self._listener.settings.linger_s
        else:
            self.abort()

    def _secure(self) -> None:
        self._pause()
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
            _log.debug("a TLS handshake with %s failed: %s", self._caller.ip, error)
            self._transport.abort()
            self.connection_lost(None)
            return
        finally:
            self._handshake = None
        if transport is None:
            raise RuntimeError("the event loop gave no transport")
        self._transport = transport
        self._is_tls = True
        self._listener.counters.tls_connects += 1
        self._act(self._session.secure())
        self._read_on()
        if self._listener.is_stopping:
            self.stop()

    def _deliver(self, delivery: Deliver) -> None:
        listener = self._listener
        now = listener.clock()
        transaction = listener.next_id()
        trace = write_trace(
            delivery,
            peer_ip=self._caller.ip,
            hostname=listener.rules.hostname,
            transaction=transaction,
            at=now,
        )
        content = delivery.content
        if isinstance(content, bytes):
            envelope = Envelope(delivery.sender, delivery.recipients, trace + content, now)
            size = len(content)
        else:
            envelope = Envelope(delivery.sender, delivery.recipients, trace, now, content)
            size = content.size
        listener.counters.sizes.add(size)
        listener.spooler.hold(len(trace))
        entry = None
        if listener.journal.is_on:
            entry = listener.journal.begin(delivery, transaction=transaction, peer_ip=self._caller.ip, size=size)
        self._entry = entry
        self._settling = listener.keep(envelope)
        self._settling.add_done_callback(partial(self._settle, envelope, entry))

    def _settle(self, envelope: Envelope, entry: Entry | None, future: asyncio.Future[Any]) -> None:
        if not future.cancelled():  # else the program ends, and its writer may still read
            self._listener.spooler.release(envelope)
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if future is self._settling:  # else its time was up, and the peer was told so
            if error is None:
                self._answer(replies.KEPT, future.result())
            else:
                self._answer(replies.explain(error))
        else:
            self._listener.policy.backlog.end()
            if error is None and entry is not None:
                self._listener.journal.say_late(entry, future.result())

    def _answer(self, verdict: Reply, mail_id: object = None) -> None:
        """Tell the peer what became of its message, and go on."""
        self._settling = None
        is_gone = self._session.state is _CLOSED or self._transport.is_closing()
        if self._entry is not None:
            self._listener.journal.end(self._entry, verdict, mail_id, is_heard=not is_gone)
            self._entry = None
        if verdict is replies.KEPT:
            self._listener.counters.accepted += 1
        else:
            self._listener.counters.deferred += 1
        if is_gone:
            return
        self._act(self._session.settle(verdict))
        if self._listener.is_stopping:
            self.stop()
        if self._is_at_end and self._settling is None:
            self._close()
        self._read_on()

    def _pause(self) -> None:
        """Read no more for now."""
        self._is_paused = True
        self._transport.pause_reading()

    def _catch_up(self) -> None:
        """Read again: the disk has taken what came."""
        self._is_behind = False
        self._read_on()

    def _read_on(self) -> None:
        if self._is_paused and not (self._is_busy or self._is_choked or self._is_behind):
            self._is_paused = False
            self._transport.resume_reading()
