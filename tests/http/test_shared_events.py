"""One stream of server-sent events for several inboxes."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from testkit.http_client import follow, inbox_path
from testkit.running_app import ANN, resolved_in, running, settings_in
from testkit.sample_mail import envelope
from testkit.waiting import PATIENCE_S, until

from edgemail.http import event_stream
from edgemail.http.routes import FOLLOWED_ADDRESSES_MAX
from edgemail.mailbox.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from testkit.http_client import EventStream
    from testkit.running_app import Program

    from edgemail.model import ListedMail

BEN, CAT = "ben@example.org", "cat@example.org"
MANY = [f"n{number}@example.org" for number in range(FOLLOWED_ADDRESSES_MAX)]


def path_of(*addresses: str, after: Sequence[int] = ()) -> str:
    """Return the path of a stream that follows these addresses."""
    pairs = [("address", address) for address in addresses] + [("after", str(mail_id)) for mail_id in after]
    return "/api/events?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


async def deliver(program: Program, to: str) -> int:
    return await program.app._inbox.deliver(envelope(to))


async def take(stream: EventStream, count: int) -> list[tuple[str, int]]:
    """Return the address and the id of the next events."""
    return [(event.data["address"], event.id) for event in await stream.take(count)]


async def test_each_event_names_its_inbox_and_has_its_summary(program: Program) -> None:
    """As a listing has it; mail for others is no event."""
    await deliver(program, ANN)
    async with follow(program.url, path_of("ANN@Example.org", BEN)) as stream:
        assert stream.status == 200
        assert "content-type: text/event-stream" in stream.head
        assert "cache-control: no-" in stream.head
        await deliver(program, CAT)
        for address in (BEN, ANN, BEN):
            mail_id = await deliver(program, address)
            event = await stream.next()
            assert event is not None
            (listed,) = await program.list_inbox(address, "?limit=1")
            assert (event.id, event.name, event.data) == (mail_id, "message", {"address": address} | listed)


async def test_mail_for_two_of_them_is_an_event_for_each(program: Program) -> None:
    """Each names its address alone, as a listing does."""
    async with follow(program.url, path_of(ANN, BEN)) as stream:
        mail_id = await program.app._inbox.deliver(envelope(ANN, CAT, BEN))
        events = await stream.take(2)
    assert {(event.data["address"], event.id, *event.data["recipients"]) for event in events} == {
        (name, mail_id, name) for name in (ANN, BEN)
    }


async def test_each_address_begins_after_its_own_id(program: Program) -> None:
    """In whatever order the parameters come."""
    ann = [await deliver(program, ANN) for _ in range(3)]
    ben = [await deliver(program, BEN) for _ in range(3)]
    async with follow(program.url, path_of(ANN, BEN, after=(ann[1], ben[0]))) as stream:
        assert sorted(await take(stream, 3)) == [(ANN, ann[2]), (BEN, ben[1]), (BEN, ben[2])]
    mixed = f"/api/events?address={BEN}&after={ben[1]}&address={ANN}&after={ann[2]}"
    async with follow(program.url, mixed) as stream:
        assert await take(stream, 1) == [(BEN, ben[2])]
        ann.append(await deliver(program, ANN))
        assert await take(stream, 1) == [(ANN, ann[3])]


async def test_the_id_of_any_event_resumes_all_inboxes(program: Program) -> None:
    """Wherever the stream is cut: nothing is missed, and nothing comes twice."""
    sent = []
    for number in range(12):
        name = (ANN, BEN, CAT)[number % 5 % 3]
        sent.append((name, await deliver(program, name)))
    path = path_of(ANN, BEN, CAT, after=(0, 0, 0))
    async with follow(program.url, path) as stream:
        events = await stream.take(len(sent))
    for number, event in enumerate(events[:-1]):
        async with follow(program.url, path, f"Last-Event-ID: {event.position}\r\n") as stream:
            rest = await take(stream, len(sent) - number - 1)
        seen = [(event.data["address"], event.id) for event in events[: number + 1]]
        assert sorted(seen + rest) == sorted(sent)
    async with follow(program.url, path, f"Last-Event-ID: {events[-1].position}\r\n") as stream:
        last = await deliver(program, BEN)
        assert await take(stream, 1) == [(BEN, last)]


async def test_nothing_is_missed_from_the_first_octet_of_the_answer_on(program: Program) -> None:
    """The start ids are fixed before the response begins. Two inboxes may be read in either order."""
    for _ in range(10):
        async with follow(program.url, path_of(*MANY)) as stream:
            sent = [(name, await deliver(program, name)) for name in (MANY[-1], MANY[0])]
            assert sorted(await take(stream, 2)) == sorted(sent)


async def test_an_inbox_with_much_mail_does_not_keep_the_others_waiting(program: Program) -> None:
    """They take turns, page by page."""
    futures = [program.app._inbox.deliver(envelope(ANN)) for _ in range(450)]
    sent = [await future for future in futures]
    other = await deliver(program, BEN)
    async with follow(program.url, path_of(ANN, BEN, after=(0, 0))) as stream:
        found = await take(stream, 451)
    assert [mail_id for name, mail_id in found if name == ANN] == sent
    assert found.index((BEN, other)) <= 100


async def test_an_address_that_is_given_twice_is_followed_once(program: Program) -> None:
    """From the lower of its ids on; the position has it twice, as the request has."""
    first, second = [await deliver(program, ANN) for _ in range(2)]
    path = path_of(ANN, BEN, ANN.upper(), after=(second, 0, first))
    async with follow(program.url, path) as stream:
        (event,) = await stream.take(1)
        assert (event.id, event.position) == (second, f"{second},0,{second}")
        third = await deliver(program, ANN)
        assert await take(stream, 1) == [(ANN, third)]


@pytest.mark.parametrize(
    ("query", "headers", "status", "says"),
    [
        ("?after=0&after=1", {}, 422, "after: needs one id for each address"),
        ("", {"Last-Event-ID": "1,2"}, 422, "last-event-id: needs one id for each address"),
        ("?" + "&".join(["address=a%40b.org"] * 21), {}, 422, "address"),
        ("?address=" + "a" * 513, {}, 422, "address"),
        ("?address=a%40b.org&address=nobody", {}, 400, "local@domain"),
        ("?address=", {}, 400, ""),
        ("?address=a%40b.org&address=b%40b.org&after=0", {}, 422, "after: needs one id for each address"),
        ("?address=a%40b.org&after=0&after=0", {}, 422, "after: needs one id for each address"),
        ("?address=a%40b.org&after=-1", {}, 422, "after"),
        ("?address=a%40b.org&after=9223372036854775808", {}, 422, "after"),
        ("?address=a%40b.org&after=", {}, 422, "after"),
        ("?adress=a%40b.org&address=a%40b.org", {}, 422, "adress: is not a parameter here"),
        ("?address=a%40b.org", {"Last-Event-ID": "1,2"}, 422, "last-event-id: needs one id for each address"),
        ("?address=a%40b.org", {"Last-Event-ID": "9223372036854775808"}, 422, "last-event-id"),
        ("?address=a%40b.org", {"Last-Event-ID": "٣"}, 422, "last-event-id"),
        ("?address=a%40b.org", {"Last-Event-ID": "1," * 30_000}, 422, "last-event-id"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_cannot_be_followed_is_refused_before_the_stream_begins(
    lasting: Program, query: str, headers: dict[str, str], status: int, says: str
) -> None:
    """A problem (RFC 9457) that names the parameter."""
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    answer = await lasting.ask(f"/api/events{query}", headers=encoded)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]


async def test_as_many_addresses_as_are_allowed_are_followed(program: Program) -> None:
    async with follow(program.url, path_of(*MANY)) as stream:
        sent = [(name, await deliver(program, name)) for name in MANY]
        assert sorted(await take(stream, len(MANY))) == sorted(sent)


async def test_head_gets_the_headers_then_the_end(program: Program) -> None:
    """Nobody listens any more, and nobody is counted."""
    for _ in range(3):
        answer = await program.ask(path_of(ANN, BEN), "HEAD")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.body == b""
    await until(lambda: not program.app._inbox._notifier._subscriptions)


async def test_a_quiet_stream_says_that_it_lives(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "PING_S", 0.05)
    async with follow(program.url, path_of(ANN, BEN)) as stream, asyncio.timeout(PATIENCE_S):
        lines = [await stream.line() for _ in range(6)]
        assert {line[0] for line in lines} == {":", "\n"}
        assert ": ping\n" in lines


async def test_the_stream_ends_with_the_server_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with asyncio.timeout(2 * PATIENCE_S):
        async with running(settings_in(tmp_path)) as program:
            listeners = program.app._inbox._notifier._subscriptions
            async with follow(program.url, path_of(ANN, BEN)):
                await until(lambda: listeners.keys() == {ANN, BEN})
            await until(lambda: not listeners)
            async with AsyncExitStack() as stack:
                stream = await stack.enter_async_context(follow(program.url, path_of(*MANY)))
                await until(lambda: len(listeners) == len(MANY))
                program.app._inbox.close()
                assert await stream.next() is None


async def test_a_mail_is_read_and_written_once_for_all_streams(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many inboxes each of them has, and once more for those that follow the inbox alone."""
    reads: list[str] = []
    written: list[int] = []
    list_page, write_event = Inbox.list_page, event_stream._write_event

    async def count_reads(self: Inbox, inbox: str, **how: int) -> list[ListedMail]:
        reads.append(inbox)
        return await list_page(self, inbox, **how)  # type: ignore[arg-type]

    def count_writes(listed: ListedMail, *address: str) -> bytes:
        written.append(listed.mail.id)
        return write_event(listed, *address)

    async with AsyncExitStack() as stack:
        paths = [path_of(ANN, *MANY[:number]) for number in range(20)] + [inbox_path(ANN, "/events")] * 20
        streams = [await stack.enter_async_context(follow(program.url, path)) for path in paths]
        await until(lambda: len(program.app._inbox._notifier._subscriptions[ANN]) == 40)
        for stream in streams:
            assert await stream.line() == ": listening\n"
        monkeypatch.setattr(Inbox, "list_page", count_reads)
        monkeypatch.setattr(event_stream, "_write_event", count_writes)
        mail_id = await deliver(program, ANN)
        assert {event.id for stream in streams for event in await stream.take(1)} == {mail_id}
    # Those who had not read their empty backlog yet read once more.
    assert reads.count(ANN) <= 2
    assert written == [mail_id, mail_id]


