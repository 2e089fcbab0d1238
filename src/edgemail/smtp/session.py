"""The SMTP state machine of one connection (RFC 5321): octets in, outputs out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import TYPE_CHECKING

from edgemail.smtp import replies
from edgemail.smtp.body import DataReader
from edgemail.smtp.commands import CommandError, Verb, read_hello, read_mail, read_rcpt, split_command
from edgemail.smtp.outputs import CLOSE, Deliver, Output, Reply

if TYPE_CHECKING:
    from edgemail.model import Address

LINE_MAX_OCTETS = 2048
"""A longer command line is refused; RFC 5321 section 4.5.3.1.4 asks for 512 and extensions add to it."""

LINE_BUFFER_OCTETS = 4096
"""A line that has not ended by then ends the connection."""

_BARE_NEWLINE = re.compile(rb"\r(?!\n|\Z)|(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a server takes. `domains` are lower-case, with their subdomains; none means every domain."""

    hostname: str
    domains: tuple[str, ...] = ()
    max_message_octets: int = 26_214_400
    max_recipients: int = 100
    max_errors: int = 10
    max_idle_commands: int = 100
    max_transactions: int | None = 200


class State(IntEnum):
    """Where a connection stands. An IntEnum, since an Enum's hash is computed by Python code each time."""

    NEW = auto()
    """Greeted, but the peer has not said its name."""
    READY = auto()
    MAIL = auto()
    """A transaction is open and has no accepted recipient."""
    RCPT = auto()
    """A transaction is open and has one."""
    DATA = auto()
    """The octets are a message's."""
    SETTLING = auto()
    """A `Deliver` waits for `settle`; octets wait too."""
    CLOSED = auto()


_DEAF = (State.SETTLING, State.CLOSED)

_ANYWHERE: dict[State, Reply | None] = dict.fromkeys((State.NEW, State.READY, State.MAIL, State.RCPT))

# Which reply a verb gets where it is out of order; None where it is welcome (RFC 5321 section 4.1.4).
_ORDER: dict[Verb, dict[State, Reply | None]] = dict.fromkeys(Verb, _ANYWHERE)
_ORDER[Verb.MAIL] = {
    State.NEW: replies.HELLO_FIRST,
    State.READY: None,
    State.MAIL: replies.MAIL_TWICE,
    State.RCPT: replies.MAIL_TWICE,
}
_ORDER[Verb.RCPT] = {
    State.NEW: replies.HELLO_FIRST,
    State.READY: replies.MAIL_FIRST,
    State.MAIL: None,
    State.RCPT: None,
}
_ORDER[Verb.DATA] = {
    State.NEW: replies.HELLO_FIRST,
    State.READY: replies.MAIL_FIRST,
    State.MAIL: replies.RCPT_FIRST,
    State.RCPT: None,
}


@dataclass(slots=True)
class _Transaction:
    """RFC 5321 section 3.3: a sender, then recipients, each inbox once and in order."""

    sender: Address | None
    smtputf8: bool
    recipients: dict[str, None] = field(default_factory=dict)
    has_rcpt: bool = False
    """Whether a recipient was named, taken or not."""


