"""What holds for every input: both fuzzers call this, and so do the tests, which need no fuzzing engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from edgemail.errors import AddressError
from edgemail.model import PATH_MAX_OCTETS, Address
from edgemail.smtp import Close, Deliver, Output, Reply, Rules, Session, StartTls, State, replies, write_trace
from edgemail.smtp.auth import AuthExchange
from edgemail.smtp.commands import (
    CommandError,
    Verb,
    read_chunk,
    read_hello,
    read_mail,
    read_rcpt,
    split_command,
)
from edgemail.smtp.session import LINE_BUFFER_OCTETS
from fuzz.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER_OCTETS = 7
"""What a session's input begins with: flags, limits, the length of packets, and two places of two octets to cut at.

The rest is the stream, so that a change in the one leaves the other alone.
"""

OFFERS_TLS, OFFERS_AUTH, HAS_DOMAINS, IS_SECURE, IS_REFUSED = 1, 2, 4, 8, 16
"""The flags. The last one makes the store refuse each message."""

PACKETS_MAX = 100
"""A stream is not cut more often than that, as an input would take too long."""

LIMITS = (
    {"max_message_octets": 10_000},
    {"max_message_octets": 200, "max_recipients": 3, "max_errors": 6, "max_idle_commands": 20},
    {"max_message_octets": 10, "max_recipients": 1, "max_errors": 2, "max_idle_commands": 3, "max_transactions": 1},
    {"max_message_octets": 1000, "max_errors": 10**6, "max_idle_commands": 10**6, "max_transactions": 10**6},
)

_KEPT = Reply.of(250, "2.0.0 Kept")
_NOT_KEPT = Reply.of(451, "4.3.0 Not kept")
_BYE = Reply.of(421, "4.3.2 Bye")
_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_CONSTANTS = frozenset(value for value in vars(replies).values() if isinstance(value, Reply))
_IDLE = (replies.OK, replies.HELP, replies.NOT_VERIFIED, replies.ASK_USERNAME)
_REPLY_LINE = re.compile(rb"[2-5][0-9]{2}[ -][\x20-\x7e]*")
_TRACE = re.compile(
    rb"Return-Path: <[^\x00-\x1f\x7f]*>\r\nReceived: from [\x21-\x7e]{1,255} \(\[192\.0\.2\.1\]\)\r\n"
    rb"\tby mx\.example\.com \(edgemail\) with (?:UTF8|E)?SMTPS?A? id t;\r\n\t[A-Za-z0-9 ,:+]+\r\n"
)


@dataclass(frozen=True, slots=True)
class Play:
    """How a stream is played to a session."""

    rules: Rules
    verdict: Reply
    is_secure: bool


def check_session(octets: bytes) -> None:
    """Play a stream as it is and cut; the first octets say how.

    Raises:
        AssertionError: a rule is broken.
    """
    header, stream = octets[:HEADER_OCTETS].ljust(HEADER_OCTETS, b"\0"), octets[HEADER_OCTETS:]
    play = _read_play(header[0], header[1] % len(LIMITS))
    whole = _run(play, [stream])
    Witness(play.rules, play.verdict, stream, whole).follow()
    length = header[2] and max(header[2], len(stream) // PACKETS_MAX)
    places = {int.from_bytes(header[at : at + 2], "big") % (len(stream) + 1) for at in (3, 5)}
    places.update(range(0, len(stream), length) if length else ())
    outputs = _run(play, [stream[start:end] for start, end in pairwise(sorted({0, len(stream), *places}))])
    Witness(play.rules, play.verdict, stream, outputs).follow()
    # Only what is said behind STARTTLS may depend on packets, for it must not be in the same one.
    before, before_whole = _before_tls(outputs), _before_tls(whole)
    assert before == before_whole, f"whole: {before_whole}; cut: {before}"


def check_parser(octets: bytes) -> None:
    """Give octets to one of the parsers; the first octet says which one, and with which options.

    Raises:
        AssertionError: a rule is broken.
    """
    choice = octets[0] if octets else 0
    PARSERS[choice % 8 % len(PARSERS)](octets[1:], choice // 8)


@cache
def _read_play(flags: int, limits: int) -> Play:
    rules = Rules(
        "mx.example.com",
        domains=("example.com", "b\u00fccher.example") if flags & HAS_DOMAINS else (),
        offers_tls=bool(flags & OFFERS_TLS),
        offers_auth=bool(flags & OFFERS_AUTH),
        enforces_sync=False,
        **LIMITS[limits],
    )
    return Play(rules, _NOT_KEPT if flags & IS_REFUSED else _KEPT, bool(flags & IS_SECURE))


@cache
def _list_replies(play: Play) -> frozenset[Reply]:
    """Return every reply that there is: one that holds a peer's words is not among them."""
    host = play.rules.hostname
    hellos = [Reply.of(250, host)]
    hellos += [Reply.of(250, *play.rules.list_offers(is_secure=is_secure)) for is_secure in (False, True)]
    known = {play.verdict, *hellos, Reply.of(221, f"2.0.0 {host} closes the connection"), *_CONSTANTS}
    for reply in known:
        *lines, rest = reply.octets.split(b"\r\n")
        assert lines
        assert rest == b""
        for line in lines:
            assert _REPLY_LINE.fullmatch(line), f"{line!r} is not a reply"
            assert len(line) <= 510, f"{line!r} is too long"
    return frozenset(known)


