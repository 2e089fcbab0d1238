"""Measures receiving mail while attackers hold the write lock with read-only tokens."""

from __future__ import annotations

import asyncio
import smtplib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from testkit.write_lock_attack import holding_the_write_lock

from bench.throughput import HEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testkit.sqld import Sqld

    from bench.servers import Server

SENDERS = 10
SECONDS = 60.0
_REPLY_S = 60.0
_MESSAGE = b"Subject: lock\r\n\r\n" + b"x" * 78 * (HEADLINE.body_bytes // 80) + b"\r\n"


@dataclass
class Ingest:
    """The replies to messages that were sent one after the other for some seconds."""

    attack: str
    seconds: float
    kept: int = 0
    deferred: int = 0
    waits_s: list[float] = field(default_factory=list)

    def cells(self) -> list[str]:
        """Return a row of the table."""
        waits = sorted(self.waits_s) or [0.0]
        rate = f"{self.kept / self.seconds:,.1f}"
        return [self.attack, rate, str(self.deferred), f"{waits[len(waits) // 2]:.1f}", f"{waits[-1]:.1f}"]


def measure(primary: Sqld, replica: Sqld, server: Server, say: Callable[[str], None]) -> Iterator[Ingest]:
    """Measure without an attack, with one attacker and with four, on either server."""
    for attack, attackers in (
        ("nobody", ()),
        ("one, on the primary", (primary,)),
        ("one, through a replica", (replica,)),
        ("four, on the primary", (primary,) * 4),
        ("four, through a replica", (replica,) * 4),
    ):
        say(f"the write lock is held by {attack}")
        yield asyncio.run(_measure(server, attack, attackers))


async def _measure(server: Server, attack: str, attackers: tuple[Sqld, ...]) -> Ingest:
    ingest = Ingest(attack, SECONDS if attackers else SECONDS / 10)
    async with holding_the_write_lock(*attackers):
        until = time.monotonic() + ingest.seconds
        senders = [threading.Thread(target=_send, args=(server.port, ingest, until)) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            await asyncio.to_thread(sender.join)
    return ingest


def _send(port: int, ingest: Ingest, until: float) -> None:
    """Send until a deadline; wait for the last reply, which counts for its time only."""
    with smtplib.SMTP("127.0.0.1", port, timeout=_REPLY_S) as client:
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                client.sendmail("sender@example.com", ["inbox@example.com"], _MESSAGE)
                is_kept = True
            except smtplib.SMTPDataError as error:
                if error.smtp_code != 451:
                    raise
                is_kept = False
            now = time.monotonic()
            ingest.waits_s.append(now - began)
            if not is_kept:
                ingest.deferred += 1
            elif now < until:
                ingest.kept += 1
