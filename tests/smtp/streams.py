"""Octets that good and bad peers may send, and the outputs of a session."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from edgemail.smtp import (
    LOGIN_RIGHT,
    LOGIN_WRONG,
    CheckLogin,
    CommandsFollow,
    ContentBehind,
    ContentFollows,
    Deliver,
    LoginChecked,
    MessageRefused,
    Reply,
    Session,
    SessionRules,
    Settled,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.smtp import Output

KEPT = Reply.of(250, "2.0.0 Kept")
RULES = SessionRules(
    "mx.example.com",
    max_message_octets=200,
    max_recipients=3,
    max_errors=6,
    max_idle_commands=20,
    offers_auth=True,
)
LENIENT = replace(RULES, takes_lf_lines=True, default_domain="localhost")
"""Those of a server for programs under test."""
PATIENT = SessionRules("mx.example.com", max_errors=10**6, max_idle_commands=10**6, max_transactions=None)

COMMANDS = (
    b"EHLO client.example",
    b"HELO client.example",
    b"MAIL FROM:<ann@example.org>",
    b"MAIL FROM:<> SIZE=100 BODY=8BITMIME",
    b"MAIL FROM:<caf\xc3\xa9@example.org> SMTPUTF8",
    b"MAIL FROM:<ann@example.org> SIZE=-1",
    b"MAIL\tFROM : <www-data> RET=HDRS",
    b"RCPT TO: root NOTIFY=NEVER",
    b"RCPT TO:<bob@example.com>",
    b'RCPT TO:<"a \\" b"@example.com>',
    b"RCPT TO:<@relay.example:kim@example.com>",
    b"RCPT TO:<Postmaster>",
    b"RCPT TO:<\xff>",
    b"RSET",
    b"NOOP x",
    b"VRFY bob",
    b"HELP",
    b"EXPN all",
    b"XYZZY",
    b"",
    b"DATA now",
    b"AUTH LOGIN",
    b"STARTTLS",
    b"BDAT 0",
    b"x" * 2100,
)
HINTS = (ContentFollows, CommandsFollow, ContentBehind, MessageRefused)
CHUNKS = (
    b"BDAT 3\r\none",
    b"BDAT 5 LAST\r\n\n.\r\n.",
    b"BDAT 0 LAST\r\n",
    b"bdat 6 last\r\nQUIT\r\n",
    b"BDAT 150\r\n" + b"\0" * 150,
    b"BDAT 29 LAST\r\nMAIL FROM:<eve@example.org>\r\n",
    b"BDAT 201\r\n",
    b"BDAT -1\r\n",
)
"""Whole ones, then one that is too large, and one of no size."""

TRANSACTION = b"EHLO a\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n"

dotty = st.lists(st.sampled_from((b"\r", b"\n", b".", b"\0", b"x", b"\r\n", b"\r\n.", b"\xff"))).map(b"".join)
_pieces = st.one_of(
    st.sampled_from(COMMANDS).map(lambda line: line + b"\r\n"),
    st.sampled_from((b"DATA\r\n", b"QUIT\r\n", b"GET / HTTP/1.1\r\n", b"x" * 4100)),
    st.just(TRANSACTION),
    st.sampled_from(CHUNKS),
    st.sampled_from(CHUNKS).map(lambda chunk: TRANSACTION[:-6] + chunk),
    st.sampled_from((b"AUTH PLAIN AGEAYg==\r\n", b"AUTH LOGIN\r\nYQ==\r\nYg==\r\n", b"AUTH PLAIN\r\n*\r\n")),
    dotty.map(lambda content: TRANSACTION + content + b"\r\n.\r\n"),
    dotty.map(lambda content: TRANSACTION.replace(b"\r", b"") + content + b"\n.\n"),
    st.sampled_from(COMMANDS).map(lambda line: line + b"\n"),
    dotty,
    st.binary(max_size=40),
)
streams = st.lists(_pieces, max_size=12).map(b"".join)
"""Commands in and out of order, messages with every mixture of dots, CR and LF, and rubbish."""

cuts = st.lists(st.integers(0, 3000), max_size=12)
"""Where a stream is cut; past its end means nowhere."""


def cut(octets: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut octets into packets."""
    within = {place for place in places if place < len(octets)}
    return [octets[start:end] for start, end in pairwise(sorted({0, len(octets), *within}))]


def run(session: Session, packets: Iterable[bytes], verdict: Reply = KEPT) -> list[Output]:
    """Feed packets, settling each message at once; return what its peer and its store see."""
    return drop_hints(run_with_hints(session, packets, verdict))


def run_with_hints(session: Session, packets: Iterable[bytes], verdict: Reply = KEPT) -> list[Output]:
    """Do the same, and return all outputs."""
    outputs: list[Output] = []
    for packet in packets:
        step = session.receive(packet)
        outputs += step
        while step and isinstance(step[-1], Deliver | CheckLogin):
            last = step[-1]
            if isinstance(last, CheckLogin):
                step = session.tell(LoginChecked(LOGIN_RIGHT if last.login.secret == b"b" else LOGIN_WRONG))
            else:
                step = session.tell(Settled(verdict))
            outputs += step
    return outputs


def drop_hints(outputs: Iterable[Output]) -> list[Output]:
    """Leave out what is for the log, and how to read on, which alone depends on packets."""
    seen = [output for output in outputs if not isinstance(output, HINTS)]
    return [output._replace(is_followed=False) if isinstance(output, Deliver) else output for output in seen]


def codes(outputs: Iterable[Output]) -> list[int]:
    """Return the replies' codes."""
    return [output.code for output in outputs if isinstance(output, Reply)]