def _run(play: Play, packets: list[bytes]) -> list[Output]:
    """Feed packets, settle each message at once, and look at each step."""
    session = Session(play.rules)
    session.greet()
    if play.is_secure:
        assert session.secure() == []
    outputs: list[Output] = []
    for packet in packets:
        step = session.feed(packet)
        _check_step(play, session, step)
        outputs += step
        while step and isinstance(step[-1], Deliver | StartTls):
            step = session.settle(play.verdict) if isinstance(step[-1], Deliver) else session.secure()
            _check_step(play, session, step)
            outputs += step
    is_closed = bool(outputs) and isinstance(outputs[-1], Close)
    assert is_closed == (session.state is State.CLOSED), "the state and the outputs disagree about the end"
    assert [*map(type, session.end(_BYE))] == ([] if is_closed else [Reply, Close])
    assert session.feed(b"NOOP\r\n") == [], "something was said behind the end"
    _check_limits(play.rules, outputs)
    return outputs


def _check_step(play: Play, session: Session, step: list[Output]) -> None:
    for output in step[:-1]:
        assert isinstance(output, Reply), f"{output} is not the last output"
    for output in step:
        if isinstance(output, Reply):
            assert output in _list_replies(play), f"{output} is no reply of ours"
        elif isinstance(output, Deliver):
            assert output.sender is None or Address.parse(str(output.sender)) == output.sender
            trace = write_trace(output, peer_ip="192.0.2.1", hostname="mx.example.com", transaction="t", at=_AT)
            assert _TRACE.fullmatch(trace), f"{trace!r} is not two header fields"
    if session.state is State.SECURING:
        assert not session._buffer, "octets wait to be obeyed as if they had come over TLS (CVE-2011-0411)"
    elif session.state is not State.SETTLING:
        _check_memory(play.rules, session)


def _check_limits(rules: Rules, outputs: list[Output]) -> None:
    """No peer tries for ever."""
    assert sum(isinstance(one, Reply) and one.is_refusal for one in outputs) <= rules.max_errors
    assert rules.max_transactions is not None
    assert outputs.count(replies.SENDER_OK) <= rules.max_transactions
    idle = 0
    for output in outputs:
        idle = 0 if isinstance(output, Deliver) else idle + (output in _IDLE)
        assert idle <= rules.max_idle_commands, "a slot is held by commands that carry no mail"


def _check_memory(rules: Rules, session: Session) -> None:
    """Nothing but a line that has not ended, and a message within its limit, is kept between packets."""
    held = 0 if session.state in (State.DATA, State.CHUNK, State.CLOSED) else LINE_BUFFER_OCTETS + 1
    assert len(session._buffer) <= held, f"{len(session._buffer)} octets wait"
    transaction, reader = session._transaction, session._reader
    if reader is not None:
        assert len(reader._content) <= rules.max_message_octets
    if transaction is not None:
        assert len(transaction.chunks) <= rules.max_message_octets
        assert len(transaction.recipients) <= rules.max_recipients


def _before_tls(outputs: list[Output]) -> list[Output | None]:
    for at, output in enumerate(outputs):
        if output in (replies.START_TLS, replies.NOT_BEHIND_STARTTLS):
            return [*outputs[:at], None]
    return [*outputs]