async def test_a_stream_counts_once_for_each_of_its_inboxes_and_once_for_its_source(tmp_path: Path) -> None:
    """Both kinds of stream count together; a refused one counts for nothing."""
    settings = resolved_in(
        tmp_path, max_streams_per_inbox="2", max_streams_per_source="3", http_trusted_proxies="127.0.0.1"
    )  # fmt: skip
    settings = replace(settings, smtp=replace(settings.smtp, trusted=()))
    ip = iter(range(1, 100))

    def source(number: int) -> str:
        return f"X-Forwarded-For: 10.0.0.{number}\r\n"

    async with running(settings) as program, AsyncExitStack() as stack:

        async def status(path: str, number: int) -> int:
            return (await stack.enter_async_context(follow(program.url, path, source(number)))).status

        assert await status(path_of(ANN, BEN, ANN), next(ip)) == 200
        assert await status(inbox_path(ANN, "/events"), next(ip)) == 200
        answer = await program.ask(path_of(CAT, ANN))
        assert (answer.status, answer.headers["retry-after"]) == (503, "60")
        assert "inbox" in answer.json()["detail"]
        assert (await program.ask(inbox_path(ANN, "/events"))).status == 503
        for _ in range(2):
            assert await status(path_of(CAT), next(ip)) == 200
        greedy = next(ip)
        assert [await status(path_of(names), greedy) for names in MANY[:4]] == [200, 200, 200, 429]
        assert [await status(path_of(*MANY[4:]), next(ip)) for _ in range(2)] == [200, 200]
    async with running(settings) as program:
        for _ in range(4):
            async with follow(program.url, path_of(ANN, BEN), source(1)) as stream:
                assert stream.status == 200
            await until(lambda: not program.app._inbox._notifier._subscriptions)


