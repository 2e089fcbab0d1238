"""Mail is told about once it has a summary: in the background, again after failures, and once in all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from testkit.failing_store import FailingStore
from testkit.sample_mail import add_all, envelope
from testkit.waiting import until
from testkit.webhook_receiver import answer, hang, receiving

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.model import Summary
from edgemail.settings import StoreSettings
from edgemail.store.memory import MemoryStore
from edgemail.store.open import open_store
from edgemail.system.metrics import WebhookCounters
from edgemail.webhook import Receiver, Teller
from edgemail.webhook.receiver import RequestDeadlines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edgemail.model import ListedMail, MailId
    from edgemail.store.base import Mailbox

ANN, BEN = "ann@example.org", "ben@example.org"


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon, so that no test has to wait."""
    monkeypatch.setattr("edgemail.webhook.teller.find_retry_s", lambda _: 0.02)
    monkeypatch.setattr("edgemail.webhook.try_times._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("edgemail.webhook.try_times._PAUSE_MAX_S", 0.05)
    monkeypatch.setattr("edgemail.webhook.teller._STORE_RETRY_S", 0.05)
    monkeypatch.setattr("edgemail.webhook.teller._STOP_S", 0.2)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def counters() -> WebhookCounters:
    return WebhookCounters()


def write(message: ListedMail) -> bytes:
    fields = {"id": message.mail.id, "subject": message.summary.subject, "recipients": message.mail.recipients}
    return json.dumps(fields).encode()


@asynccontextmanager
async def telling(
    store: Mailbox, url: str, counters: WebhookCounters | None = None, **given: Any
) -> AsyncIterator[Teller]:
    """Tell a receiver of mail for as long as the context lasts."""
    receiver = Receiver(url, may_be_private=True, deadlines=RequestDeadlines(body_s=0.2))
    teller = Teller(store, receiver, given.pop("write", write), counters or WebhookCounters(), **given)
    with contextlib.suppress(StoreUnavailable, StoreFull):
        await store.webhook_queue.begin()
    task = asyncio.create_task(teller.run())
    try:
        yield teller
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def add(
    store: Mailbox, *subjects: str, to: tuple[str, ...] = (ANN,), at: datetime | None = None
) -> list[MailId]:
    """Keep messages with summaries that have these subjects."""
    mail_ids = await add_all(store, [envelope(*to, at=at or datetime.now(UTC)) for _ in subjects])
    await store.add_summaries(
        [
            (mail_id, Summary("", subject, "", (), (), ()))
            for mail_id, subject in zip(mail_ids, subjects, strict=True)
        ]
    )
    return mail_ids


def is_dropped(counters: WebhookCounters, messages: int) -> bool:
    return counters.dropped == messages


async def is_empty(store: Mailbox) -> bool:
    return (await store.webhook_queue.measure()).waiting == 0


async def test_each_message_is_told_about_once(store: MemoryStore, counters: WebhookCounters) -> None:
    """Also one that came while no teller ran, and none that was there before the first one did."""
    await add(store, "before")
    async with receiving() as server:
        async with telling(store, server.url, counters) as teller:
            await add(store, "a", "b")
            teller.wake()
            await until(lambda: len(server.told) == 2)
            await until(lambda: is_empty(store))
        await add(store, "c")
        await add(store, "old", at=datetime.now(UTC) - timedelta(days=2))
        async with telling(store, server.url, counters):
            await until(lambda: counters.told == 3)
            await until(lambda: is_empty(store))
        assert sorted(server.subjects) == ["a", "b", "c"]
    assert (counters.failures, counters.dropped, counters.given_up) == ({}, 0, 0)


async def test_a_message_without_a_summary_waits_for_it(store: MemoryStore, counters: WebhookCounters) -> None:
    """Those behind it do not."""
    async with receiving() as server, telling(store, server.url, counters) as teller:
        (bare,) = await add_all(store, [envelope(at=datetime.now(UTC))])
        await add(store, "behind")
        teller.wake()
        await until(lambda: server.subjects == ["behind"])
        await store.add_summaries([(bare, Summary("", "late", "", (), (), ()))])
        teller.wake()
        await until(lambda: server.subjects == ["behind", "late"])


async def test_only_recipients_that_match_are_told_about(store: MemoryStore) -> None:
    """What is told names no other recipient."""
    async with receiving() as server, telling(store, server.url, addresses=("ben@*", "x@y.example")) as teller:
        await add(store, "no")
        await add(store, "both", to=(ANN, BEN))
        teller.wake()
        await until(lambda: len(server.told) == 1)
        await add(store, "one", to=(BEN,))
        teller.wake()
        await until(lambda: server.subjects == ["both", "one"])
        assert server.told[0].json()["recipients"] == [BEN]


async def test_a_failure_is_tried_again_until_it_is_none(store: MemoryStore, counters: WebhookCounters) -> None:
    """Each kind of failure is counted."""
    async with receiving() as server, telling(store, server.url, counters) as teller:
        server.planned += [answer(500), answer(429), answer(302, "Location: /x"), answer(404)]
        await add(store, "a")
        teller.wake()
        await until(lambda: counters.told == 1)
        await until(lambda: is_empty(store))
        assert server.subjects == ["a"] * 5
    assert counters.failures == {"status_5xx": 1, "status_4xx": 2, "status_3xx": 1}


async def test_a_receiver_that_asks_for_a_pause_has_it(store: MemoryStore, counters: WebhookCounters) -> None:
    """The message is due again after it, and no other one is told about before."""
    async with (
        receiving(answer(503, "Retry-After: 1800")) as server,
        telling(store, server.url, counters) as teller,
    ):
        await add(store, "a")
        asked_ms = time.time() * 1000
        teller.wake()

        async def is_put_off() -> bool:
            due_ms = (await store.webhook_queue.measure()).due_ms
            return due_ms is not None and due_ms >= asked_ms + 1_800_000

        await until(is_put_off)
        await add(store, "b")
        teller.wake()
        await until(lambda: counters.waiting == 2)
        assert server.subjects == ["a"]
        assert teller._times.wait_s(time.monotonic()) > 1700


async def test_a_message_that_is_never_taken_is_given_up(
    store: MemoryStore, counters: WebhookCounters, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Others are told about meanwhile."""
    monkeypatch.setattr("edgemail.webhook.teller.TRIES_MAX", 3)
    async with receiving() as server, telling(store, server.url, counters) as teller:

        async def refuse_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            is_refused = server.told[-1].json()["subject"] == "poison"
            await answer(400 if is_refused else 200)(reader, writer)

        server.usual = refuse_one
        (poison, *_) = await add(store, "poison", *"abcdef")
        teller.wake()
        await until(lambda: (counters.told, counters.given_up) == (6, 1))
        await until(lambda: is_empty(store))
        assert server.subjects.count("poison") == 3
    assert f"did not take message {poison} in 3 tries" in caplog.text


async def test_a_slow_receiver_has_four_connections(store: MemoryStore, counters: WebhookCounters) -> None:
    """However much waits for it; senders and readers do not."""
    async with receiving(hang) as server, telling(store, server.url, counters) as teller:
        await add(store, *"abcdefghij")
        teller.wake()
        await until(lambda: server.at_once == 4)
        await add(store, "k")
        teller.wake()
        await until(lambda: counters.waiting == 11)
        assert len(await store.list_mail(limit=20)) == 11
        assert server.most_at_once == 4


async def test_a_receiver_that_fails_is_asked_by_one_at_a_time(
    store: MemoryStore, counters: WebhookCounters
) -> None:
    """Until it takes something: then all that waits is told quickly."""
    async with receiving(answer(503)) as server, telling(store, server.url, counters) as teller:
        await add(store, *map(str, range(30)))
        teller.wake()
        await until(lambda: counters.failures["status_5xx"] >= 8)
        server.most_at_once = server.at_once
        await until(lambda: counters.failures["status_5xx"] >= 12)
        assert server.most_at_once <= 1
        server.usual = answer(200)
        await until(lambda: counters.told == 30)


async def test_a_receiver_that_was_away_hears_of_all(store: MemoryStore, counters: WebhookCounters) -> None:
    """It is said once a minute that it cannot be reached."""
    async with receiving() as server:
        url, port = server.url, server.port
    async with telling(store, url, counters) as teller:
        await add(store, *"abc")
        teller.wake()
        await until(lambda: counters.failures["connect"] >= 3)
        async with receiving(port=port) as server:
            await until(lambda: counters.told == 3)
            assert sorted(server.subjects) == ["a", "b", "c"]


async def test_failures_are_logged_once_a_minute_without_the_url(
    store: MemoryStore, counters: WebhookCounters, caplog: pytest.LogCaptureFixture
) -> None:
    """A URL has secrets."""
    caplog.set_level(logging.INFO, "edgemail")
    async with receiving(answer(500)) as server, telling(store, server.url, counters) as teller:
        await add(store, *"abc")
        teller.wake()
        await until(lambda: counters.failures["status_5xx"] >= 9)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("edgemail.")]
    assert len(lines) == 1
    assert lines[0].startswith(f"webhook http://127.0.0.1:{server.port} answers 500; ")
    assert "s3cret" not in caplog.text


async def test_the_oldest_mail_leaves_a_full_queue(
    store: MemoryStore, counters: WebhookCounters, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted, and said once a minute."""
    async with receiving(hang) as server, telling(store, server.url, counters, max_waiting=5) as teller:
        await add(store, *"abcd")
        teller.wake()
        await until(lambda: server.at_once == 4)
        for number in range(4):
            await add(store, f"{number}0", f"{number}1")
            teller.wake()
            await until(partial(is_dropped, counters, 2 * number + 1))
        await until(lambda: counters.waiting == 5)
    lines = [record.getMessage() for record in caplog.records if "oldest" in record.getMessage()]
    assert len(lines) == 1
    assert "as 5 messages wait" in lines[0]
    async with receiving() as server, telling(store, server.url, counters, max_waiting=5):
        await until(lambda: len(server.told) == 5)
        assert sorted(server.subjects) == ["11", "20", "21", "30", "31"]


async def test_mail_that_is_deleted_is_not_told_about(store: MemoryStore, counters: WebhookCounters) -> None:
    """Whether it waits, or is just about to be told."""
    async with receiving(answer(500)) as server, telling(store, server.url, counters) as teller:
        mail_ids = await add(store, "a", "b")
        teller.wake()
        await until(lambda: counters.failures["status_5xx"] >= 2)
        await store.delete(mail_ids)
        server.usual = answer(200)
        await add(store, "c")
        teller.wake()
        await until(lambda: counters.told == 1)
        assert server.subjects[-1] == "c"
        await until(lambda: is_empty(store))


async def test_what_is_under_way_at_the_end_is_told_after_the_next_start(tmp_path: Path) -> None:
    """With all that waits; a file keeps the queue."""
    settings = StoreSettings(db=str(tmp_path / "mail.db"))
    store = await open_store(settings)
    async with receiving(hang) as server, telling(store, server.url) as teller:
        await add(store, *"abcdef")
        teller.wake()
        await until(lambda: server.at_once == 4)
    await store.close()
    store = await open_store(settings)
    counters = WebhookCounters()
    async with receiving() as server, telling(store, server.url, counters):
        await until(lambda: counters.told == 6)
        assert sorted(server.subjects) == list("abcdef")
    await store.close()


async def test_two_programs_on_one_file_tell_once(tmp_path: Path) -> None:
    """Whoever took the mail, and however often both look."""
    settings = StoreSettings(db=str(tmp_path / "mail.db"))
    stores = [await open_store(settings) for _ in range(2)]
    async with (
        receiving() as server,
        telling(stores[0], server.url) as one,
        telling(stores[1], server.url) as other,
    ):
        for number in range(10):
            await asyncio.gather(add(stores[0], f"a{number}"), add(stores[1], f"b{number}"))
            one.wake()
            other.wake()
        await until(lambda: len(server.told) >= 20)
        await until(lambda: is_empty(stores[0]))
        assert sorted(server.subjects) == sorted(f"{letter}{number}" for letter in "ab" for number in range(10))
    for store in stores:
        await store.close()


async def test_a_clock_that_stands_still_tells_once(tmp_path: Path) -> None:
    """Some clocks tick every 16 ms: claims within a tick are told apart."""
    store, now_s = await open_store(StoreSettings(db=str(tmp_path / "mail.db"))), time.time()
    async with receiving() as server, telling(store, server.url, clock=lambda: now_s) as teller:
        for number in range(50):
            await add(store, f"{number}")
            teller.wake()
        await until(lambda: len(server.told) >= 50)
        await until(lambda: is_empty(store))
        assert sorted(server.subjects) == sorted(map(str, range(50)))
    await store.close()


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), StoreFull("full")])
async def test_a_store_that_fails_is_waited_for(
    error: Exception, counters: WebhookCounters, caplog: pytest.LogCaptureFixture
) -> None:
    """What was told already is not told again, though it could not be written down."""
    store = FailingStore(MemoryStore())
    async with receiving() as server, telling(store, server.url, counters) as teller:
        await add(store, "a")

        async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            store.fail(error)
            await answer(200)(reader, writer)

        server.planned.append(fail)
        teller.wake()
        await until(lambda: counters.told == 1)
        await until(lambda: "the webhook waits for the store" in caplog.text)
        store.mend()
        await until(lambda: is_empty(store))
        await add(store, "b")
        teller.wake()
        await until(lambda: server.subjects == ["a", "b"])