class Session:
    """One connection's dialogue, from the greeting to the end."""

    __slots__ = (
        "_buffer",
        "_errors",
        "_extended",
        "_hello",
        "_idle_commands",
        "_reader",
        "_rules",
        "_transaction",
        "_transactions",
        "state",
    )

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.state = State.NEW
        self._buffer = b""
        self._hello = ""
        self._extended = False
        self._transaction: _Transaction | None = None
        self._reader: DataReader | None = None
        self._errors = 0
        self._idle_commands = 0
        self._transactions = 0

    def greet(self) -> list[Output]:
        """Return the greeting; send it once, before anything else."""
        return [Reply.of(220, f"{self._rules.hostname} ESMTP edgemail")]

    def feed(self, data: bytes) -> list[Output]:
        """Take octets from the peer; return what to do, in order.

        Never raises on what a peer sends, and any cut of a stream gives the same outputs. A `Deliver` is always
        last: `settle` it before going on. Octets that come before that are kept, so stop reading meanwhile.
        """
        if self.state is State.CLOSED:
            return []
        self._buffer = self._buffer + data if self._buffer else data
        return self._advance([])

    def settle(self, verdict: Reply) -> list[Output]:
        """Answer the open `Deliver`, then go on with what was pipelined behind it.

        Raises:
            RuntimeError: no `Deliver` is open.
        """
        if self.state is not State.SETTLING:
            raise RuntimeError("settle() without an open Deliver")
        self.state = State.READY
        return self._advance([verdict])

    def end(self, reply: Reply) -> list[Output]:
        """Say `reply` and close: a time ran out, or the server stops. An open message is dropped."""
        if self.state is State.CLOSED:
            return []
        return self._close(reply)

    def _advance(self, outputs: list[Output]) -> list[Output]:
        """Take commands and message octets from the buffer for as long as they are whole."""
        buffer, position = self._buffer, 0
        while position < len(buffer) and self.state not in _DEAF:
            if self.state is State.DATA:
                position += self._take_data(buffer[position:] if position else buffer, outputs)
                continue
            end = buffer.find(b"\r\n", position, position + LINE_BUFFER_OCTETS + 2)
            if end < 0:
                outputs += self._judge_rest(buffer[position : position + LINE_BUFFER_OCTETS + 2])
                break
            outputs += self._take_line(buffer[position:end])
            position = end + 2
        self._buffer = buffer[position:] if self.state is not State.CLOSED else b""
        return outputs

    def _judge_rest(self, rest: bytes) -> list[Output]:
        """Close where a line that has not ended can come to nothing good; else wait for more of it."""
        if _BARE_NEWLINE.search(rest):
            return self._close(replies.BARE_NEWLINE)
        if len(rest) == LINE_BUFFER_OCTETS + 2:
            return self._close(replies.LINE_TOO_LONG)
        return []

    def _take_line(self, line: bytes) -> list[Output]:
        """Obey one command, without its CRLF."""
        if b"\r" in line or b"\n" in line:
            return self._close(replies.BARE_NEWLINE)
        if len(line) > LINE_MAX_OCTETS:
            return self._answer(replies.LINE_TOO_LONG)
        verb, argument = split_command(line)
        out_of_order = _ORDER[verb][self.state]
        if out_of_order is not None:
            if out_of_order is replies.RCPT_FIRST and self._transaction and self._transaction.has_rcpt:
                out_of_order = replies.NO_RECIPIENTS
            return self._answer(out_of_order)
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
            outputs += self._close(replies.TOO_LARGE)
        elif used is not None:
            self._reader = self._transaction = None
            self._idle_commands = 0
            if reader.is_too_large:
                self.state = State.READY
                outputs += self._answer(replies.TOO_LARGE)
            else:
                self.state = State.SETTLING
                outputs.append(self._hand_over(transaction, reader.content()))
        return len(octets) if used is None else used

    def _hand_over(self, transaction: _Transaction, content: bytes) -> Deliver:
        protocol = "UTF8SMTP" if transaction.smtputf8 else "ESMTP" if self._extended else "SMTP"
        return Deliver(transaction.sender, tuple(transaction.recipients), content, self._hello, protocol)

    def _obey_helo(self, argument: bytes) -> list[Output]:
        return self._answer_idle(self._greet_back(argument, extended=False))

    def _obey_ehlo(self, argument: bytes) -> list[Output]:
        return self._answer_idle(self._greet_back(argument, extended=True))

    def _obey_rset(self, argument: bytes) -> list[Output]:
        if argument.strip():
            return self._answer_idle(replies.NO_ARGUMENT)
        self._transaction = None
        if self.state is not State.NEW:
            self.state = State.READY
        return self._answer_idle(replies.OK)

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
        self._transaction = None
        self.state = State.READY
        if not extended:
            return Reply.of(250, self._rules.hostname)
        return Reply.of(
            250,
            self._rules.hostname,
            "PIPELINING",
            f"SIZE {self._rules.max_message_octets}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            f"LIMITS RCPTMAX={self._rules.max_recipients}",
        )

    def _obey_mail(self, argument: bytes) -> list[Output]:
        command = read_mail(argument, extended=self._extended)
        if command.size_octets > self._rules.max_message_octets:
            return self._answer(replies.TOO_LARGE)
        limit = self._rules.max_transactions
        if limit is not None and self._transactions >= limit:
            return self._close(replies.TOO_MANY_TRANSACTIONS)
        self._transactions += 1
        self._transaction = _Transaction(command.sender, command.smtputf8)
        self.state = State.MAIL
        return [replies.SENDER_OK]

    def _obey_rcpt(self, argument: bytes) -> list[Output]:
        transaction, rules = self._transaction, self._rules
        if transaction is None:
            raise RuntimeError("RCPT without a transaction")
        transaction.has_rcpt = True
        postmaster_domain = rules.domains[0] if rules.domains else rules.hostname
        address = read_rcpt(argument, smtputf8=transaction.smtputf8, postmaster_domain=postmaster_domain)
        if not self._is_ours(address.domain):
            return self._answer(replies.NOT_OUR_DOMAIN)
        inbox = address.inbox
        if inbox in transaction.recipients:
            return self._answer_idle(replies.RECIPIENT_OK)
        if len(transaction.recipients) >= rules.max_recipients:
            return self._answer_idle(replies.TOO_MANY_RECIPIENTS)
        transaction.recipients[inbox] = None
        self.state = State.RCPT
        return [replies.RECIPIENT_OK]

    def _obey_data(self, argument: bytes) -> list[Output]:
        if argument.strip():
            return self._answer(replies.NO_ARGUMENT)
        self._reader = DataReader(self._rules.max_message_octets)
        self.state = State.DATA
        return [replies.GO_AHEAD]

    def _is_ours(self, domain: str) -> bool:
        ours = self._rules.domains
        return not ours or any(domain == one or domain.endswith(f".{one}") for one in ours)

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
        self.state = State.CLOSED
        self._transaction = self._reader = None
        return [reply, CLOSE]


_OBEY = {
    Verb.HELO: Session._obey_helo,
    Verb.EHLO: Session._obey_ehlo,
    Verb.MAIL: Session._obey_mail,
    Verb.RCPT: Session._obey_rcpt,
    Verb.DATA: Session._obey_data,
    Verb.RSET: Session._obey_rset,
    Verb.NOOP: Session._obey_noop,
    Verb.VRFY: Session._obey_vrfy,
    Verb.EXPN: Session._obey_expn,
    Verb.HELP: Session._obey_help,
    Verb.QUIT: Session._obey_quit,
    Verb.HTTP: Session._obey_http,
    Verb.UNKNOWN: Session._obey_unknown,
}
