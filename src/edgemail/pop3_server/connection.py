"""One peer's connection: does what its session says, and tells it what came of that."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from edgemail.errors import (
    MessageNotFound,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from edgemail.pop3 import replies
from edgemail.pop3.events import (
    Fetched,
    FetchFailed,
    InboxOpened,
    LoginRefused,
    Piece,
    Removed,
    SessionEnded,
    TlsBegun,
)
from edgemail.pop3.outputs import BeginTls, Fetch, HangUp, OpenInbox, Pop3Reply, Remove
from edgemail.pop3.session import Pop3Session
from edgemail.pop3.snapshot import Snapshot
from edgemail.pop3.states import Pop3State
from edgemail.pop3_server.doorkeeper import Admitted
from edgemail.pop3_server.peer_stream import PeerLostError, PeerTooSlowError
from edgemail.pop3_server.recorder import SessionTally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.model import MailId
    from edgemail.pop3.outputs import Pop3Output
    from edgemail.pop3_server.context import Pop3Context
    from edgemail.pop3_server.peer_stream import PeerStream

_log = logging.getLogger(__name__)

_SLICE_OCTETS: Final = 16 * 1024
"""How much of a message is written at a time."""


class Pop3Connection:
    """Serves one peer from its greeting to its end."""

    def __init__(
        self, context: Pop3Context, stream: PeerStream, ip: IPv4Address | IPv6Address, *, is_tls: bool
    ) -> None:
        """`is_tls` is true if the connection is secure from its beginning."""
        self._context = context
        self._stream = stream
        self._ip = ip
        self._session = Pop3Session(context.rules)
        if is_tls:
            context.recorder.begin_tls()
            self._session.tell(TlsBegun())
        self._pieces: AsyncGenerator[bytes, None] | None = None
        self._ending: Pop3Reply | None = None
        self.tally = SessionTally(str(ip))
        """What the session did so far."""
        self._login_deadline = asyncio.get_running_loop().time() + context.settings.login_timeout_s

    def end(self, reply: Pop3Reply) -> None:
        """End the session before its next command, with a reply."""
        self._ending = reply
        self._stream.wake()

    def abort(self) -> None:
        """Drop the connection."""
        self._stream.abort()

    async def serve(self) -> None:
        """Serve the peer; return once the connection is gone."""
        context = self._context
        try:
            await self._talk()
            await self._stream.close(context.linger_s)
        except PeerLostError as error:
            _log.debug("a POP3 connection with %s ended: %s", self._ip, error)
        except PeerTooSlowError:
            context.recorder.refuse(self.tally, replies.TOO_SLOW)
            self._stream.abort()
        except Exception:  # one broken connection must not end the others
            _log.exception("a POP3 connection is broken")
            self._stream.abort()
        finally:
            if self._pieces is not None:
                await self._pieces.aclose()
        await self._stream.wait_closed(context.last_words_s)

    async def _talk(self) -> None:
        """Do what the session says, to its end."""
        session = self._session
        session.start()
        while True:
            output = session.take_output()
            if output is None:
                if session.is_fetching:
                    await self._read_piece()
                elif not await self._receive():
                    return
            elif isinstance(output, HangUp):
                return
            else:
                await self._do(output)

    async def _do(self, output: Pop3Output) -> None:
        match output:
            case Pop3Reply():
                await self._write(output)
            case OpenInbox():
                self._session.tell(await self._open_inbox(output))
            case Fetch():
                self._pieces = self._read_slices(output.mail_id)
            case Remove():
                self._session.tell(await self._remove(output))
            case BeginTls():
                await self._begin_tls()

    async def _receive(self) -> bool:
        """Hand what the peer says to the session; return False if it says no more."""
        loop, session, settings = asyncio.get_running_loop(), self._session, self._context.settings
        if self._ending is None:
            deadline = loop.time() + settings.idle_timeout_s if session.is_logged_in else self._login_deadline
            try:
                octets = await self._stream.read(deadline)
            except TimeoutError:
                self._ending = replies.TIMED_OUT
            else:
                if octets is None:
                    return False
                session.receive(octets)
        if self._ending is not None:
            session.tell(SessionEnded(self._ending))
        return True

    async def _write(self, reply: Pop3Reply) -> None:
        if reply.reason:
            self._context.recorder.refuse(self.tally, reply)
        if self._session.state is Pop3State.SECURING:
            self._stream.pause()  # what comes behind the reply is the handshake
        await self._stream.write(reply.octets)
        self.tally.octets += len(reply.octets)

    async def _begin_tls(self) -> None:
        context, session = self._context, self._session
        if context.certificate is None:
            raise RuntimeError("TLS without a certificate")
        octets = self._stream.take()
        session.receive(octets)
        if not octets:
            await self._stream.start_tls(context.certificate, context.tls_timeout_s)
            context.recorder.begin_tls()
        session.tell(TlsBegun())  # which ends the session if octets came

    async def _open_inbox(self, login: OpenInbox) -> InboxOpened | LoginRefused:
        context = self._context
        verdict = await context.doorkeeper.judge(login, self._ip)
        if not isinstance(verdict, Admitted):
            return LoginRefused(verdict)
        try:
            async with aclosing(context.inbox.outline(login.inbox, limit=context.max_messages)) as outline:
                listed = [(mail.id, mail.size, round(mail.date.timestamp() * 1000)) async for mail in outline]
        except StoreUnavailable:
            return LoginRefused(replies.STORE_DOWN)
        if not listed and not verdict.is_operator:
            context.doorkeeper.note_empty(self._ip, login.inbox)
        context.recorder.log_in(self.tally, login.inbox)
        return InboxOpened(Snapshot(reversed(listed)), context.allows_deletion(verdict))

    async def _read_slices(self, mail_id: MailId) -> AsyncGenerator[bytes, None]:
        _, pieces = await self._context.inbox.read_raw(mail_id, self._session.inbox)
        async for piece in pieces:
            for start in range(0, len(piece), _SLICE_OCTETS):
                yield piece[start : start + _SLICE_OCTETS]
                await asyncio.sleep(0)  # the store may give pieces without a wait, and others wait for their turn

    async def _read_piece(self) -> None:
        """Read the next piece of the message that the session fetches."""
        session, pieces = self._session, self._pieces
        if pieces is None:
            raise RuntimeError("no message is being read")
        try:
            session.tell(Piece(await anext(pieces)))
        except StopAsyncIteration:
            session.tell(Fetched())
            self._context.recorder.send(self.tally)
        except MessageNotFound:
            session.tell(FetchFailed(replies.IS_GONE))
        except StoreUnavailable:
            session.tell(FetchFailed(replies.CANNOT_READ))
        if not session.is_fetching:
            self._pieces = None
            await pieces.aclose()

    async def _remove(self, output: Remove) -> Removed:
        """Take messages out of the inbox; those that are gone already are no failures."""
        inbox, done, deleted = self._context.inbox, 0, 0
        try:
            for mail_id in output.mail_ids:
                try:
                    await inbox.delete_from(self._session.inbox, mail_id)
                    deleted += 1
                except MessageNotFound:
                    pass
                done += 1
        except (StoreUnavailable, StoreFull, StoreReadOnly) as error:
            _log.warning("messages could not be deleted by POP3: %s", error)
        self._context.recorder.delete(self.tally, deleted)
        return Removed(len(output.mail_ids) - done)
