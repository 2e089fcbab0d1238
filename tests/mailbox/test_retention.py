"""Retention: which mail expires, and its deletion."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from testkit.sample_mail import NOON, add_all, envelope
from testkit.waiting import until

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.mailbox.retention import JumpTolerantClock, Retention, RetentionLimits, choose_expired
from edgemail.model import MailId
from edgemail.store.base import Aged, Usage
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

KEEP_ALL = RetentionLimits(None, None, None)


def aged(*sizes: int, step_s: float = 10.0) -> list[Aged]:
    """Return messages 1, 2, 3…, one every ten seconds from noon on."""
    return [
        Aged(MailId(number + 1), NOON + timedelta(seconds=number * step_s), size)
        for number, size in enumerate(sizes)
    ]


def due(mails: list[Aged], limits: RetentionLimits, now: datetime = NOON) -> list[int]:
    return list(choose_expired(mails, Usage(len(mails), sum(mail.size for mail in mails)), limits, now))


def test_without_limits_nothing_is_due() -> None:
    """Without limits nothing expires."""
    assert due(aged(1, 1), KEEP_ALL, NOON + timedelta(days=10_000)) == []
    assert KEEP_ALL.keeps_everything
    assert not RetentionLimits(None, 0, None).keeps_everything


def test_what_is_older_than_the_age_is_due() -> None:
    """A message of exactly the maximum age is kept."""
    mails = aged(1, 1, 1)
    assert due(mails, RetentionLimits(20.0, None, None), NOON + timedelta(seconds=20)) == []
    assert due(mails, RetentionLimits(20.0, None, None), NOON + timedelta(seconds=30.5)) == [1, 2]


def test_what_is_beyond_the_count_is_due() -> None:
    """The oldest expire, until the count is at the limit."""
    assert due(aged(1, 1, 1, 1, 1), RetentionLimits(None, 3, None)) == [1, 2]
    assert due(aged(1, 1, 1), RetentionLimits(None, 3, None)) == []
    assert due(aged(1, 1), RetentionLimits(None, 0, None)) == [1, 2]


def test_what_is_beyond_the_octets_is_due() -> None:
    """The oldest expire, until the octets are within the limit."""
    assert due(aged(100, 50, 50, 200), RetentionLimits(None, None, 300)) == [1]
    assert due(aged(100, 50, 50, 200), RetentionLimits(None, None, 400)) == []
    assert due(aged(100, 50, 50, 200), RetentionLimits(None, None, 199)) == [1, 2, 3, 4]


def test_mail_from_a_clock_that_was_ahead_is_as_old_as_what_came_after_it() -> None:
    """It expires with the next message, and does not block the messages after it."""
    ahead = [replace(mail, date=NOON + timedelta(days=9000)) for mail in aged(1, 1)]
    behind = [replace(mail, id=MailId(mail.id + 2)) for mail in aged(1, 1)]
    limits, now = RetentionLimits(20.0, None, None), NOON + timedelta(seconds=25)
    assert due(ahead + behind, limits, now) == [1, 2, 3]
    assert due(ahead, limits, now) == []
    assert due(behind + ahead, limits, now) == [3]
    assert due(ahead + behind, RetentionLimits(20.0, 3, None), NOON) == [1]


@given(
    st.lists(st.integers(0, 100), max_size=20),
    st.none() | st.floats(0, 300),
    st.none() | st.integers(0, 25),
    st.none() | st.integers(0, 1500),
)
def test_the_oldest_go_first_and_no_more_than_must(
    sizes: list[int], max_age_s: float | None, max_messages: int | None, max_bytes: int | None
) -> None:
    """Without the expired mail every limit holds; with its last message one does not."""
    mails, limits, now = (
        aged(*sizes),
        RetentionLimits(max_age_s, max_messages, max_bytes),
        NOON + timedelta(seconds=200),
    )
    chosen = due(mails, limits, now)
    assert chosen == [mail.id for mail in mails[: len(chosen)]]

    def holds(left: list[Aged]) -> bool:
        return (
            (max_age_s is None or all(mail.date >= now - timedelta(seconds=max_age_s) for mail in left))
            and (max_messages is None or len(left) <= max_messages)
            and (max_bytes is None or sum(mail.size for mail in left) <= max_bytes)
        )

    assert holds(mails[len(chosen) :])
    assert not chosen or not holds(mails[len(chosen) - 1 :])


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_young_mail_makes_no_room() -> None:
    """One sender could push out all other mail otherwise, as fast as it can send. By age it goes all the same."""
    mails, now = aged(1, 1, 1, 1, 1), NOON + timedelta(seconds=45)
    assert due(mails, RetentionLimits(None, 0, 0, min_age_s=10.0), now) == [1, 2, 3, 4]
    assert due(mails, RetentionLimits(None, 3, None, min_age_s=10.0), now) == [1, 2]
    assert due(mails, RetentionLimits(None, 0, 0, min_age_s=600.0), now) == []
    assert due(mails, RetentionLimits(20.0, 0, 0, min_age_s=600.0), now) == [1, 2, 3]


@given(st.lists(st.integers(0, 100), max_size=20), st.integers(0, 25), st.integers(0, 1500), st.floats(0, 300))
def test_nothing_younger_is_deleted_for_space(
    sizes: list[int], messages: int, octets: int, min_age_s: float
) -> None:
    """Whatever the limits; all mail that is old enough goes as it would without the least age."""
    mails, now = aged(*sizes), NOON + timedelta(seconds=200)
    chosen = due(mails, RetentionLimits(None, messages, octets, min_age_s), now)
    without = due(mails, RetentionLimits(None, messages, octets), now)
    old = [mail.id for mail in mails if mail.date < now - timedelta(seconds=min_age_s)]
    assert chosen == [mail_id for mail_id in without if mail_id in old]


class Watch:
    """A clock that can be set, and a timer that cannot."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.passed_s = 0.0

    def wait(self, seconds: float) -> None:
        self.passed_s += seconds
        self.clock.now += timedelta(seconds=seconds)

    def set(self, seconds: float) -> None:
        self.clock.now += timedelta(seconds=seconds)

    def read_timer(self) -> float:
        return self.passed_s


