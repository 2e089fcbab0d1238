"""Server-sent events: live, without gaps, and ended properly."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from testkit.http_client import follow, inbox_path
from testkit.running_app import ANN, running, settings_in
from testkit.sample_mail import envelope, letter
from testkit.waiting import PATIENCE_S, until

from edgemail.http import event_stream

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from testkit.running_app import Program

EVENTS = inbox_path(ANN, "/events")


async def test_what_arrives_is_told_as_it_arrives(program: Program) -> None:
    """Each event has the listed message and its id; older mail is not sent."""
    await program.send_letter("Before")
    async with follow(program.url, EVENTS) as stream:
        assert stream.status == 200
        assert "content-type: text/event-stream" in stream.head
        assert "cache-control: no-" in stream.head
        for subject in ("First", "Second"):
            (mail_id,) = await program.send_letter(subject)
            event = await stream.next()
            assert event is not None
            assert (event.id, event.name, event.position) == (mail_id, "message", str(mail_id))
            assert event.data == (await program.list_inbox())[0]


async def test_nothing_is_missed_from_the_first_octet_of_the_answer_on(program: Program) -> None:
    """The start id is fixed before the response begins."""
    for _ in range(20):
        async with follow(program.url, EVENTS) as stream:
            mail_id = await program.app._inbox.deliver(envelope())
            event = await stream.next()
            assert event is not None
            assert event.id == mail_id


async def test_last_event_id_resumes_without_a_gap(program: Program) -> None:
    """Mail that came meanwhile is sent first, and nothing twice."""
    sent = await program.send_letter(*"abc")
    async with follow(program.url, EVENTS, f"Last-Event-ID: {sent[0]}\r\n") as stream:
        sent += await program.send_letter("d")
        assert [event.id for event in await stream.take(3)] == sent[1:]
    sent += await program.send_letter("e", "f")
    async with follow(program.url, EVENTS, f"Last-Event-ID: {sent[3]}\r\n") as stream:
        assert [event.id for event in await stream.take(2)] == sent[4:]


async def test_after_begins_where_a_listing_ended(program: Program) -> None:
    """Last-Event-ID takes precedence, as a reconnecting browser sends both."""
    sent = await program.send_letter(*"abcd")
    async with follow(program.url, f"{EVENTS}?after={sent[1]}") as stream:
        assert [event.id for event in await stream.take(2)] == sent[2:]
    async with follow(program.url, f"{EVENTS}?after=0", f"Last-Event-ID: {sent[2]}\r\n") as stream:
        assert [event.id for event in await stream.take(1)] == sent[3:]


async def test_a_long_backlog_is_told_whole(program: Program) -> None:
    """A backlog of several pages is sent whole."""
    sent = [await future for future in [program.app._inbox.deliver(envelope()) for _ in range(450)]]
    async with follow(program.url, f"{EVENTS}?after=0") as stream:
        assert [event.id for event in await stream.take(450)] == sent


async def test_only_this_inbox_is_told(program: Program) -> None:
    """Mail for other inboxes sends no event."""
    async with follow(program.url, EVENTS) as stream:
        await program.app._inbox.deliver(envelope("other@example.org"))
        mail_id = await program.app._inbox.deliver(envelope(ANN))
        event = await stream.next()
        assert event is not None
        assert event.id == mail_id


async def test_the_stream_ends_when_the_server_stops(tmp_path: Path) -> None:
    """Open streams do not delay the stop."""
    async with asyncio.timeout(2 * PATIENCE_S):
        async with running(settings_in(tmp_path)) as program:
            stream = await program_stream(program)
        assert await stream == "ended"


async def program_stream(program: Program) -> asyncio.Task[str]:
    """Start a task that follows an inbox until the stream ends."""
    is_open = asyncio.Event()

    async def read() -> str:
        async with follow(program.url, EVENTS) as stream:
            is_open.set()
            return "ended" if await stream.next() is None else "an event"

    task = asyncio.create_task(read())
    await is_open.wait()
    return task


async def test_a_reader_that_hangs_up_is_forgotten(program: Program) -> None:
    """A closed connection leaves no subscription."""
    listeners = program.app._inbox._notifier._subscriptions
    for _ in range(5):
        async with follow(program.url, EVENTS) as stream:
            await program.app._inbox.deliver(envelope())
            await stream.next()
            assert len(listeners[ANN]) >= 1
    await until(lambda: not listeners)


async def test_a_reader_that_takes_nothing_is_dropped(tmp_path: Path) -> None:
    """A reader that does not read is disconnected in time; other readers go on."""
    settings = settings_in(tmp_path)
    settings = replace(settings, http=replace(settings.http, reader_timeout_s=1.0))
    async with running(settings) as program:
        listeners = program.app._inbox._notifier._subscriptions
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", int(program.url.rpartition(":")[2])))
            deaf.sendall(f"GET {EVENTS} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            await until(lambda: bool(listeners))
            async with follow(program.url, inbox_path("other@example.org", "/events")) as stream:
                while listeners.get(ANN):
                    for _ in range(50):
                        await program.app._inbox.deliver(envelope(ANN, data=letter("x" * 2000)))
                    await program.app._inbox.deliver(envelope("other@example.org"))
                    assert await stream.next() is not None
        await until(lambda: not listeners)


async def test_a_quiet_stream_says_that_it_lives(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment every 15 s keeps proxies from closing an idle connection."""
    assert event_stream.PING_S == 15
    monkeypatch.setattr(event_stream, "PING_S", 0.05)
    async with follow(program.url, EVENTS) as stream, asyncio.timeout(PATIENCE_S):
        lines = [await stream.line() for _ in range(6)]
        assert {line[0] for line in lines} == {":", "\n"}
        mail_id = await program.app._inbox.deliver(envelope())
        event = await stream.next()
        assert event is not None
        assert event.id == mail_id


async def test_a_bad_address_is_refused_before_the_stream_begins(program: Program) -> None:
    """The response is a problem (RFC 9457)."""
    answer = await program.ask("/api/inboxes/nobody/events")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
