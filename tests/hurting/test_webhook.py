"""A webhook's receiver that is slow, endless or away costs no honest sender or reader their mail."""

from __future__ import annotations

import asyncio
import itertools
import signal
import smtplib
import time
from typing import TYPE_CHECKING

import pytest
from testkit.honest_work import Honest, wait_for_reads
from testkit.hostile_peers import count_descriptors
from testkit.sample_mail import letter
from testkit.server_process import serving
from testkit.time_limit import bounded
from testkit.waiting import until
from testkit.webhook_receiver import answer, break_off, drip, endless, hang, receiving

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.server_process import Process
    from testkit.webhook_receiver import Behaviour

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

MAILS = 60
STOP_S = 20.0


def flood(server: Process) -> None:
    """Send much mail in one connection."""
    with smtplib.SMTP(*server.smtp, timeout=60) as client:
        for number in range(MAILS):
            client.sendmail("bob@sender.example", ["flood@example.org"], letter(f"flood {number}"))


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave in one way after the other."""
    turns = itertools.cycle(behaviours)

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(turns)(reader, writer)

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(hang, id="never answers"),
        pytest.param(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), id="answers without an end"),
        pytest.param(
            in_turn(
                answer(500),
                break_off,
                endless(b"HTTP/1.1 200 OK\r\n", b"X-More: more\r\n" * 999),
                drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000, 0.1),
            ),
            id="fails in every way",
        ),
    ],
)
async def test_honest_people_get_their_mail_beside_such_a_receiver(
    tmp_path: Path, behave: Behaviour, figures: list[str], request: pytest.FixtureRequest
) -> None:
    """It has four connections at most, and the server ends in time."""
    async with receiving(behave) as receiver:
        with serving(tmp_path / "mail.db", EDGEMAIL_WEBHOOK_URL=receiver.url) as server:
            before = count_descriptors(server.process.pid)
            with Honest(server) as honest:
                await asyncio.to_thread(flood, server)
                await until(lambda: receiver.connects >= 4, 60)
                await asyncio.to_thread(wait_for_reads, honest, 2)
                assert count_descriptors(server.process.pid) - before < 40
            figures.append(f"beside a webhook that {request.node.callspec.id}: {honest.check()}")
            assert receiver.most_at_once <= 4
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(server.wait) == 0
            assert time.monotonic() - began < STOP_S
