"""What answers may take: work, memory, time, streams; and what is shared."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from testkit.http_client import follow, inbox_path
from testkit.running_app import ANN, Program, running, settings_in
from testkit.sample_mail import envelope, letter
from testkit.waiting import PATIENCE_S, until

from edgemail import mime
from edgemail.http import answers
from edgemail.http.answers import Answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from edgemail.mailbox.fair_turns import FairTurns
    from edgemail.model import Code, MailId, ParsedMessage

LARGE = letter(text="x" * 5_000_000)


def running_with(folder: Path, **http: Any) -> AbstractAsyncContextManager[Program]:
    settings = settings_in(folder)
    return running(replace(settings, http=replace(settings.http, **http)))


async def deliver(program: Program, data: bytes) -> MailId:
    return await program.app._inbox.deliver(envelope(ANN, data=data))


async def refused(program: Program, reason: str) -> int:
    """Return how many were refused for that reason, as the metrics have it."""
    lines = (await program.ask("/metrics")).body.decode().splitlines()
    (line,) = [line for line in lines if line.startswith(f'edgemail_reading_refused_total{{reason="{reason}"}}')]
    return round(float(line.split()[1]))


def ask_and_take_nothing(program: Program, path: str) -> socket.socket:
    """Ask for an answer that does not fit into the system's buffers."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", int(program.url.rpartition(":")[2])))
    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    peer.settimeout(PATIENCE_S)
    return peer


def take_all(peer: socket.socket) -> int:
    """Take the rest of an answer; return how many octets there were until the connection ended."""
    count = 0
    try:
        while part := peer.recv(65536):
            count += len(part)
    except ConnectionResetError:
        pass
    return count