def _check_address(octets: bytes, _: int) -> None:
    try:
        address = Address.parse(octets.decode("utf-8", "surrogateescape"))
    except AddressError:
        return
    _check_round_trip(address)


def _check_round_trip(address: Address) -> None:
    written, inbox = str(address), address.inbox
    assert Address.parse(written) == address, f"{written!r} is read as another address"
    assert Address.parse(inbox).inbox == inbox == inbox.lower(), f"{inbox!r} does not name itself"
    for one in (written, inbox):
        assert len(one.encode()) <= PATH_MAX_OCTETS - 2, f"{one!r} is too long"
        assert not re.search(r"[\x00-\x1f\x7f]", one), f"{one!r} holds a control character"
    assert address.domain == address.domain.lower().rstrip("."), f"{address.domain!r} has another name as well"


def _check_command(octets: bytes, _: int) -> None:
    verb, argument = split_command(octets)
    word, blank, rest = octets.partition(b" ")
    assert octets == word + blank + argument
    assert argument == rest
    if verb not in (Verb.HTTP, Verb.UNKNOWN):
        assert word.strip().upper() == verb.encode(), f"{word!r} was read as {verb}"


def _check_mail(octets: bytes, options: int) -> None:
    extended, auth = bool(options & 1), bool(options & 2)
    try:
        command = read_mail(octets, extended=extended, auth=auth)
    except CommandError as error:
        _check_refusal(error)
        return
    _check_text(octets)
    assert 0 <= command.size_octets < 10**20
    assert extended or (command.size_octets, command.smtputf8) == (0, False), "HELO gives no extensions"
    if command.sender is None:
        return
    _check_round_trip(command.sender)
    assert command.smtputf8 or str(command.sender).isascii(), "UTF-8 without SMTPUTF8"
    parameters = f" SIZE={command.size_octets}{' SMTPUTF8' if command.smtputf8 else ''}" if extended else ""
    again = read_mail(f"FROM:<{command.sender}>{parameters}".encode(), extended=extended, auth=auth)
    assert again == command, f"{command} became {again}"


def _check_rcpt(octets: bytes, options: int) -> None:
    smtputf8 = bool(options & 1)
    try:
        address = read_rcpt(octets, smtputf8=smtputf8, postmaster_domain="example.com")
    except CommandError as error:
        _check_refusal(error)
        return
    _check_text(octets)
    _check_round_trip(address)
    for one in (str(address), address.inbox):
        again = read_rcpt(f"TO:<{one}>".encode(), smtputf8=True, postmaster_domain="example.com")
        assert again.inbox == address.inbox, f"{one!r} is another inbox"
    assert smtputf8 or str(address).isascii(), "UTF-8 without SMTPUTF8"


def _check_text(octets: bytes) -> None:
    assert not re.search(rb"[\x00-\x1f\x7f]", octets), f"{octets!r} was taken with a control character"


def _check_chunk(octets: bytes, _: int) -> None:
    try:
        size_octets, is_last = read_chunk(octets)
    except CommandError as error:
        _check_refusal(error)
        return
    assert 0 <= size_octets < 10**20
    assert is_last == octets.upper().strip(b" ").endswith(b"LAST")
    assert read_chunk(b"%d%b" % (size_octets, b" last" if is_last else b"")) == (size_octets, is_last)


def _check_hello(octets: bytes, _: int) -> None:
    try:
        name = read_hello(octets)
    except CommandError as error:
        _check_refusal(error)
        return
    assert re.fullmatch(r"[!-~]{1,255}", name), f"{name!r} could break a header line"
    assert read_hello(name.encode()) == name


def _check_auth(octets: bytes, _: int) -> None:
    argument, *lines = octets.split(b"\n")
    exchange = AuthExchange()
    reply, challenges = exchange.start(argument), 0
    while reply.code == 334 and lines:
        challenges += 1
        reply = exchange.answer(lines.pop(0))
        assert reply in _CONSTANTS
    assert reply.code in (235, 334, 501, 504)
    assert challenges <= 2, "more is asked than a name and a password"


def _check_refusal(error: CommandError) -> None:
    assert error.reply in _CONSTANTS
    assert error.reply.is_refusal


PARSERS: tuple[Callable[[bytes, int], None], ...] = (
    _check_address,
    _check_command,
    _check_mail,
    _check_rcpt,
    _check_chunk,
    _check_hello,
    _check_auth,
)