async def test_a_store_that_fails_at_the_start_is_waited_for(
    counters: WebhookCounters, caplog: pytest.LogCaptureFixture
) -> None:
    """The program starts all the same."""
    store = FailingStore(MemoryStore())
    store.fail(StoreUnavailable("gone"))
    async with receiving() as server, telling(store, server.url, counters) as teller:
        await until(lambda: "the webhook waits for the store" in caplog.text)
        store.mend()
        await until(lambda: store.webhook_queue.begins > 0)
        await add(store, "a")
        teller.wake()
        await until(lambda: counters.told == 1)


async def test_a_message_that_cannot_be_written_stops_nothing(
    store: MemoryStore, counters: WebhookCounters, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is in the log."""

    def fail_at_a(message: ListedMail) -> bytes:
        if message.summary.subject == "a":
            raise ValueError("unforeseen")
        return write(message)

    async with receiving() as server, telling(store, server.url, counters, write=fail_at_a) as teller:
        await add(store, "a", "b")
        teller.wake()
        await until(lambda: counters.told == 1)
        assert server.subjects == ["b"]
    assert counters.failures["error"] >= 1
    assert "unforeseen" in caplog.text


async def test_requests_begin_apart_and_late_where_that_is_set(store: MemoryStore) -> None:
    """None is left out for that, as Mailpit would."""
    began = time.monotonic()
    async with (
        receiving() as server,
        telling(store, server.url, interval_s=0.1, delay_s=0.3) as teller,
    ):
        await add(store, *"abc")
        teller.wake()
        await until(lambda: len(server.told) == 3)
        assert time.monotonic() - began >= 0.3 + 2 * 0.1
        assert server.most_at_once == 1


async def test_a_delay_may_be_of_hours(store: MemoryStore, counters: WebhookCounters) -> None:
    """It is not taken for a clock that was ahead."""
    async with receiving() as server, telling(store, server.url, counters, delay_s=10_000) as teller:
        for messages in (1, 2, 3):
            await add(store, "a")
            teller.wake()
            await until(partial(has_waiting, counters, messages))
        due_ms = (await store.webhook_queue.measure()).due_ms
        assert due_ms is not None
        assert due_ms / 1000 > time.time() + 9000
        assert server.connects == 0


def has_waiting(counters: WebhookCounters, messages: int) -> bool:
    return counters.waiting == messages


async def test_a_clock_that_was_ahead_delays_nothing(store: MemoryStore, counters: WebhookCounters) -> None:
    """What was put off by it becomes due."""
    ahead_s = 86_400
    async with receiving(answer(500)) as server:
        async with telling(store, server.url, counters, clock=lambda: time.time() + ahead_s) as teller:
            await add(store, "a", at=datetime.now(UTC) + timedelta(days=1))
            teller.wake()
            await until(lambda: counters.failures["status_5xx"] >= 2)
        server.usual = answer(200)
        async with telling(store, server.url, counters):
            await until(lambda: counters.told == 1)
