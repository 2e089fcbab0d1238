"""Real sockets: when a reply goes out, what a limit does, and how a connection ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from testkit.smtp_peer import HELLO, MAIL, Counter, Peer, change_settings, drop_trace, listening, message
from testkit.waiting import PATIENCE_S, until

from edgemail.errors import StoreFull, StoreUnavailable

if TYPE_CHECKING:
    from edgemail.listener import Listener

SOON_S = 0.05
NEVER_S = 600.0


async def is_empty(listener: Listener) -> None:
    await until(lambda: not listener.connections)


async def test_a_peer_is_greeted_with_the_hostname(counter: Counter) -> None:
    """RFC 5321 section 4.2: 220 and the server's name."""
    async with listening(counter) as (_, port), Peer.connect(port) as peer:
        assert await peer.reply() == "220 mx.example.com ESMTP edgemail"


async def test_a_message_gets_250_only_once_it_is_kept(counter: Counter) -> None:
    """The first promise: 250 means that the message is committed."""
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(), 250, 250, 354)
        await counter.arrival()
        assert await peer.is_quiet()
        counter.keep(0)
        assert await peer.reply() == "250 2.0.0 OK, kept"


async def test_an_envelope_holds_what_was_said_under_a_trace(counter: Counter) -> None:
    """Sender, recipients, the clock's time, and the octets behind two trace fields."""
    noon = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
    async with listening(counter, None, lambda: noon) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message("Subject: x"), 250, 250, 354)
        await counter.arrival()
    envelope = counter.envelopes[0]
    assert (str(envelope.sender), envelope.recipients) == ("ann@example.org", ("bob@example.com",))
    assert envelope.accepted_at == noon
    first, second, *rest = envelope.data.split(b"\r\n")
    assert first == b"Return-Path: <ann@example.org>"
    assert second == b"Received: from client.example ([127.0.0.1])"
    assert rest[0].startswith(b"\tby mx.example.com (edgemail) with SMTP id ")
    assert rest[1:] == [b"\tSun, 1 Nov 2026 12:00:00 +0000", b"Subject: x", b""]


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (StoreUnavailable("disk on fire"), "451 4.3.0 "),
        (StoreFull("full to the brim"), "452 4.3.1 "),
        (ZeroDivisionError("secret detail"), "451 4.3.0 "),
        (asyncio.CancelledError(), "451 4.3.0 "),
    ],
)
async def test_a_message_that_is_not_kept_stays_with_its_sender(
    counter: Counter, error: BaseException, reply: str
) -> None:
    """451 or 452, without a word of what went wrong inside, and the session goes on."""
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(), 250, 250, 354)
        await counter.arrival()
        if isinstance(error, asyncio.CancelledError):
            counter.futures[0].cancel()
        else:
            counter.futures[0].set_exception(error)
        verdict = await peer.reply()
        assert verdict.startswith(reply)
        assert not any(word in verdict for word in ("fire", "brim", "secret"))
        await peer.say(b"NOOP\r\n", 250)


async def test_octets_come_through_unchanged(counter: Counter) -> None:
    """8-bit, NUL, bare CR and LF: after dot-unstuffing, octet for octet."""
    counter.keeps_at_once = True
    content = bytes(range(256)) * 300 + b"\r\n.dot\r\n\n.\n\r.\r"
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(content.replace(b"\r\n.", b"\r\n..")), 250, 250, 354, 250)
    assert counter.contents == [content + b"\r\n"]


async def test_octets_that_come_one_by_one_make_the_same_message(counter: Counter) -> None:
    """Where a packet ends has no meaning."""
    counter.keeps_at_once = True
    async with listening(counter) as (_, port), Peer.connect(port) as peer:
        await peer.reply()
        for octet in HELLO + message("..a\r\n.."):
            peer.send(bytes([octet]))
            await asyncio.sleep(0)
        await peer.say(b"", 250, 250, 250, 354, 250)
    assert counter.contents == [b".a\r\n.\r\n"]


async def test_a_connection_carries_several_transactions(counter: Counter) -> None:
    """RFC 5321 section 3.3; a trusted peer has no limit on them."""
    counter.keeps_at_once = True
    async with listening(counter, max_transactions=3) as (_, port), Peer.greeted(port) as peer:
        for number in range(10):
            await peer.say(message(f"{number}"), 250, 250, 354, 250)
        await peer.say(b"QUIT\r\n", 221)
        assert await peer.rest() == ""
    assert counter.contents == [b"%d\r\n" % number for number in range(10)]


