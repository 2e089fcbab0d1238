"""A POP3 session without I/O: octets and events in, outputs out, one at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from edgemail.pop3 import replies
from edgemail.pop3.commands import AUTH_LINE_OCTETS, LINE_OCTETS, Pop3Verb, read_numbers, read_verb
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
from edgemail.pop3.login import read_inbox, read_plain
from edgemail.pop3.message_writer import END_MARK, MessageWriter
from edgemail.pop3.outputs import BeginTls, Fetch, HangUp, OpenInbox, Pop3Output, Pop3Reply, Remove
from edgemail.pop3.snapshot import Snapshot
from edgemail.pop3.states import TABLE, WAITS, Pop3Move, Pop3State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgemail.pop3.events import Pop3Event
    from edgemail.pop3.rules import Pop3Rules

_LISTED_AT_ONCE: Final = 500
"""Lines of a list in one output."""
_COMMANDS_PER_MESSAGE: Final = 10


class Pop3Session:
    """One peer's session. A driver writes what `take_output` gives before it asks for more.

    So a peer that sends many commands and reads nothing is answered no further than its driver writes.
    """

    def __init__(self, rules: Pop3Rules) -> None:
        self._rules = rules
        self._state = Pop3State.NEEDS_TLS
        if not rules.requires_tls:
            self._move(Pop3Move.GREETED)
        self._is_secure = False
        self._buffer = b""
        self._outputs: deque[Pop3Output] = deque()
        self._snapshot = Snapshot()
        self._may_delete = False
        self._listing: Iterator[bytes] = iter(())
        self._writer: MessageWriter | None = None
        self._first_reply: Pop3Reply | None = None  # of the message that is fetched, until its first piece comes
        self._errors = self._logins = self._commands = 0
        self.inbox = ""
        """The inbox that USER or AUTH named."""

    @property
    def state(self) -> Pop3State:
        """Where the session stands; the table alone moves it."""
        return self._state

    @property
    def is_logged_in(self) -> bool:
        """True once somebody reads an inbox."""
        return self._state in (Pop3State.READY, Pop3State.LISTING, Pop3State.FETCHING)

    @property
    def is_fetching(self) -> bool:
        """True while pieces of a message are wanted."""
        return self._state is Pop3State.FETCHING

    def start(self) -> None:
        """Greet the peer."""
        self._outputs.append(Pop3Reply.ok(f"{self._rules.hostname} POP3 ready"))

    def receive(self, octets: bytes) -> None:
        """Take octets of the peer; see `take_output`."""
        if self._state is not Pop3State.CLOSED:
            self._buffer += octets

    def take_output(self) -> Pop3Output | None:
        """Return the next thing to do; `None` if the session needs octets, or an event."""
        while not self._outputs:
            if self._state is Pop3State.LISTING:
                self._list_on()
            elif self._state in WAITS or not self._take_line():
                return None
        return self._outputs.popleft()

    def tell(self, event: Pop3Event) -> None:
        """Take an event; see `take_output`."""
        if self._state is Pop3State.CLOSED:
            return
        match event:
            case TlsBegun():
                self._begin_secure()
            case InboxOpened():
                self._snapshot, self._may_delete = event.snapshot, event.may_delete
                self._move(Pop3Move.OPENED)
                count, octets = self._snapshot.measure()
                self._say(Pop3Reply.ok(f"{count} messages ({octets} octets)"))
            case LoginRefused():
                self._move(Pop3Move.REFUSED)
                self.inbox = ""
                self._logins += 1
                self._say(event.reply)
                if self._logins >= self._rules.max_logins:
                    self._close()
            case Piece() | Fetched() | FetchFailed():
                self._take_piece(event)
            case Removed():
                self._close(replies.NOT_ALL_DELETED if event.failures else replies.BYE)
            case SessionEnded():
                # In the middle of a message or a list a reply would be taken for a part of it.
                is_between = self._state not in (Pop3State.FETCHING, Pop3State.LISTING) or self._first_reply
                self._close(event.reply if is_between else None)

    def _move(self, event: Pop3Verb | Pop3Move) -> None:
        """Go to the table's next state: nothing else changes it."""
        cell = TABLE[event].get(self._state)
        if not isinstance(cell, Pop3State):
            raise RuntimeError(f"{event!r} cannot happen in the state {self._state.name}")  # noqa: TRY004
        self._state = cell

    def _say(self, reply: Pop3Reply) -> None:
        self._outputs.append(reply)

    def _close(self, reply: Pop3Reply | None = None) -> None:
        self._move(Pop3Move.CLOSE)
        if reply is not None:
            self._say(reply)
        self._outputs.append(HangUp())
        self._buffer = b""

    def _refuse(self, reply: Pop3Reply) -> None:
        """Answer a mistake of the peer; close at `max_errors`, since a scanner does not stop by itself."""
        self._errors += 1
        if self._errors >= self._rules.max_errors:
            self._close(replies.TOO_MANY_ERRORS)
        else:
            self._say(reply)

    def _take_line(self) -> bool:
        """Obey the next line, which ends with CRLF or a bare LF; return False if it has not come."""
        end = self._buffer.find(b"\n")
        if (end if end >= 0 else len(self._buffer)) > AUTH_LINE_OCTETS:
            self._close(replies.LINE_TOO_LONG)
            return True
        if end < 0:
            return False
        line, self._buffer = self._buffer[:end].removesuffix(b"\r"), self._buffer[end + 1 :]
        if self._state is Pop3State.ANSWERING:
            self._take_response(line)
        else:
            self._obey(line)
        return True

    def _obey(self, line: bytes) -> None:
        self._commands += 1
        if self._commands > self._rules.max_commands + _COMMANDS_PER_MESSAGE * len(self._snapshot):
            self._close(replies.TOO_MANY_COMMANDS)
            return
        verb, argument = read_verb(line)
        if len(line) > LINE_OCTETS and verb is not Pop3Verb.AUTH:
            self._refuse(replies.LINE_TOO_LONG)
            return
        cell = TABLE[verb][self._state]
        if isinstance(cell, Pop3Reply):
            self._refuse(cell)
        else:
            _OBEY[verb](self, argument)

    def _begin_secure(self) -> None:
        """Forget what was said before TLS (RFC 2595 section 4)."""
        if self._buffer:
            self._close()
            return
        self._is_secure = True
        self.inbox = ""
        if self._state is not Pop3State.NEW:
            self._move(Pop3Move.GREETED)

    # AUTHORIZATION

    def _obey_user(self, argument: bytes | None) -> None:
        inbox = read_inbox(argument or b"", self._rules.default_domain)
        if inbox is None:
            self._refuse(replies.BAD_ADDRESS)
            return
        self.inbox = inbox
        self._move(Pop3Verb.USER)
        self._say(replies.GIVE_PASSWORD)

    def _obey_pass(self, argument: bytes | None) -> None:
        if argument is None:
            self._refuse(replies.BAD_ARGUMENT)
            return
        self._move(Pop3Verb.PASS)
        self._outputs.append(OpenInbox(self.inbox, argument))

    def _obey_auth(self, argument: bytes | None) -> None:
        mechanism, _, initial = (argument or b"").strip(b" ").partition(b" ")
        if not mechanism:
            self._say(replies.MECHANISMS)
        elif mechanism.upper() != b"PLAIN":
            self._refuse(replies.UNKNOWN_MECHANISM)
        else:
            self._move(Pop3Verb.AUTH)
            if initial:
                self._take_response(b"" if initial == b"=" else initial)
            else:
                self._say(replies.ASK_PLAIN)

    def _take_response(self, line: bytes) -> None:
        """Take the response of PLAIN (RFC 5034 section 4): base64, or ``*`` to cancel."""
        if line == b"*":
            self._move(Pop3Move.AUTH_ENDED)
            self._say(replies.CANCELLED)
            return
        read = read_plain(line, self._rules.default_domain)
        if isinstance(read, Pop3Reply):
            self._move(Pop3Move.AUTH_ENDED)
            self._refuse(read)
            return
        self.inbox = read.inbox
        self._move(Pop3Move.RESPONDED)
        self._outputs.append(read)

    def _obey_stls(self, argument: bytes | None) -> None:
        if argument:
            self._refuse(replies.BAD_ARGUMENT)
        elif not self._rules.offers_tls:
            self._refuse(replies.NO_TLS)
        elif self._is_secure:
            self._refuse(replies.IS_SECURE)
        elif self._buffer:  # somebody on the way put it there (CVE-2011-0411)
            self._close(replies.INJECTED)
        else:
            self._move(Pop3Verb.STLS)
            self._say(replies.BEGIN_TLS)
            self._outputs.append(BeginTls())

    def _obey_utf8(self, argument: bytes | None) -> None:
        """Say yes: names may be UTF-8 anyway, and a message is sent as it is kept (RFC 6856 section 2)."""
        if argument:
            self._refuse(replies.BAD_ARGUMENT)
        else:
            self._say(replies.UTF8_ON)

    def _obey_capa(self, argument: bytes | None) -> None:
        if argument:
            self._refuse(replies.BAD_ARGUMENT)
            return
        rules, days = self._rules, self._rules.expire_days
        offers = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8 USER"]
        if self._state is not Pop3State.NEEDS_TLS:
            offers += ["USER", "SASL PLAIN"]
        if rules.offers_tls and not self._is_secure and self._state is not Pop3State.READY:
            offers.append("STLS")
        if days is not None:
            offers.append(f"EXPIRE {days or 'NEVER'}")
        offers.append("IMPLEMENTATION edgemail")
        self._say(Pop3Reply("\r\n".join(["+OK", *offers, ".", ""]).encode()))

    # TRANSACTION

    def _obey_stat(self, _: bytes | None) -> None:
        count, octets = self._snapshot.measure()
        self._say(Pop3Reply.ok(f"{count} {octets}"))

    def _obey_list(self, argument: bytes | None) -> None:
        self._list(Pop3Verb.LIST, argument, lambda number: str(self._snapshot.size_of(number)))

    def _obey_uidl(self, argument: bytes | None) -> None:
        self._list(Pop3Verb.UIDL, argument, self._snapshot.uid_of)

    def _list(self, verb: Pop3Verb, argument: bytes | None, describe: Callable[[int], str]) -> None:
        numbers = read_numbers(argument)
        if numbers == []:
            self._move(verb)
            self._listing = self._write_list(describe)
            self._say(replies.LIST_FOLLOWS)
        elif (number := self._find_message(numbers, 1)) is not None:
            self._say(Pop3Reply.ok(f"{number} {describe(number)}"))

    def _write_list(self, describe: Callable[[int], str]) -> Iterator[bytes]:
        """Give the lines of a list, some at a time."""
        for first in range(1, len(self._snapshot) + 1, _LISTED_AT_ONCE):
            numbers = range(first, min(first + _LISTED_AT_ONCE, len(self._snapshot) + 1))
            lines = [f"{number} {describe(number)}\r\n" for number in numbers if self._snapshot.has(number)]
            if lines:
                yield "".join(lines).encode()

    def _list_on(self) -> None:
        octets = next(self._listing, None)
        if octets is None:
            self._move(Pop3Move.LISTED)
        self._say(Pop3Reply(END_MARK if octets is None else octets))

    def _find_message(self, numbers: list[int] | None, count: int) -> int | None:
        """Return the number of a message, the first of `count` numbers; refuse anything else."""
        if numbers is None or len(numbers) != count:
            self._refuse(replies.BAD_ARGUMENT)
            return None
        if not self._snapshot.has(numbers[0]):
            self._refuse(replies.NO_SUCH_MESSAGE)
            return None
        return numbers[0]

    def _obey_retr(self, argument: bytes | None) -> None:
        if (number := self._find_message(read_numbers(argument), 1)) is not None:
            self._move(Pop3Verb.RETR)
            size = self._snapshot.size_of(number)
            self._fetch(number, MessageWriter(), Pop3Reply.ok(f"{size} octets"))

    def _obey_top(self, argument: bytes | None) -> None:
        numbers = read_numbers(argument)
        if numbers is not None and (number := self._find_message(numbers, 2)) is not None:
            self._move(Pop3Verb.TOP)
            self._fetch(number, MessageWriter(numbers[1]), replies.TOP_FOLLOWS)
        elif numbers is None:
            self._refuse(replies.BAD_ARGUMENT)

    def _fetch(self, number: int, writer: MessageWriter, first_reply: Pop3Reply) -> None:
        self._writer, self._first_reply = writer, first_reply
        self._outputs.append(Fetch(self._snapshot.id_of(number)))

    def _take_piece(self, event: Piece | Fetched | FetchFailed) -> None:
        """Write on, to the end of the message or of what TOP asked for."""
        writer = self._writer
        if writer is None:
            raise RuntimeError("a piece of no message")
        if isinstance(event, FetchFailed):
            if self._first_reply is None:  # the peer has a part of it, and must not take it for the whole
                self._close()
            else:
                self._end_fetch(event.reply)
            return
        octets = b""
        if self._first_reply is not None:
            octets, self._first_reply = self._first_reply.octets, None
        if isinstance(event, Piece):
            octets += writer.write(event.octets)
        if isinstance(event, Fetched) or writer.is_over:
            self._end_fetch(Pop3Reply(octets + writer.finish()))
        elif octets:
            self._say(Pop3Reply(octets))

    def _end_fetch(self, reply: Pop3Reply) -> None:
        self._writer = self._first_reply = None
        self._move(Pop3Move.FETCHED)
        self._say(reply)

    def _obey_dele(self, argument: bytes | None) -> None:
        number = self._find_message(read_numbers(argument), 1)
        if number is None:
            return
        if not self._may_delete:
            self._say(replies.NO_DELETION)
            return
        self._snapshot.mark(number)
        self._say(replies.MARKED)

    def _obey_noop(self, _: bytes | None) -> None:
        self._say(replies.DONE)

    def _obey_rset(self, _: bytes | None) -> None:
        self._snapshot.unmark_all()
        self._say(replies.DONE)

    def _obey_quit(self, _: bytes | None) -> None:
        marked = self._snapshot.marked_ids
        if marked:
            self._move(Pop3Verb.QUIT)
            self._outputs.append(Remove(marked))
        else:
            self._close(replies.BYE)

    def _obey_unknown(self, _: bytes | None) -> None:
        self._refuse(replies.UNKNOWN_COMMAND)

    def _obey_http(self, _: bytes | None) -> None:
        self._close(replies.NOT_POP3)


_OBEY: Final = {
    Pop3Verb.USER: Pop3Session._obey_user,
    Pop3Verb.PASS: Pop3Session._obey_pass,
    Pop3Verb.AUTH: Pop3Session._obey_auth,
    Pop3Verb.STLS: Pop3Session._obey_stls,
    Pop3Verb.UTF8: Pop3Session._obey_utf8,
    Pop3Verb.CAPA: Pop3Session._obey_capa,
    Pop3Verb.STAT: Pop3Session._obey_stat,
    Pop3Verb.LIST: Pop3Session._obey_list,
    Pop3Verb.UIDL: Pop3Session._obey_uidl,
    Pop3Verb.RETR: Pop3Session._obey_retr,
    Pop3Verb.TOP: Pop3Session._obey_top,
    Pop3Verb.DELE: Pop3Session._obey_dele,
    Pop3Verb.NOOP: Pop3Session._obey_noop,
    Pop3Verb.RSET: Pop3Session._obey_rset,
    Pop3Verb.QUIT: Pop3Session._obey_quit,
    Pop3Verb.HTTP: Pop3Session._obey_http,
    Pop3Verb.UNKNOWN: Pop3Session._obey_unknown,
}
