"""The state machine's interface, and what holds for every stream of octets."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgemail.smtp import Close, Deliver, Ended, Output, Reply, Session, SessionRules, Settled
from tests.smtp.streams import (
    COMMANDS,
    KEPT,
    LENIENT,
    PATIENT,
    RULES,
    TRANSACTION,
    codes,
    cut,
    cuts,
    dotty,
    run,
    streams,
)

_BYE = Reply.of(421, "4.3.2 Bye")


_rules = st.sampled_from((RULES, LENIENT))


@given(streams, cuts, _rules)
def test_any_cut_of_a_stream_gives_the_same_outputs(octets: bytes, places: list[int], rules: SessionRules) -> None:
    """TCP keeps no packets: replies, messages and the end depend on the octets alone."""
    whole = run(Session(rules), [octets])
    assert run(Session(rules), cut(octets, places)) == whole


@settings(max_examples=30)
@given(streams, _rules)
def test_a_stream_that_comes_octet_by_octet_gives_the_same_outputs(octets: bytes, rules: SessionRules) -> None:
    """The finest cut of all."""
    whole = run(Session(rules), [octets])
    assert run(Session(rules), cut(octets, range(len(octets)))) == whole


@given(streams, cuts)
@example(b"BDAT 5 LAST\r\n.\r\n.\r\n", [])
def test_a_stream_of_crlf_lines_means_the_same_where_lf_lines_are_taken(octets: bytes, places: list[int]) -> None:
    """Who ends lines with CRLF, as all mail servers do, is read by one grammar in both modes.

    A chunk of BDAT may end within a CRLF. Then there is a line that ends in LF alone.
    """
    octets = re.sub(rb"(?<!\r)\n|\r(?!\n)", b"", octets)
    packets = cut(octets, places)
    strict, lenient = (run(Session(rules), packets) for rules in (RULES, replace(RULES, takes_lf_lines=True)))
    is_cut = any(isinstance(output, Reply) and output.reason == "bare_newline" for output in strict)
    assert is_cut or strict == lenient
    assert not is_cut or b"BDAT" in octets.upper()


@given(dotty)
def test_no_mixture_ends_a_message_that_crlf_began(content: bytes) -> None:
    """CVE-2023-51764 and relatives: a message is the same where lines in LF are taken as well."""
    said = TRANSACTION + content + b"\r\n.\r\n"
    strict, lenient = (
        next(output for output in run(Session(rules), [said]) if isinstance(output, Deliver))
        for rules in (PATIENT, replace(PATIENT, takes_lf_lines=True))
    )
    assert strict == lenient


@given(st.booleans(), st.lists(st.binary(max_size=200)), _rules)
def test_no_octets_raise(is_in_data: bool, packets: list[bytes], rules: SessionRules) -> None:
    """What a peer sends is its own mistake, never ours."""
    session = Session(rules)
    if is_in_data:
        run(session, [TRANSACTION])
    run(session, packets)


@given(st.lists(st.sampled_from(COMMANDS), max_size=30))
def test_there_are_as_many_replies_as_commands(lines: list[bytes]) -> None:
    """One each, in order (RFC 5321 section 4.2)."""
    session = Session(PATIENT)
    expected = [code for line in lines for code in codes(run(session, [line + b"\r\n"]))]
    assert len(expected) == len(lines)
    assert codes(run(Session(PATIENT), [b"".join(line + b"\r\n" for line in lines)])) == expected


@given(streams, cuts)
def test_replies_are_lines_of_printable_ascii(octets: bytes, places: list[int]) -> None:
    """At most 512 octets with CRLF; the last line has a space after its code (RFC 5321 4.5.3.1.5)."""
    for output in run(Session(RULES), cut(octets, places)):
        if isinstance(output, Reply):
            *lines, rest = output.octets.split(b"\r\n")
            assert rest == b""
            for line in lines:
                assert re.fullmatch(rb"%d[ -][\x20-\x7e]{0,506}" % output.code, line)
            assert [line[3:4] for line in lines] == [b"-"] * (len(lines) - 1) + [b" "]


@given(streams)
def test_a_close_is_the_last_output_and_comes_once(octets: bytes) -> None:
    """Behind it the session says nothing more, whatever comes."""
    session = Session(RULES)
    outputs = run(session, [octets])
    closes = [index for index, output in enumerate(outputs) if isinstance(output, Close)]
    assert closes in ([], [len(outputs) - 1])
    assert [*map(type, session.tell(Ended(_BYE)))] == ([] if closes else [Reply, Close])
    assert session.receive(b"NOOP\r\n") == []
    assert session.tell(Ended(_BYE)) == []


@given(st.text("abcdefghij", min_size=12, max_size=20))
def test_no_reply_repeats_what_the_peer_said(word: str) -> None:
    """A reply that can be steered can be split, and logs and terminals show it."""
    said = word.encode()
    lines = [said, *(line + b" " + said for line in COMMANDS), b"MAIL FROM:<" + said + b"@x>", b"EHLO " + said]
    outputs = run(Session(PATIENT), [line + b"\r\n" for line in lines])
    assert not any(said in output.octets for output in outputs if isinstance(output, Reply))


@given(st.binary(max_size=300), cuts)
def test_a_message_comes_back_octet_for_octet(content: bytes, places: list[int]) -> None:
    """What a client stuffs with dots is what is handed over (RFC 5321 section 4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    message = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    outputs = run(Session(SessionRules("mx.example.com")), cut(TRANSACTION + stuffed + b".\r\n", places))
    assert [output.content for output in outputs if isinstance(output, Deliver)] == [message]


def test_the_greeting_names_the_server() -> None:
    """RFC 5321 section 4.2: 220, then the domain."""
    assert Session(RULES).start() == [Reply.of(220, "mx.example.com ESMTP edgemail")]


def test_a_message_waits_for_its_verdict() -> None:
    """A `Deliver` is always last, and what is pipelined behind it waits for `Settled`."""
    session = Session(RULES)
    *replies, delivery = session.receive(TRANSACTION + b"one\r\n.\r\nNOOP\r\nQUIT\r\n")
    assert codes(replies) == [250, 250, 250, 354]
    assert isinstance(delivery, Deliver)
    assert delivery.is_followed
    assert session.receive(b"NOOP\r\n") == []
    refused = Reply.of(452, "4.3.1 No room")
    assert codes(session.tell(Settled(refused))) == [452, 250, 221]


def test_settling_without_a_message_is_our_own_mistake() -> None:
    """A RuntimeError, not a reply."""
    session = Session(RULES)
    with pytest.raises(RuntimeError, match="settle"):
        session.tell(Settled(KEPT))


@pytest.mark.parametrize(
    "said", [b"", b"EHLO a\r\n", TRANSACTION + b"half a mess", TRANSACTION + b"\r\n.\r\n", b"NO"]
)
def test_a_session_can_be_ended_anywhere(said: bytes) -> None:
    """A time ran out, or the server stops: the reply, and the end."""
    session = Session(RULES)
    session.receive(said)
    assert [*map(type, session.tell(Ended(_BYE)))] == [Reply, Close]
    assert session.tell(Ended(_BYE)) == []


@pytest.mark.parametrize(
    ("hello", "parameters", "protocol"),
    [("HELO", "", "SMTP"), ("EHLO", "", "ESMTP"), ("EHLO", " SMTPUTF8", "UTF8SMTP"), ("ehlo", " SIZE=1", "ESMTP")],
)
def test_a_message_says_how_it_came(hello: str, parameters: str, protocol: str) -> None:
    """The words of RFC 3848 and RFC 6531 section 4.3, and the peer's own name."""
    said = (
        f"{hello} Client.example\r\nMAIL FROM:<a@b.example>{parameters}\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\n"
    )
    (delivery,) = [output for output in run(Session(RULES), [said.encode()]) if isinstance(output, Deliver)]
    assert (delivery.protocol, delivery.hello) == (protocol, "Client.example")


def test_the_last_name_counts() -> None:
    """HELO behind EHLO takes the extensions away again (RFC 5321 section 4.1.4)."""
    outputs = run(Session(RULES), [b"EHLO a\r\nHELO b\r\nMAIL FROM:<a@b.example> SIZE=1\r\n"])
    assert codes(outputs) == [250, 250, 555]


def test_sessions_share_nothing() -> None:
    """What one peer may do does not follow from what another said."""
    first, second = Session(RULES), Session(RULES)
    run(first, [TRANSACTION])
    assert codes(run(second, [b"RCPT TO:<bob@example.com>\r\n"])) == [503]


@pytest.mark.parametrize(
    ("said", "count"),
    [
        (b"XYZZY\r\n", 9),
        (b"NOOP\r\n", 100),
        (b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\n", 200),
    ],
)
def test_the_limits_of_a_session_unless_told_otherwise(said: bytes, count: int) -> None:
    """10 mistakes, 100 commands that carry no mail, 200 transactions."""
    session = Session(SessionRules("mx.example.com"))
    run(session, [b"EHLO a\r\n"] if b"MAIL" in said else [])
    assert not any(isinstance(output, Close) for output in run(session, [said] * count))
    assert [*map(type, run(session, [said]))] == [Reply, Close]


def test_a_transaction_takes_a_hundred_recipients_unless_told_otherwise() -> None:
    """RFC 5321 section 4.5.3.1.8: a hundred at least."""
    session = Session(SessionRules("mx.example.com"))
    run(session, [b"EHLO a\r\nMAIL FROM:<>\r\n"])
    outputs = run(session, [b"RCPT TO:<user%d@example.com>\r\n" % number for number in range(101)])
    assert codes(outputs) == [250] * 100 + [452]


@pytest.mark.parametrize("size", [1, 100, 65_536])
def test_an_endless_line_takes_no_memory(size: int) -> None:
    """It is given up at 4,096 octets, and what still comes is not kept."""
    session = Session(SessionRules("mx.example.com"))
    outputs, peak = _measure(session, b"x" * size, 70_000)
    assert codes(outputs) == [500]
    assert peak < 2 * 65_536 + 32_768


def test_an_endless_message_takes_no_more_than_its_limit() -> None:
    """Past the limit nothing is kept; past twice the limit the connection ends."""
    session = Session(SessionRules("mx.example.com", max_message_octets=500_000))
    run(session, [TRANSACTION])
    outputs, peak = _measure(session, b"\r\n.." + b"x" * 65_000, 50_000_000)
    assert codes(outputs) == [552]
    assert peak < 1_000_000


def test_a_message_of_single_octets_takes_no_more_than_its_size() -> None:
    """A list of chunks would take fifty times as much."""
    session = Session(SessionRules("mx.example.com", max_message_octets=500_000))
    run(session, [TRANSACTION])
    _, peak = _measure(session, b"x", 30_000)
    assert peak < 100_000


def _measure(session: Session, packet: bytes, octets: int) -> tuple[list[Output], int]:
    """Feed so many octets in packets; return the outputs, and the peak of memory in octets."""
    outputs: list[Output] = []
    tracemalloc.start()
    try:
        for _ in range(octets // len(packet)):
            outputs += session.receive(packet)
        return outputs, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
