"""Peers that talk too early, too slowly or without end; and how they still get their reply."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from testkit.smtp_peer import HELLO, MAIL, Counter, Peer, listening, message
from testkit.waiting import PATIENCE_S, until

from edgemail.listener import admission
from edgemail.system.certificate import Certificate, create_self_signed
from tests.listener.test_tls import listening_tls

if TYPE_CHECKING:
    from pathlib import Path

    from edgemail.listener import Listener

STRANGERS = {"trusted": ()}
JUNK = b"x" * 2**20
EARLY = "554 5.5.1 Wait for the greeting\r\n"


async def is_empty(listener: Listener) -> None:
    await until(lambda: not listener.connections)


def _connect_talking(port: int, octets: bytes) -> socket.socket:
    """Connect and talk at once; the server runs in the same thread, so it cannot be quicker."""
    raw = socket.create_connection(("127.0.0.1", port))
    raw.sendall(octets)
    return raw


async def _read_all(raw: socket.socket) -> str:
    """Read until the server closes; a reset is an error."""
    raw.setblocking(False)
    loop, heard = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENCE_S):
        while octets := await loop.sock_recv(raw, 65_536):
            heard += octets
    return heard.decode()


async def test_who_talks_before_the_greeting_is_sent_away(counter: Counter) -> None:
    """RFC 5321 section 4.3.1: programs that send spam do not listen, so they do not wait either."""
    async with listening(counter, **STRANGERS) as (listener, port):
        with _connect_talking(port, HELLO + message()) as raw:
            assert await _read_all(raw) == EARLY
        await is_empty(listener)
    assert counter.envelopes == []


async def test_who_waits_for_the_greeting_is_welcome(counter: Counter) -> None:
    """Also one that has shut its side already: it has said nothing."""
    async with listening(counter, **STRANGERS) as (_, port):
        async with Peer.greeted(port):
            pass
        with _connect_talking(port, b"") as raw:
            raw.shutdown(socket.SHUT_WR)
            assert (await _read_all(raw)).startswith("220 ")


async def test_local_scripts_may_say_all_at_once(counter: Counter) -> None:
    """`printf ... | nc` is a way to send mail to a server under test."""
    counter.keeps_at_once = True
    async with listening(counter) as (_, port):
        with _connect_talking(port, HELLO + message() + b"QUIT\r\n") as raw:
            codes = [line[:3] for line in (await _read_all(raw)).splitlines()]
    assert codes == ["220", "250", "250", "250", "354", "250", "221"]


async def test_the_greeting_can_be_held_back(counter: Counter) -> None:
    """A peer that does not wait for it is refused; a trusted peer gets it at once."""
    async with listening(counter, **STRANGERS, greeting_delay_s=0.2) as (listener, port):
        async with Peer.greeted(port):
            pass
        async with Peer.connect(port) as hasty:
            assert await hasty.is_quiet()
            hasty.send(HELLO)
            assert await hasty.rest() == EARLY
        async with Peer.connect(port) as leaving:
            assert await leaving.is_quiet()
        await is_empty(listener)
        async with Peer.greeted(port):  # by then nobody greets the one who left
            pass
    async with listening(counter, greeting_delay_s=600.0) as (_, port), Peer.greeted(port):
        pass


async def test_a_message_that_does_not_wait_for_354_is_refused(counter: Counter) -> None:
    """RFC 2920 section 3.1; strangers only."""
    async with listening(counter, **STRANGERS) as (_, port), Peer.greeted(port) as peer:
        peer.send(message())
        assert (await peer.rest()).splitlines()[2:] == ["554 5.5.0 Wait for 354 before the message"]
    assert counter.envelopes == []


@pytest.mark.parametrize("verb", [b"DATA\r\n", b"BDAT 1000 LAST\r\n"])
async def test_a_message_that_drips_in_is_not_waited_for(counter: Counter, verb: bytes) -> None:
    """421 4.4.2: each octet in time, and all together never an end."""
    pace = {"min_rate_bytes": 10_000, "min_rate_after_s": 0.1}
    async with listening(counter, **STRANGERS, **pace) as (_, port), Peer.greeted(port) as peer:
        await peer.say(MAIL[:-6], 250, 250)
        await peer.say(verb, *([354] if verb == b"DATA\r\n" else []))
        dripping = asyncio.create_task(_drip(peer))
        heard = await peer.rest()
        dripping.cancel()
        assert heard.endswith("421 4.4.2 The message comes too slowly\r\n")
    assert counter.envelopes == []


async def test_a_message_that_comes_fast_enough_is_taken(counter: Counter) -> None:
    """However long it takes; between messages nothing has to come."""
    counter.keeps_at_once = True
    pace = {"min_rate_bytes": 10, "min_rate_after_s": 0.02}
    async with listening(counter, **STRANGERS, **pace) as (_, port), Peer.greeted(port) as peer:
        assert await peer.is_quiet()
        await peer.say(MAIL, 250, 250, 354)
        for _number in range(3):
            peer.send(b"x" * 1000)
            assert await peer.is_quiet()
        await peer.say(b"\r\n.\r\n", 250)


async def test_trusted_peers_take_their_time(counter: Counter) -> None:
    """Whoever types a message by hand."""
    pace = {"min_rate_bytes": 10_000, "min_rate_after_s": 0.01}
    async with listening(counter, **pace) as (_, port), Peer.greeted(port) as peer:
        await peer.say(MAIL, 250, 250, 354)
        assert await peer.is_quiet()


async def _drip(peer: Peer) -> None:
    while True:
        peer.send(b"x")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("settings", "junk", "reply"),
    [
        ({}, b"\r\n\n" + JUNK, "500 5.5.2"),
        ({}, b"GET / HTTP/1.1\r\n" + JUNK, "554 5.5.1"),
        ({}, JUNK, "500 5.5.2"),
        ({"max_connections": 1}, JUNK, "421 4.7.0"),
        (STRANGERS, JUNK, "554 5.5.1"),
    ],
)
async def test_who_does_not_stop_talking_still_hears_why(
    counter: Counter, settings: dict[str, object], junk: bytes, reply: str
) -> None:
    """Octets that nobody reads would make a reset of the last words (RFC 9293 section 3.10.7.4)."""
    async with listening(counter, **settings) as (listener, port), contextlib.AsyncExitStack() as stack:
        if "max_connections" in settings:
            await stack.enter_async_context(Peer.greeted(port))
        loop = asyncio.get_running_loop()
        with _connect_talking(port, junk[:1000]) as raw:
            raw.setblocking(False)
            await asyncio.wait_for(loop.sock_sendall(raw, junk[1000:]), PATIENCE_S)
            assert (await _read_all(raw)).splitlines()[-1].startswith(reply)
            raw.send(b"still here")
        await stack.aclose()
        await is_empty(listener)
        assert listener.admission._taken == listener.admission._lingering == 0


async def test_lingering_has_an_end(counter: Counter) -> None:
    """A peer that stays is let go after a while, one that sends for ever after so many octets."""
    async with listening(counter, linger_s=0.05) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(b"GET /\r\n", 554)
        assert await peer.rest() == ""
        await is_empty(listener)
    async with listening(counter, linger_s=600.0) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(b"GET /\r\n", 554)
        peer.send(JUNK * 8)
        await is_empty(listener)


async def test_who_lingers_takes_no_slot(counter: Counter) -> None:
    """It has had its turn."""
    async with (
        listening(counter, linger_s=600.0, max_connections=1) as (listener, port),
        Peer.greeted(port) as gone,
    ):
        await gone.say(b"GET /\r\n", 554)
        assert await gone.rest() == ""
        assert len(listener.connections) == 1
        async with Peer.greeted(port):
            pass


async def test_so_many_linger_and_no_more(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are closed at once."""
    monkeypatch.setattr(admission, "_LINGERING_SHARE", 1)
    async with listening(counter, linger_s=600.0, max_connections=2) as (listener, port):
        async with contextlib.AsyncExitStack() as stack:
            for _number in range(5):
                peer = await stack.enter_async_context(Peer.greeted(port))
                await peer.say(b"GET /\r\n", 554)
            await until(lambda: len(listener.connections) == 2)
        await is_empty(listener)


