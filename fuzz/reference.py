"""A second, independent reading of a stream, against which a session's outputs are checked."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.model import Address
from edgemail.smtp import CheckLogin, Close, Deliver, Output, Reply, StartTls, replies
from fuzz.gatekeeper import REFUSALS, is_right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fuzz.play import Play

_LINE_OCTETS = 2048
_BUFFER_OCTETS = 4096
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_CHUNK = re.compile(rb" *([0-9]{1,20})( +LAST)? *", re.IGNORECASE)


@dataclass(slots=True)
class Expected:
    """The open transaction."""

    recipients: int = 0
    """The number of RCPT answered with 250; an inbox may be among them twice."""
    chunks: bytes = b""
    has_chunks: bool = False


class ReferenceReader:
    """Reads a whole stream, and takes the outputs that each command must have.

    It leaves open which reply a command gets. It checks that there is one, where each message
    begins and ends, and what is in it.
    """

    def __init__(self, play: Play, stream: bytes, outputs: Iterable[Output]) -> None:
        self._rules = play.rules
        self._verdict = play.verdict
        self._has_gate = play.gate is not None
        self._room_octets = play.room_octets
        self._stream = stream
        self._position = 0
        self._outputs = deque(outputs)
        self._transaction: Expected | None = None
        self._line_end = b"\r\n"
        """The end of the line that was read last."""
        self._is_greeted = False
        self._is_challenged = False
        self._is_authenticated = False
        self._is_secure = play.is_secure
        self._is_over = False

    def follow(self) -> None:
        """Read the stream.

        Raises:
            AssertionError: the outputs are not those of the stream.
        """
        while not self._is_over:
            line = self._take_line()
            if line is not None:
                self._follow_line(line)
        assert not self._outputs, f"nothing was asked, but there came {self._outputs}"

    def _take_line(self) -> bytes | None:
        rest = self._stream[self._position : self._position + _BUFFER_OCTETS + 2]
        line, end, _ = rest.partition(b"\r\n")
        if self._rules.takes_lf_lines and b"\n" in line:
            line, end, _ = rest.partition(b"\n")
        self._line_end = end
        if not self._is_greeted and rest.startswith(b"\x16"):
            self._expect_close(replies.NOT_SMTP)
        elif b"\n" in line or b"\r" in (line if end else line[:-1]):
            self._expect_close(replies.BARE_NEWLINE)
        elif not end and len(rest) == _BUFFER_OCTETS + 2:
            self._expect_close(replies.LINE_TOO_LONG)
        elif not end:
            self._is_over = True
        self._position += len(line) + len(end)
        return None if self._is_over else line

    def _follow_line(self, line: bytes) -> None:
        if self._is_challenged:
            self._follow_auth(self._take_verdict())
            return
        word, argument, *_ = *re.split(rb"[ \t]", line, maxsplit=1), b""
        verb = word.upper()
        if len(line) > _LINE_OCTETS:
            assert self._take_reply().code in (421, 500), "a long line was obeyed"
        elif verb == b"BDAT":
            self._follow_chunk(argument)
        else:
            self._follow_command(verb, self._take_verdict() if verb == b"AUTH" else self._take_reply())

    def _follow_command(self, verb: bytes, reply: Reply) -> None:
        match verb, reply.code:
            case b"DATA", 354:
                self._follow_data()
            case b"DATA", _ if reply in REFUSALS:
                assert self._transaction is not None, "a message without a transaction was judged"
                self._transaction = None
            case b"MAIL", 250:
                assert self._is_greeted, "a transaction before HELO or EHLO"
                assert self._transaction is None, "a transaction within a transaction"
                assert self._is_secure or not self._rules.requires_tls, "mail is taken without TLS"
                assert self._is_authenticated or not self._rules.requires_auth, "mail is taken without a login"
                self._transaction = Expected()
            case b"RCPT", 250:
                assert self._transaction is not None, "a recipient of no transaction"
                self._transaction.recipients += 1
            case ((b"HELO" | b"EHLO"), 250):
                self._is_greeted, self._transaction = True, None
            case b"RSET", 250:
                self._transaction = None
            case b"AUTH", (235 | 334):
                assert not self._is_authenticated, "a peer authenticated twice"
                self._follow_auth(reply)
            case b"STARTTLS", 220:
                assert isinstance(self._outputs.popleft(), StartTls), "220, but no TLS"
                # All that was said before is forgotten (RFC 3207 section 4.2).
                self._is_greeted = self._is_authenticated = False
                self._is_secure = True
            case _:
                expected = {b"HELP": (214, 421), b"VRFY": (252, 421), b"NOOP": (250, 421), b"QUIT": (221,)}
                if self._rules.requires_tls or self._rules.requires_auth:
                    expected |= {b"HELP": (214, 421, 530), b"VRFY": (252, 421, 530)}
                refused = range(400, 600)
                assert reply.code in expected.get(verb, refused), f"{verb!r} was answered with {reply}"

    def _take_verdict(self) -> Reply:
        """Take the reply to a line of AUTH; where a password has come, what was made of it stands before."""
        check = self._outputs[0] if self._outputs else None
        if not isinstance(check, CheckLogin):
            reply = self._take_reply()
            assert reply.code != 235 or not self._rules.requires_auth, "a password was not compared"
            return reply
        assert self._rules.requires_auth, "a password was compared that nobody asked for"
        self._outputs.popleft()
        reply = self._take_reply()
        wanted = 235 if is_right(check.login) else 535
        assert reply.code in (wanted, 421), f"{check} was answered with {reply}"
        return reply

    def _follow_auth(self, reply: Reply) -> None:
        allowed = {235, 334, 421, 501, 535, *(refusal.code for refusal in REFUSALS if self._has_gate)}
        assert reply.code in allowed, f"a challenge's answer was taken for a command: {reply}"
        self._is_challenged = reply.code == 334
        self._is_authenticated = reply.code == 235

    def _follow_data(self) -> None:
        assert self._transaction is not None, "354 without a transaction"
        line_end = self._line_end
        window = line_end + self._stream[self._position :]
        skip, mark = len(line_end), line_end + b"." + line_end
        found = re.search(rb"(?<!\r)" + re.escape(mark) if line_end == b"\n" else re.escape(mark), window)
        if found is None:
            held = max(length for length in range(5) if _may_begin(window[len(window) - length :], mark))
            size_octets = len(_unstuff(window[skip : max(skip, len(window) - held)], line_end))
            self._is_over = True
            if size_octets > 2 * self._rules.max_message_octets:
                self._expect_close(replies.TOO_LARGE)
            return
        content = _unstuff(window[skip : found.start() + skip], line_end)
        self._position += found.end() - skip
        if len(content) > 2 * self._rules.max_message_octets:
            self._expect_close(replies.TOO_LARGE)
        elif len(content) > self._rules.max_message_octets:
            self._transaction = None
            assert self._take_reply().code in (421, 552), "a message that is too large was taken"
        elif self._rules.refuses_bare_newlines and (line_end == b"\n" or _BARE.search(content)):
            self._transaction = None
            assert self._take_reply().code in (421, 550), "a message with a CR or LF alone was taken"
        elif self._finds_no_room(content):
            self._transaction = None
            assert self._take_reply() == replies.NO_ROOM, "a message was taken that there is no room for"
        else:
            self._expect_delivery(content)

    def _follow_chunk(self, argument: bytes) -> None:
        match = _CHUNK.fullmatch(argument)
        if match is None:
            self._expect_close(replies.BAD_CHUNK)
            return
        size_octets, is_last = int(match[1]), match[2] is not None
        if size_octets > self._rules.max_message_octets:
            self._expect_close(replies.DECLARED_TOO_LARGE)
            return
        octets = self._stream[self._position : self._position + size_octets]
        self._position += len(octets)
        if len(octets) < size_octets:
            self._is_over = True
        elif self._transaction is None or not self._transaction.recipients:
            assert self._take_reply().code in (421, 503, 530, 554), "a chunk for nobody was taken"
        else:
            self._take_chunk(self._transaction, octets, is_last)

    def _take_chunk(self, transaction: Expected, octets: bytes, is_last: bool) -> None:
        if not transaction.has_chunks and self._is_refused_by_gate():
            self._transaction = None
            self._take_reply()
            return
        transaction.has_chunks = True
        transaction.chunks += octets
        if len(transaction.chunks) > self._rules.max_message_octets:
            self._transaction = None
            assert self._take_reply().code in (421, 552), "a message that is too large was taken"
        elif self._finds_no_room(transaction.chunks):
            self._transaction = None
            assert self._take_reply().code in (421, 452), "a chunk was taken that there is no room for"
        elif is_last:
            self._expect_delivery(transaction.chunks)
        else:
            assert self._take_reply().code in (250, 421), "a chunk was refused"

    def _finds_no_room(self, content: bytes) -> bool:
        return self._room_octets is not None and len(content) > self._room_octets

    def _is_refused_by_gate(self) -> bool:
        """Return True if the next reply is a gate's, or the 421 after too many refusals."""
        reply = self._outputs[0] if self._outputs else None
        return self._has_gate and isinstance(reply, Reply) and (reply in REFUSALS or reply.code == 421)

    def _expect_delivery(self, content: bytes) -> None:
        transaction, self._transaction = self._transaction, None
        delivery = self._outputs.popleft() if self._outputs else None
        assert isinstance(delivery, Deliver), f"a message ended, but there came {delivery}"
        assert delivery.content == content, f"{content!r} became {delivery.content!r}"
        assert transaction is not None
        recipients = delivery.recipients
        assert 1 <= len(recipients) <= min(transaction.recipients, self._rules.max_recipients)
        assert len(set(recipients)) == len(recipients), "an inbox gets the message twice"
        for recipient in recipients:
            address = Address.parse(recipient)
            assert address.inbox == recipient == recipient.lower(), f"{recipient!r} is not the name of an inbox"
            assert self._rules.takes(address.domain), f"{recipient!r} is not ours"
        assert self._take_reply() == self._verdict, "the store's verdict was not passed on"

    def _expect_close(self, wanted: Reply) -> None:
        reply = self._take_reply()
        assert reply == wanted, f"wanted {wanted}, not {reply}"
        assert self._is_over, f"{reply} did not close"

    def _take_reply(self) -> Reply:
        reply = self._outputs.popleft() if self._outputs else None
        assert isinstance(reply, Reply), f"wanted a reply, but there came {reply}"
        if self._outputs and isinstance(self._outputs[0], Close):
            self._outputs.popleft()
            self._is_over = True
        return reply


def _may_begin(octets: bytes, mark: bytes) -> bool:
    """Return True if what ends a stream so is kept back: it may begin an end mark, or a CR stands before one."""
    if mark.startswith(octets) and octets != mark:
        return True
    return mark[:1] == b"\n" and octets in (b"\r", b"\r\n", b"\r\n.")


def _unstuff(octets: bytes, line_end: bytes) -> bytes:
    """Remove the stuffed dots (RFC 5321 section 4.5.2)."""
    return line_end.join(line.removeprefix(b".") for line in octets.split(line_end))
