"""Limits a source: who shares one, how many at a time, how often, and what is remembered."""

from __future__ import annotations

import asyncio
import contextlib
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit.smtp_peer import MAIL, Counter, Peer, listening, message
from testkit.waiting import until

from edgemail.policy import rates, replies
from edgemail.policy.chaos import Chaos
from edgemail.policy.gate import ConnectionGate, Policy
from edgemail.policy.rates import Rate, Sources, read_ip
from edgemail.settings import PolicySettings, SmtpSettings

STRANGERS = {"trusted": ()}


class Clock:
    """A clock that a test sets."""

    now = 600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_no_more_than_the_limit_comes_in_a_minute(clock: Clock) -> None:
    """Also across the turn of a clock minute; a refused one is not counted."""
    rate = Rate()

    def take(now: float) -> bool:
        if rate.is_full(now, 3):
            return False
        rate.add(now)
        return True

    assert [take(655.0) for _ in range(5)] == [True] * 3 + [False] * 2
    assert not take(661.0)
    assert take(690.0)
    assert [take(721.0) for _ in range(4)].count(True) == 3 - 1
    assert [take(900.0) for _ in range(4)].count(True) == 3


def test_asking_spends_nothing(clock: Clock) -> None:
    """A source may be judged any number of times; only what was accepted counts."""
    source = Sources(SmtpSettings(message_rate=2, connection_rate=2), clock).find(ip_address("192.0.2.1"))
    for _ in range(5):
        assert source.judge_sender() is None
        assert source.judge_connection() is None
    for _ in range(2):
        source.spend_message()
        source.begin_connection()
    assert source.judge_sender() is replies.TOO_MANY_MESSAGES
    assert source.judge_connection() is replies.TOO_OFTEN


def test_a_gate_spends_the_quota_of_its_source(clock: Clock) -> None:
    """By a call of its own: its judges may be asked in vain."""
    source = Sources(SmtpSettings(message_rate=1), clock).find(ip_address("192.0.2.1"))
    gate = ConnectionGate(Policy(PolicySettings(min_free=None), Chaos()), "192.0.2.1", source)
    assert [gate.judge_sender(None) for _ in range(3)] == [None] * 3
    gate.spend_message()
    assert gate.judge_sender(None) is replies.TOO_MANY_MESSAGES
    ConnectionGate(Policy(PolicySettings(min_free=None), Chaos()), "192.0.2.1").spend_message()


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("32.1.13.184", "2001:db8::", False),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_64(clock: Clock, one: str, other: str, is_same: bool) -> None:
    """Whoever has one address of a /64 has all of them."""
    table = Sources(SmtpSettings(), clock)
    assert (table.find(read_ip(one)) is table.find(read_ip(other))) is is_same


def test_sources_that_are_gone_are_forgotten(clock: Clock) -> None:
    """Not while they have a connection, or something in the last two minutes counts."""
    table = Sources(SmtpSettings(), clock)
    gone, here = (table.find(ip_address(ip)) for ip in ("192.0.2.1", "192.0.2.2"))
    for source in (gone, here):
        source.begin_connection()
    gone.end_connection()
    table.sweep()
    assert len(table) == 2
    clock.now += 180.0
    table.sweep()
    assert len(table) == 1
    assert table.find(ip_address("192.0.2.2")) is here


