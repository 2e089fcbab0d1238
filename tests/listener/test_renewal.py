"""The certificate is renewed while real clients send: nobody is dropped, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import smtplib
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from testkit.waiting import PATIENCE_S, until

from edgemail.errors import SettingsError
from edgemail.listener import Listener
from edgemail.settings import SmtpSettings
from edgemail.store.sqlite.store import SqliteStore
from edgemail.system.certificate import Certificate, create_self_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

RENEWALS = 3
ROUNDS = 2
"""How often each client must have sent in each state of the files, before they change again."""
KEPT_OLD = "the old certificate stays in force, the new one cannot be used: "
RENEWED = "the certificate was renewed"
BEGIN_KEY = "-----BEGIN PRIVATE KEY-----"


@dataclass(slots=True)
class Pair:
    """A new certificate and its key, as PEM, and the certificate as it comes in a handshake."""

    cert: str
    key: str
    der: bytes

    @classmethod
    def make(cls, folder: Path) -> Pair:
        path = create_self_signed(folder / "next.pem", ["mx.example.com"])
        cert, _, key = path.read_text().partition(BEGIN_KEY)
        path.unlink()
        return cls(cert, BEGIN_KEY + key, ssl.PEM_cert_to_DER_cert(cert))


@dataclass(slots=True)
class Files:
    """Where the server finds its certificate and key.

    `ders` has every complete certificate that was there, in turn; `in_force` is the index of the
    one that is known to be in use.
    """

    cert: Path
    key: Path
    ders: list[bytes] = field(default_factory=list)
    in_force: int = 0

    def put(self, pair: Pair) -> None:
        """Write the first pair."""
        self.cert.write_text(pair.cert)
        self.key.write_text(pair.key)
        self.ders.append(pair.der)


@dataclass(slots=True)
class Client:
    """Sends all the while from a thread: over one session, or over a new one for each message."""

    name: str
    port: int
    is_implicit: bool
    stays: bool
    files: Files
    sent: list[str] = field(default_factory=list)
    """The sender of each message that got its 250."""
    sessions: int = 0

    def run(self, stop: threading.Event) -> None:
        """Send until `stop`. Whatever goes wrong is raised."""
        while not stop.is_set():
            oldest = self.files.in_force
            with self._connect() as client:
                self.sessions += 1
                seen = self._seen(client)
                assert seen in self.files.ders[oldest:], f"{self.name}: an old certificate, or half of a new one"
                self._send(client)
                while self.stays and not stop.is_set():
                    self._send(client)
                assert self._seen(client) == seen

    def _connect(self) -> smtplib.SMTP:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        if self.is_implicit:
            return smtplib.SMTP_SSL("127.0.0.1", self.port, "client.example", timeout=PATIENCE_S, context=trusting)
        client = smtplib.SMTP("127.0.0.1", self.port, "client.example", timeout=PATIENCE_S)
        client.starttls(context=trusting)
        return client

    def _send(self, client: smtplib.SMTP) -> None:
        sender = f"{self.name}-{len(self.sent)}@example.org"
        assert client.sendmail(sender, ["bob@example.com"], "Subject: x\r\n\r\nx") == {}
        self.sent.append(sender)

    @staticmethod
    def _seen(client: smtplib.SMTP) -> bytes | None:
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock.getpeercert(binary_form=True)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give a certificate and its key in two files."""
    files = Files(tmp_path / "cert.pem", tmp_path / "key.pem")
    files.put(Pair.make(tmp_path))
    return files


@pytest.fixture
def _info(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, "edgemail.system.certificate"):
        yield


@contextlib.asynccontextmanager
async def sending(store: SqliteStore, files: Files, certificate: Certificate) -> AsyncIterator[list[Client]]:
    """Give clients of each kind that send all the while; none of them may fail."""
    smtp = SmtpSettings(hostname="mx.example.com", tls_cert=str(files.cert))
    listener = Listener(smtp, store.add, lambda: datetime.now(UTC), certificate)
    plain, implicit = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    ports = (plain.getsockname()[1], implicit.getsockname()[1])
    clients = [
        Client(
            f"{'implicit' if is_implicit else 'starttls'}-{'stays' if stays else 'returns'}",
            ports[is_implicit],
            is_implicit,
            stays,
            files,
        )
        for is_implicit in (False, True)
        for stays in (False, True)
    ]
    await listener.start([plain], [implicit])
    stop = threading.Event()
    with ThreadPoolExecutor(len(clients)) as threads:
        loop = asyncio.get_running_loop()
        running = [loop.run_in_executor(threads, client.run, stop) for client in clients]
        try:
            yield clients
        finally:
            stop.set()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await asyncio.gather(*running)  # raises what went wrong in one of them
            finally:
                await asyncio.wait_for(listener.stop(), PATIENCE_S)