def test_a_clock_that_was_set_forward_is_doubted_for_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    """A forward jump is ignored for an hour, then accepted. The log has one line."""
    watch = Watch()
    clock = JumpTolerantClock(watch.clock, watch.read_timer)
    watch.wait(86_400)
    assert clock() == watch.clock.now
    right = watch.clock.now
    watch.set(30 * 86_400)
    assert clock() == right
    watch.wait(3500)
    assert clock() == right + timedelta(seconds=3500)
    watch.set(-30 * 86_400)
    assert clock() == watch.clock.now == right + timedelta(seconds=3500)
    watch.set(30 * 86_400)
    assert clock() == right + timedelta(seconds=3500)
    watch.wait(3600)
    assert clock() == watch.clock.now
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2


def test_a_clock_that_was_set_back_is_believed() -> None:
    """A backward jump is accepted at once, as it makes no mail older."""
    watch = Watch()
    clock = JumpTolerantClock(watch.clock, watch.read_timer)
    watch.set(-86_400)
    assert clock() == watch.clock.now
    watch.wait(60)
    watch.set(59)
    assert clock() == watch.clock.now


class Fragile(SqliteStore):
    """A store whose deletions fail on demand."""

    failures: list[Exception]

    async def delete(self, mail_ids: Sequence[MailId], *, may_return: bool = False) -> int:
        if self.failures:
            raise self.failures.pop()
        return await super().delete(mail_ids, may_return=may_return)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Fragile]:
    opened = await Fragile.open(tmp_path / "mail.db")
    opened.failures = []
    yield opened
    await opened.close()


