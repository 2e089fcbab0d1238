"""Real sockets: peers that never read, and a server that stops while they talk."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from testkit.smtp_peer import HELLO, MAIL, Counter, Peer, listening, message
from testkit.waiting import PATIENCE_S, until

from edgemail.errors import StoreFull
from edgemail.listener.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON_S = 0.05
HELLOS, ROUNDS = 90, 400
ROUND = b"EHLO a\r\n" * HELLOS + message()
FLOOD = ROUND * ROUNDS
FLOOD_MAX_OCTETS = 16 * 2**20


async def test_a_peer_that_never_reads_is_not_read_either(counter: Counter) -> None:
    """Its replies must not pile up in memory: what it may still send is a few buffers' worth."""
    counter.keeps_at_once = True
    async with listening(counter) as (listener, port):
        with _deaf_peer(port) as raw:
            await until(lambda: bool(listener.connections))
            (connection,) = listener.connections
            assert isinstance(connection, Connection)
            is_moving, sent = True, 0
            while is_moving:
                taken_before = len(counter.envelopes)
                sent += await _flood(raw)
                assert sent < FLOOD_MAX_OCTETS
                assert connection._transport.get_write_buffer_size() < FLOOD_MAX_OCTETS / 2
                is_moving = len(counter.envelopes) > taken_before


@pytest.mark.slow
async def test_a_peer_that_does_not_take_the_last_words_is_cut_off(counter: Counter) -> None:
    """It is told of its deadline; where that cannot be sent, the connection ends all the same."""
    counter.keeps_at_once = True
    async with listening(counter, idle_timeout_s=0.5) as (listener, port):
        with _deaf_peer(port) as raw:
            assert await _flood(raw) > 0
            await until(lambda: not listener.connections)


@contextlib.contextmanager
def _deaf_peer(port: int) -> Iterator[socket.socket]:
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", port))
        raw.setblocking(False)
        yield raw


async def _flood(raw: socket.socket) -> int:
    """Send until nothing is taken for a while; return how many octets were."""
    loop, sent = asyncio.get_running_loop(), 0
    chunk = FLOOD[: 16 * len(ROUND)]
    while sent < FLOOD_MAX_OCTETS:
        try:
            async with asyncio.timeout(0.2):
                await loop.sock_sendall(raw, chunk)
        except (TimeoutError, ConnectionError):
            break
        sent += len(chunk)
    return sent