async def test_what_is_pipelined_behind_a_message_is_done_in_order(counter: Counter) -> None:
    """In the same packet or later, it waits until the message is settled (RFC 2920 section 3.2)."""
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message("one") + message("two"), 250, 250, 354)
        peer.send(message("three"))
        await counter.arrival(1)
        peer.send(b"QUIT\r\n")
        assert await peer.is_quiet()
        assert len(counter.envelopes) == 1
        for number in range(2):
            counter.keep(number)
            await peer.say(b"", 250, 250, 250, 354)
            await counter.arrival(number + 2)
        counter.futures[2].set_exception(StoreFull("full"))
        await peer.say(b"", 452, 221)
        assert await peer.rest() == ""
    assert counter.contents == [b"one\r\n", b"two\r\n", b"three\r\n"]


async def test_connections_share_no_state(counter: Counter) -> None:
    """What one peer said is nothing to another."""
    async with listening(counter) as (_, port), Peer.greeted(port) as first, Peer.connect(port) as second:
        await second.reply()
        await first.say(b"MAIL FROM:<ann@example.org>\r\n", 250)
        await second.say(b"RCPT TO:<bob@example.com>\r\n", 503)
        await second.say(b"QUIT\r\n", 221)
        await first.say(b"RCPT TO:<bob@example.com>\r\n", 250)


async def test_a_connection_too_many_is_turned_away(counter: Counter) -> None:
    """421 in place of a greeting; a slot that comes free is given again."""
    async with listening(counter, max_connections=2) as (listener, port):
        async with Peer.greeted(port), Peer.greeted(port), Peer.connect(port) as third:
            assert await third.rest() == "421 4.7.0 Too many connections, try again later\r\n"
        await is_empty(listener)
        async with Peer.greeted(port):
            pass


async def test_a_silent_peer_is_let_go(counter: Counter) -> None:
    """Idle for too long: 421 4.4.2."""
    async with listening(counter, idle_timeout_s=SOON_S) as (listener, port), Peer.connect(port) as peer:
        assert await peer.reply() == "220 mx.example.com ESMTP edgemail"
        assert await peer.rest() == "421 4.4.2 Nothing came for too long\r\n"
        await is_empty(listener)


async def test_a_peer_that_stops_within_a_message_is_let_go(counter: Counter) -> None:
    """The time for a message's next octets is another one; what had come is dropped."""
    async with listening(counter, data_timeout_s=SOON_S) as (_, port), Peer.greeted(port) as peer:
        await peer.say(MAIL, 250, 250, 354)
        assert await peer.say(b"half a mess", 421) == "421 4.4.2 Nothing came for too long"
        assert await peer.rest() == ""
    assert counter.envelopes == []


async def test_a_session_has_an_end(counter: Counter) -> None:
    """A peer that talks on and on holds no slot for ever."""
    async with listening(counter, session_timeout_s=SOON_S, max_idle_commands=10**9) as (_, port):
        async with Peer.connect(port) as peer, asyncio.timeout(PATIENCE_S):
            while (said := await peer.reply()).startswith("2"):
                peer.send(b"NOOP\r\n")
        assert said == "421 4.4.2 The session took too long"


async def test_a_slow_commit_gets_451_and_its_late_end_changes_nothing(counter: Counter) -> None:
    """The sender was told to try again: no second reply, and the session goes on."""
    async with listening(counter, commit_timeout_s=SOON_S) as (listener, port), Peer.greeted(port) as peer:
        reply = await peer.say(message("late"), 250, 250, 354, 451)
        change_settings(listener, commit_timeout_s=NEVER_S)
        assert reply == "451 4.3.0 The store takes too long, try again later"
        counter.keep(0)
        assert await peer.is_quiet()
        await peer.say(message("next"), 250, 250, 354)
        await counter.arrival(2)
        counter.keep(1)
        await peer.say(b"", 250)


