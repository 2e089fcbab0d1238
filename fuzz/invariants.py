"""The invariants of every stream; the fuzzers and the tests check them."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from edgemail.model import Address
from edgemail.smtp import (
    LOGIN_RIGHT,
    LOGIN_WRONG,
    CheckLogin,
    Close,
    CommandsFollow,
    ContentBehind,
    ContentFollows,
    Deliver,
    Ended,
    LoginChecked,
    MessageRefused,
    Output,
    Reply,
    Secured,
    Session,
    SessionRules,
    Settled,
    StartTls,
    replies,
    write_trace,
)
from edgemail.smtp.content import MemoryContent
from edgemail.smtp.outputs import UNTIL_END_MARK
from edgemail.smtp.session import LINE_BUFFER_OCTETS
from edgemail.smtp.states import TAKES_CHUNK, SessionState
from fuzz.gatekeeper import REFUSALS, Gatekeeper, is_right
from fuzz.play import HEADER_OCTETS, Play
from fuzz.reference import ReferenceReader
from fuzz.tracked_content import TrackedContentStore

if TYPE_CHECKING:
    from edgemail.smtp import Event

OFFERS_TLS, OFFERS_AUTH, HAS_DOMAINS, IS_SECURE = 1, 2, 4, 8
IS_REFUSED, HAS_GATE, REFUSES_BARE, HAS_LITTLE_ROOM = 16, 32, 64, 128
"""The flags. With `IS_REFUSED` the store refuses each message, with `HAS_GATE` a gate refuses some
commands, and with `HAS_LITTLE_ROOM` there is no room for more than `ROOM_OCTETS`."""

TAKES_LF, REQUIRES_AUTH, REQUIRES_TLS = 4, 8, 16
"""Flags beside the limits. With `TAKES_LF` lines in LF alone are taken, and addresses without a domain;
the other two ask for a login and for TLS before mail."""

ROOM_OCTETS = 40

PACKETS_MAX = 16
"""The most packets of one length: they take most of the time, and a fault is near one place."""

_LENGTHS = 8

LIMITS: tuple[dict[str, Any], ...] = (
    {"max_message_octets": 10_000},
    {"max_message_octets": 200, "max_recipients": 3, "max_errors": 6, "max_idle_commands": 20},
    {"max_message_octets": 10, "max_recipients": 1, "max_errors": 2, "max_idle_commands": 3, "max_transactions": 1},
    {"max_message_octets": 1000, "max_errors": 10**6, "max_idle_commands": 10**6, "max_transactions": 10**6},
)

_NONCE = "nonce"
_KEPT = Reply.of(250, "2.0.0 Kept")
_NOT_KEPT = Reply.of(451, "4.3.0 Not kept")
_BYE = Reply.of(421, "4.3.2 Bye")
_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_CONSTANTS = frozenset(value for value in vars(replies).values() if isinstance(value, Reply))
_IDLE = frozenset({replies.OK, replies.HELP, replies.NOT_VERIFIED, replies.ASK_USERNAME})
_REPLY_LINE = re.compile(rb"[2-5][0-9]{2}[ -][\x20-\x7e]*")
_TRACE = re.compile(
    rb"Return-Path: <[^\x00-\x1f\x7f]*>\r\nReceived: from [\x21-\x7e]{1,255} \(\[192\.0\.2\.1\]\)\r\n"
    rb"\tby mx\.example\.com \(edgemail\) with (?:UTF8|E)?SMTPS?A? id t;\r\n\t[A-Za-z0-9 ,:+]+\r\n"
)


def check_session(octets: bytes) -> None:
    """Play a stream whole and cut; its first octets choose how.

    Raises:
        AssertionError: a rule is broken.
    """
    header, stream = octets[:HEADER_OCTETS].ljust(HEADER_OCTETS, b"\0"), octets[HEADER_OCTETS:]
    play = _read_play(header[0], header[1] % 32)
    whole = _run(play, [stream])
    ReferenceReader(play, stream, whole).follow()
    cut = _run(play, _cut(header, stream))
    if cut != whole:
        # Only octets behind STARTTLS may depend on packets: they must not be in the same one.
        before, before_whole = _before_tls(cut), _before_tls(whole)
        assert before == before_whole, f"whole: {before_whole}; cut: {before}"
        ReferenceReader(play, stream, cut).follow()


def _cut(header: bytes, stream: bytes) -> list[bytes]:
    first, second = (int.from_bytes(header[at : at + 2], "big") % (len(stream) + 1) for at in (3, 5))
    places = {0, first, second, len(stream)}
    length = header[2] % _LENGTHS
    if length:
        places.update(range(first, min(len(stream), first + PACKETS_MAX * length), length))
    return [stream[start:end] for start, end in pairwise(sorted(places))]


@cache
def _read_play(flags: int, limits: int) -> Play:
    takes_lf = bool(limits & TAKES_LF)
    rules = SessionRules(
        "mx.example.com",
        domains=("example.com", "b\u00fccher.example") if flags & HAS_DOMAINS else (),
        offers_tls=bool(flags & OFFERS_TLS),
        requires_tls=bool(limits & REQUIRES_TLS),
        offers_auth=bool(flags & OFFERS_AUTH),
        requires_auth=bool(limits & REQUIRES_AUTH),
        enforces_sync=False,
        refuses_bare_newlines=bool(flags & REFUSES_BARE),
        takes_lf_lines=takes_lf,
        default_domain="localhost.example.com" if takes_lf else None,
        **LIMITS[limits % len(LIMITS)],
    )
    verdict = _NOT_KEPT if flags & IS_REFUSED else _KEPT
    gate = Gatekeeper() if flags & HAS_GATE else None
    return Play(
        rules,
        gate,
        verdict,
        is_secure=bool(flags & IS_SECURE),
        room_octets=ROOM_OCTETS if flags & HAS_LITTLE_ROOM else None,
        known=_list_replies(rules) | {verdict},
    )


def _list_replies(rules: SessionRules) -> frozenset[Reply]:
    host = rules.hostname
    hellos = [Reply.of(250, host)]
    hellos += [Reply.of(250, *rules.list_offers(is_secure=is_secure)) for is_secure in (False, True)]
    challenge = Reply.of(334, b64encode(f"<{_NONCE}@{host}>".encode()).decode())
    known = {*hellos, challenge, Reply.of(221, f"2.0.0 {host} closes the connection"), *_CONSTANTS, *REFUSALS}
    for reply in known:
        *lines, rest = reply.octets.split(b"\r\n")
        assert lines
        assert rest == b""
        for line in lines:
            assert _REPLY_LINE.fullmatch(line), f"{line!r} is not a reply"
            assert len(line) <= 510, f"{line!r} is too long"
    return frozenset(known)


def _run(play: Play, packets: list[bytes]) -> list[Output]:
    """Feed packets, settle each message at once, and check each step."""
    room = TrackedContentStore(play.room_octets)
    session = Session(play.rules, play.gate, room, lambda: _NONCE)
    session.start()
    if play.is_secure:
        assert session.tell(Secured()) == []
    outputs: list[Output] = []
    for packet in packets:
        step = session.receive(packet)
        _check_memory(play.rules, session)
        while step:
            step = _check_hints(session, _check_refused(play.rules, step))
            _check_step(play, step)
            outputs += step
            last = step[-1] if step else None
            event = _answer(play, last)
            if event is None:
                break
            step = session.tell(event)
            _check_memory(play.rules, session)
    is_closed = bool(outputs) and isinstance(outputs[-1], Close)
    assert is_closed == (session._state is SessionState.CLOSED), "the state and the outputs disagree about the end"
    assert [*map(type, session.tell(Ended(_BYE)))] == ([] if is_closed else [Reply, Close])
    assert session.receive(b"NOOP\r\n") == [], "something was said behind the end"
    room.check_end()
    _check_limits(play.rules, outputs)
    return outputs


def _answer(play: Play, last: Output | None) -> Event | None:
    """Return what a driver tells the session once it has done what it was told."""
    if isinstance(last, Deliver):
        return Settled(play.verdict)
    if isinstance(last, CheckLogin):
        return LoginChecked(LOGIN_RIGHT if is_right(last.login) else LOGIN_WRONG)
    return Secured() if isinstance(last, StartTls) else None


def _check_step(play: Play, step: list[Output]) -> None:
    for output in step[:-1]:
        assert isinstance(output, Reply), f"{output} is not the last output"
    for output in step:
        if isinstance(output, Reply):
            assert output in play.known, f"{output} is no reply of ours"
        elif isinstance(output, Deliver):
            assert output.sender is None or Address.parse(str(output.sender)) == output.sender
            trace = write_trace(output, peer_ip="192.0.2.1", hostname="mx.example.com", transaction="t", at=_AT)
            assert _TRACE.fullmatch(trace), f"{trace!r} is not two header fields"


def _check_refused(rules: SessionRules, step: list[Output]) -> list[Output]:
    """Check that the next output is the reply, and that there is a recipient; return the others."""
    for at, refused in enumerate(step):
        if isinstance(refused, MessageRefused):
            assert refused.reply is step[at + 1], f"{refused} was not said"
            assert 1 <= len(refused.recipients) <= rules.max_recipients
    return [output for output in step if not isinstance(output, MessageRefused)]


def _check_hints(session: Session, step: list[Output]) -> list[Output]:
    """Check that hints are last and true; return what does not depend on cuts."""
    hints = (ContentFollows, CommandsFollow, ContentBehind)
    said: list[Output] = [output for output in step if not isinstance(output, hints)]
    assert step[: len(said)] == said, "a hint is not last"
    for hint in step[len(said) :]:
        if isinstance(hint, CommandsFollow):
            assert session._content is None, "commands follow within a message"
        elif isinstance(hint, ContentFollows):
            wanted = UNTIL_END_MARK if session._chunk is None else session._chunk.left_octets
            assert hint.octets in (0, wanted), f"{hint} is not what follows"
    last = said[-1] if said else None
    if isinstance(last, Deliver):
        assert last.is_followed == bool(session._buffer), "what waits behind a message is not told"
        said[-1] = last._replace(is_followed=False)
    return said


def _check_limits(rules: SessionRules, outputs: list[Output]) -> None:
    """Check the limits of a session."""
    idle = refusals = transactions = 0
    for output in outputs:
        if isinstance(output, Reply):
            refusals += output.is_refusal
            transactions += output is replies.SENDER_OK
            # After 354 a message follows, taken or not; transactions have a limit of their own.
            idle = 0 if output is replies.GO_AHEAD else idle + (output in _IDLE)
            assert idle <= rules.max_idle_commands, "a slot is held by commands that carry no mail"
        elif isinstance(output, Deliver):
            idle = 0
    assert refusals <= rules.max_errors
    assert rules.max_transactions is not None
    assert transactions <= rules.max_transactions


def _check_memory(rules: SessionRules, session: Session) -> None:
    """Check that no more than an unfinished line and a message within its limit is kept."""
    state = session._state
    if session._buffer and state not in (SessionState.SETTLING, SessionState.CHECKING):
        assert state is not SessionState.SECURING, (
            "what came before TLS is to be obeyed as if it came over it (CVE-2011-0411)"
        )
        held = 0 if state in {SessionState.DATA, SessionState.CLOSED} | TAKES_CHUNK else LINE_BUFFER_OCTETS + 1
        assert len(session._buffer) <= held, f"{len(session._buffer)} octets wait"
    transaction, content = session._transaction, session._content
    if content is not None:
        assert isinstance(content, MemoryContent)
        assert len(content._octets or b"") <= rules.max_message_octets
    if transaction is None:
        assert content is None, "a message is held without a transaction"
    else:
        assert len(transaction.recipients) <= rules.max_recipients


def _before_tls(outputs: list[Output]) -> list[Output | None]:
    for at, output in enumerate(outputs):
        if output in (replies.START_TLS, replies.NOT_BEHIND_STARTTLS):
            return [*outputs[:at], None]
    return [*outputs]
