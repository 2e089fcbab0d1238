"""The SMTP state machine of one connection (RFC 5321): octets in, outputs out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgemail.smtp import replies
from edgemail.smtp.auth import AuthExchange
from edgemail.smtp.body import DataReader
from edgemail.smtp.commands import (
    CommandError,
    Verb,
    read_chunk,
    read_hello,
    read_mail,
    read_rcpt,
    split_command,
)
from edgemail.smtp.content import MemoryContentStore
from edgemail.smtp.order import CHUNK_ORDER, IS_DEAF, ORDER, SessionState
from edgemail.smtp.outputs import CLOSE, START_TLS, Deliver, MessageRefused, Output, Reply
from edgemail.smtp.transaction import Chunk, Transaction

if TYPE_CHECKING:
    from edgemail.model import Spool
    from edgemail.smtp.content import Content, ContentStore
    from edgemail.smtp.gate import Gate
    from edgemail.smtp.rules import SessionRules

LINE_MAX_OCTETS = 2048
"""A longer command line is refused; RFC 5321 section 4.5.3.1.4 asks for 512 and extensions add to it."""

LINE_BUFFER_OCTETS = 4096
"""A line that has not ended by then ends the connection."""

CHUNK_MEAN_OCTETS = 32
"""So many octets of a message pay for a BDAT; beyond that a few more are free, as commands without mail are."""

_TLS_HANDSHAKE = b"\x16"
"""What a ClientHello begins with: a peer that would wait for our answer in TLS, on the port without (RFC 8446)."""

# Asked for with each line; before Python 3.12 to get at a member of an Enum takes ten times as long as a name.
_NEW, _READY, _MAIL, _RCPT = SessionState.NEW, SessionState.READY, SessionState.MAIL, SessionState.RCPT
_DATA, _CHUNK, _AUTH, _SETTLING, _CLOSED = (
    SessionState.DATA,
    SessionState.CHUNK,
    SessionState.AUTH,
    SessionState.SETTLING,
    SessionState.CLOSED,
)
_TAKES_LINES = frozenset({_READY, _MAIL, _RCPT})
_MEMORY = MemoryContentStore()
_BARE_NEWLINE = re.compile(rb"\r(?!\n|\Z)|(?<!\r)\n")


class Session:
    """One connection's dialogue, from the greeting to the end."""

    __slots__ = (
        "_auth",
        "_buffer",
        "_chunk",
        "_errors",
        "_extended",
        "_gate",
        "_hello",
        "_idle_commands",
        "_is_authenticated",
        "_is_secure",
        "_reader",
        "_room",
        "_rules",
        "_transaction",
        "_transactions",
        "content",
        "refused",
        "state",
    )

    def __init__(self, rules: SessionRules, gate: Gate | None = None, room: ContentStore = _MEMORY) -> None:
        self._rules = rules
        self._gate = gate
        self._room = room
        self.content: Content | None = None  # what takes the octets of the message under way
        self.state = SessionState.NEW
        self.refused: list[MessageRefused] = []  # the driver empties it whenever it has done what it was told
        self._buffer = b""
        self._hello = ""
        self._extended = False
        self._transaction: Transaction | None = None
        self._reader: DataReader | None = None
        self._chunk: Chunk | None = None
        self._auth: AuthExchange | None = None
        self._is_authenticated = False
        self._is_secure = False
        self._errors = 0
        self._idle_commands = 0
        self._transactions = 0

    def greet(self) -> list[Output]:
        """Return the greeting; send it once, before anything else."""
        return [Reply.of(220, f"{self._rules.hostname} ESMTP edgemail")]

    def feed(self, data: bytes) -> list[Output]:
        """Take octets from the peer; return what to do, in order.

        Never raises on what a peer sends, and any cut of a stream gives the same outputs, but for two rules about
        what may be in one packet: behind STARTTLS, and with `SessionRules.enforces_sync`. A `Deliver` is always
        last: `settle` it before going on. Octets that come before that are kept, so stop reading meanwhile; the
        same goes for `StartTls` and `secure`.
        """
        state = self.state
        if state in _TAKES_LINES and not self._buffer:
            end = data.find(b"\r\n", 0, LINE_MAX_OCTETS)
            if 0 <= end == len(data) - 2:  # as nearly always: one command, and all of it
                return self._take_line(data[:end])
        elif state is _CLOSED:
            return []
        self._buffer = self._buffer + data if self._buffer else data
        return self._advance([])

    def settle(self, verdict: Reply) -> list[Output]:
        """Answer the open `Deliver`, then go on with what was pipelined behind it.

        Raises:
            RuntimeError: no `Deliver` is open.
        """
        if self.state is not _SETTLING:
            raise RuntimeError("settle() without an open Deliver")
        self.state = _READY
        return self._advance([verdict]) if self._buffer else [verdict]

    def secure(self) -> list[Output]:
        """Go on over TLS, with what came over it already: what was said before is forgotten (RFC 3207 section 4.2).

        Call it before anything else where the connection is secure from its beginning.
        """
        self._is_secure = True
        self._hello, self._extended, self._is_authenticated = "", False, False
        self._drop()
        self.state = SessionState.NEW
        return self._advance([])

    def end(self, reply: Reply) -> list[Output]:
        """Say `reply` and close: a time ran out, or the server stops. An open message is dropped."""
        if self.state is SessionState.CLOSED:
            return []
        return self._close(reply)

    @property
    def hello(self) -> str:
        """The peer's own name for itself; empty where it has not said any."""
        return self._hello

    @property
    def waiting_octets(self) -> int:
        """How many octets wait for `settle` or `secure`, or for the rest of a line."""
        return len(self._buffer)

    @property
    def chunk_octets(self) -> int:
        """How many octets are still to come of a chunk, and so are sure to be a message's."""
        return 0 if self._chunk is None else self._chunk.left_octets

    def abandon(self) -> None:
        """End without a word, as nobody is there any more. An open message is dropped."""
        self._close(replies.OK)

    def _advance(self, outputs: list[Output]) -> list[Output]:
        """Take commands and message octets from the buffer for as long as they are whole."""
        buffer, position, size = self._buffer, 0, len(self._buffer)
        while position < size and (state := self.state) not in IS_DEAF:
            if state is _DATA:
                position += self._take_data(buffer[position:] if position else buffer, outputs)
                continue
            if state is _CHUNK:
                position += self._take_chunk(buffer, position, outputs)
                continue
            if state is _NEW and buffer.startswith(_TLS_HANDSHAKE, position):
                outputs += self._close(replies.NOT_SMTP)
                break
            end = buffer.find(b"\r\n", position, position + LINE_BUFFER_OCTETS + 2)
            if end < 0:
                outputs += self._judge_rest(buffer[position : position + LINE_BUFFER_OCTETS + 2])
                break
            outputs += self._take_line(buffer[position:end])
            position = end + 2
            if position < size and self._rules.enforces_sync and outputs and outputs[-1] is replies.GO_AHEAD:
                outputs[-1:] = self._close(replies.NOT_SYNCHRONIZED)
        if position == size:
            self._buffer = b""
            return outputs
        if outputs and outputs[-1] is START_TLS:
            # Put there on the way, to be obeyed as if it had come over TLS (CVE-2011-0411).
            outputs[-2:] = self._close(replies.NOT_BEHIND_STARTTLS)
        self._buffer = buffer[position:] if self.state is not _CLOSED else b""
        return outputs

    def _judge_rest(self, rest: bytes) -> list[Output]:
        """Close where a line that has not ended can come to nothing good; else wait for more of it."""
        # Looked for first, as it is quick: a line may come octet by octet.
        if (b"\n" in rest or b"\r" in rest) and _BARE_NEWLINE.search(rest):
            return self._close(replies.BARE_NEWLINE)
        if len(rest) == LINE_BUFFER_OCTETS + 2:
            return self._close(replies.LINE_TOO_LONG)
        return []

    def _take_line(self, line: bytes) -> list[Output]:
        """Obey one command, without its CRLF."""
        if b"\r" in line or b"\n" in line:
            return self._close(replies.BARE_NEWLINE)
        state = self.state
        if state is _AUTH:
            return self._take_auth_line(line)
        if len(line) > LINE_MAX_OCTETS:
            return self._answer(replies.LINE_TOO_LONG)
        verb, argument = split_command(line)
        out_of_order = ORDER[verb][state]
        if out_of_order is not None:
            return self._answer(self._explain(out_of_order))
        try:
            return _OBEY[verb](self, argument)
        except CommandError as error:
            return self._answer(error.reply)

    def _take_data(self, octets: bytes, outputs: list[Output]) -> int:
        """Take a message's octets; return how many of them."""
        reader, transaction, rules = self._reader, self._transaction, self._rules
        if reader is None or transaction is None:
            raise RuntimeError("DATA without a transaction")
        used = reader.feed(octets)
        if reader.size_octets > 2 * rules.max_message_octets:
            outputs += self._refuse_message(transaction, reader.size_octets, self._close(replies.TOO_LARGE))
        elif used is not None:
            outputs += self._end_data(reader, transaction)
        return len(octets) if used is None else used

    def _end_data(self, reader: DataReader, transaction: Transaction) -> list[Output]:
        content = self._detach()
        self._idle_commands = 0
        refusal = None
        if reader.is_too_large:
            refusal = replies.TOO_LARGE
        elif reader.has_bare_newline:
            refusal = replies.BARE_NEWLINES
        elif content.is_refused:
            refusal = replies.NO_ROOM
        if refusal is not None:
            content.discard()
            self.state = SessionState.READY
            return self._refuse_message(transaction, reader.size_octets, self._answer(refusal))
        self.state = SessionState.SETTLING
        return [self._hand_over(transaction, content.finish())]

    def _take_chunk(self, buffer: bytes, position: int, outputs: list[Output]) -> int:
        """Take a chunk's octets; return how many of them."""
        chunk = self._chunk
        if chunk is None:
            raise RuntimeError("a chunk's octets without BDAT")
        taken = buffer[position : position + chunk.left_octets]
        chunk.left_octets -= len(taken)
        if chunk.refusal is None and self.content is not None:
            self.content.write(taken)
        if not chunk.left_octets:
            outputs += self._end_chunk(chunk)
        return len(taken)

    def _end_chunk(self, chunk: Chunk) -> list[Output]:
        transaction, self._chunk = self._transaction, None
        if chunk.refusal is not None or transaction is None or self.content is None:
            self.state = chunk.state_after
            answer = self._refuse(chunk.refusal or replies.MAIL_FIRST)
            if chunk.dropped is None:
                return answer
            return self._refuse_message(chunk.dropped, chunk.message_octets, answer)
        if self.content.is_refused:
            size_octets = self.content.size_octets
            self._drop()
            self.state = SessionState.READY
            return self._refuse_message(transaction, size_octets, self._refuse(replies.NO_ROOM))
        if not chunk.is_last:
            self.state = SessionState.CHUNKS
            transaction.chunks += 1
            # An octet a chunk, pipelined, would make a command of every nine octets.
            paid = self.content.size_octets // CHUNK_MEAN_OCTETS
            if transaction.chunks > self._rules.max_idle_commands + paid:
                return self._close(replies.TOO_MANY_COMMANDS)
            return self._answer_idle(replies.CHUNK_OK) if chunk.is_empty else [replies.CHUNK_OK]
        self.state = SessionState.SETTLING
        self._idle_commands = 0
        return [self._hand_over(transaction, self._detach().finish())]

    def _detach(self) -> Content:
        """End the transaction, but for what came of its message."""
        content, self.content = self.content, None
        if content is None:
            raise RuntimeError("a message without content")
        self._transaction = self._reader = None
        return content

    def _drop(self) -> None:
        """End the transaction, and let go of what came of its message."""
        content, self.content = self.content, None
        if content is not None:
            content.discard()
        self._transaction = self._reader = self._chunk = None

    def _take_auth_line(self, line: bytes) -> list[Output]:
        if self._auth is None:
            raise RuntimeError("an answer without AUTH")
        return self._go_on_with_auth(self._auth.answer(line))

    def _go_on_with_auth(self, reply: Reply) -> list[Output]:
        self.state = SessionState.AUTH if reply.code == 334 else SessionState.READY
        self._is_authenticated = reply is replies.AUTHENTICATED
        return self._answer_idle(reply)

    def _explain(self, out_of_order: Reply) -> Reply:
        """Say more where recipients were named and none was taken."""
        if out_of_order is replies.RCPT_FIRST and self._transaction and self._transaction.has_rcpt:
            return replies.NO_RECIPIENTS
        return out_of_order

    def _hand_over(self, transaction: Transaction, content: bytes | Spool) -> Deliver:
        protocol = "UTF8SMTP" if transaction.smtputf8 else "ESMTP" if self._extended else "SMTP"
        if self._is_secure and self._extended:
            protocol += "S"
        if self._is_authenticated and self._extended:
            protocol += "A"
        return Deliver(transaction.sender, tuple(transaction.recipients), content, self._hello, protocol)

    def _obey_helo(self, argument: bytes) -> list[Output]:
        return self._answer_idle(self._greet_back(argument, extended=False))

    def _obey_ehlo(self, argument: bytes) -> list[Output]:
        return self._answer_idle(self._greet_back(argument, extended=True))

    def _obey_rset(self, argument: bytes) -> list[Output]:
        if argument.strip():
            return self._answer_idle(replies.NO_ARGUMENT)
        self._drop()
        if self.state is not SessionState.NEW:
            self.state = SessionState.READY
        return self._answer_idle(replies.OK)

    def _obey_bdat(self, argument: bytes) -> list[Output]:
        try:
            size_octets, is_last = read_chunk(argument)
        except CommandError as error:
            return self._close(error.reply)  # where the next command begins is anyone's guess
        if size_octets > self._rules.max_message_octets:
            return self._close(replies.DECLARED_TOO_LARGE)
        refusal = CHUNK_ORDER[self.state]
        state_after = self.state
        dropped, message_octets = None, 0
        if refusal is not None:
            refusal = self._explain(refusal)
        else:
            refusal = self._judge_chunk(size_octets)
            if refusal is not None:
                if self.content is not None:  # else it is refused before its octets
                    dropped, message_octets = self._transaction, self.content.size_octets + size_octets
                self._drop()
                state_after = SessionState.READY
        self._chunk = Chunk(not size_octets, is_last, size_octets, refusal, state_after, dropped, message_octets)
        self.state = SessionState.CHUNK
        return [] if size_octets else self._end_chunk(self._chunk)

    def _judge_chunk(self, size_octets: int) -> Reply | None:
        """Say why a chunk is refused; make room where it is a message's first."""
        if self.content is not None:
            is_too_large = self.content.size_octets + size_octets > self._rules.max_message_octets
            return replies.TOO_LARGE if is_too_large else None
        refusal = self._judge_message()
        if refusal is None:
            self.content = self._room.open()
        return refusal

    def _obey_auth(self, argument: bytes) -> list[Output]:
        if not self._rules.offers_auth:
            return self._answer_idle(replies.NOT_IMPLEMENTED)
        if self._is_authenticated:
            return self._answer_idle(replies.AUTHENTICATED_ALREADY)
        self._auth = AuthExchange()
        return self._go_on_with_auth(self._auth.start(argument))

    def _obey_starttls(self, argument: bytes) -> list[Output]:
        if self._is_secure:
            return self._answer_idle(replies.SECURE_ALREADY)
        if not self._rules.offers_tls:
            return self._answer_idle(replies.NOT_IMPLEMENTED)
        if argument.strip():
            return self._answer_idle(replies.NO_ARGUMENT)
        self.state = SessionState.SECURING
        return [replies.START_TLS, START_TLS]

    def _obey_noop(self, _: bytes) -> list[Output]:
        return self._answer_idle(replies.OK)

    def _obey_help(self, _: bytes) -> list[Output]:
        return self._answer_idle(replies.HELP)

    def _obey_vrfy(self, _: bytes) -> list[Output]:
        return self._answer_idle(replies.NOT_VERIFIED)

    def _obey_expn(self, _: bytes) -> list[Output]:
        return self._answer_idle(replies.NOT_IMPLEMENTED)

    def _obey_unknown(self, _: bytes) -> list[Output]:
        return self._answer_idle(replies.UNKNOWN_COMMAND)

    def _obey_http(self, _: bytes) -> list[Output]:
        return self._close(replies.NOT_SMTP)

    def _obey_quit(self, _: bytes) -> list[Output]:
        return self._close(Reply.of(221, f"2.0.0 {self._rules.hostname} closes the connection"))

    def _greet_back(self, argument: bytes, *, extended: bool) -> Reply:
        self._hello = read_hello(argument)
        self._extended = extended
        self._drop()
        self.state = SessionState.READY
        if not extended:
            return Reply.of(250, self._rules.hostname)
        return Reply.of(250, *self._rules.list_offers(is_secure=self._is_secure))

    def _obey_mail(self, argument: bytes) -> list[Output]:
        command = read_mail(argument, extended=self._extended, auth=self._rules.offers_auth)
        if command.size_octets > self._rules.max_message_octets:
            return self._answer(replies.DECLARED_TOO_LARGE)
        limit = self._rules.max_transactions
        if limit is not None and self._transactions >= limit:
            return self._close(replies.TOO_MANY_TRANSACTIONS)
        if command.size_octets and not self._room.has_room(command.size_octets):
            return self._refuse(replies.DECLARED_NO_ROOM)
        refusal = self._gate.judge_sender(command.sender) if self._gate else None
        if refusal is not None:
            return self._refuse(refusal)
        self._transactions += 1
        self._transaction = Transaction(command.sender, command.smtputf8)
        self.state = SessionState.MAIL
        return [replies.SENDER_OK]

    def _obey_rcpt(self, argument: bytes) -> list[Output]:
        transaction, rules = self._transaction, self._rules
        if transaction is None:
            raise RuntimeError("RCPT without a transaction")
        transaction.has_rcpt = True
        postmaster_domain = rules.domains[0] if rules.domains else rules.hostname
        address = read_rcpt(argument, smtputf8=transaction.smtputf8, postmaster_domain=postmaster_domain)
        if not rules.takes(address.domain):
            return self._answer(replies.NOT_OUR_DOMAIN)
        inbox = address.inbox
        if inbox in transaction.recipients:
            return self._answer_idle(replies.RECIPIENT_OK)
        if len(transaction.recipients) >= rules.max_recipients:
            return self._answer_idle(replies.TOO_MANY_RECIPIENTS)
        refusal = self._gate.judge_recipient(transaction.sender, inbox) if self._gate else None
        if refusal is not None:
            return self._refuse(refusal)
        transaction.recipients[inbox] = None
        self.state = SessionState.RCPT
        return [replies.RECIPIENT_OK]

    def _obey_data(self, argument: bytes) -> list[Output]:
        if argument.strip():
            return self._answer(replies.NO_ARGUMENT)
        refusal = self._judge_message()
        if refusal is not None:
            self._transaction, self.state = None, SessionState.READY
            return self._refuse(refusal)
        rules, self.content = self._rules, self._room.open()
        self._reader = DataReader(self.content, rules.max_message_octets, refuses_bare=rules.refuses_bare_newlines)
        self.state = SessionState.DATA
        return [replies.GO_AHEAD]

    def _judge_message(self) -> Reply | None:
        if self._gate is None or self._transaction is None:
            return None
        return self._gate.judge_message(self._transaction.sender, self._transaction.recipients)

    def _refuse(self, reply: Reply) -> list[Output]:
        """Answer with a refusal that may also be a farewell."""
        return self._close(reply) if reply.code == 421 else self._answer_idle(reply)

    def _refuse_message(self, transaction: Transaction, size_octets: int, answer: list[Output]) -> list[Output]:
        """Note that `answer` refuses a message that has come."""
        reply = answer[0]
        if isinstance(reply, Reply):
            recipients = tuple(transaction.recipients)
            self.refused.append(MessageRefused(transaction.sender, recipients, size_octets, self._hello, reply))
        return answer

    def _answer(self, reply: Reply) -> list[Output]:
        """Answer; after so many refusals the next one is the last, as scanners stop at nothing else."""
        if reply.is_refusal:
            self._errors += 1
            if self._errors >= self._rules.max_errors:
                return self._close(replies.TOO_MANY_ERRORS)
        return [reply]

    def _answer_idle(self, reply: Reply) -> list[Output]:
        self._idle_commands += 1
        if self._idle_commands > self._rules.max_idle_commands:
            return self._close(replies.TOO_MANY_COMMANDS)
        return self._answer(reply)

    def _close(self, reply: Reply) -> list[Output]:
        self.state = SessionState.CLOSED
        self._drop()
        self._auth, self._buffer = None, b""
        return [reply, CLOSE]


_OBEY = {
    Verb.HELO: Session._obey_helo,
    Verb.EHLO: Session._obey_ehlo,
    Verb.MAIL: Session._obey_mail,
    Verb.RCPT: Session._obey_rcpt,
    Verb.DATA: Session._obey_data,
    Verb.BDAT: Session._obey_bdat,
    Verb.RSET: Session._obey_rset,
    Verb.NOOP: Session._obey_noop,
    Verb.VRFY: Session._obey_vrfy,
    Verb.EXPN: Session._obey_expn,
    Verb.HELP: Session._obey_help,
    Verb.QUIT: Session._obey_quit,
    Verb.AUTH: Session._obey_auth,
    Verb.STARTTLS: Session._obey_starttls,
    Verb.HTTP: Session._obey_http,
    Verb.UNKNOWN: Session._obey_unknown,
}