class SlowParser:
    """Stands in front of `mime.read`, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parsed = 0
        self.may_end = threading.Event()
        self._read = mime.read
        monkeypatch.setattr(mime, "read", self.read)

    def read(self, data: bytes, codes: tuple[Code, ...] | None) -> ParsedMessage:
        self.parsed += 1
        assert self.may_end.wait(PATIENCE_S)
        return self._read(data, codes)


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowParser]:
    slow = SlowParser(monkeypatch)
    yield slow
    slow.may_end.set()


async def test_who_hangs_up_is_no_longer_worked_for(program: Program, parser: SlowParser) -> None:
    """Of many requests that were hung up, only those are parsed that had begun."""
    mail_ids = await program.send(*[letter(str(number)) for number in range(30)])
    queue = program.app._inbox._reader._messages
    peers = [ask_and_take_nothing(program, f"/api/messages/{mail_id}") for mail_id in mail_ids]
    await until(lambda: parser.parsed == 2 and queue.waiting == 28)
    for peer in peers:
        peer.close()
    await until(lambda: queue.waiting == 0)
    parser.may_end.set()
    assert (await program.ask(f"/api/messages/{mail_ids[-1]}")).status == 200
    assert parser.parsed == 3


async def test_a_wait_that_was_hung_up_is_forgotten(program: Program) -> None:
    """Long before its time is up."""
    listeners = program.app._inbox._notifier._subscriptions
    with ask_and_take_nothing(program, inbox_path(ANN, "/wait?timeout=50")):
        await until(lambda: ANN in listeners)
    await until(lambda: not listeners)


async def test_a_message_is_parsed_once_for_all_who_ask(program: Program, parser: SlowParser) -> None:
    """At the same time, and again while the result is kept; a deleted message is not served from it."""
    (mail_id,) = await program.send_letter("Hi")
    path = f"/api/messages/{mail_id}"
    asking = [asyncio.create_task(program.ask(path)) for _ in range(20)]
    await until(lambda: parser.parsed == 1)
    parser.may_end.set()
    bodies = {answer.body for answer in await asyncio.gather(*asking)}
    bodies.add((await program.ask(path)).body)
    assert len(bodies) == 1
    assert parser.parsed == 1
    assert (await program.ask(path, "DELETE")).status == 204
    assert (await program.ask(path)).status == 404


async def test_where_too_many_wait_the_next_is_told_when_to_come_again(tmp_path: Path, parser: SlowParser) -> None:
    """With 503, and counted; other kinds of reading go on."""
    async with running_with(tmp_path, max_waiting_reads=1) as program:
        mail_ids = await program.send(*[letter(str(number)) for number in range(4)])
        asking = [asyncio.create_task(program.ask(f"/api/messages/{mail_id}")) for mail_id in mail_ids[:3]]
        queue = program.app._inbox._reader._messages
        await until(lambda: queue.waiting == 1 and parser.parsed == 2)
        answer = await program.ask(f"/api/messages/{mail_ids[3]}")
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        assert await refused(program, "message_queue") == 1
        assert (await program.ask(f"/api/messages/{mail_ids[3]}/raw")).status == 200
        assert len(await program.list_inbox()) == 4
        parser.may_end.set()
        assert {answer.status for answer in await asyncio.gather(*asking)} == {200}


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Program]:
    """A program with memory for one large answer of a source, where one more may wait for it."""
    async with running_with(tmp_path, max_answer_bytes=256 * 1024, max_waiting_reads=1) as program:
        yield program


@pytest.mark.parametrize("rest", ["/raw", "", "/attachments/0"])
async def test_answers_share_one_bound_of_memory(narrow: Program, rest: str) -> None:
    """One waits until there is some, the next gets 503, and small answers need none."""
    head = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    text = f"--b\r\n\r\n{'x' * 5_000_000}\r\n--b\r\nContent-Type: a/b\r\n\r\n{'y' * 5_000_000}\r\n--b--\r\n"
    mail_id = await deliver(narrow, letter(extra=head, text=text))
    path = f"/api/messages/{mail_id}{rest}"
    with ask_and_take_nothing(narrow, path) as first:
        await asyncio.to_thread(first.recv, 100)
        waiting = asyncio.create_task(narrow.ask(path))
        await until(lambda: find_memory(narrow).waiting == 1)
        answer = await narrow.ask(path)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert await refused(narrow, "answer_memory") == 1
        assert len(await narrow.list_inbox()) == 1
    last = await waiting
    assert last.status == 200
    assert int(last.headers["content-length"]) == len(last.body) > 4_999_999
    await until(lambda: find_memory(narrow).lent == 0)


def find_memory(program: Program) -> FairTurns:
    """Look through the layers around the application for the one that bounds answers."""
    layer: Any = program.app._http[0].config.app
    while not isinstance(layer, Answers):
        layer = getattr(layer, "app", None) or layer._app
    return layer.memory


async def test_a_client_that_takes_nothing_is_dropped(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is cut short, and what it held is free again."""
    monkeypatch.setattr(answers, "_SWEEP_S", 0.05)
    mail_id = await deliver(program, LARGE)
    with ask_and_take_nothing(program, f"/api/messages/{mail_id}/raw") as peer:
        begun = await asyncio.to_thread(peer.recv, 100)
        assert begun.startswith(b"HTTP/1.1 200")
        assert await refused(program, "slow_reader") == 0
        shift_clock(monkeypatch, 200.0)
        await until(lambda: was_refused(program, "slow_reader"))
        monkeypatch.undo()
        assert await asyncio.to_thread(take_all, peer) < len(LARGE)


async def was_refused(program: Program, reason: str) -> bool:
    return await refused(program, reason) == 1


def shift_clock(monkeypatch: pytest.MonkeyPatch, by_s: float) -> None:
    """Let the sweep see a later time; what began before it seems long ago."""
    sweep = answers.Answers._sweep

    def sweep_later(self: answers.Answers) -> None:
        for writer in self._sending:
            writer.began_at -= by_s
        sweep(self)

    monkeypatch.setattr(answers.Answers, "_sweep", sweep_later)


async def test_an_answer_whose_message_is_deleted_is_cut_short(program: Program) -> None:
    """Nobody takes the first part for the whole; the log has no exception of it."""
    mail_id = await deliver(program, LARGE)
    with ask_and_take_nothing(program, f"/api/messages/{mail_id}/raw") as peer:
        await asyncio.to_thread(peer.recv, 100)
        assert (await program.ask(f"/api/messages/{mail_id}", "DELETE")).status == 204
        assert await asyncio.to_thread(take_all, peer) < len(LARGE)


