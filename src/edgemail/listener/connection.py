"""One peer's socket and its session: reads, writes, TLS, deadlines."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from edgemail.errors import SourceBudgetSpent, StoreFull
from edgemail.listener import replies
from edgemail.listener.admission import RemotePeer
from edgemail.listener.deadlines import Deadlines
from edgemail.listener.phases import (
    CONTENT_IS_BEHIND,
    IS_OVER,
    NEXT_PHASE,
    OCTETS_WAIT,
    PEER_IS_DONE,
    PEER_IS_SLOW,
    TURN_IS_OVER,
    Phase,
    PhaseEvent,
    is_read,
)
from edgemail.model import Envelope
from edgemail.policy.gate import ConnectionGate
from edgemail.smtp import (
    CheckLogin,
    Close,
    ContentBehind,
    ContentFollows,
    Deliver,
    Ended,
    LoginChecked,
    Lost,
    MessageRefused,
    Reply,
    Secured,
    Session,
    Settled,
    StartTls,
    write_trace,
)
from edgemail.system.sockets import has_unread_input

if TYPE_CHECKING:
    from collections import Counter

    from edgemail.listener.context import ListenerContext
    from edgemail.listener.transaction_log import Entry
    from edgemail.smtp import Login, Output

_log = logging.getLogger(__name__)

COMMAND_OCTETS = 4096
"""The most octets of one read where they may be commands."""
_DRAIN_OCTETS = 4 * 2**20
"""The most octets that are read and dropped after the last reply."""
_QUIT_CODE = 221
_COMMANDS = -1
"""What follows, where no message is coming."""
# Looked up with each packet: before Python 3.12 an Enum's member takes ten times as long as a name.
_GREETING, _TALKING, _SETTLING, _CHECKING = Phase.GREETING, Phase.TALKING, Phase.SETTLING, Phase.CHECKING
_HANDSHAKE = Phase.HANDSHAKE
_DELIVERED, _SETTLED = PhaseEvent.DELIVERED, PhaseEvent.SETTLED
_KEPT = Settled(replies.KEPT)
_UNKNOWN = RemotePeer("")
_NO_ADDRESS = ("0.0.0.0", 0)  # noqa: S104 - of a peer that has left already


class Connection(asyncio.BufferedProtocol):
    """One peer's socket and its session."""

    __slots__ = (
        "_closed",
        "_context",
        "_deadlines",
        "_entry",
        "_follows",
        "_greeting",
        "_handshake",
        "_has_slot",
        "_hello",
        "_is_counted_lingering",
        "_is_reading",
        "_is_tls",
        "_login",
        "_loop",
        "_pauses",
        "_peer",
        "_phase",
        "_session",
        "_settling",
        "_tally",
        "_transport",
    )

    def __init__(
        self,
        context: ListenerContext,
        *,
        is_tls: bool = False,
        peer: RemotePeer | None = None,
        has_slot: bool = False,
    ) -> None:
        """Serve `peer`, or the peer of the socket; `has_slot` is true if it has taken its slot."""
        self._context = context
        self._is_tls = is_tls
        self._peer = peer or _UNKNOWN
        self._has_slot = has_slot
        self._loop = asyncio.get_running_loop()
        self._phase = Phase.GREETING
        self._pauses = 0
        self._is_reading = True
        self._follows = _COMMANDS  # as the session says by `ContentFollows`
        self._greeting: asyncio.TimerHandle | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._login: asyncio.Task[None] | None = None
        self._settling: asyncio.Future[Any] | None = None
        self._closed: asyncio.Future[None] | None = None
        self._entry: Entry | None = None  # in the log, of the message that is being stored
        self._tally: Counter[str] | None = None  # refusals, for the log
        self._hello = ""
        self._is_counted_lingering = False
        self._deadlines = Deadlines(context.settings, self._loop.time())

    @property
    def closed(self) -> asyncio.Future[None]:
        """Done when the connection has ended."""
        if self._closed is None:
            self._closed = self._loop.create_future()
        return self._closed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the peer, or refuse it."""
        self._transport = cast("asyncio.Transport", transport)
        context = self._context
        if self._peer is _UNKNOWN:
            address = transport.get_extra_info("peername") or _NO_ADDRESS
            self._peer = context.admission.identify(address[0])
        peer = self._peer
        gate = ConnectionGate(context.policy, peer.ip, peer.source)
        self._session = Session(context.rules.choose(peer), gate, context.spooler)
        context.connections.add(self)
        context.recorder.begin_connection(len(context.connections))
        refusal = replies.STOPPING if context.status.is_stopping else gate.judge_source() or self._take_slot()
        if refusal is not None:
            self._handle(self._session.tell(Ended(refusal)))
            return
        if self._is_tls:
            context.recorder.begin_tls()
            self._session.tell(Secured())
        delay_s = None if peer.is_trusted else context.settings.greeting_delay_s
        if delay_s is None:
            self._greet()
        else:
            self._greeting = self._loop.call_later(delay_s, self._greet)

    def _take_slot(self) -> Reply | None:
        """Take a slot; refuse a peer that is one too many, or that talks before the greeting."""
        peer = self._peer
        if not self._has_slot:
            refusal = self._context.admission.take_slot(peer)
            if refusal is not None:
                return refusal
            self._has_slot = True
        # Over TLS the socket has what belongs to the handshake.
        is_early = not (peer.is_trusted or self._is_tls) and has_unread_input(
            self._transport.get_extra_info("socket")
        )
        return replies.EARLY_TALKER if is_early else None

    def _greet(self) -> None:
        self._greeting = None
        self._enter(PhaseEvent.GREETED)
        self._handle(self._session.start())

    def _cancel_greeting(self) -> None:
        if self._greeting is not None:
            self._greeting.cancel()
            self._greeting = None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the protocol's signature
        """Return where octets are read into: a loop's own buffer would be four times as large.

        An octet of a command costs the most: of commands little is read before the other
        connections have their turn.
        """
        context, follows = self._context, self._follows
        if follows <= COMMAND_OCTETS:
            return context.command_buffer
        buffer = context.read_buffer
        return buffer if follows >= len(buffer) else buffer[:follows]

    def buffer_updated(self, nbytes: int) -> None:
        """Take octets from there."""
        is_full = nbytes >= COMMAND_OCTETS and nbytes == len(self.get_buffer(0))
        self.data_received(self._context.read_buffer[:nbytes].tobytes())
        # libuv would read up to 32 times from a peer that fills the buffer, while all others wait.
        if is_full and not self._transport.is_closing():
            self._pause(TURN_IS_OVER)
            self._loop.call_soon(self._resume, TURN_IS_OVER)

    def data_received(self, data: bytes) -> None:
        """Feed the session; while a message is being stored, read no further than this."""
        self._deadlines.octets += len(data)
        phase = self._phase
        if phase is _TALKING:
            self._handle(self._session.receive(data))
            if self._context.status.is_stopping:
                self.stop()
        elif phase is _SETTLING or phase is _CHECKING:
            self._pause(OCTETS_WAIT)
            self._session.receive(data)  # which keeps it; the commit gets no more time for it
        elif phase is _HANDSHAKE:
            self._session.receive(data)  # which keeps it until it is told of TLS
        elif phase is _GREETING:
            self._handle(self._session.tell(Ended(replies.EARLY_TALKER)))
        elif self._deadlines.octets > _DRAIN_OCTETS:
            self.abort()

    def eof_received(self) -> bool:
        """Stay open while the peer is owed an answer: it may have closed only its own side."""
        self._pauses |= PEER_IS_DONE
        return self._phase in (_SETTLING, _CHECKING) and not self._is_tls  # over TLS no side closes alone

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not read: its replies must not pile up."""
        self._pause(PEER_IS_SLOW)

    def resume_writing(self) -> None:
        """Read again."""
        self._resume(PEER_IS_SLOW)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Forget the connection; a message that was handed over is committed all the same."""
        context = self._context
        self._enter(PhaseEvent.LOST)
        self._cancel_greeting()
        if self._login is not None:
            self._login.cancel()
        for output in self._session.tell(Lost()):
            if isinstance(output, Close):
                self._hello = output.hello
        tally, self._tally = self._tally, None
        context.connections.discard(self)
        open_count = len(context.connections)
        context.recorder.end_connection(open_count, tally, peer_ip=self._peer.ip, hello=self._hello)
        self.free_slot()
        if self._is_counted_lingering:
            self._is_counted_lingering = False
            context.admission.end_lingering()
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def free_slot(self) -> None:
        """Give the slot back, if there is one."""
        if self._has_slot:
            self._has_slot = False
            self._context.admission.free_slot(self._peer)

    def check_time(self, now: float) -> None:
        """End the connection where a deadline has passed."""
        context, is_late = self._context, now > self._deadlines.deadline
        if self._phase in IS_OVER or self._transport.is_closing():
            if is_late:
                self._cut_off(now)
        elif self._phase is _SETTLING:
            if is_late:
                context.policy.late_commits.begin()
                self._answer(replies.STORE_LATE)
        elif self._phase is not _HANDSHAKE:  # which has a deadline of its own
            is_stranger = self._peer.source is not None
            reduction_s = context.status.idle_reduction_s
            refusal = self._deadlines.judge(context.settings, now, reduction_s, is_stranger)
            if refusal is not None:
                self._handle(self._session.tell(Ended(refusal)))

    def stop(self) -> None:
        """End the connection, unless a message is under way: then after its reply."""
        phase = self._phase
        if phase in IS_OVER:
            self._close()
        elif phase in (_SETTLING, _CHECKING, _HANDSHAKE) or self._transport.is_closing():
            return
        elif self._follows == _COMMANDS:
            self._handle(self._session.tell(Ended(replies.STOPPING)))

    def stop_at_once(self) -> None:
        """End the connection, whatever is under way: its sender keeps the message."""
        self._handle(self._session.tell(Ended(replies.STOPPING)))
        self.abort()

    def abort(self) -> None:
        """Drop the connection without a reply."""
        if self._handshake is not None:
            self._handshake.cancel()
        self._transport.abort()

    def _enter(self, event: PhaseEvent) -> None:
        """Enter the next phase: nothing else changes it."""
        try:
            self._phase = NEXT_PHASE[event][self._phase]
        except KeyError:
            raise RuntimeError(f"{event!r} cannot happen in the phase {self._phase.name}") from None

    def _handle(self, outputs: list[Output]) -> None:
        """Do what the session says; all its replies go out in one write."""
        last = outputs[-1] if outputs else None
        if type(last) is Reply and len(outputs) == 1 and not last.reason:  # as nearly always
            self._transport.write(last.octets)
        elif type(last) is Deliver and len(outputs) == 1:
            self._follows = _COMMANDS
        elif outputs:
            self._take_outputs(outputs)
        now = self._loop.time()
        self._deadlines.go_on(self._context.settings, now, self._follows != _COMMANDS)
        if last is None or type(last) is Reply:
            return
        if type(last) is Deliver:
            self._enter(_DELIVERED)
            self._deadlines.deadline = now + self._context.settings.commit_timeout_s
            self._deliver(last)
            if last.is_followed:
                self._pause(OCTETS_WAIT)
        elif type(last) is CheckLogin:
            self._enter(PhaseEvent.LOGIN_GIVEN)
            self._login = self._loop.create_task(self._check_login(last.login))
        elif type(last) is StartTls:
            self._enter(PhaseEvent.TLS_STARTED)
            self._update_reading()
            self._handshake = self._loop.create_task(self._start_tls())
        elif type(last) is Close:
            self._deadlines.deadline = now + self._context.settings.linger_s
            self._end(outputs)

    def _take_outputs(self, outputs: list[Output]) -> None:
        """Write all replies, count those that refuse something, and note how to read on."""
        written: list[bytes] = []
        for output in outputs:
            if type(output) is Reply:
                written.append(output.octets)
                if output.reason:
                    self._tally = self._context.recorder.refuse(self._tally, output, self._peer.ip)
            elif type(output) is ContentFollows:
                self._follows = output.octets
            elif type(output) is MessageRefused:
                self._context.recorder.refuse_message(output, self._peer.ip)
            elif type(output) is ContentBehind:
                if not self._pauses & CONTENT_IS_BEHIND:
                    self._pause(CONTENT_IS_BEHIND)
                    output.content.call_when_ready(partial(self._resume, CONTENT_IS_BEHIND))
            else:
                self._follows = _COMMANDS
                if type(output) is Close:
                    self._hello = output.hello
        if written:
            self._transport.write(b"".join(written))

    def _end(self, outputs: list[Output]) -> None:
        """Close the connection; read on for a while first.

        Unread input would make close() send RST, and the peer would lose our final reply.
        """
        admission = self._context.admission
        # After QUIT the peer sends no more and waits for the end. Over TLS no side closes alone.
        is_after_quit = _QUIT_CODE in [output.code for output in outputs if type(output) is Reply]
        self._cancel_greeting()
        self.free_slot()
        is_done = is_after_quit or bool(self._pauses & PEER_IS_DONE)
        if is_done or self._context.status.is_stopping or not admission.begin_lingering():
            self._close()
            return
        self._is_counted_lingering = True
        self._enter(PhaseEvent.LAST_REPLY)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._pauses = 0
        self._update_reading()

    def _close(self) -> None:
        """Close the socket once all is sent. asyncio cannot abort a TLS transport closed twice."""
        self._enter(PhaseEvent.CLOSED)
        if not self._transport.is_closing():
            self._transport.close()

    def _cut_off(self, now: float) -> None:
        """Drop a connection that has had its last reply, unless its peer is still reading it."""
        settings = self._context.settings
        if self._transport.get_write_buffer_size() and now < self._deadlines.deadline + settings.idle_timeout_s:
            return
        if self._is_tls and not self._transport.is_closing():
            self._close()  # which sends the end of TLS
            self._deadlines.deadline = now + settings.linger_s
        else:
            self.abort()

    async def _start_tls(self) -> None:
        """Go on over TLS; the session keeps what comes before it is told so."""
        context = self._context
        if context.certificate is None:
            raise RuntimeError("TLS without a certificate")
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                context.certificate.context,
                server_side=True,
                ssl_handshake_timeout=context.settings.tls_timeout_s,
            )
        except OSError as error:  # ssl.SSLError is one, and so is a handshake that takes too long
            _log.debug("a TLS handshake with %s failed: %s", self._peer.ip, error)
            self._transport.abort()
            self.connection_lost(None)
            return
        finally:
            self._handshake = None
        if transport is None:
            raise RuntimeError("the event loop gave no transport")
        if self._phase is not _HANDSHAKE:  # it was closed meanwhile
            transport.abort()
            return
        self._transport = transport
        self._is_tls = True
        self._pauses, self._is_reading = 0, True  # a new transport reads
        context.recorder.begin_tls()
        self._enter(PhaseEvent.SECURED)
        self._handle(self._session.tell(Secured()))
        if context.status.is_stopping:
            self.stop()

    async def _check_login(self, login: Login) -> None:
        """Tell the peer whether its name and password are right, and go on."""
        logins = self._context.logins
        if logins is None:
            raise RuntimeError("a login to check without credentials")
        verdict = await logins.check(login, self._peer.ip, self._peer.source)
        self._login = None
        if self._phase is not _CHECKING or self._transport.is_closing():
            return
        self._enter(PhaseEvent.LOGIN_CHECKED)
        self._pauses &= ~OCTETS_WAIT
        self._handle(self._session.tell(LoginChecked(verdict)))
        self._go_on()

    def _deliver(self, delivery: Deliver) -> None:
        context = self._context
        now = context.clock()
        transaction = context.recorder.make_transaction_id()
        trace = write_trace(
            delivery,
            peer_ip=self._peer.ip,
            hostname=context.settings.hostname,
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
        context.spooler.hold(len(trace))
        entry = context.recorder.begin_message(delivery, transaction=transaction, peer_ip=self._peer.ip, size=size)
        self._entry = entry
        source, space = self._peer.source, context.policy.mail_space
        if space.is_full:
            self._settling = self._loop.create_future()
            self._settling.set_exception(StoreFull())
        elif source is not None and source.spend_octets(size, space.share) is not None:
            self._settling = self._loop.create_future()
            self._settling.set_exception(SourceBudgetSpent())
        else:
            self._settling = context.store(envelope)
        self._settling.add_done_callback(partial(self._settle, envelope, entry))

    def _settle(self, envelope: Envelope, entry: Entry | None, future: asyncio.Future[Any]) -> None:
        context = self._context
        if not future.cancelled():  # else the program ends, and its writer may still read
            context.spooler.release(envelope)
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if future is self._settling:  # else its deadline had passed, and the peer was told so
            if error is None:
                self._answer(replies.KEPT, future.result())
            else:
                self._answer(replies.explain(error))
        else:
            context.policy.late_commits.end()
            if error is None:
                context.recorder.keep_late(entry, future.result())

    def _answer(self, verdict: Reply, mail_id: object = None) -> None:
        """Tell the peer what became of its message, and go on."""
        is_gone = self._phase is not _SETTLING or self._transport.is_closing()
        entry, self._entry, self._settling = self._entry, None, None
        self._context.recorder.end_message(entry, verdict, mail_id, is_heard=not is_gone)
        if is_gone:
            return
        self._enter(_SETTLED)
        self._pauses &= ~OCTETS_WAIT
        self._handle(self._session.tell(_KEPT if verdict is replies.KEPT else Settled(verdict)))
        self._go_on()

    def _go_on(self) -> None:
        """Read again behind an answer that the peer waited for; close if it will say no more."""
        if self._context.status.is_stopping:
            self.stop()
        if self._pauses & PEER_IS_DONE and self._phase not in (_SETTLING, _CHECKING):
            self._close()
        elif not self._is_reading:
            self._update_reading()

    def _pause(self, reason: int) -> None:
        """Read no more, for a reason."""
        self._pauses |= reason
        self._update_reading()

    def _resume(self, reason: int) -> None:
        """Read again, unless there is another reason not to."""
        self._pauses &= ~reason
        self._update_reading()

    def _update_reading(self) -> None:
        reads = is_read(self._phase, self._pauses)
        if reads is self._is_reading or self._transport.is_closing():
            return
        self._is_reading = reads
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