async def test_public_the_stream_has_the_named_inboxes_alone_and_guessing_ends(tmp_path: Path) -> None:
    """Each address without mail is a miss, once; a private server asks for a password first."""
    settings = resolved_in(
        tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1", miss_rate="12", event_rate="6"
    )  # fmt: skip
    async with running(settings) as program:
        await deliver(program, ANN)
        await deliver(program, BEN)
        honest = "X-Forwarded-For: 203.0.113.1\r\n"
        for _ in range(3):
            async with follow(program.url, path_of(ANN, BEN, *MANY[:10]), honest) as stream:
                assert stream.status == 200
                await deliver(program, CAT)
                mail_id = await deliver(program, ANN)
                assert await take(stream, 1) == [(ANN, mail_id)]
        guesser = {"X-Forwarded-For": "203.0.113.2"}
        statuses = []
        for number in range(3):
            guesses = [f"guess{number}-{other}@example.org" for other in range(10)]
            statuses.append((await program.ask(path_of(*guesses), "HEAD", guesser)).status)
        assert statuses == [200, 200, 429]
        often = {"X-Forwarded-For": "203.0.113.3"}
        answers = [(await program.ask(path_of(ANN), "HEAD", often)).status for _ in range(7)]
        assert answers == [200] * 6 + [429]


async def test_private_the_stream_needs_the_password(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("kim:s3cret\n")
    passwords.chmod(0o600)
    async with running(resolved_in(tmp_path, private="on", password_file=str(passwords))) as program:
        assert (await program.ask(path_of(ANN))).status == 401
        async with follow(program.url, path_of(ANN), "Authorization: Bearer s3cret\r\n") as stream:
            mail_id = await deliver(program, ANN)
            assert await take(stream, 1) == [(ANN, mail_id)]


@pytest.mark.slow
async def test_a_further_inbox_takes_little_memory(program: Program) -> None:
    """A stream has no queue: 19 inboxes more cost less than a stream for one."""
    each: list[float] = []
    for path in (path_of(ANN), path_of(*MANY)):
        async with AsyncExitStack() as stack:
            for count in (5, 50):
                gc.collect()
                tracemalloc.start()
                for _ in range(count):
                    stream = await stack.enter_async_context(follow(program.url, path))
                    assert stream.status == 200
                gc.collect()
                taken, _ = tracemalloc.get_traced_memory()
                tracemalloc.stop()
        each.append(taken / 50)
    assert each[1] - each[0] < 19 * 1500, each