@pytest.mark.parametrize("error", [None, StoreUnavailable("late")])
async def test_while_a_commit_is_late_the_next_sender_is_told_at_once(
    counter: Counter, error: Exception | None
) -> None:
    """451 at MAIL, and at DATA for a peer that is past MAIL, until the late commit ends."""
    async with (
        listening(counter, commit_timeout_s=SOON_S) as (listener, port),
        Peer.greeted(port) as late,
        Peer.greeted(port) as other,
    ):
        await other.say(MAIL.removesuffix(b"DATA\r\n"), 250, 250)
        await late.say(message("late"), 250, 250, 354, 451)
        change_settings(listener, commit_timeout_s=NEVER_S)
        behind = "451 4.3.0 The store is behind, try again later"
        assert await other.say(b"DATA\r\n", 451) == behind
        assert await other.say(b"MAIL FROM:<ann@example.org>\r\n", 451) == behind
        if error is None:
            counter.keep(0)
        else:
            counter.futures[0].set_exception(error)
        await other.say(b"NOOP\r\n", 250)
        await other.say(message("next"), 250, 250, 354)
        await counter.arrival(2)
        counter.keep(1)
        await other.say(b"", 250)
    assert counter.contents == [b"late\r\n", b"next\r\n"]


async def test_a_commit_that_fails_late_changes_nothing(counter: Counter) -> None:
    """Not even a complaint that nobody looked at its error."""
    async with listening(counter, commit_timeout_s=SOON_S) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message("late"), 250, 250, 354, 451)
        counter.futures[0].set_exception(StoreUnavailable("late"))
        await peer.say(b"NOOP\r\n", 250)


async def test_octets_behind_a_message_give_a_commit_no_more_time(counter: Counter) -> None:
    """And reading goes on after a late commit."""
    times = {"commit_timeout_s": 2 * SOON_S, "idle_timeout_s": NEVER_S}
    async with listening(counter, **times) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(), 250, 250, 354)
        await counter.arrival()
        await peer.say(b"NOOP\r\n", 451, 250)
        await peer.say(b"QUIT\r\n", 221)
    assert len(counter.envelopes) == 1


async def test_a_peer_that_vanishes_before_the_end_mark_leaves_nothing(counter: Counter) -> None:
    """Half a message is none."""
    async with listening(counter) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(MAIL, 250, 250, 354)
        peer.send(b"half a message\r\n.\r")
        peer.vanish()
        await is_empty(listener)
    assert counter.envelopes == []


async def test_a_peer_that_vanishes_after_the_end_mark_has_sent_a_message(counter: Counter) -> None:
    """It came whole, so it is kept, though there is nobody left to tell."""
    async with listening(counter) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(message("whole"), 250, 250, 354)
        await counter.arrival()
        peer.vanish()
        await is_empty(listener)
        counter.keep(0)
    assert counter.contents == [b"whole\r\n"]


@pytest.mark.parametrize("farewell", [b"QUIT\r\n", b""])
async def test_a_peer_that_has_said_all_still_gets_its_replies(counter: Counter, farewell: bytes) -> None:
    """`printf ... | nc -N` shuts its side down and listens on (RFC 9293 section 3.6)."""
    async with listening(counter) as (_, port), Peer.connect(port) as peer:
        peer.send(HELLO + message() + farewell)
        peer.finish()
        await counter.arrival()
        await asyncio.sleep(0)
        counter.keep(0)
        codes = [line[:3] for line in (await peer.rest()).splitlines()]
    assert codes == ["220", "250", "250", "250", "354", "250"] + ["221"] * bool(farewell)


async def test_a_message_too_large_is_told_and_not_kept(counter: Counter) -> None:
    """552 after its end; past twice the size, 552 and the close (RFC 1870 section 6.3)."""
    async with listening(counter, max_message_bytes=1000) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(b"x" * 1500), 250, 250, 354, 552)
        await peer.say(MAIL, 250, 250, 354)
        await peer.say(b"x" * 2001, 552)
        assert await peer.rest() == ""
    assert counter.envelopes == []


async def test_the_trace_is_all_that_is_put_before_a_message(counter: Counter) -> None:
    """Header lines that look like ours are the sender's, and stay."""
    counter.keeps_at_once = True
    forged = b"Return-Path: <eve@example.net>\r\nReceived: from nowhere\r\n\r\nHi"
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(forged), 250, 250, 354, 250)
    assert drop_trace(counter.envelopes[0].data) == forged + b"\r\n"
