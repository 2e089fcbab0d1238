"""Behind a proxy: whom it names is the peer, on the plain port and under TLS."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from testkit.smtp_peer import HELLO, MAIL, Counter, Peer, listening, message
from testkit.waiting import PATIENCE_S, until

from edgemail.listener.admission import Admission
from edgemail.settings import LOOPBACK, resolve
from edgemail.system.certificate import Certificate, create_self_signed
from tests.listener.test_proxy_header import TCP4, version_2
from tests.listener.test_tls import listening_tls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROXY = "127.0.0.9"
BEHIND_PROXY = {"proxy_from": (ip_network(PROXY),)}
V1 = b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 25\r\n"
V2 = version_2(0x21, 0x11, TCP4)
LOCAL = version_2(0x20, 0x00, b"")


@contextlib.asynccontextmanager
async def forwarding(port: int, header: bytes) -> AsyncIterator[int]:
    """Give the port of a proxy, which says `header` and then passes on what it gets, both ways."""
    pumps: set[asyncio.Task[None]] = set()
    writers: set[asyncio.StreamWriter] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await reader.read(65_536):
                writer.write(octets)
        if writer.can_write_eof():
            writer.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port, local_addr=(PROXY, 0))
        writers.update((there[1], writer))
        there[1].write(header)
        pumps.add(asyncio.create_task(pump(reader, there[1])))
        pumps.add(asyncio.create_task(pump(there[0], writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()


@pytest.fixture
def keeping() -> Counter:
    return Counter(keeps_at_once=True)


@pytest.mark.parametrize(
    ("header", "ip"),
    [
        (V1, "192.0.2.1"),
        (V2, "192.0.2.1"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 1000 25\r\n", "IPv6:2001:db8::1"),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1000 25\r\n", "192.0.2.1"),
        (b"PROXY UNKNOWN\r\n", PROXY),
        (LOCAL, PROXY),
    ],
)
async def test_a_message_says_whom_the_proxy_named(keeping: Counter, header: bytes, ip: str) -> None:
    """In its Received line."""

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=PATIENCE_S) as client:
            client.sendmail("ann@example.org", ["bob@example.com"], "Subject: x\r\n\r\nx")

    async with listening(keeping, **BEHIND_PROXY) as (_, port), forwarding(port, header) as proxy:
        await asyncio.to_thread(send, proxy)
    assert f"from client.example ([{ip}])".encode() in keeping.envelopes[0].data


@pytest.mark.parametrize("header", [V1, V2])
async def test_a_header_may_come_octet_by_octet_and_the_greeting_waits_for_it(
    keeping: Counter, header: bytes
) -> None:
    """Where a packet ends has no meaning."""
    async with listening(keeping, **BEHIND_PROXY) as (_, port), Peer.connect(port, PROXY) as peer:
        for octet in header:
            peer.send(bytes([octet]))
            await asyncio.sleep(0)
        assert (await peer.reply())[:4] == "220 "
        await peer.say(HELLO, 250)


async def test_the_greeting_waits_for_the_header(keeping: Counter) -> None:
    """Nobody is greeted who is not known."""
    async with listening(keeping, **BEHIND_PROXY) as (_, port), Peer.connect(port, PROXY) as peer:
        peer.send(V1[:-1])
        assert await peer.is_quiet()
        await peer.say(V1[-1:], 220)


@pytest.mark.parametrize("octets", [HELLO, b"PROXY TCP4 nobody\r\n", V1[:20], b""])
async def test_a_proxy_without_its_header_is_dropped_without_a_word(keeping: Counter, octets: bytes) -> None:
    """At once, or when its time is up."""
    async with (
        listening(keeping, **BEHIND_PROXY, proxy_timeout_s=0.1) as (listener, port),
        Peer.connect(port, PROXY) as peer,
    ):
        peer.send(octets)
        with contextlib.suppress(ConnectionError):
            assert await peer.rest() == ""
        assert not listener.connections


async def test_a_proxy_that_leaves_within_its_header_is_forgotten(keeping: Counter) -> None:
    """An end is no header."""
    async with listening(keeping, **BEHIND_PROXY) as (listener, port), Peer.connect(port, PROXY) as peer:
        peer.send(V1[:20])
        peer.finish()
        assert await peer.rest() == ""
        await until(lambda: not listener.has_pending)


async def test_limits_hold_for_whom_the_proxy_names(keeping: Counter) -> None:
    """Not for the proxy, and not for one who names himself."""
    limits = {"max_connections_per_source": 1, "trusted": ()}
    async with (
        listening(keeping, **BEHIND_PROXY, **limits) as (_, port),
        Peer.connect(port, PROXY) as first,
        Peer.connect(port, PROXY) as again,
        Peer.connect(port, PROXY) as other,
    ):
        await first.say(V1, 220)
        await again.say(V2, 421)
        await other.say(V1.replace(b"192.0.2.1", b"192.0.2.2"), 220)
        for _number in range(3):
            async with Peer.connect(port, PROXY) as checker:
                await checker.say(LOCAL, 220)


async def test_who_is_no_proxy_names_nobody(keeping: Counter) -> None:
    """From elsewhere a header is only a command that does not exist."""
    async with listening(keeping, **BEHIND_PROXY) as (_, port), Peer.connect(port) as peer:
        await peer.say(V1 + HELLO, 220, 500, 250)
        await peer.say(message(), 250, 250, 354, 250)
    assert b"from client.example ([127.0.0.1])" in keeping.envelopes[0].data


async def test_whom_a_proxy_names_and_who_is_trusted_is_as_if_here(keeping: Counter) -> None:
    """A stranger behind a trusted proxy has a limit on transactions; one whom it names as local has none."""
    limits = {"max_transactions": 1, "trusted": LOOPBACK}
    keeping.keeps_at_once = True
    async with listening(keeping, **BEHIND_PROXY, **limits) as (_, port):
        for header, code in ((V1, 421), (b"PROXY TCP4 127.0.0.1 127.0.0.1 1 25\r\n", 250)):
            async with Peer.connect(port, PROXY) as peer:
                await peer.say(header, 220)
                await peer.say(HELLO, 250)
                await peer.say(MAIL, 250, 250, 354)
                await peer.say(b"Hi.\r\n.\r\n", 250)
                await peer.say(b"MAIL FROM:<ann@example.org>\r\n", code)


async def test_another_machines_own_address_is_not_ours(keeping: Counter) -> None:
    """127.0.0.1 in a header from another machine is a process on that machine, and not trusted."""
    async with listening(keeping, proxy_from=(ip_network("192.0.2.0/24"),)) as (listener, _):
        loopback, stranger = (ip_network(network).network_address for network in ("127.0.0.1", "198.51.100.1"))
        admission = listener.admission
        assert not admission.identify_behind("192.0.2.7", loopback).is_trusted
        assert not admission.identify_behind("192.0.2.7", stranger).is_trusted
        assert admission.identify_behind("127.0.0.1", loopback).is_trusted
        assert admission.identify_behind("192.0.2.7", None).is_trusted


def test_a_proxys_own_machine_is_trusted_as_the_proxy_is() -> None:
    """In dev mode a proxy in a private network is; in public mode it is not."""
    loopback = ip_network("127.0.0.1").network_address
    for mode, is_trusted in (("dev", True), ("public", False)):
        smtp = resolve({"mode": mode, "proxy_from": ("10.0.0.0/8",)}, {}).settings.smtp
        assert Admission(smtp).identify_behind("10.1.2.3", loopback).is_trusted is is_trusted


async def test_what_follows_a_header_at_once_is_an_early_talker(keeping: Counter) -> None:
    """A proxy waits for the greeting as well as its client does."""
    async with listening(keeping, **BEHIND_PROXY) as (_, port), Peer.connect(port, PROXY) as peer:
        peer.send(V1 + HELLO)
        assert (await peer.rest()).startswith("554 5.5.1")


async def test_tls_follows_the_header(keeping: Counter, tmp_path: Path) -> None:
    """On the port of implicit TLS, where peers come with and without a proxy."""
    cert = create_self_signed(tmp_path / "own.pem", ["mx.example.com"])
    trusting = ssl.create_default_context(cafile=str(cert))

    def send(port: int) -> None:
        raw = trusting.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="mx.example.com")
        client = smtplib.SMTP(local_hostname="client.example", timeout=PATIENCE_S)
        client.sock, client.file = raw, None
        assert client.getreply()[0] == 220
        client.sendmail("ann@example.org", ["bob@example.com"], "Subject: x\r\n\r\n" + "x" * 100_000)
        client.quit()

    async with listening_tls(keeping, Certificate(cert, None), cert, **BEHIND_PROXY) as (_, _plain, port):
        async with forwarding(port, V2) as proxy:
            await asyncio.to_thread(send, proxy)
        await asyncio.to_thread(send, port)
    for envelope, ip in zip(keeping.envelopes, ("192.0.2.1", "127.0.0.1"), strict=True):
        assert f"from client.example ([{ip}])".encode() in envelope.data
        assert b"with ESMTPS id" in envelope.data
