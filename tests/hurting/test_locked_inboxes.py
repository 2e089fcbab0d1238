"""Strangers who guess the key of a locked inbox: few guesses count, and nobody else is delayed."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from testkit.honest_reader import HonestReader
from testkit.honest_sender import HonestSender
from testkit.server_process import serving
from testkit.time_limit import bounded

from edgemail.policy.inbox_lock import KEYS_MAX, make_lock
from tests.hurting.test_http_strangers import (
    CONNECTIONS,
    MAIL_S,
    MISSES,
    PUBLIC,
    READ_S,
    ask,
    guess_for_a_while,
    http_address,
    send,
)

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.server_process import Process

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

LOCAL, KEY = make_lock("theirs")
LOCKED = f"{LOCAL}@example.org"


async def guess_keys(process: Process, path: str, keys_at_once: int) -> Counter[int]:
    """Ask with wrong keys, over and over, by many connections of one source; count the statuses."""
    heard: Counter[int] = Counter()
    keys = ",".join(make_lock("theirs")[1] for _ in range(keys_at_once))

    async def guess(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status, body = await ask(reader, writer, "GET", path, f"X-Inbox-Key: {keys}\r\n")
        assert b"theirs" not in body
        heard[status] += 1

    await guess_for_a_while(process, guess)
    return heard


@pytest.mark.parametrize(
    ("path", "keys_at_once"),
    [
        (f"/api/inboxes/{LOCKED}/messages", 1),
        (f"/api/inboxes/{LOCKED}/events", KEYS_MAX),
        ("/api/events?" + "&".join([f"address={LOCKED}"] * KEYS_MAX), KEYS_MAX),
    ],
    ids=["list", "events", "all at once"],
)
async def test_guesses_end_and_delay_nobody(
    tmp_path: Path, figures: list[str], path: str, keys_at_once: int
) -> None:
    """Past `miss_rate` the stranger gets 429, however many keys a request has; who has the key still reads."""
    with serving(tmp_path / "mail.db", **PUBLIC) as process:
        await asyncio.to_thread(send, process, LOCKED, 3)
        await asyncio.to_thread(send, process, "honest@example.org", 3)
        with HonestSender(process.smtp) as sender, HonestReader(http_address(process)) as reader:
            heard = await guess_keys(process, path, keys_at_once)
        at = urlsplit(process.url)
        opened, writer = await asyncio.open_connection(at.hostname, at.port, local_addr=("127.0.0.11", 0))
        writer.write(
            f"GET /api/inboxes/{LOCKED}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Inbox-Key: {KEY}\r\n\r\n".encode()
        )
        assert (await opened.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
    mail_s, read_s = max(sender.took_s), max(reader.took_s)
    figures.append(
        f"http: keys guessed, {keys_at_once:2} a request: {heard.total():5} requests, slowest mail "
        f"{mail_s * 1000:.0f} ms, slowest read {read_s * 1000:.0f} ms"
    )
    assert (sender.failed, reader.failed) == ([], [])
    assert mail_s < MAIL_S
    assert read_s < READ_S
    assert set(heard) == {404, 429}
    assert MISSES <= heard[404] <= MISSES + CONNECTIONS