async def test_streams_of_an_inbox_are_bounded(tmp_path: Path) -> None:
    """The next reader gets 503, until one has gone; other inboxes have their own bound."""
    events = inbox_path(ANN, "/events")
    async with running_with(tmp_path, max_streams_per_inbox=2) as program, follow(program.url, events):
        async with follow(program.url, events):
            answer = await program.ask(events)
            assert answer.status == 503
            assert int(answer.headers["retry-after"]) > 0
            assert await refused(program, "inbox_streams") == 1
            async with follow(program.url, inbox_path("ben@example.org", "/events")) as other:
                assert other.status == 200
        await until(lambda: len(program.app._inbox._notifier._subscriptions[ANN]) == 1)
        await until(lambda: is_free(program, events))


async def is_free(program: Program, path: str) -> bool:
    async with follow(program.url, path) as stream:
        return stream.status == 200


async def test_streams_of_a_source_are_bounded_unless_it_is_trusted(tmp_path: Path) -> None:
    """With 429, as other sources are not concerned."""
    settings = settings_in(tmp_path)
    http = replace(settings.http, max_streams_per_source=1)
    for trusted, status in (((), 429), (settings.smtp.trusted, 200)):
        changed = replace(settings, http=http, smtp=replace(settings.smtp, trusted=trusted))
        async with running(changed) as program, follow(program.url, inbox_path(ANN, "/events")):
            async with follow(program.url, inbox_path("ben@example.org", "/events")) as second:
                assert second.status == status
                assert ("retry-after:" in second.head) == (status == 429)
            assert await refused(program, "source_streams") == (status == 429)


async def test_waits_of_an_inbox_are_bounded(tmp_path: Path) -> None:
    """The next one gets 503, until one has ended; other inboxes have their own bound."""
    wait = inbox_path(ANN, "/wait?timeout=50")
    async with running_with(tmp_path, max_waits_per_inbox=2) as program:
        subscriptions = program.app._inbox._notifier._subscriptions
        waiting = [asyncio.create_task(program.ask(wait)) for _ in range(2)]
        await until(lambda: len(subscriptions.get(ANN, ())) == 2)
        answer = await program.ask(wait)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        assert await refused(program, "inbox_waits") == 1
        other = await program.ask(inbox_path("ben@example.org", "/wait?timeout=0"))
        assert (other.status, other.json()) == (200, {"status": "timeout"})
        await program.send_letter("Both hear of it")
        assert [answer.json()["message"]["subject"] for answer in await asyncio.gather(*waiting)] == [
            "Both hear of it"
        ] * 2
        assert (await program.ask(wait)).status == 200


@pytest.mark.parametrize(("is_trusted", "status"), [(False, 429), (True, 200)])
async def test_waits_of_a_source_are_bounded_unless_it_is_trusted(
    tmp_path: Path, *, is_trusted: bool, status: int
) -> None:
    """With 429; event streams are counted by themselves."""
    settings = settings_in(tmp_path)
    settings = replace(settings, http=replace(settings.http, max_waits_per_source=1))
    if not is_trusted:
        settings = replace(settings, smtp=replace(settings.smtp, trusted=()))
    async with running(settings) as program, follow(program.url, inbox_path(ANN, "/events")) as stream:
        assert stream.status == 200
        subscriptions = program.app._inbox._notifier._subscriptions
        waiting = asyncio.create_task(program.ask(inbox_path("ben@example.org", "/wait?timeout=50")))
        await until(lambda: "ben@example.org" in subscriptions)
        answer = await program.ask(inbox_path("eve@example.org", "/wait?timeout=0"))
        assert answer.status == status
        assert ("retry-after" in answer.headers) == (status == 429)
        assert await refused(program, "source_waits") == (status == 429)
        await program.send(letter("End"), to=("ben@example.org",))
        assert (await waiting).json()["status"] == "found"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_64(one: str, other: str, *, is_same: bool) -> None:
    """Whoever has one address of a /64 has all of them."""
    sources = [answers.find_source({"type": "http", "client": (ip, 4711)}) for ip in (one, other)]
    assert (sources[0] == sources[1]) is is_same


def test_a_client_without_an_address_is_a_source_too() -> None:
    """As on a socket of the file system."""
    assert answers.find_source({"type": "http", "client": None}) == ""
    assert answers.find_source({"type": "http", "client": ("unix", 0)}) == ""
