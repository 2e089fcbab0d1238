"""Several programs on one database: each hears of the others' mail while somebody waits for it."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.sample_mail import add_all, envelope
from testkit.waiting import until

from edgemail.mailbox.all_mail import EVERYTHING
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.mail_changes import MailChange
from edgemail.store import sql_mailbox
from edgemail.store.remote.store import RemoteStore
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from edgemail.store.base import Arrival, Mailbox
    from tests.contract.conftest import Kind

    SqlStore = SqliteStore | RemoteStore

ANN = "ann@example.org"

shared = pytest.mark.parametrize("kind", ["file", "sqld"], indirect=True)


@pytest_asyncio.fixture
async def other(kind: Kind, tmp_path: Path) -> AsyncIterator[Mailbox]:
    """Open the store that another program would have."""
    opened = await kind.open(tmp_path)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(params=[False, True], ids=["writes", "only reads"])
async def ours(
    request: pytest.FixtureRequest, kind: Kind, other: Mailbox, tmp_path: Path
) -> AsyncIterator[SqlStore]:
    """Open the same database once more."""
    del other  # it made the tables
    opened = await (kind.open_for_reading if request.param else kind.open)(tmp_path)
    assert isinstance(opened, SqliteStore | RemoteStore)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def writing(kind: Kind, other: Mailbox, tmp_path: Path) -> AsyncIterator[SqlStore]:
    """Open the same database once more, for writing."""
    del other
    opened = await kind.open(tmp_path)
    assert isinstance(opened, SqliteStore | RemoteStore)
    yield opened
    await opened.close()


def count_queries(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the looks of a store from now on."""
    counts = [0]
    look = store._lookout._look

    async def counted() -> None:
        counts[0] += 1
        await look()

    monkeypatch.setattr(store._lookout, "_look", counted)
    return counts


async def test_own_mail_is_heard_of_once_by_those_who_follow_others(store: Mailbox) -> None:
    """Every store, those too that no other program can see."""
    heard: list[Arrival] = []
    store.watch(heard.extend)
    with store.follow_others(), store.follow_others():
        first = await add_all(store, [envelope(), envelope()])
    second = await add_all(store, [envelope()])
    assert [arrival.id for arrival in heard] == first + second


@shared
async def test_observers_hear_of_what_another_program_commits_in_order(other: Mailbox, ours: SqlStore) -> None:
    """Once each, and only of what came after the store was opened."""
    heard: list[Arrival] = []
    ours.watch(heard.extend)
    with ours.follow_others():
        first = await add_all(other, [envelope(f"r{number}@example.org") for number in range(20)])
        await until(lambda: len(heard) >= len(first))
        second = await add_all(other, [envelope(data=b"x" * 7)])
        await until(lambda: len(heard) > len(first))
    assert [arrival.id for arrival in heard] == first + second
    assert heard[3].recipients == ("r3@example.org",)
    assert heard[-1].size == 7


@shared
async def test_each_message_is_heard_of_once_while_all_programs_take_mail(
    other: Mailbox, writing: SqlStore
) -> None:
    """Own mail comes by its commit, and no look finds it again."""
    heard: list[Arrival] = []
    writing.watch(heard.extend)
    added: list[int] = []
    with writing.follow_others():
        for _ in range(20):
            for some in await asyncio.gather(
                add_all(other, [envelope(), envelope()]), add_all(writing, [envelope(), envelope()])
            ):
                added += some
        await until(lambda: len(heard) >= len(added))
        last = await add_all(other, [envelope()])
        await until(lambda: heard[-1].id == last[0])
    assert sorted(arrival.id for arrival in heard) == sorted([*added, *last])
    assert writing._own == set() or min(writing._own) > writing._seen


@shared
async def test_nobody_looks_while_nobody_follows_and_a_thousand_are_as_one(
    other: Mailbox, ours: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost is bounded by time, and not by readers."""
    monkeypatch.setattr(ours._lookout, "_interval_s", 0.01)
    counts = count_queries(ours, monkeypatch)
    heard: list[Arrival] = []
    ours.watch(heard.extend)
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(ours.follow_others())
        assert len([task for task in asyncio.all_tasks() if "Lookout" in repr(task.get_coro())]) == 1
        await until(lambda: counts[0] >= 2)
    await until(lambda: not ours._lookout.is_on)
    before = counts[0]
    mail_ids = await add_all(other, [envelope()])
    assert counts[0] == before
    assert heard == []
    with ours.follow_others():  # what came while nobody followed is found as well
        await until(lambda: bool(heard))
    assert [arrival.id for arrival in heard] == mail_ids


@shared
async def test_a_short_wait_asks_the_database_nothing(
    other: Mailbox, ours: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for a moment only reads what there is already."""
    del other
    counts = count_queries(ours, monkeypatch)
    for _ in range(50):
        with ours.follow_others():
            await asyncio.sleep(0)
    assert counts == [0]


@shared
async def test_more_than_can_be_told_wakes_everybody(
    other: Mailbox, ours: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import of a million messages while nobody waited must not hold up the first who waits."""
    monkeypatch.setattr(sql_mailbox, "_LOOK_ROWS", 2)
    heard: list[Sequence[Arrival]] = []
    ours.watch(heard.append)
    added = await add_all(other, [envelope() for _ in range(20)])
    with ours.follow_others():
        await until(lambda: [] in heard)
        told = [arrival.id for some in heard for arrival in some]
        assert told == added[: len(told)]
        assert len(told) < len(added)
        (last,) = await add_all(other, [envelope()])
        await until(lambda: bool(heard[-1]))
    assert [arrival.id for arrival in heard[-1]] == [last]


@shared
async def test_who_waits_or_follows_gets_the_other_programs_mail(other: Mailbox, ours: SqlStore) -> None:
    """By address, of all mail, and of the changes of all mail."""
    inbox = Inbox(ours)
    events = inbox.follow(ANN, 0)
    changes = inbox.all_mail.changes.follow()
    by_address = asyncio.create_task(inbox.wait(ANN, after=None, timeout_s=30, matches=lambda _: True))
    of_all = asyncio.create_task(inbox.all_mail.wait(EVERYTHING, after=None, timeout_s=30))
    page = asyncio.ensure_future(anext(events))
    change = asyncio.ensure_future(anext(changes))
    await until(lambda: ours._lookout._wanted == 4)
    (mail_id,) = await add_all(other, [envelope(ANN)])
    async with asyncio.timeout(10):
        found = [await by_address, await of_all, *getattr(await page, "listed", ())]
        assert [listed.mail.id for listed in found if listed is not None] == [mail_id] * 3
        assert await change == [MailChange("new", (mail_id,))]
    await events.aclose()
    await changes.aclose()
    assert ours._lookout._wanted == 0
