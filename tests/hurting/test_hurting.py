"""Hostile peers do not delay an honest sender, and leave no resources in use."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.api_reader import program
from testkit.attack_scripts import SCRIPTS, SLOW_S, attack
from testkit.server_process import Process, serving
from testkit.smtp_peer import MAIL, Peer
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until

from edgemail.system.certificate import create_self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bounded"]

MESSAGES = 15
HONEST_S = 3.0
"""More than the promised second, as attackers and tests share the server's cores."""
HONEST = "127.0.1.1"
INTERVAL_S = 0.05
GROWTH_BYTES = 96 * 2**20
LIMITS = {
    "EDGEMAIL_TRUSTED": "none",
    "EDGEMAIL_MAX_CONNECTIONS": "1500",
    "EDGEMAIL_CONNECTION_RATE": "1000000",
    "EDGEMAIL_MESSAGE_RATE": "1000000",
    "EDGEMAIL_IDLE_TIMEOUT": "2s",
    "EDGEMAIL_DATA_TIMEOUT": "2s",
    "EDGEMAIL_MIN_RATE_AFTER": "2s",
    "EDGEMAIL_TLS_TIMEOUT": "2s",
    "EDGEMAIL_LINGER": "1s",
    "EDGEMAIL_LOG_LEVEL": "warning",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run a public server with short deadlines."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 20_000, hard))
    folder = tmp_path_factory.mktemp("hurting")
    cert = create_self_signed(folder / "cert.pem", ["mx.example.com"])
    try:
        with serving(
            folder / "mail.db", EDGEMAIL_TLS_CERT=str(cert), EDGEMAIL_SMTPS="127.0.0.1:0", **LIMITS
        ) as process:
            yield process
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory_bytes(server: Process) -> int:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def descriptors(server: Process) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


async def send_honestly(port: int) -> float:
    """Send a message; return the seconds from the connection to the 250."""
    began = time.monotonic()
    async with Peer.greeted(port, HONEST) as peer:
        await peer.say(MAIL, 250, 250, 354)
        await peer.say(b"Hi.\r\n.\r\n", 250)
    return time.monotonic() - began


async def send_beside(server: Process, attackers: asyncio.Task[None], enough: int) -> tuple[list[float], int]:
    """Send messages until the attack has had `enough` descriptors; return each one's seconds, and the most."""
    sends: list[asyncio.Task[float]] = []
    most = 0
    end = time.monotonic() + PATIENCE_S
    while len(sends) < MESSAGES or most < enough:
        assert not attackers.done(), attackers
        assert time.monotonic() < end, f"the attackers had {most} descriptors and not {enough}"
        sends.append(asyncio.create_task(send_honestly(server.smtp[1])))
        most = max(most, descriptors(server))
        await asyncio.sleep(INTERVAL_S)
    return await asyncio.gather(*sends), most


async def survive(server: Process, port: int, what: str, *, reads: bool = True) -> None:
    await send_honestly(server.smtp[1])
    memory, files = memory_bytes(server), descriptors(server)
    attackers = asyncio.create_task(attack(port, what, reads=reads))
    try:
        stays = SCRIPTS[what][1] >= SLOW_S
        enough = files + SCRIPTS[what][0] // 2 + 1 if stays else 0
        took_s, most = await send_beside(server, attackers, enough)
    finally:
        attackers.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await attackers
    grown = (memory_bytes(server) - memory) / 2**20
    print(f"{what}: worst of {len(took_s)} {max(took_s):.3f} s, {grown:+.1f} MiB, {most - files} more descriptors")
    assert max(took_s) < HONEST_S
    await until(lambda: descriptors(server) <= files + 4, PATIENCE_S)
    await until(lambda: memory_bytes(server) <= memory + GROWTH_BYTES, PATIENCE_S)


@pytest.mark.slow
@pytest.mark.parametrize("what", SCRIPTS)
async def test_an_honest_sender_gets_through_beside_who(server: Process, what: str) -> None:
    """Honest mail is kept at once; then memory and descriptors return to their values before."""
    await survive(server, server.smtp[1], what)


@pytest.mark.slow
async def test_an_honest_sender_gets_through_beside_peers_that_never_read(server: Process) -> None:
    """Unread replies are bounded by one buffer."""
    await survive(server, server.smtp[1], "NOOP", reads=False)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["NOOP", "a ClientHello to the plain port", "opens and says nothing"])
async def test_an_honest_sender_gets_through_beside_who_speaks_no_tls(server: Process, what: str) -> None:
    """The implicit-TLS port survives SMTP, half a handshake, and silence."""
    await survive(server, server.smtps[1], what)


@pytest.mark.needs_openssl
async def test_nobody_gets_a_second_handshake_in_a_connection(server: Process) -> None:
    """Renegotiation is refused (CVE-2011-1473): `R` makes s_client request it."""
    host, port = server.smtp
    options = ("-tls1_2", "-starttls", "smtp", "-connect", f"{host}:{port}")
    client = await asyncio.create_subprocess_exec(
        program("openssl", "openssl"),
        "s_client",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(b"R\n")
    async with asyncio.timeout(PATIENCE_S):
        said = await client.stdout.read()
        assert await client.wait() != 0
    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said
    assert await send_honestly(port) < HONEST_S