@asynccontextmanager
async def running(retention: Retention) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(retention.run())
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_the_fill_counts_what_arrives_after_a_sweep(store: Fragile) -> None:
    """It is the larger one of both limits, and 0 where mail of any age makes room."""
    await add_all(store, [envelope() for _ in range(10)])
    guarded = Retention(store, RetentionLimits(None, 20, 10**9, min_age_s=600.0), 60.0, Clock())
    open_handed = Retention(store, RetentionLimits(None, 20, 10**9), 60.0, Clock())
    assert guarded.estimate_fill() == 0.0
    for retention in (guarded, open_handed):
        await retention.sweep()
    assert (guarded.estimate_fill(), open_handed.estimate_fill()) == (0.5, 0.0)
    await add_all(store, [envelope() for _ in range(20)])
    assert guarded.estimate_fill() == 1.5


async def left(store: SqliteStore) -> list[MailId]:
    return [mail.id for mail in await store.list_oldest(10_000)]


async def test_a_sweep_deletes_by_age_as_the_clock_moves(store: Fragile) -> None:
    """Messages are deleted once they are too old, in several batches."""
    clock = Clock()
    told: list[None] = []
    retention = Retention(store, RetentionLimits(3600.0, None, None), 60.0, clock, lambda: told.append(None))
    old = await add_all(store, [envelope(at=NOON) for _ in range(250)])
    new = await add_all(store, [envelope(at=NOON + timedelta(minutes=30))])
    assert await retention.sweep() == 0
    assert not told
    clock.now = NOON + timedelta(minutes=61)
    assert await retention.sweep() == len(old)
    assert len(told) == 3, "readers of all mail hear of each batch"
    assert await left(store) == new
    clock.now = NOON + timedelta(minutes=91)
    assert await retention.sweep() == 1


async def test_no_mail_goes_when_the_clock_jumps_ahead_and_back(store: Fragile) -> None:
    """Mail that came meanwhile has a wrong date, and still expires in order."""
    watch = Watch()
    retention = Retention(
        store, RetentionLimits(3600.0, None, None), 60.0, JumpTolerantClock(watch.clock, watch.read_timer)
    )
    before = await add_all(store, [envelope(at=watch.clock.now)])
    watch.wait(60)
    watch.set(30 * 86_400)
    ahead = await add_all(store, [envelope(at=watch.clock.now) for _ in range(250)])
    assert await retention.sweep() == 0
    watch.set(-30 * 86_400)
    after = await add_all(store, [envelope(at=watch.clock.now)])
    assert await retention.sweep() == 0
    assert await left(store) == before + ahead + after
    watch.wait(3550)
    assert await retention.sweep() == 1
    assert await left(store) == ahead + after
    watch.wait(100)
    assert await retention.sweep() == 251
    assert await left(store) == []


async def test_a_sweep_deletes_by_count_and_by_octets(store: Fragile) -> None:
    """The tighter limit counts."""
    mail_ids = await add_all(store, [envelope(data=b"x" * 1000) for _ in range(30)])
    assert await Retention(store, RetentionLimits(None, 20, 25_000), 60.0, Clock()).sweep() == 10
    assert await left(store) == mail_ids[10:]
    assert await Retention(store, RetentionLimits(None, 20, 12_500), 60.0, Clock()).sweep() == 8
    assert await left(store) == mail_ids[18:]


async def test_small_messages_count_with_all_that_the_file_has_of_them(store: Fragile, tmp_path: Path) -> None:
    """The limit is on disk space, where small messages need more for indexes."""
    limit = 500_000
    mail_ids = await add_all(store, [envelope(data=b"x" * 20) for _ in range(10_000)])
    assert (await store.measure()).size < limit < await store.measure_disk() - 2**20
    await Retention(store, RetentionLimits(None, None, limit), 60.0, Clock()).sweep()
    assert (tmp_path / "mail.db").stat().st_size <= limit + 2**20
    kept = await left(store)
    assert len(kept) > 5_000
    assert kept == mail_ids[-len(kept) :]


class Busy(Fragile):
    """A store to which mail arrives with every batch of deletions."""

    async def delete(self, mail_ids: Sequence[MailId], *, may_return: bool = False) -> int:
        if len(mail_ids) > 1:
            await self.add(envelope())
        return await super().delete(mail_ids, may_return=may_return)


