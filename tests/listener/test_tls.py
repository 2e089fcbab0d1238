"""STARTTLS, implicit TLS and AUTH over real sockets, with smtplib and openssl."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import smtplib
import socket
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from testkit.smtp_peer import Counter, Peer
from testkit.waiting import PATIENCE_S, until

from edgemail.errors import SettingsError
from edgemail.listener import Listener
from edgemail.settings import SmtpSettings
from edgemail.system.certificate import Certificate, create_self_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@contextlib.asynccontextmanager
async def listening_tls(
    counter: Counter, certificate: Certificate, cert: Path, **settings: object
) -> AsyncIterator[tuple[Listener, int, int]]:
    """Give a listener, its port for STARTTLS and its port for implicit TLS."""
    smtp = SmtpSettings(hostname="mx.example.com", tls_cert=str(cert), **settings)  # type: ignore[arg-type]
    listener = Listener(smtp, counter.deliver, lambda: datetime.now(UTC), certificate)
    plain, implicit = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    await listener.start([plain], [implicit])
    try:
        yield listener, plain.getsockname()[1], implicit.getsockname()[1]
    finally:
        await asyncio.wait_for(listener.stop(), PATIENCE_S)


@pytest.fixture
def cert(tmp_path: Path) -> Path:
    """Give a certificate of our own making."""
    return create_self_signed(tmp_path / "own.pem", ["mx.example.com", "192.0.2.1"])


@pytest.fixture
def trusting(cert: Path) -> ssl.SSLContext:
    """Give a client's context that knows that certificate, and asks for its name."""
    return ssl.create_default_context(cafile=str(cert))


@pytest.fixture
def keeping() -> Counter:
    """Give a store that keeps every message at once."""
    return Counter(keeps_at_once=True)


def _send(port: int, context: ssl.SSLContext, body: str) -> bytes:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=PATIENCE_S) as client:
        client._host = "mx.example.com"  # type: ignore[attr-defined]
        client.starttls(context=context)
        client.ehlo()
        assert not client.has_extn("starttls")
        client.sendmail("ann@example.org", ["bob@example.com"], body)
        return client.sock.getpeercert(binary_form=True)  # type: ignore[union-attr, no-any-return]


def _send_implicit(port: int, context: ssl.SSLContext) -> None:
    raw = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="mx.example.com")
    client = smtplib.SMTP(local_hostname="client.example", timeout=PATIENCE_S)
    client.sock, client.file = raw, None
    assert client.getreply()[0] == 220
    client.sendmail("ann@example.org", ["bob@example.com"], "Subject: implicit\r\n\r\nx")
    client.quit()


async def test_mail_comes_over_starttls(keeping: Counter, cert: Path, trusting: ssl.SSLContext) -> None:
    """RFC 3207; the Received line says ESMTPS (RFC 3848)."""
    async with listening_tls(keeping, Certificate(cert, None), cert) as (_, port, _tls):
        await asyncio.to_thread(_send, port, trusting, "Subject: secret\r\n\r\n" + "x" * 100_000)
    assert b"with ESMTPS id" in keeping.envelopes[0].data
    assert keeping.contents[0].endswith(b"x" * 100_000 + b"\r\n")


async def test_mail_comes_over_implicit_tls(keeping: Counter, cert: Path, trusting: ssl.SSLContext) -> None:
    """RFC 8314 section 3.3: the handshake comes before the greeting."""
    async with listening_tls(keeping, Certificate(cert, None), cert) as (_, _plain, port):
        await asyncio.to_thread(_send_implicit, port, trusting)
    assert b"with ESMTPS id" in keeping.envelopes[0].data


async def test_what_was_said_before_tls_is_forgotten(
    keeping: Counter, cert: Path, trusting: ssl.SSLContext
) -> None:
    """RFC 3207 section 4.2: MAIL needs a new EHLO."""
    async with listening_tls(keeping, Certificate(cert, None), cert) as (_, port, _tls):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        writer.write(b"EHLO client.example\r\n")
        while not (await reader.readline()).startswith(b"250 "):
            pass
        writer.write(b"STARTTLS\r\n")
        assert (await reader.readline()).startswith(b"220 ")
        await writer.start_tls(trusting, server_hostname="mx.example.com")
        writer.write(b"MAIL FROM:<ann@example.org>\r\n")
        assert (await reader.readline()).startswith(b"503 5.5.1")
        writer.transport.abort()


async def test_commands_behind_starttls_end_the_connection(keeping: Counter, cert: Path) -> None:
    """CVE-2011-0411: what was sent in clear is not obeyed as if it came over TLS."""
    async with listening_tls(keeping, Certificate(cert, None), cert) as (_, port, _tls), Peer.greeted(port) as peer:
        await peer.say(b"EHLO client.example\r\n", 250)
        peer.send(b"STARTTLS\r\nRSET\r\n")
        assert (await peer.rest()).startswith("554 5.5.1")


@pytest.mark.parametrize("octets", [b"\r\nNOOP\r\n" * 20, b"\x16\x03\x01\x00\x05hello", b""])
async def test_half_a_handshake_costs_a_connection_and_no_more(keeping: Counter, cert: Path, octets: bytes) -> None:
    """A peer that sends nonsense or nothing instead of TLS is dropped at the deadline."""
    own = Certificate(cert, None)
    async with (
        listening_tls(keeping, own, cert, tls_timeout_s=0.2) as (listener, port, _tls),
        Peer.greeted(port) as peer,
    ):
        await peer.say(b"STARTTLS\r\n", 220)
        peer.send(octets)
        await until(lambda: not listener.connections)


