"""The attacks: each runs until the server ends it, and returns the last replies."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from testkit.hostile_peers import ENVELOPE, HELLO, Attacker, Target, next_address, swarm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LINE = b"x" * 998 + b"\r\n"
MESSAGE = b"Subject: bye\r\n\r\nHi.\r\n.\r\n"
FULL_OCTETS = 25 * 2**20
Heard = Counter[int]


async def silent_peers_of_one_source(target: Target) -> Heard:
    """1,000 connect from one address and say nothing."""
    source = next_address()

    async def attack() -> int:
        async with Attacker.connect(target.smtp, source) as peer:
            return await peer.last()

    return await swarm(1000, attack)


async def endless_lines(target: Target) -> Heard:
    """200 send a line that has no end."""
    return await _flood(target, 200, b"x" * 2**16)


async def endless_noop(target: Target) -> Heard:
    """200 say NOOP again and again, and read each reply."""
    return await _ask_on(target, 200, b"NOOP\r\n")


async def endless_rset(target: Target) -> Heard:
    """200 say RSET."""
    return await _ask_on(target, 200, b"RSET\r\n")


async def endless_nonsense(target: Target) -> Heard:
    """200 say what is no command."""
    return await _ask_on(target, 200, b"GIMME\r\n")


async def rcpt_floods(target: Target) -> Heard:
    """100 name a thousand recipients each, then repeat the last one."""

    async def attack() -> int:
        async with Attacker.connect(target.smtp) as peer:
            many = b"".join(b"RCPT TO:<r%d@example.org>\r\n" % number for number in range(1000))
            return await _talk(peer, HELLO + ENVELOPE + many)

    return await swarm(100, attack)


async def mail_floods(target: Target) -> Heard:
    """100 start and reset a thousand transactions each."""

    async def attack() -> int:
        async with Attacker.connect(target.smtp) as peer:
            return await _talk(peer, HELLO + b"MAIL FROM:<ann@attacker.example>\r\nRSET\r\n" * 1000)

    return await swarm(100, attack)


async def chunks_of_a_huge_size(target: Target) -> Heard:
    """200 declare 10**18 octets, or more than a line has digits for."""
    first = await _say_chunk(target, 100, b"BDAT 1000000000000000000\r\n" + LINE * 64)
    return first + await _say_chunk(target, 100, b"BDAT " + b"9" * 1900 + b"\r\n" + LINE * 64)


async def chunks_of_a_negative_size(target: Target) -> Heard:
    """200 declare a negative size."""
    return await _say_chunk(target, 200, b"BDAT -1 LAST\r\n" + LINE * 64)


async def empty_chunks(target: Target) -> Heard:
    """200 send chunks of no octets, a thousand at once."""
    return await _say_chunk(target, 200, b"BDAT 0\r\n" * 1000)


async def chunks_of_one_octet(target: Target) -> Heard:
    """50 send 200,000 chunks of an octet each."""
    return await _say_chunk(target, 50, b"BDAT 1\r\nx" * 200_000)


async def octets_behind_the_last_chunk(target: Target) -> Heard:
    """100 send more octets after the last chunk."""
    return await _say_chunk(target, 100, b"BDAT 3 LAST\r\nabc" + LINE * 64)


async def half_handshakes(target: Target) -> Heard:
    """200 stop in the middle of a handshake on the port of implicit TLS, and 200 do not even begin."""
    return await _send_tls(target.smtps, 200, _write_client_hello()[:50]) + await _send_tls(target.smtps, 200, b"")


async def handshakes(target: Target) -> Heard:
    """300 do a whole handshake and leave."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def attack() -> int:
        _, writer = await asyncio.open_connection(*target.smtps, ssl=context, local_addr=(next_address(), 0))
        writer.transport.abort()
        return 0

    return await swarm(300, attack)


async def http(target: Target) -> Heard:
    """300 speak HTTP."""
    return await _say_first(target.smtp, 300, b"POST / HTTP/1.1\r\nHost: mx\r\n\r\n" + HELLO + ENVELOPE)


async def smtp_in_place_of_tls(target: Target) -> Heard:
    """300 speak SMTP to the port of implicit TLS."""
    return await _send_tls(target.smtps, 300, HELLO + ENVELOPE)


async def deaf_noop(target: Target) -> Heard:
    """50 send NOOP as fast as they can, and read nothing."""
    return await _flood(target, 50, b"NOOP\r\n" * 10_000, HELLO, receive_octets=4096)