async def test_a_peer_that_reads_again_is_read_again(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reply comes in the end, none lost and none twice."""
    pauses: list[Connection] = []
    pause = Connection.pause_writing

    def note_pause(connection: Connection) -> None:
        pauses.append(connection)
        pause(connection)

    monkeypatch.setattr(Connection, "pause_writing", note_pause)
    counter.keeps_at_once = True
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        peer.send(FLOOD + b"QUIT\r\n")
        await until(lambda: bool(pauses))
        replies = await peer.rest()
    assert replies.count("250-LIMITS ") == ROUNDS * HELLOS
    assert replies.count("250 2.0.0 OK, kept") == ROUNDS == len(counter.envelopes)
    assert replies.splitlines()[-1][:4] == "221 "


async def test_a_peer_that_sends_much_takes_turns_with_others(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read once a turn of the loop, and of commands only a little: they cost the most."""
    loop, turn = asyncio.get_running_loop(), 0
    reads: list[tuple[int, int]] = []
    take = Connection.data_received

    def begin_turn() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(begin_turn)

    def note_read(connection: Connection, data: bytes) -> None:
        reads.append((turn, len(data)))
        take(connection, data)

    counter.keeps_at_once = True
    async with listening(counter, max_idle_commands=10**6) as (_, port), Peer.greeted(port) as peer:
        begin_turn()
        monkeypatch.setattr(Connection, "data_received", note_read)
        peer.send(b"NOOP\r\n" * 10_000)
        await peer.say(b"", *[250] * 10_000)
        assert max(size for _, size in reads) <= 4096
        await peer.say(MAIL, 250, 250, 354)
        await peer.say(b"x" * 2**22 + b"\r\n.\r\n", 250)
    turns = [turn for turn, _ in reads]
    assert len(turns) == len(set(turns))


async def test_stopping_tells_idle_peers(counter: Counter) -> None:
    """421 4.3.2, and the port is free."""
    async with listening(counter) as (listener, port), Peer.greeted(port) as idle, Peer.greeted(port) as busy:
        await busy.say(b"MAIL FROM:<ann@example.org>\r\n", 250)
        await asyncio.wait_for(listener.stop(), PATIENCE_S)
        for peer in (idle, busy):
            assert await peer.rest() == "421 4.3.2 The server stops, try again later\r\n"
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_stopping_waits_for_a_message_under_way(counter: Counter) -> None:
    """Its verdict first, then 421: no message that got 250 is lost, and each gets a reply."""
    async with listening(counter) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(message(), 250, 250, 354)
        await counter.arrival()
        stopping = asyncio.create_task(listener.stop())
        assert await peer.is_quiet()
        assert not stopping.done()
        counter.keep(0)
        await peer.say(b"", 250, 421)
        assert await peer.rest() == ""
        await asyncio.wait_for(stopping, PATIENCE_S)


async def test_stopping_lets_a_message_that_has_begun_come_to_its_end(counter: Counter) -> None:
    """A sender in the middle of DATA finishes it, and gets the verdict."""
    async with listening(counter) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(MAIL, 250, 250, 354)
        stopping = asyncio.create_task(listener.stop())
        await until(lambda: listener.status.is_stopping)
        peer.send(b"the rest\r\n.\r\n")
        await counter.arrival()
        counter.futures[0].set_exception(StoreFull("full"))
        await peer.say(b"", 452, 421)
        await asyncio.wait_for(stopping, PATIENCE_S)
    assert counter.contents == [b"the rest\r\n"]


async def test_stopping_ends_a_peer_whose_message_was_too_large(counter: Counter) -> None:
    """A refused message under way is no reason to go on."""
    async with listening(counter, max_message_bytes=10) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(MAIL, 250, 250, 354)
        stopping = asyncio.create_task(listener.stop())
        await until(lambda: listener.status.is_stopping)
        await peer.say(b"more than ten\r\n.\r\n", 552, 421)
        await asyncio.wait_for(stopping, PATIENCE_S)


async def test_stopping_ends_a_peer_whose_commit_is_late(counter: Counter) -> None:
    """451, then 421."""
    async with listening(counter, commit_timeout_s=SOON_S) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(message(), 250, 250, 354)
        await counter.arrival()
        stopping = asyncio.create_task(listener.stop())
        await peer.say(b"", 451, 421)
        await asyncio.wait_for(stopping, PATIENCE_S)


async def test_stopping_does_not_wait_for_ever(counter: Counter) -> None:
    """A peer whose message or commit never ends is told at the deadline."""
    async with (
        listening(counter, shutdown_timeout_s=SOON_S, commit_timeout_s=600.0) as (listener, port),
        Peer.greeted(port) as endless,
        Peer.greeted(port) as stuck,
    ):
        await endless.say(MAIL, 250, 250, 354)
        await stuck.say(message(), 250, 250, 354)
        await counter.arrival()
        await asyncio.wait_for(listener.stop(), PATIENCE_S)
        for peer in (endless, stuck):
            assert await peer.rest() == "421 4.3.2 The server stops, try again later\r\n"


async def test_a_peer_that_comes_while_stopping_is_told(counter: Counter) -> None:
    """Who was in the queue already gets 421 in place of a greeting, or nothing, but no session."""
    async with listening(counter) as (listener, port):
        listener.status.is_stopping = True
        async with Peer.connect(port) as peer:
            peer.send(HELLO)
            assert (await peer.rest()).startswith("421 4.3.2 ")
