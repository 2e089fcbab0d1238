"""Limits on each inbox."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.sample_mail import add_all, envelope, ids
from testkit.waiting import until

from edgemail.errors import StoreUnavailable
from edgemail.mailbox import quota
from edgemail.mailbox.quota import Quota
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from edgemail.store.base import SourceShare, Usage

ANN, BEN = "ann@example.org", "ben@example.org"
SIZE = len(envelope().data)


class Watched(SqliteStore):
    """A store that records what is trimmed, and fails on demand."""

    looks: list[list[str]]
    failures: int

    async def trim_inboxes(
        self,
        inboxes: Sequence[str],
        *,
        max_messages: int | None,
        max_bytes: int | None,
        share: SourceShare | None = None,
    ) -> list[Usage]:
        self.looks.append(list(inboxes))
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("locked")
        return await super().trim_inboxes(inboxes, max_messages=max_messages, max_bytes=max_bytes, share=share)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Watched]:
    opened = await Watched.open(tmp_path / "mail.db")
    opened.looks, opened.failures = [], 0
    yield opened
    await opened.close()


@contextlib.asynccontextmanager
async def running(watch: Quota) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(watch.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def count(store: SqliteStore, inbox: str = ANN) -> int:
    return len(await store.list_inbox(inbox, limit=10_000))


@pytest.mark.parametrize(
    ("max_messages", "max_bytes"), [(50, None), (None, 50 * SIZE), (50, 10**9), (10**6, 50 * SIZE)]
)
async def test_an_inbox_keeps_its_newest(store: Watched, max_messages: int | None, max_bytes: int | None) -> None:
    """The tighter limit counts; other inboxes are left alone."""
    other = await store.add(envelope(BEN))

    async def has(number: int) -> bool:
        return await count(store) == number

    async with running(Quota(store, max_messages, max_bytes)):
        for _ in range(4):
            mail_ids = await add_all(store, [envelope(ANN) for _ in range(60)])
            await until(lambda: has(50))
        assert ids(await store.list_inbox(ANN, limit=100)) == mail_ids[:9:-1]
    assert ids(await store.list_inbox(BEN, limit=100)) == [other]


async def test_a_flood_keeps_an_inbox_near_its_bound(store: Watched) -> None:
    """Even at full speed, an inbox exceeds its limit by the mail since the last trim only."""
    most = 0

    async with running(Quota(store, 100, None)):
        for _ in range(60):
            await add_all(store, [envelope(ANN) for _ in range(50)])
            most = max(most, await count(store))
        await until(lambda: _is_trimmed(store, 100))
    assert most < 1500  # of 3,000


async def _is_trimmed(store: SqliteStore, bound: int) -> bool:
    return await count(store) == bound


async def test_after_a_restart_an_inbox_is_known_to_be_full(store: Watched) -> None:
    """After a restart the first message of an inbox triggers a check."""
    await add_all(store, [envelope(ANN) for _ in range(100)])
    watch = Quota(store, 100, None)
    newest = await store.add(envelope(ANN))
    await watch.trim()
    assert await count(store) == 100
    assert ids(await store.list_inbox(ANN, limit=1)) == [newest]


async def test_an_inbox_with_room_is_looked_at_once(store: Watched) -> None:
    """After one check, new mail is counted without the store, until a limit is reached."""
    watch = Quota(store, 20, None)
    looks = []
    for _ in range(45):
        await store.add(envelope(ANN))
        await watch.trim()
        looks.append(len(store.looks))
    assert looks[:20] == [1] * 20
    assert await count(store) == 20


async def test_what_comes_while_it_is_trimmed_is_counted(store: Watched) -> None:
    """Mail that arrives during a trim is counted."""
    watch = Quota(store, 10, None)
    await add_all(store, [envelope(ANN) for _ in range(15)])
    await asyncio.gather(watch.trim(), *[store.add(envelope(ANN)) for _ in range(15)])
    await store.add(envelope(ANN))
    await watch.trim()
    assert await count(store) == 10


async def test_inboxes_that_are_too_many_to_remember_are_looked_at_again(
    store: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten inbox is checked again, so that many inboxes do not bypass the limits."""
    monkeypatch.setattr(quota, "_MAX_INBOXES", 10)
    watch = Quota(store, 5, None)
    for number in range(12):
        await add_all(store, [envelope(ANN), envelope(f"x{number}@example.org")])
        await add_all(store, [envelope(f"y{number}.{other}@example.org") for other in range(20)])
        await watch.trim()
        assert len(watch._tallies) <= 10
        assert len(watch._due) <= 10
    assert await count(store) <= 6


async def test_it_outlives_a_store_that_fails(
    store: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The trim is repeated until the store works; the log has one line for the outage."""
    caplog.set_level(logging.INFO, "edgemail.mailbox.quota")
    monkeypatch.setattr(quota, "_PAUSE_S", 0.01)
    store.failures = 2
    async with running(Quota(store, 3, None)) as task:
        await add_all(store, [envelope(ANN) for _ in range(10)])
        await until(lambda: _is_trimmed(store, 3))
        assert not task.done()
        await until(lambda: len(caplog.messages) > 1)
    assert caplog.messages == [
        "inboxes that are too full wait for the store",
        "inboxes that are too full are trimmed again",
    ]
    assert store.looks[:3] == [[ANN]] * 3


async def test_without_bounds_nothing_is_counted(store: Watched) -> None:
    """Without limits no mail is counted."""
    watch = Quota(store, None, None)
    await add_all(store, [envelope(ANN) for _ in range(10)])
    await watch.trim()
    assert not watch._tallies
    assert store.looks == []