def test_a_flood_of_sources_takes_a_bounded_table(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of them are forgotten; a sweep goes through it piece by piece."""
    monkeypatch.setattr(rates, "_MAX_SOURCES", 50)
    monkeypatch.setattr(rates, "_LOOKED_AT", 10)
    table = Sources(SmtpSettings(), clock)
    for number in range(1000):
        table.find(ip_address(number)).begin_connection()
    assert len(table) == 50
    for number in range(950, 1000):
        table.find(ip_address(number)).end_connection()
    clock.now += 180.0
    for left in (40, 30, 20, 10, 0):
        table.sweep()
        assert len(table) == left


async def test_a_source_has_so_many_connections_at_a_time(counter: Counter) -> None:
    """421 4.7.0 for the next, while others get in; one that has left makes room."""
    async with (
        listening(counter, **STRANGERS, max_connections_per_source=2) as (_, port),
        Peer.greeted(port, "127.0.0.2"),
        Peer.greeted(port, "127.0.0.2") as second,
    ):
        async with Peer.connect(port, "127.0.0.2") as third:
            assert await third.rest() == "421 4.7.0 Too many connections from you, try again later\r\n"
        async with Peer.greeted(port, "127.0.0.3"):
            pass
        await second.say(b"QUIT\r\n", 221)
        async with Peer.greeted(port, "127.0.0.2"):
            pass


async def test_a_source_connects_so_often(counter: Counter) -> None:
    """421 4.7.0 for the next, while others get in."""
    async with listening(counter, **STRANGERS, connection_rate=3) as (_, port):
        for _number in range(3):
            async with Peer.greeted(port, "127.0.0.2"):
                pass
        async with Peer.connect(port, "127.0.0.2") as fourth:
            assert await fourth.rest() == "421 4.7.0 You connect too often, try again later\r\n"
        async with Peer.greeted(port, "127.0.0.3"):
            pass


async def test_a_source_sends_so_many_messages(counter: Counter) -> None:
    """450 4.7.1 at MAIL, over all its connections; the sender keeps the message, and may stay."""
    counter.keeps_at_once = True
    async with listening(counter, **STRANGERS, message_rate=2) as (_, port):
        async with Peer.greeted(port, "127.0.0.2") as peer, Peer.greeted(port, "127.0.0.2") as again:
            for sender in (peer, again):
                await sender.say(MAIL, 250, 250, 354)
                await sender.say(b"Hi.\r\n.\r\n", 250)
            reply = await peer.say(b"MAIL FROM:<ann@example.org>\r\n", 450)
            assert reply == "450 4.7.1 Too many messages from you, try again later"
            await peer.say(b"NOOP\r\n", 250)
        async with Peer.greeted(port, "127.0.0.3") as other:
            await other.say(b"MAIL FROM:<ann@example.org>\r\n", 250)


async def test_a_source_sends_so_many_octets_an_hour(counter: Counter) -> None:
    """452 4.7.1 for the message that would be past it, on whichever connection; smaller ones still fit."""
    counter.keeps_at_once = True
    refused = "452 4.7.1 Too many octets from you within an hour, try again later"
    async with listening(counter, **STRANGERS, max_bytes_per_source_per_hour=1000) as (_, port):
        async with Peer.greeted(port, "127.0.0.2") as peer, Peer.greeted(port, "127.0.0.2") as again:
            for sender in (peer, again):
                await sender.say(MAIL, 250, 250, 354)
            await peer.say(b"x" * 598 + b"\r\n.\r\n", 250)
            assert await again.say(b"x" * 598 + b"\r\n.\r\n", 452) == refused
            await again.say(MAIL, 250, 250, 354)
            await again.say(b"x" * 398 + b"\r\n.\r\n", 250)
            assert await peer.say(b"MAIL FROM:<ann@example.org>\r\n", 452) == refused
            await peer.say(b"NOOP\r\n", 250)
        async with Peer.greeted(port, "127.0.0.3") as other:
            await other.say(MAIL, 250, 250, 354)
            await other.say(b"x" * 598 + b"\r\n.\r\n", 250)
    assert len(counter.envelopes) == 3


async def test_a_declared_size_past_the_octets_of_an_hour_is_refused_at_mail(counter: Counter) -> None:
    """452 4.7.1 before its octets come; they would be refused behind them (RFC 1870 section 6.1)."""
    counter.keeps_at_once = True
    refused = "452 4.7.1 Too many octets from you within an hour, try again later"
    async with listening(counter, **STRANGERS, max_bytes_per_source_per_hour=1000) as (_, port):
        async with Peer.greeted(port, "127.0.0.2") as peer:
            await peer.say(b"EHLO client.example\r\n", 250)
            assert await peer.say(b"MAIL FROM:<ann@example.org> SIZE=1001\r\n", 452) == refused
            await peer.say(MAIL.replace(b">\r\nRCPT", b"> SIZE=600\r\nRCPT"), 250, 250, 354)
            await peer.say(b"x" * 598 + b"\r\n.\r\n", 250)
            assert await peer.say(b"MAIL FROM:<ann@example.org> SIZE=401\r\n", 452) == refused
            await peer.say(b"MAIL FROM:<ann@example.org> SIZE=400\r\n", 250)
        async with Peer.greeted(port, "127.0.0.3") as other:
            await other.say(b"EHLO client.example\r\n", 250)
            await other.say(b"MAIL FROM:<ann@example.org> SIZE=1000\r\n", 250)


@settings(deadline=None)  # however busy the machine is
@given(st.lists(st.tuples(st.floats(0, 4000), st.integers(1, 800)), max_size=60))
def test_no_hour_brings_more_than_the_limit_of_octets_of_each_clock_hour(steps: list[tuple[float, int]]) -> None:
    """Whatever the sizes and the pauses; and never more than twice the limit within any hour."""
    clock = Clock()
    source = Sources(SmtpSettings(max_bytes_per_source_per_hour=1000), clock).find(ip_address("192.0.2.1"))
    taken: list[tuple[float, int]] = []
    for pause_s, size in steps:
        clock.now += pause_s
        if source.spend_octets(size) is None:
            taken.append((clock.now, size))
        within = [size for at, size in taken if at > clock.now - 3600]
        assert sum(within) <= 2000
        assert sum(size for at, size in taken if at // 3600 == clock.now // 3600) <= 1000


async def test_the_heaviest_sources_are_refused_first_and_all_of_them_last(counter: Counter) -> None:
    """Past the bounds on all mail a source's octets an hour shrink; a quarter past them nobody's mail is taken."""
    counter.keeps_at_once = True
    policy = Policy(PolicySettings(min_free=None), Chaos())
    fill = 0.9
    policy.mail_space.measure = lambda: fill
    settings = {"trusted": (ip_network("127.0.0.1"),), "max_bytes_per_source_per_hour": 1000}
    async with (
        listening(counter, policy, **settings) as (_, port),
        Peer.greeted(port, "127.0.0.2") as heavy,
        Peer.greeted(port, "127.0.0.3") as light,
        Peer.greeted(port) as trusted,
    ):
        await heavy.say(MAIL, 250, 250, 354)
        await heavy.say(b"x" * 598 + b"\r\n.\r\n", 250)
        fill = 1.2
        assert "Too many octets from you" in await heavy.say(b"MAIL FROM:<ann@example.org>\r\n", 452)
        await light.say(MAIL, 250, 250, 354)
        await light.say(b"x\r\n.\r\n", 250)
        await light.say(MAIL, 250, 250, 354)
        fill = 1.25
        assert "There is no room" in await light.say(b"x\r\n.\r\n", 452)
        for peer in (heavy, light, trusted):
            reply = await peer.say(b"MAIL FROM:<ann@example.org>\r\n", 452)
            assert reply == "452 4.3.1 There is no room, and all mail is too young to be deleted, try again later"
        fill = 0.0
        await heavy.say(MAIL, 250, 250, 354)
        await heavy.say(b"x\r\n.\r\n", 250)
    assert len(counter.envelopes) == 3


async def test_trusted_peers_have_no_limits_a_source(counter: Counter) -> None:
    """Loopback is trusted in either mode, unless `trusted` says who is."""
    counter.keeps_at_once = True
    limits = {
        "max_connections_per_source": 1,
        "connection_rate": 1,
        "message_rate": 1,
        "max_bytes_per_source_per_hour": 1,
    }
    async with listening(counter, **limits) as (_, port), Peer.greeted(port), Peer.greeted(port) as peer:
        for _number in range(3):
            await peer.say(message(), 250, 250, 354, 250)


async def test_a_flood_from_one_source_leaves_room_for_others(counter: Counter) -> None:
    """It has its own limit, and what it is told takes no slot."""
    async with listening(counter, **STRANGERS, max_connections=4, max_connections_per_source=2) as (listener, port):
        async with contextlib.AsyncExitStack() as stack:
            flood = [await stack.enter_async_context(Peer.connect(port, "127.0.0.2")) for _ in range(20)]
            codes = [(await peer.reply())[:3] for peer in flood]
            assert codes == ["220"] * 2 + ["421"] * 18
            async with Peer.greeted(port, "127.0.0.3"):
                pass
        await until(lambda: not listener.connections)
        assert listener.admission._taken == listener.admission._lingering == 0


async def test_when_slots_grow_short_idle_strangers_go_first(counter: Counter) -> None:
    """421 4.4.2 after a shorter time; who is in a message stays."""
    busy = {"max_connections": 5, "busy_percent": 50, "busy_idle_timeout_s": 0.05}
    async with (
        listening(counter, **STRANGERS, **busy) as (_, port),
        Peer.greeted(port) as idle,
        Peer.greeted(port) as working,
    ):
        await working.say(MAIL, 250, 250, 354)
        assert await idle.is_quiet()
        async with Peer.greeted(port) as third:
            ends = [asyncio.create_task(peer.rest()) for peer in (idle, third)]
            gone, stays = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            assert {end.result() for end in gone} == {"421 4.4.2 Nothing came for too long, and others wait\r\n"}
            for end in stays:
                end.cancel()
        working.send(b".\r\n")
        await counter.arrival()


async def test_when_slots_grow_short_trusted_peers_stay(counter: Counter) -> None:
    """Programs under test keep their connections open."""
    async with (
        listening(counter, max_connections=2, busy_percent=1, busy_idle_timeout_s=0.01) as (_, port),
        Peer.greeted(port) as peer,
    ):
        assert await peer.is_quiet()
        await peer.say(b"NOOP\r\n", 250)


async def test_there_is_room_for_trusted_peers_when_strangers_have_taken_all(counter: Counter) -> None:
    """A tenth more, so that whoever runs the server can still reach it."""
    trusted = (ip_network("127.0.0.1"),)
    async with (
        listening(counter, trusted=trusted, max_connections=10) as (_, port),
        contextlib.AsyncExitStack() as stack,
    ):
        for _number in range(10):
            await stack.enter_async_context(Peer.greeted(port, "127.0.0.2"))
        async with Peer.connect(port, "127.0.0.3") as stranger, Peer.greeted(port), Peer.connect(port) as last:
            for refused in (stranger, last):
                assert await refused.rest() == "421 4.7.0 Too many connections, try again later\r\n"