@pytest.mark.parametrize(
    ("kind", "limits", "rests"),
    [
        pytest.param(Busy, RetentionLimits(None, 980, None), True, id="mail arrives"),
        pytest.param(Busy, RetentionLimits(None, 400, None), True, id="only at the end within reach"),
        pytest.param(Fragile, RetentionLimits(None, 990, None), False, id="no mail arrives"),
    ],
)
async def test_a_sweep_rests_between_its_batches_for_senders_sake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Fragile], limits: RetentionLimits, *, rests: bool
) -> None:
    """A sweep pauses for senders, unless a limit is exceeded by far."""
    store = await kind.open(tmp_path / "mail.db")
    store.failures = []
    left_at_rests: list[int] = []
    sleep = asyncio.sleep

    async def rest(pause_s: float) -> None:
        if pause_s:
            left_at_rests.append((await store.measure()).messages)
        await sleep(0)

    try:
        await add_all(store, [envelope() for _ in range(1000)])
        monkeypatch.setattr("edgemail.mailbox.retention.asyncio.sleep", rest)
        await Retention(store, limits, 60.0, Clock()).sweep()
    finally:
        monkeypatch.undo()
        await store.close()
    assert bool(left_at_rests) is rests
    assert all(messages <= 1.05 * (limits.max_messages or 0) for messages in left_at_rests)


async def test_a_sweep_gives_the_space_back(store: Fragile, tmp_path: Path) -> None:
    """After a sweep the file is no larger than the remaining mail needs."""
    await add_all(store, [envelope(data=random.randbytes(100_000)) for _ in range(60)])
    await Retention(store, KEEP_ALL, 60.0, Clock()).sweep()
    assert (tmp_path / "mail.db").stat().st_size > 6_000_000
    await Retention(store, RetentionLimits(None, 1, None), 60.0, Clock()).sweep()
    assert (tmp_path / "mail.db").stat().st_size < 500_000


async def test_the_first_sweep_is_at_the_start(store: Fragile) -> None:
    """Mail that expired while the program was off is deleted at once."""
    await add_all(store, [envelope() for _ in range(5)])
    async with running(Retention(store, RetentionLimits(None, 2, None), 3600.0, Clock())):
        await until(lambda: has_left(store, 2))


async def has_left(store: SqliteStore, count: int) -> bool:
    return (await store.measure()).messages == count


async def test_a_sweep_follows_every_interval(store: Fragile) -> None:
    """A sweep runs without new mail too."""
    clock = Clock()
    await add_all(store, [envelope() for _ in range(5)])
    async with running(Retention(store, RetentionLimits(60.0, None, None), 0.01, clock)):
        await asyncio.sleep(0)
        clock.now = NOON + timedelta(hours=1)
        await until(lambda: has_left(store, 0))


@pytest.mark.parametrize("limits", [RetentionLimits(None, 40, None), RetentionLimits(None, None, 40_000)])
async def test_a_sweep_comes_early_when_much_arrives(store: Fragile, limits: RetentionLimits) -> None:
    """Much new mail starts a sweep before the interval is over."""
    async with running(Retention(store, limits, 3600.0, Clock())):
        for _ in range(4):
            await add_all(store, [envelope(data=b"x" * 1000) for _ in range(30)])
        await until(lambda: has_left(store, 40))


@pytest.mark.parametrize("error", [StoreUnavailable("locked"), StoreFull("full")])
async def test_retention_outlives_a_store_that_fails(
    store: Fragile, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Retention goes on after failures, a full disk included; the log has one line."""
    caplog.set_level(logging.INFO, "edgemail.mailbox.retention")
    store.failures = [error, error]
    await add_all(store, [envelope() for _ in range(5)])
    async with running(Retention(store, RetentionLimits(None, 2, None), 0.01, Clock())) as task:
        await until(lambda: task.done() or not store.failures)
        assert not task.done()
        await until(lambda: has_left(store, 2))
        await until(lambda: len(caplog.messages) > 1)
    assert caplog.messages[:2] == ["retention waits for the store", "retention goes on"]
