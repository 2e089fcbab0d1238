"""Readers who ask for much, take little and hang up: an honest sender and an honest reader beside them.

The promises are half a second for a mail and a second for a read. The bounds here are wider, as the
attackers and the tests share the machine's cores with the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from testkit.honest_work import (
    ATTACKER,
    MAIL_S,
    Honest,
    ask,
    newest_id,
    port_of,
    processor_s,
    read,
    send,
    wait_for_reads,
)
from testkit.hostile_peers import count_descriptors, measure_memory, raise_own_limit
from testkit.http_siege import Attack, attacked, besiege, request
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.small_disk import serving_on_small_disk
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

MEMORY_BYTES = 300 * 2**20
HANG_UPS = 400
SLOW_READERS = 200
QUICK_READERS = 40
LISTENERS, MAILS = 1500, 60
LISTENERS_S = 10.0
"""Of processor time. It took 75 s when each listener read and wrote each mail by itself."""
MIB = 2**20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """Run the program for strangers, for each attack."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_own_limit()
    try:
        with serving(
            tmp_path / "mail.db", EDGEMAIL_LOG_LEVEL="warning", EDGEMAIL_MAX_STREAMS_PER_SOURCE="2000"
        ) as one:
            yield one
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def many_parts() -> bytes:
    """Return 32 kB of parts, each with a charset that nobody knows."""
    head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    part = b"--b\r\nContent-Type: text/plain; charset=x-unknown\r\n\r\nHi\r\n"
    return head + part * 560 + b"--b--\r\n"


def near_codes() -> bytes:
    """Return 32 kB of what looks like codes: nothing of this size takes the finder longer."""
    return b"From: a@b.example\r\nSubject: Hi\r\n\r\n" + b"code 1234 " * 3_200


def attached_messages() -> bytes:
    """Return a mail with a costly mail behind eight attached messages: each level is taken apart for it."""
    mail = near_codes()
    for level in range(8):
        head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % level
        mail = head + b"--b%d\r\nContent-Type: message/rfc822\r\n\r\n%b\r\n--b%d--\r\n" % (level, mail, level)
    return mail


INNERMOST = f"/attachments/{'.'.join('0' * 8)}/message"
COSTLY = {"parts": (many_parts, ""), "near-codes": (near_codes, ""), "attached": (attached_messages, INNERMOST)}
"""How each attack's mail is made, and what is asked of it behind its id."""


@pytest.mark.parametrize("is_one", [True, False], ids=["one mail", "many mails"])
@pytest.mark.parametrize("kind", COSTLY)
def test_requests_that_are_hung_up_at_once(server: Process, figures: list[str], kind: str, *, is_one: bool) -> None:
    """They cost 24 kB to send. The honest reader waited for a minute and a half."""
    make, rest = COSTLY[kind]
    for _ in range(1 if is_one else 50):
        send(server, make())
    last = newest_id(server, "ann@example.org")
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        for number in range(HANG_UPS):
            ask(server, f"/api/messages/{last if is_one else last - number % 50}{rest}").close()
        wait_for_reads(honest, 5)
    read(server, f"/api/messages/{last}{rest}")
    which = f"{kind}, {'one mail' if is_one else 'many mails'}"
    figures.append(f"{HANG_UPS} requests hung up ({which}): {honest.check()}")


@pytest.mark.parametrize("path", ["/events", "/wait?subject=never", "/wait?after=999999&timeout=50"])
def test_streams_and_waits_that_are_hung_up_at_once(server: Process, figures: list[str], path: str) -> None:
    """A stream of twenty inboxes looks each of them up before it begins. The last one is asked as tests ask."""
    send(server, letter("listed"))
    inboxes = "&".join(f"address=ann{number}@example.org" for number in range(20))
    asked = f"/api/events?{inboxes}" if path == "/events" else f"/api/inboxes/ann@example.org{path}"
    pid = server.process.pid
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        before = count_descriptors(pid)
        for _ in range(HANG_UPS):
            ask(server, asked).close()
        wait_for_reads(honest, 5)
        deadline = time.monotonic() + 3 * PATIENCE_S
        while count_descriptors(pid) > before + 8:
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
    figures.append(f"{HANG_UPS} of {path} hung up: {honest.check()}")


@pytest.mark.parametrize("kind", COSTLY)
def test_requests_that_are_not_hung_up(server: Process, figures: list[str], kind: str) -> None:
    """Their source waits for itself: the honest reader has the next turn."""
    make, rest = COSTLY[kind]
    for _ in range(100):
        send(server, make())
    last = newest_id(server, "ann@example.org")
    with Honest(server) as honest, contextlib.ExitStack() as peers:
        wait_for_reads(honest, 2)
        for number in range(HANG_UPS):
            peers.enter_context(ask(server, f"/api/messages/{last - number % 100}{rest}"))
        wait_for_reads(honest, 5)
    figures.append(f"{HANG_UPS} requests for 100 mails ({kind}), held: {honest.check()}")


