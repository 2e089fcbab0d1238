"""A stranger who counts ids on a public server: nothing is found or deleted, and all others are served."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from testkit.honest_reader import HonestReader
from testkit.honest_sender import HonestSender
from testkit.server_process import Peer, Process, serving
from testkit.time_limit import bounded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

MAIL_S, READ_S = 2.0, 2.0
ATTACK_S = 4.0
CONNECTIONS = 20
MISSES = 60
"""The default of `miss_rate`. Requests that are under way together may pass it by one each."""
OTHERS = 100
STRANGER, OWN = "127.0.0.7", "stranger@example.org"
INBOX = f"/api/inboxes/{OWN}/messages"
PUBLIC = {
    "EDGEMAIL_DOMAIN": "example.org",
    "EDGEMAIL_TRUSTED": "127.0.0.9",
    "EDGEMAIL_CONNECTION_RATE": "1000000",
    "EDGEMAIL_MESSAGE_RATE": "1000000",
    "EDGEMAIL_LOG_LEVEL": "warning",
}
BY_ID = [
    ("GET", "/api/messages/{}"),
    ("GET", "/api/messages/{}/raw"),
    ("GET", "/api/messages/{}/attachments/0"),
    ("DELETE", "/api/messages/{}"),
]
UNDER_ADDRESS = [
    ("GET", f"{INBOX}/{{}}"),
    ("HEAD", f"{INBOX}/{{}}/raw"),
    ("GET", f"{INBOX}/{{}}/raw"),
    ("GET", f"{INBOX}/{{}}/attachments/0"),
    ("DELETE", f"{INBOX}/{{}}"),
]


def send(process: Process, to: str, count: int) -> None:
    peer = Peer(process.smtp, source="127.0.0.9")
    peer.greet()
    for _ in range(count):
        assert peer.begin(to) == [250, 250, 354]
        assert peer.ask(b"Subject: theirs\r\n\r\nNobody else's.\r\n.\r\n") == 250
    peer.close()


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Process]:
    """A public server without an operator, with the stranger's own mail in the middle of other people's."""
    with serving(tmp_path / "mail.db", **PUBLIC) as process:
        send(process, "honest@example.org", OTHERS // 2)
        send(process, OWN, 1)
        send(process, "honest@example.org", OTHERS // 2)
        yield process


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, fields: str = ""
) -> tuple[int, bytes]:
    """Ask on an open connection; `fields` are more lines of the head."""
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    size = 0 if method == "HEAD" else int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
    return int(head.split()[1]), await reader.readexactly(size)


async def guess_for_a_while(
    process: Process, guess: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> None:
    """Guess over and over by many connections of one stranger, until `ATTACK_S` is over or a guess fails."""
    at = urlsplit(process.url)

    async def go_on() -> None:
        reader, writer = await asyncio.open_connection(at.hostname, at.port, local_addr=(STRANGER, 0))
        try:
            while True:
                await guess(reader, writer)
        finally:
            writer.transport.abort()

    guessing = [asyncio.create_task(go_on()) for _ in range(CONNECTIONS)]
    await asyncio.wait(guessing, timeout=ATTACK_S, return_when=asyncio.FIRST_EXCEPTION)
    for task in guessing:
        assert not task.done(), task.exception()
        task.cancel()
    await asyncio.gather(*guessing, return_exceptions=True)


async def count_ids(process: Process, routes: list[tuple[str, str]], own: int) -> Counter[tuple[str, int]]:
    """Ask for every id but the own one, over and over; return how often each method got each status."""
    heard: Counter[tuple[str, int]] = Counter()
    ids = cycle([number for number in range(1, OTHERS + 2) if number != own])
    requests = ((method, path.format(number)) for number in ids for method, path in routes)

    async def guess(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path = next(requests)
        status, body = await ask(reader, writer, method, path)
        heard[method, status] += 1
        assert b"theirs" not in body
        assert b"honest" not in body

    await guess_for_a_while(process, guess)
    return heard


async def list_all(process: Process, address: str, source: str) -> list[int]:
    at = urlsplit(process.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port, local_addr=(source, 0))
    ids: list[int] = []
    before = ""
    while True:
        path = f"/api/inboxes/{address}/messages?limit=200{before}"
        status, body = await ask(reader, writer, "GET", path)
        assert status == 200
        page = json.loads(body)
        ids += [message["id"] for message in page["messages"]]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    writer.close()
    return ids


@pytest.mark.parametrize("routes", [BY_ID, UNDER_ADDRESS], ids=["by id", "under an address"])
async def test_a_stranger_who_counts_ids_finds_nothing(
    public: Process, figures: list[str], routes: list[tuple[str, str]]
) -> None:
    """Nothing of another's is read or deleted; past `miss_rate` the stranger gets 429, and only the stranger."""
    (own,) = await list_all(public, OWN, STRANGER)
    theirs = await list_all(public, "honest@example.org", "127.0.0.9")
    assert len(theirs) == OTHERS
    with HonestSender(public.smtp) as sender, HonestReader(http_address(public)) as reader:
        heard = await count_ids(public, routes, own)
    mail_s, read_s = max(sender.took_s), max(reader.took_s)
    figures.append(
        f"http: ids counted {'by id' if routes is BY_ID else 'under an address':17} {heard.total():5} requests, "
        f"{len(sender.took_s)} mails, slowest {mail_s * 1000:.0f} ms, slowest read {read_s * 1000:.0f} ms"
    )
    assert sender.failed == []
    assert reader.failed == []
    assert mail_s < MAIL_S
    assert read_s < READ_S
    statuses = {status for _, status in heard}
    misses = sum(count for (_, status), count in heard.items() if status == 404)
    assert statuses == {404, 429}
    assert MISSES <= misses <= MISSES + CONNECTIONS
    left = await list_all(public, "honest@example.org", "127.0.0.9")
    assert set(theirs) <= set(left)
    assert await list_all(public, OWN, "127.0.0.9") == [own]


def http_address(process: Process) -> tuple[str, int]:
    at = urlsplit(process.url)
    assert at.hostname is not None
    assert at.port is not None
    return at.hostname, at.port