@pytest.mark.parametrize("octets", [b"EHLO client.example\r\n", b""])
async def test_a_peer_that_speaks_no_tls_to_its_port_is_dropped(
    keeping: Counter, cert: Path, octets: bytes
) -> None:
    """It gets no greeting in clear, and the handshake has a time limit."""
    own = Certificate(cert, None)
    async with (
        listening_tls(keeping, own, cert, tls_timeout_s=0.2) as (_, _plain, port),
        Peer.connect(port) as peer,
    ):
        peer.send(octets)
        assert "220" not in await peer.rest()


async def test_tls_below_1_2_is_refused(keeping: Counter, cert: Path, trusting: ssl.SSLContext) -> None:
    """RFC 8996."""
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    async with listening_tls(keeping, Certificate(cert, None), cert) as (_, port, _tls):
        with pytest.raises((ssl.SSLError, OSError)):
            await asyncio.to_thread(_send, port, trusting, "Subject: old\r\n\r\nx")
    assert not keeping.envelopes


async def test_a_renewed_certificate_is_used_without_dropping_anyone(
    keeping: Counter, cert: Path, trusting: ssl.SSLContext, tmp_path: Path
) -> None:
    """Its files are looked at again and again; open connections keep theirs."""
    certificate = Certificate(cert, None)
    async with listening_tls(keeping, certificate, cert) as (_, port, tls):
        first = await asyncio.to_thread(_send, port, trusting, "Subject: 1\r\n\r\nx")
        async with Peer.greeted(port) as peer:
            create_self_signed(tmp_path / "new.pem", ["mx.example.com"]).replace(cert)
            renewed = ssl.create_default_context(cafile=str(cert))
            old = certificate.context
            await until(lambda: certificate.context is not old)
            second = await asyncio.to_thread(_send, port, renewed, "Subject: 2\r\n\r\nx")
            await asyncio.to_thread(_send_implicit, tls, renewed)
            await peer.say(b"NOOP\r\n", 250)
    assert first != second
    assert len(keeping.envelopes) == 3


def test_a_broken_renewal_leaves_the_old_certificate_in_force(cert: Path) -> None:
    """A renewal writes two files, one after the other."""
    certificate = Certificate(cert, None)
    old = certificate.context
    cert.write_text("-----BEGIN CERTIFICATE-----\n")
    certificate.refresh()
    assert certificate.context is old


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_a_certificate_that_cannot_be_used_is_a_mistake_in_the_settings(tmp_path: Path, text: str | None) -> None:
    """It is found at the start, and says which file."""
    path = tmp_path / "cert.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=r"tls_cert: .*cert\.pem"):
        Certificate(path, None)


def test_our_own_certificate_is_made_once_and_for_us_alone(cert: Path) -> None:
    """It is kept, as some senders remember it; nobody else may read the key."""
    before = cert.read_bytes()
    assert create_self_signed(cert, ["other.example"]) == cert
    assert cert.read_bytes() == before
    assert cert.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("auth", "is_offered"), [("any", True), ("off", False)])
async def test_auth_takes_anything_where_it_is_offered(
    keeping: Counter, cert: Path, auth: str, is_offered: bool
) -> None:
    """Programs under test often insist on credentials; the Received line says ESMTPA (RFC 3848)."""
    async with listening_tls(keeping, Certificate(cert, None), cert, auth=auth) as (_, port, _tls):

        def send() -> bool:
            with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE_S) as client:
                client.ehlo()
                if not client.has_extn("auth"):
                    return False
                client.login("ann", base64.b64encode(os.urandom(30)).decode())
                client.sendmail("ann@example.org", ["bob@example.com"], "Subject: x\r\n\r\nx")
                return True

        assert await asyncio.to_thread(send) is is_offered
    if is_offered:
        assert b"with ESMTPA id" in keeping.envelopes[0].data


def test_a_key_of_another_certificate_is_named(cert: Path, tmp_path: Path) -> None:
    """What is wrong is said in words, not in those of the library."""
    with pytest.raises(SettingsError, match="tls_key is not its key"):
        Certificate(cert, create_self_signed(tmp_path / "other.pem", ["mx.example.com"]))


def test_a_domain_beyond_ascii_does_not_hinder_our_own_certificate(tmp_path: Path) -> None:
    """It cannot stand in one, and the server's name is there in its ASCII form."""
    path = create_self_signed(tmp_path / "own.pem", ["mx.example.com", "bücher.example"])
    Certificate(path, None)
    assert b"mx.example.com" in ssl.PEM_cert_to_DER_cert(path.read_text().partition("-----BEGIN PRIVATE")[0])


def test_a_certificate_that_another_user_prepared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He would know its key."""
    tmp_path.chmod(0o1777)
    path = create_self_signed(tmp_path / "own.pem", ["mx.example.com"])
    someone_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone_else)
    with pytest.raises(SettingsError, match="belongs to another user"):
        create_self_signed(path, ["mx.example.com"])
