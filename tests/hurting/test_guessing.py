"""Peers that guess hashed passwords delay neither the honest sender who logs in nor anybody else's commands."""

from __future__ import annotations

import asyncio
import base64
import itertools
from typing import TYPE_CHECKING

import bcrypt
import pytest
from testkit.honest_sender import HonestSender
from testkit.hostile_peers import HELLO, Attacker, measure_memory, swarm
from testkit.server_process import Peer, serving
from testkit.time_limit import bounded

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bounded"]

GUESSERS = 24
COST = 9
"""A comparison takes about 30 ms, and all that may wait more than half a second."""
HONEST, FIRST_TIME = "127.0.1.1", "127.0.1.2"
HONEST_S = 3.0
"""As in the other tests here: attackers and tests share the server's cores."""
GROWTH_BYTES = 32 * 2**20
LIMITS = {
    "EDGEMAIL_TRUSTED": "none",
    "EDGEMAIL_CONNECTION_RATE": "1000000",
    "EDGEMAIL_MESSAGE_RATE": "1000000",
    "EDGEMAIL_LOG_LEVEL": "warning",
}


def plain(secret: str) -> bytes:
    return b"AUTH PLAIN " + base64.b64encode(f"\0ann\0{secret}".encode()) + b"\r\n"


class LoggedInSender(HonestSender):
    """Logs in for each message, as a web application does."""

    def send(self) -> None:
        peer = Peer(self._address, source=self._source)
        try:
            peer.greet()
            assert peer.ask(plain("s3cret")) == 235
            assert peer.begin("honest@example.org") == [250, 250, 354]
            assert peer.ask(b"Subject: beside it\r\n\r\nHi.\r\n.\r\n") == 250
        finally:
            peer.close()


@pytest.mark.slow
async def test_guesses_of_many_sources_delay_nobody(tmp_path: Path, figures: list[str]) -> None:
    """Each source has few guesses a minute, all of them a bounded number at a time; the others get 454."""
    logins = tmp_path / "logins"
    logins.touch(mode=0o600)
    logins.write_text(f"ann:{bcrypt.hashpw(b's3cret', bcrypt.gensalt(COST)).decode()}\n")
    numbers = itertools.count()

    with serving(tmp_path / "mail.db", EDGEMAIL_AUTH_FILE=str(logins), **LIMITS) as server:
        honest = LoggedInSender(server.smtp, HONEST)
        await asyncio.to_thread(honest.send)
        before = measure_memory(server.process.pid)

        async def guess() -> int:
            """Guess until a guess was compared, or the server closes."""
            async with Attacker.connect(server.smtp) as peer:
                assert await peer.hear() == 220
                assert await peer.ask(HELLO) == 250
                while (heard := await peer.ask(plain(f"guess {next(numbers)}"))) == 454:
                    pass
                return heard

        with honest:
            heard = await swarm(GUESSERS, guess)
        growth = measure_memory(server.process.pid) - before
        late = LoggedInSender(server.smtp, FIRST_TIME)
        await asyncio.to_thread(late.send)
    figures.append(f"{GUESSERS} that guess passwords: {max(honest.took_s):.2f} s of {len(honest.took_s)}")
    assert set(heard) <= {535, 421}
    assert heard[535] > 0
    assert honest.failed == []
    assert max(honest.took_s) < HONEST_S
    assert growth < GROWTH_BYTES