async def test_last_words_over_tls_are_heard_too(counter: Counter, tmp_path: Path) -> None:
    """There is no half of a connection, so it is closed a little later; after QUIT at once."""
    cert = create_self_signed(tmp_path / "own.pem", ["mx.example.com"])
    trusting = ssl.create_default_context(cafile=str(cert))
    own = Certificate(cert, None)
    async with listening_tls(counter, own, cert, linger_s=0.5) as (listener, _plain, port):
        for said, last in ((b"GET / HTTP/1.1\r\n" + JUNK, b"554 5.5.1"), (b"QUIT\r\n", b"221 2.0.0")):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=trusting, server_hostname="mx.example.com"
            )
            assert (await reader.readline()).startswith(b"220 ")
            writer.write(said)
            assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(last)
            assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
            writer.transport.abort()
            await is_empty(listener)


async def test_silent_openers_of_the_tls_port_are_limited(counter: Counter, tmp_path: Path) -> None:
    """They have slots before the handshake; past the limit they are dropped without one."""
    cert = create_self_signed(tmp_path / "own.pem", ["mx.example.com"])
    limits = {"max_connections_per_source": 2, "tls_timeout_s": 0.5, **STRANGERS}
    async with listening_tls(counter, Certificate(cert, None), cert, **limits) as (listener, _plain, port):
        async with Peer.connect(port) as first, Peer.connect(port) as second, Peer.connect(port) as third:
            assert await third.rest() == ""
            assert listener.admission._taken == 2
            for peer in (first, second):
                with contextlib.suppress(ConnectionError):
                    assert await peer.rest() == ""
        await until(lambda: not listener.admission._taken)


async def test_a_client_hello_on_the_plain_port_is_answered_at_once(counter: Counter) -> None:
    """Its sender waits for a handshake that does not come."""
    async with listening(counter) as (_, port):
        with pytest.raises(ssl.SSLError):
            await asyncio.wait_for(
                asyncio.open_connection(
                    "127.0.0.1", port, ssl=ssl.create_default_context(), server_hostname="a.example"
                ),
                PATIENCE_S,
            )


async def test_after_quit_nothing_is_waited_for(counter: Counter) -> None:
    """Whoever has said it waits for the end."""
    async with listening(counter, linger_s=600.0) as (listener, port), Peer.greeted(port) as peer:
        await peer.say(b"QUIT\r\n", 221)
        assert await peer.rest() == ""
        await is_empty(listener)