async def send_more(clients: list[Client]) -> None:
    """Return once each client has sent some more; those that return have shaken hands as often."""
    wanted = [len(client.sent) + ROUNDS + 1 for client in clients]
    await until(lambda: all(len(client.sent) >= count for client, count in zip(clients, wanted, strict=True)))


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of a renewal."""
    said = [record.getMessage() for record in caplog.records if record.name == "edgemail.system.certificate"]
    return [text for text in said if not text.startswith("made a")]


@pytest.mark.usefixtures("_info")
async def test_renewals_under_load_drop_nobody_and_lose_nothing(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The certificate, then its key: between them handshakes get the old pair; one line says so."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    certificate = Certificate(files.cert, files.key)
    async with sending(store, files, certificate) as clients:
        await send_more(clients)
        for renewal in range(1, RENEWALS + 1):
            pair, old = Pair.make(tmp_path), certificate.context
            files.cert.write_text(pair.cert)
            await until(lambda: len(messages(caplog)) == 2 * renewal - 1)  # noqa: B023 - it is over at once
            await send_more(clients)
            assert certificate.context is old
            files.ders.append(pair.der)
            files.key.write_text(pair.key)
            await until(lambda: certificate.context is not old)  # noqa: B023
            files.in_force = renewal
            await send_more(clients)
    assert messages(caplog) == [f"{KEPT_OLD}tls_key is not its key", RENEWED] * RENEWALS
    rows = await store.list_inbox("bob@example.com", limit=100_000)
    await store.close()
    assert sorted(row.mail.sender or "" for row in rows) == sorted(
        sent for client in clients for sent in client.sent
    )
    assert [client.sessions for client in clients if client.stays] == [1, 1]


@pytest.mark.usefixtures("_info")
@pytest.mark.parametrize("half", ["cert", "key"])
def test_a_half_written_file_is_said_once_however_long_it_lasts(
    files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture, half: str
) -> None:
    """It is looked at every second, and grows meanwhile."""
    certificate, pair = Certificate(files.cert, files.key), Pair.make(tmp_path)
    old = certificate.context
    path, text = (files.cert, pair.cert) if half == "cert" else (files.key, pair.key)
    for length in (0, 10, 40, 41, 41, 60):
        path.write_text(text[:length])
        certificate.refresh()
    assert certificate.context is old
    assert len(messages(caplog)) == 1
    files.cert.write_text(pair.cert)
    files.key.write_text(pair.key)
    certificate.refresh()
    certificate.refresh()
    assert certificate.context is not old
    assert messages(caplog)[1:] == [RENEWED]


@pytest.mark.usefixtures("_info")
def test_a_missing_file_is_said_once(files: Files, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A renewal may remove the old file first; one that never returns does not fill the log."""
    certificate, pair = Certificate(files.cert, files.key), Pair.make(tmp_path)
    old = certificate.context
    files.cert.unlink()
    for _ in range(3):
        certificate.refresh()
    assert certificate.context is old
    assert messages(caplog) == [f"{KEPT_OLD}No such file or directory"]
    files.cert.write_text(pair.cert)
    files.key.write_text(pair.key)
    certificate.refresh()
    assert messages(caplog)[1:] == [RENEWED]


@pytest.mark.usefixtures("_info")
def test_what_changes_within_one_tick_of_the_clock_is_read(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File times are coarse: a half-written file and the whole one may have the same time."""
    certificate, pair = Certificate(files.cert, files.key), Pair.make(tmp_path)
    old = certificate.context
    stamp = [(1, 1, 1), (2, 2, 2)]
    monkeypatch.setattr(certificate, "_look", lambda: stamp)
    files.cert.write_text(pair.cert)
    certificate.refresh()
    assert certificate.context is old
    files.key.write_text(pair.key)
    certificate.refresh()
    assert certificate.context is not old


def test_a_key_with_a_pass_phrase_is_refused_in_place_of_asking_for_it(files: Files) -> None:
    """The library would ask at the terminal, and nobody would be served until somebody answers."""
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    with pytest.raises(SettingsError, match="its key has a pass phrase"):
        Certificate(files.cert, files.key)
