"""What holds for every stream of octets: with a gate, with little room, over TLS."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fuzz.gatekeeper import Gatekeeper
from fuzz.tracked_content import TrackedContentStore
from hypothesis import given
from hypothesis import strategies as st

from edgemail.smtp import Close, Deliver, Lost, Reply, Secured, Session, SessionRules, StartTls
from edgemail.smtp.session import LINE_BUFFER_OCTETS
from tests.smtp.streams import CHUNKS, KEPT, LENIENT, PATIENT, RULES, TRANSACTION, codes, cut, cuts, run, streams

_ROOM_OCTETS = 40
_TLS_RULES = replace(RULES, offers_tls=True, max_errors=10**6, max_idle_commands=10**6)
_bare_rules = st.sampled_from((RULES, replace(RULES, refuses_bare_newlines=True), LENIENT))


@given(streams, cuts, _bare_rules)
def test_what_a_gate_refuses_does_not_depend_on_cuts(octets: bytes, places: list[int], rules: SessionRules) -> None:
    """It judges what was said, and no packet of it."""
    whole = run(Session(rules, Gatekeeper()), [octets])
    assert run(Session(rules, Gatekeeper()), cut(octets, places)) == whole


@given(streams, cuts)
def test_what_finds_no_room_does_not_depend_on_cuts(octets: bytes, places: list[int]) -> None:
    """And whatever way a message ends, nothing of it is left in the room."""
    rooms = [TrackedContentStore(_ROOM_OCTETS), TrackedContentStore(_ROOM_OCTETS)]
    sessions = [Session(RULES, content_store=room) for room in rooms]
    assert run(sessions[0], [octets]) == run(sessions[1], cut(octets, places))
    for room, session in zip(rooms, sessions, strict=True):
        session.tell(Lost())
        room.check_end()
    assert all(content.size_octets <= _ROOM_OCTETS for content in rooms[0].opened if content.is_finished)


@given(streams, cuts, _bare_rules)
def test_what_is_stored_is_what_was_accepted(octets: bytes, places: list[int], rules: SessionRules) -> None:
    """The next reply after each message that is handed over is the store's verdict."""
    outputs = run(Session(rules, Gatekeeper()), cut(octets, places))
    delivered = [at for at, output in enumerate(outputs) if isinstance(output, Deliver)]
    assert [at + 1 for at in delivered] == [at for at, output in enumerate(outputs) if output is KEPT]


@given(streams, cuts)
def test_what_waits_in_a_session_is_at_most_a_line(octets: bytes, places: list[int]) -> None:
    """Between two packets, whatever came: a line that has not ended; a message is in its room."""
    session = Session(RULES)
    for packet in cut(octets, places):
        outputs = run(session, [packet])
        waiting_octets = len(session._buffer)
        assert waiting_octets <= LINE_BUFFER_OCTETS + 1
        if outputs and isinstance(outputs[-1], Close):
            assert waiting_octets == 0
            break


@given(st.lists(st.sampled_from(CHUNKS[:6]), max_size=8))
def test_each_chunk_has_one_reply(chunks: list[bytes]) -> None:
    """RFC 3030 section 2: the refused ones as well, and none of their octets is a command."""
    outputs = run(Session(PATIENT), [b"EHLO a\r\n" + b"".join(chunks)])
    assert len(codes(outputs)) == 1 + len(chunks)
    said = run(Session(PATIENT), [TRANSACTION[:-6] + b"".join(chunks)])
    assert len(codes(said)) == 3 + len(chunks)
    assert not any(isinstance(output, Close) for output in outputs + said)


@given(streams, cuts, streams, cuts)
def test_tls_in_mid_stream_forgets_what_was_said(
    before: bytes, places: list[int], behind: bytes, places_behind: list[int]
) -> None:
    """RFC 3207 section 4.2: over TLS a peer is answered as if it had said nothing yet."""
    session = Session(_TLS_RULES)
    run(session, [*cut(before, places), b"\r\n.\r\n"])
    outputs = run(session, [b"*\r\n", b"RSET\r\n", b"EHLO a\r\n", b"STARTTLS\r\n"])
    if not (outputs and isinstance(outputs[-1], StartTls)):
        return  # what came before has closed, or goes on
    assert session.tell(Secured()) == []
    fresh = Session(_TLS_RULES)
    assert fresh.tell(Secured()) == []
    assert run(session, cut(behind, places_behind)) == run(fresh, [behind])


@pytest.mark.parametrize("cut_at", range(1, 10))
def test_octets_behind_starttls_close_wherever_the_packet_begins(cut_at: int) -> None:
    """CVE-2011-0411: what matters is that something came before TLS did."""
    session = Session(_TLS_RULES)
    run(session, [b"EHLO a\r\n"])
    line = b"STARTTLS\r\nNOOP\r\n"
    outputs = run(session, [line[:cut_at], line[cut_at:]])
    assert codes(outputs) == [554]
    assert isinstance(outputs[-1], Close)


@given(streams, cuts)
def test_no_two_replies_are_glued(octets: bytes, places: list[int]) -> None:
    """Each is one reply of one code, so that a client counts as many as it said commands."""
    for output in run(Session(RULES, Gatekeeper()), cut(octets, places)):
        if isinstance(output, Reply):
            lines = output.octets.split(b"\r\n")[:-1]
            assert {line[:3] for line in lines} == {b"%d" % output.code}