@pytest.mark.needs_small_disk
def test_readers_of_large_messages_that_fill_a_small_disk(tmp_path: Path, figures: list[str]) -> None:
    """They read new messages and delete them. What was parsed leaves room for mail, which is never refused."""

    with serving_on_small_disk(tmp_path / "disk", "64m", EDGEMAIL_MIN_FREE="10%") as (server, _):

        def read_and_delete(name: str) -> None:
            send(server, letter(text=("0123456789abcdef" * 4 + "\r\n") * (2 * MIB // 66)), f"{name}@example.org")
            request(server, f"GET /api/messages/{newest_id(server, f'{name}@example.org')}")
            request(server, f"DELETE /api/inboxes/{name}@example.org")

        works = [partial(read_and_delete, name) for name in ("one", "two", "three")]
        with Honest(server) as honest, Attack(*works):
            wait_for_reads(honest, 60)
        figures.append(f"3 readers of new messages of 2 MiB on a disk of 64 MiB: {honest.check()}")


@pytest.mark.parametrize("rest", ["/raw", ""])
@pytest.mark.parametrize("db", ["file", "memory"])
def test_quick_readers_of_a_large_message(tmp_path: Path, figures: list[str], rest: str, db: str) -> None:
    """Each takes the whole answer as soon as it comes, over and over. Senders get turns between the pieces."""
    with attacked(tmp_path, url="memory" if db == "memory" else "") as server:
        send(server, letter(text=("0123456789abcdef" * 4 + "\r\n") * (5 * MIB // 66)))
        path = f"/api/messages/{newest_id(server, 'ann@example.org')}{rest}"
        assert len(request(server, f"GET {path}")) > 5 * MIB
        works = [lambda: request(server, f"GET {path}")] * QUICK_READERS
        besiege(server, figures, f"{QUICK_READERS} quick readers of 5 MiB{rest and f', {rest}'}, {db}", *works)


@pytest.mark.parametrize("rest", ["/raw", "", "/attachments/0"])
def test_slow_readers_of_a_large_message(server: Process, figures: list[str], rest: str) -> None:
    """Each of them held the whole message in memory."""
    head = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    lines = ("0123456789abcdef" * 4 + "\r\n") * (12 * MIB // 66)
    text = f"--b\r\n\r\n{lines}\r\n--b\r\nContent-Type: application/x-test\r\n\r\n{lines}\r\n--b--\r\n"
    send(server, letter(extra=head, text=text))
    path = f"/api/messages/{newest_id(server, 'ann@example.org')}{rest}"
    pid = server.process.pid
    with Honest(server) as honest, contextlib.ExitStack() as peers:
        wait_for_reads(honest, 2)
        before = count_descriptors(pid)
        readers = [peers.enter_context(ask(server, path)) for _ in range(SLOW_READERS)]
        for reader in readers:
            reader.settimeout(3 * PATIENCE_S)
            assert reader.recv(12) == b"HTTP/1.1 200"
        wait_for_reads(honest, 5)
        memory = measure_memory(pid)
        assert memory < MEMORY_BYTES
        assert len(read(server, path)) > 11 * MIB
        peers.close()
        deadline = time.monotonic() + PATIENCE_S
        while count_descriptors(pid) > before + 8:
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
    what = f"{SLOW_READERS} slow readers of 24 MiB{rest and f', {rest}'}"
    figures.append(f"{what}: {memory // MIB} MiB in all, {honest.check()}")


@pytest.mark.parametrize("addresses", [1, 20])
async def test_many_listeners_of_one_inbox(server: Process, figures: list[str], addresses: int) -> None:
    """Each mail is read and written once for all of them, and all of them hear of it.

    With more than one address, they follow nineteen empty inboxes beside that one.
    """
    ready = []
    others = "".join(f"&address=other{number}@example.org" for number in range(1, addresses))
    path = f"/api/events?address=ann@example.org{others}" if others else "/api/inboxes/ann@example.org/events"

    async def listen() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server), local_addr=(ATTACKER, 0))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await reader.readuntil(b": listening")
        ready.append(writer)
        heard = 0
        while heard < MAILS and (part := await reader.readuntil(b"event: message")):
            heard += part.count(b"event: message")
        writer.close()
        return heard

    def attack() -> float:
        return max(send(server, letter(str(number))) for number in range(MAILS))

    listeners = []
    for number in range(LISTENERS):
        listeners.append(asyncio.create_task(listen()))
        if number % 100 == 99:
            await until(lambda: len(ready) == len(listeners), 3 * PATIENCE_S)
    before_s = processor_s(server)
    with Honest(server) as honest:
        slowest_s = await asyncio.to_thread(attack)
        async with asyncio.timeout(6 * PATIENCE_S):
            assert set(await asyncio.gather(*listeners)) == {MAILS}
        await asyncio.to_thread(wait_for_reads, honest, 2)
    used_s = processor_s(server) - before_s
    assert used_s < LISTENERS_S
    assert slowest_s < MAIL_S
    figures.append(
        f"{LISTENERS} listeners of {addresses}, {MAILS} mails: {used_s:.1f} s of processor time, {honest.check()}"
    )
