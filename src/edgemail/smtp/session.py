"""The server's side of an SMTP session (RFC 5321): octets in, outputs out."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from edgemail.smtp import replies
from edgemail.smtp.auth import AuthExchange, Login
from edgemail.smtp.body import DataReader, LfDataReader
from edgemail.smtp.commands import (
    CommandError,
    Verb,
    read_chunk,
    read_common_rcpt,
    read_hello,
    read_mail,
    read_rcpt,
    split_command,
)
from edgemail.smtp.content import MemoryContentStore
from edgemail.smtp.events import Ended, LoginChecked, Secured, Settled
from edgemail.smtp.outputs import (
    COMMANDS_FOLLOW,
    MESSAGE_FOLLOWS,
    START_TLS,
    UNTIL_END_MARK,
    CheckLogin,
    Close,
    ContentBehind,
    ContentFollows,
    Deliver,
    MessageRefused,
    Output,
    Reply,
)
from edgemail.smtp.states import NEXT, REFUSALS, TAKES_CHUNK, WAITS, Move, SessionState
from edgemail.smtp.transaction import Chunk, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import Spool
    from edgemail.smtp.content import Content, ContentStore
    from edgemail.smtp.events import Event
    from edgemail.smtp.gate import Gate
    from edgemail.smtp.rules import SessionRules

LINE_MAX_OCTETS = 2048
"""A longer command line is refused (RFC 5321 section 4.5.3.1.4 asks for 512, extensions for more)."""

LINE_BUFFER_OCTETS = 4096
"""A line that has not ended by then ends the connection."""

CHUNK_MEAN_OCTETS = 32
"""Each chunk must bring this many octets on average, beyond `max_idle_commands` free ones."""

_TLS_HANDSHAKE = b"\x16"
"""The first octet of a ClientHello (RFC 8446): the peer begins with TLS on a port without."""

_COMMANDS = -1
"""What follows, where no message is coming."""

# Looked up with each line: before Python 3.12 an Enum's member takes ten times as long as a name.
_NEW, _DATA, _CHUNKS = SessionState.NEW, SessionState.DATA, SessionState.CHUNKS
_AUTH, _SETTLING, _CLOSED = SessionState.AUTH, SessionState.SETTLING, SessionState.CLOSED
_MAIL_ACCEPTED, _RCPT_ACCEPTED, _DATA_ACCEPTED, _BDAT = Verb.MAIL, Verb.RCPT, Verb.DATA, Verb.BDAT
_MESSAGE_TAKEN, _SETTLED, _CLOSE = Move.MESSAGE_TAKEN, Move.SETTLED, Move.CLOSE
_TAKES_LINES = frozenset({SessionState.READY, SessionState.MAIL, SessionState.NO_RCPT, SessionState.RCPT})
_CHALLENGE, _LET_IN = 334, 235
_MEMORY = MemoryContentStore()
_CR = 13
_BARE_CR = re.compile(rb"\r(?!\n|\Z)")


class Session:
    """The server's side of one connection: `start`, then `receive` and `tell` until `Close`.

    Each call returns what the driver must do, in order.
    """

    __slots__ = (
        "_auth",
        "_buffer",
        "_chunk",
        "_content",
        "_content_store",
        "_errors",
        "_extended",
        "_follows",
        "_gate",
        "_hello",
        "_idle_commands",
        "_is_authenticated",
        "_is_lf_line",
        "_is_secure",
        "_make_nonce",
        "_reader",
        "_rules",
        "_state",
        "_transaction",
        "_transactions",
    )

    def __init__(
        self,
        rules: SessionRules,
        gate: Gate | None = None,
        content_store: ContentStore = _MEMORY,
        make_nonce: Callable[[], str] = secrets.token_hex,
    ) -> None:
        """`make_nonce` returns letters and digits that nobody can guess, others each time."""
        self._rules = rules
        self._gate = gate
        self._content_store = content_store
        self._make_nonce = make_nonce
        self._state = SessionState.NEW
        self._buffer = b""
        self._hello = ""
        self._extended = False
        self._transaction: Transaction | None = None
        self._content: Content | None = None  # takes the octets of the message that is coming in
        self._reader: DataReader | None = None
        self._chunk: Chunk | None = None
        self._auth: AuthExchange | None = None
        self._follows = _COMMANDS  # what the driver was told last, as in `ContentFollows`
        self._is_authenticated = False
        self._is_lf_line = False  # true while a line is obeyed that ended in LF alone
        self._is_secure = False
        self._errors = 0
        self._idle_commands = 0
        self._transactions = 0

    def start(self) -> list[Output]:
        """Return the greeting; call this once, before `receive`."""
        return [Reply.of(220, f"{self._rules.hostname} ESMTP edgemail")]

    def receive(self, octets: bytes) -> list[Output]:
        """Take octets from the peer.

        Never raises on what a peer sends. Any cut of a stream gives the same replies and messages,
        but for two rules about what may be in one packet: behind STARTTLS, and with
        `SessionRules.enforces_sync`. After a `Deliver`, a `CheckLogin` or a `StartTls` the octets are
        kept until the session is told `Settled`, `LoginChecked` or `Secured`: read no more meanwhile.
        """
        state = self._state
        if state in _TAKES_LINES and not self._buffer:
            end = octets.find(b"\n", 0, LINE_MAX_OCTETS)
            # As nearly always: one command, and all of it.
            if 0 < end == len(octets) - 1 and octets[end - 1] == _CR:
                outputs = self._take_line(octets[: end - 1])
                return outputs if self._state in _TAKES_LINES else self._add_hints(outputs)
        elif state is _CLOSED:
            return []
        self._buffer = self._buffer + octets if self._buffer else octets
        return self._advance([])

    def tell(self, event: Event) -> list[Output]:
        """Take an event from the driver; what it was told to do last goes on with the octets that were kept.

        Raises:
            RuntimeError: the event cannot happen now.
        """
        if type(event) is Settled:
            self._move(_SETTLED)
            return self._advance([event.verdict]) if self._buffer else [event.verdict]
        if isinstance(event, LoginChecked):
            outputs = self._end_auth(event.verdict, Move.LOGIN_CHECKED)
            return self._advance(outputs) if self._buffer else outputs
        if isinstance(event, Secured):
            self._move(Move.SECURED)
            self._is_secure = True
            self._hello, self._extended, self._is_authenticated = "", False, False
            self._drop()
            return self._advance([])
        if self._state is _CLOSED:
            return []
        if isinstance(event, Ended):
            return self._close(event.reply)
        return self._close(replies.OK)[1:]

    def _move(self, event: Verb | Move) -> None:
        """Enter the next state: nothing else changes it."""
        try:
            self._state = NEXT[event][self._state]
        except KeyError:
            raise RuntimeError(f"{event!r} cannot happen in the state {self._state.name}") from None

    def _advance(self, outputs: list[Output]) -> list[Output]:
        """Take commands and message octets from the buffer for as long as they are whole."""
        buffer, position, size = self._buffer, 0, len(self._buffer)
        while position < size and (state := self._state) not in WAITS:
            if state is _DATA:
                position += self._take_data(buffer[position:] if position else buffer, outputs)
                continue
            if state in TAKES_CHUNK:
                position += self._take_chunk(buffer, position, outputs)
                continue
            if state is _NEW and buffer.startswith(_TLS_HANDSHAKE, position):
                outputs += self._close(replies.NOT_SMTP)
                break
            end = buffer.find(b"\n", position, position + LINE_BUFFER_OCTETS + 2)
            if end < 0:
                outputs += self._judge_rest(buffer[position : position + LINE_BUFFER_OCTETS + 2])
                break
            if end > position and buffer[end - 1] == _CR:
                outputs += self._take_line(buffer[position : end - 1])
            else:
                outputs += self._take_lf_line(buffer[position:end])
            position = end + 1
            if position < size and self._rules.enforces_sync and outputs and outputs[-1] is replies.GO_AHEAD:
                outputs[-1:] = self._close(replies.NOT_SYNCHRONIZED)
        if position == size or self._state is _CLOSED:
            self._buffer = b""
        else:
            self._buffer = buffer[position:]
            if outputs:
                self._check_followed(outputs)
        if self._state is _SETTLING:  # as nearly always behind a message's octets
            self._follows = _COMMANDS
            return outputs
        return self._add_hints(outputs)

    def _check_followed(self, outputs: list[Output]) -> None:
        """Look at the last output, behind which octets have come already."""
        last = outputs[-1]
        if last is START_TLS:
            # An attacker may have added them, to be obeyed as if they came over TLS (CVE-2011-0411).
            outputs[-2:] = self._close(replies.NOT_BEHIND_STARTTLS)
        elif type(last) is Deliver and not last.is_followed:
            outputs[-1] = Deliver(*last[:-1], is_followed=True)

    def _add_hints(self, outputs: list[Output]) -> list[Output]:
        """Add how the driver should read on, where that has changed with this call."""
        state, content = self._state, self._content
        if state is _DATA:
            if self._follows != UNTIL_END_MARK:
                self._follows = UNTIL_END_MARK
                outputs.append(MESSAGE_FOLLOWS)
        else:
            chunk = self._chunk
            follows = chunk.left_octets if chunk is not None else 0 if state is _CHUNKS else _COMMANDS
            if follows != self._follows:
                self._follows = follows
                if state not in WAITS:
                    outputs.append(COMMANDS_FOLLOW if follows == _COMMANDS else ContentFollows(follows))
        if content is not None and content.is_behind:
            outputs.append(ContentBehind(content))
        return outputs

    def _judge_rest(self, rest: bytes) -> list[Output]:
        """Close on a line without an end that cannot become valid; else wait for more of it."""
        # The quick look comes first: a line may come octet by octet.
        if b"\r" in rest and _BARE_CR.search(rest):
            return self._close(replies.BARE_NEWLINE)
        if len(rest) == LINE_BUFFER_OCTETS + 2:
            return self._close(replies.LINE_TOO_LONG)
        return []

    def _take_line(self, line: bytes) -> list[Output]:
        """Obey one command, without its end."""
        if b"\r" in line:
            return self._close(replies.BARE_NEWLINE)
        state = self._state
        if state is _AUTH:
            return self._take_auth_line(line)
        if len(line) > LINE_MAX_OCTETS:
            return self._answer(replies.LINE_TOO_LONG)
        verb, argument = split_command(line)
        out_of_order = REFUSALS[verb][state]
        if out_of_order is not None and verb is not _BDAT:
            return self._answer(out_of_order)
        try:
            return _OBEY[verb](self, argument)
        except CommandError as error:
            return self._answer(error.reply)

    def _take_lf_line(self, line: bytes) -> list[Output]:
        """Obey one command that ended in LF alone, where the rules take it."""
        if not self._rules.takes_lf_lines:
            return self._close(replies.BARE_NEWLINE)
        self._is_lf_line = True
        outputs = self._take_line(line)
        self._is_lf_line = False
        return outputs

    def _take_data(self, octets: bytes, outputs: list[Output]) -> int:
        """Take octets of a message; return how many of `octets` were its own."""
        reader, transaction, rules = self._reader, self._transaction, self._rules
        if reader is None or transaction is None:
            raise RuntimeError("DATA without a transaction")
        used = reader.feed(octets)
        if reader.size_octets > 2 * rules.max_message_octets:
            outputs += self._refuse_message(transaction, reader.size_octets, self._close(replies.TOO_LARGE))
        elif used is not None:
            outputs += self._end_data(reader, transaction, used < len(octets))
        return len(octets) if used is None else used

    def _end_data(self, reader: DataReader, transaction: Transaction, is_followed: bool) -> list[Output]:
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
            self._move(Move.MESSAGE_REFUSED)
            return self._refuse_message(transaction, reader.size_octets, self._answer(refusal))
        self._move(_MESSAGE_TAKEN)
        return [self._hand_over(transaction, content.finish(), is_followed)]

    def _take_chunk(self, buffer: bytes, position: int, outputs: list[Output]) -> int:
        """Take octets of a chunk; return how many were its own."""
        chunk = self._chunk
        if chunk is None:
            raise RuntimeError("a chunk's octets without BDAT")
        taken = buffer[position : position + chunk.left_octets]
        chunk.left_octets -= len(taken)
        if chunk.refusal is None and self._content is not None:
            self._content.write(taken)
        if not chunk.left_octets:
            outputs += self._end_chunk(chunk)
        return len(taken)

    def _end_chunk(self, chunk: Chunk) -> list[Output]:
        transaction, content, self._chunk = self._transaction, self._content, None
        if chunk.refusal is not None:
            self._move(Move.CHUNK_ENDED)
            answer = self._refuse(chunk.refusal)
            if chunk.dropped is None:
                return answer
            return self._refuse_message(chunk.dropped, chunk.message_octets, answer)
        if transaction is None or content is None:
            raise RuntimeError("a chunk without a transaction")
        if content.is_refused:
            self._drop()
            self._move(Move.MESSAGE_REFUSED)
            return self._refuse_message(transaction, content.size_octets, self._refuse(replies.NO_ROOM))
        if not chunk.is_last:
            self._move(Move.CHUNK_ENDED)
            transaction.chunks += 1
            # Else one-octet chunks, pipelined, would make a command of every nine octets.
            paid = content.size_octets // CHUNK_MEAN_OCTETS
            if transaction.chunks > self._rules.max_idle_commands + paid:
                return self._close(replies.TOO_MANY_COMMANDS)
            return self._answer_idle(replies.CHUNK_OK) if chunk.is_empty else [replies.CHUNK_OK]
        self._move(_MESSAGE_TAKEN)
        self._idle_commands = 0
        return [self._hand_over(transaction, self._detach().finish())]

    def _detach(self) -> Content:
        """End the transaction; return its content."""
        content, self._content = self._content, None
        if content is None:
            raise RuntimeError("a message without content")
        self._transaction = self._reader = None
        return content

    def _drop(self) -> None:
        """End the transaction and discard its content."""
        content, self._content = self._content, None
        if content is not None:
            content.discard()
        self._transaction = self._reader = self._chunk = None

    def _take_auth_line(self, line: bytes) -> list[Output]:
        if self._auth is None:
            raise RuntimeError("an answer without AUTH")
        return self._answer_auth(self._auth.answer(line))

    def _answer_auth(self, answer: Reply | Login) -> list[Output]:
        if isinstance(answer, Login):
            return self._judge_login(answer)
        return self._answer_idle(answer) if answer.code == _CHALLENGE else self._end_auth(answer)

    def _judge_login(self, login: Login) -> list[Output]:
        """Have a login compared; where anyone is let in, only the gate can refuse it."""
        refusal = self._gate.judge_login(login.name) if self._gate is not None else None
        if refusal is None and self._rules.requires_auth:
            self._move(Move.LOGIN_GIVEN)
            return [CheckLogin(login)]
        return self._end_auth(refusal or replies.AUTHENTICATED)

    def _end_auth(self, reply: Reply, event: Move = Move.AUTH_ENDED) -> list[Output]:
        self._move(event)
        self._auth = None
        self._is_authenticated = reply.code == _LET_IN
        self._ask_first()
        return self._refuse(reply)

    def _ask_first(self) -> None:
        """Wait for TLS or a login, where the rules want that before mail and there was none."""
        if self._rules.requires_tls and not self._is_secure:
            self._move(Move.TLS_NEEDED)
        elif self._rules.requires_auth and not self._is_authenticated:
            self._move(Move.LOGIN_NEEDED)

    def _hand_over(self, transaction: Transaction, content: bytes | Spool, is_followed: bool = False) -> Deliver:
        protocol = "UTF8SMTP" if transaction.smtputf8 else "ESMTP" if self._extended else "SMTP"
        if self._is_secure and self._extended:
            protocol += "S"
        if self._is_authenticated and self._extended:
            protocol += "A"
        recipients = tuple(transaction.recipients)
        return Deliver(transaction.sender, recipients, content, self._hello, protocol, is_followed)

    def _obey_helo(self, argument: bytes) -> list[Output]:
        return self._answer_idle(self._greet_back(argument, Verb.HELO))

    def _obey_ehlo(self, argument: bytes) -> list[Output]:
        return self._answer_idle(self._greet_back(argument, Verb.EHLO))

    def _obey_rset(self, argument: bytes) -> list[Output]:
        if argument.strip():
            return self._answer_idle(replies.NO_ARGUMENT)
        self._drop()
        self._move(Verb.RSET)
        return self._answer_idle(replies.OK)

    def _obey_bdat(self, argument: bytes) -> list[Output]:
        try:
            size_octets, is_last = read_chunk(argument)
        except CommandError as error:
            return self._close(error.reply)  # where the next command begins is unknown
        if size_octets > self._rules.max_message_octets:
            return self._close(replies.DECLARED_TOO_LARGE)
        refusal = REFUSALS[_BDAT][self._state]
        dropped, message_octets = None, 0
        if refusal is None:
            refusal = self._judge_chunk(size_octets)
            if refusal is not None:
                if self._content is not None:  # else it is refused before its octets
                    dropped, message_octets = self._transaction, self._content.size_octets + size_octets
                self._drop()
        self._move(_BDAT if refusal is None else Move.CHUNK_REFUSED)
        self._chunk = Chunk(not size_octets, is_last, size_octets, refusal, dropped, message_octets)
        return [] if size_octets else self._end_chunk(self._chunk)

    def _judge_chunk(self, size_octets: int) -> Reply | None:
        """Return why a chunk is refused, if it is; open the content for the first of a message."""
        if self._content is not None:
            is_too_large = self._content.size_octets + size_octets > self._rules.max_message_octets
            return replies.TOO_LARGE if is_too_large else None
        refusal = self._judge_message()
        if refusal is None:
            self._content = self._content_store.open()
        return refusal

    def _obey_auth(self, argument: bytes) -> list[Output]:
        if not self._rules.offers_auth:
            return self._answer_idle(replies.NOT_IMPLEMENTED)
        if self._is_authenticated:
            return self._answer_idle(replies.AUTHENTICATED_ALREADY)
        self._move(Verb.AUTH)
        rules = self._rules
        challenge = f"<{self._make_nonce()}@{rules.hostname}>".encode() if rules.offers_cram_md5 else None
        self._auth = AuthExchange(challenge)
        return self._answer_auth(self._auth.start(argument))

    def _obey_starttls(self, argument: bytes) -> list[Output]:
        if self._is_secure:
            return self._answer_idle(replies.SECURE_ALREADY)
        if not self._rules.offers_tls:
            return self._answer_idle(replies.NOT_IMPLEMENTED)
        if argument.strip():
            return self._answer_idle(replies.NO_ARGUMENT)
        self._move(Verb.STARTTLS)
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
        return self._close(replies.NOT_SMTP, Verb.HTTP)

    def _obey_quit(self, _: bytes) -> list[Output]:
        return self._close(Reply.of(221, f"2.0.0 {self._rules.hostname} closes the connection"), Verb.QUIT)

    def _greet_back(self, argument: bytes, verb: Verb) -> Reply:
        self._hello = read_hello(argument)
        self._extended = verb is Verb.EHLO
        self._drop()
        self._move(verb)
        self._ask_first()
        if not self._extended:
            return Reply.of(250, self._rules.hostname)
        return Reply.of(250, *self._rules.list_offers(is_secure=self._is_secure))

    def _obey_mail(self, argument: bytes) -> list[Output]:
        command = read_mail(argument, extended=self._extended, default_domain=self._rules.default_domain)
        if command.size_octets > self._rules.max_message_octets:
            return self._answer(replies.DECLARED_TOO_LARGE)
        limit = self._rules.max_transactions
        if limit is not None and self._transactions >= limit:
            return self._close(replies.TOO_MANY_TRANSACTIONS)
        if command.size_octets and not self._content_store.has_room(command.size_octets):
            return self._refuse(replies.DECLARED_NO_ROOM)
        if self._gate is not None:
            refusal = self._gate.judge_sender(command.sender)
            if refusal is None and command.size_octets:
                refusal = self._gate.judge_size(command.size_octets)
            if refusal is not None:
                return self._refuse(refusal)
            self._gate.spend_message()
        self._transactions += 1
        self._transaction = Transaction(command.sender, command.smtputf8)
        self._move(_MAIL_ACCEPTED)
        return [replies.SENDER_OK]

    def _obey_rcpt(self, argument: bytes) -> list[Output]:
        transaction, rules = self._transaction, self._rules
        if transaction is None:
            raise RuntimeError("RCPT without a transaction")
        try:
            address = read_common_rcpt(argument) or read_rcpt(
                argument,
                smtputf8=transaction.smtputf8,
                postmaster_domain=rules.postmaster_domain,
                extended=self._extended,
                default_domain=rules.default_domain,
            )
        except CommandError:
            self._move(Move.RCPT_REFUSED)
            raise
        if not rules.takes(address.domain):
            self._move(Move.RCPT_REFUSED)
            return self._answer(replies.NOT_OUR_DOMAIN)
        inbox = address.inbox
        if inbox in transaction.recipients:
            return self._answer_idle(replies.RECIPIENT_OK)
        if len(transaction.recipients) >= rules.max_recipients:
            self._move(Move.RCPT_REFUSED)
            return self._answer_idle(replies.TOO_MANY_RECIPIENTS)
        refusal = self._gate.judge_recipient(transaction.sender, inbox) if self._gate else None
        if refusal is not None:
            self._move(Move.RCPT_REFUSED)
            return self._refuse(refusal)
        transaction.recipients[inbox] = None
        self._move(_RCPT_ACCEPTED)
        return [replies.RECIPIENT_OK]

    def _obey_data(self, argument: bytes) -> list[Output]:
        if argument.strip():
            return self._answer(replies.NO_ARGUMENT)
        refusal = self._judge_message()
        if refusal is not None:
            self._transaction = None
            self._move(Move.MESSAGE_REFUSED)
            return self._refuse(refusal)
        rules, self._content = self._rules, self._content_store.open()
        reader = LfDataReader if self._is_lf_line else DataReader
        self._reader = reader(self._content, rules.max_message_octets, refuses_bare=rules.refuses_bare_newlines)
        self._move(_DATA_ACCEPTED)
        return [replies.GO_AHEAD]

    def _judge_message(self) -> Reply | None:
        if self._gate is None or self._transaction is None:
            return None
        return self._gate.judge_message(self._transaction.sender, self._transaction.recipients)

    def _refuse(self, reply: Reply) -> list[Output]:
        """Answer with a refusal; a 421 also closes."""
        return self._close(reply) if reply.code == 421 else self._answer_idle(reply)

    def _refuse_message(self, transaction: Transaction, size_octets: int, answer: list[Output]) -> list[Output]:
        """Put a line for the log before the `answer` that refuses a message."""
        reply = answer[0]
        if isinstance(reply, Reply):
            recipients = tuple(transaction.recipients)
            answer.insert(0, MessageRefused(transaction.sender, recipients, size_octets, self._hello, reply))
        return answer

    def _answer(self, reply: Reply) -> list[Output]:
        """Answer; close at `max_errors` refusals, since a scanner does not stop by itself."""
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

    def _close(self, reply: Reply, event: Verb | Move = _CLOSE) -> list[Output]:
        self._move(event)
        self._drop()
        self._auth, self._buffer = None, b""
        return [reply, Close(self._hello)]


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