async def deaf_mail(target: Target) -> Heard:
    """20 send EHLO and mail as fast as they can, and read nothing."""
    return await _flood(target, 20, HELLO * 90 + ENVELOPE + b"BDAT 3 LAST\r\nHi.", receive_octets=4096)


async def resets(target: Target) -> Heard:
    """5,000 connect and leave with a reset, from one address and from many."""
    busy = next_address()

    async def attack() -> int:
        for number in range(100):
            with contextlib.suppress(ConnectionError):
                async with Attacker.connect(target.smtp, busy if number % 2 else "") as peer:
                    peer.vanish()
        return 0

    return await swarm(50, attack)


async def peers_that_leave_after_the_dot(target: Target) -> Heard:
    """300 send a message and leave with a reset."""

    async def attack() -> int:
        async with Attacker.connect(target.smtp) as peer:
            await peer.start_mail()
            await peer.say(MESSAGE)
            peer.vanish()
            return 0

    return await swarm(300, attack)


async def large_messages_without_an_end(target: Target) -> Heard:
    """60 send 25 MiB each, without an end mark."""

    async def attack() -> int:
        async with Attacker.connect(target.smtp) as peer:
            await peer.start_mail()
            sending = asyncio.create_task(_send_much(peer))
            code = await peer.last()
            sending.cancel()
            return code

    return await swarm(60, attack)


async def _send_much(peer: Attacker) -> None:
    block = LINE * 256
    with contextlib.suppress(ConnectionError):
        for _ in range(FULL_OCTETS // len(block)):
            await peer.say(block)


async def _talk(peer: Attacker, octets: bytes) -> int:
    """Wait for the greeting, send everything, and return the code of the last reply."""
    assert await peer.hear() == 220
    sending = asyncio.create_task(_say(peer, octets))
    code = await peer.last()
    await sending
    return code


async def _say(peer: Attacker, octets: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it may have ended by then
        await peer.say(octets)


async def _say_chunk(target: Target, count: int, octets: bytes) -> Heard:
    async def attack() -> int:
        async with Attacker.connect(target.smtp) as peer:
            return await _talk(peer, HELLO + ENVELOPE + octets)

    return await swarm(count, attack)


async def _say_first(address: tuple[str, int], count: int, octets: bytes) -> Heard:
    async def attack() -> int:
        async with Attacker.connect(address) as peer:
            return await _talk(peer, octets)

    return await swarm(count, attack)


async def _send_tls(address: tuple[str, int], count: int, octets: bytes) -> Heard:
    """Send octets to the implicit-TLS port, and wait for the end."""

    async def attack() -> int:
        async with Attacker.connect(address) as peer:
            await _say(peer, octets)
            await peer.read_to_the_end()
            return 0

    return await swarm(count, attack)


async def _ask_on(target: Target, count: int, command: bytes) -> Heard:
    async def attack() -> int:
        async with Attacker.connect(target.smtp) as peer:
            assert await peer.hear() == 220
            code, last = await peer.ask(HELLO), 0
            with contextlib.suppress(ConnectionError):
                while code:
                    last, code = code, await peer.ask(command)
            return last

    return await swarm(count, attack)


async def _flood(
    target: Target, count: int, octets: bytes, first: bytes = b"", *, receive_octets: int = 0
) -> Heard:
    async def attack() -> int:
        async with Attacker.connect(target.smtp, receive_octets=receive_octets) as peer:
            assert await peer.hear() == 220
            await _say(peer, first)
            await peer.flood(octets)
            return 0

    return await swarm(count, attack)


@cache
def _write_client_hello() -> bytes:
    """Return a TLS ClientHello."""
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="mx.example.com")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


ATTACKS: dict[Callable[[Target], Awaitable[Heard]], set[int]] = {
    silent_peers_of_one_source: {421},
    endless_lines: {0},
    endless_noop: {421},
    endless_rset: {421},
    endless_nonsense: {421},
    rcpt_floods: {421},
    mail_floods: {421},
    chunks_of_a_huge_size: {501, 552},
    chunks_of_a_negative_size: {501},
    empty_chunks: {421},
    chunks_of_one_octet: {421},
    octets_behind_the_last_chunk: {421},
    half_handshakes: {0},
    handshakes: {0},
    http: {554},
    smtp_in_place_of_tls: {0},
    deaf_noop: {0},
    deaf_mail: {0},
    resets: {0},
    peers_that_leave_after_the_dot: {0},
    large_messages_without_an_end: {421},
}
"""Each attack with its permitted last replies; 0 stands for no reply, or a peer that did not read."""
