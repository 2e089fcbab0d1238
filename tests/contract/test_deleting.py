"""Deleting, and what is counted before and after."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit.sample_mail import add_all, envelope, ids

from edgemail.errors import MessageNotFound
from edgemail.model import MailId, Summary
from edgemail.store.base import Usage

if TYPE_CHECKING:
    from edgemail.store.base import Mailbox
    from tests.contract.conftest import OpenStore

ANN, BEN, CAT = NAMES = ("ann@example.org", "ben@example.org", "cat@example.org")


async def test_a_deleted_message_is_gone_for_all_its_recipients(store: Mailbox) -> None:
    """Deleting by id takes the message out of every inbox, and returns how many there were."""
    shared, other = await add_all(store, [envelope(ANN, BEN), envelope(ANN)])
    await store.add_summaries([(shared, Summary("", "secret", "", (), (), ()))])
    assert await store.delete([shared]) == 1
    assert ids(await store.list_inbox(ANN, limit=10)) == [other]
    assert await store.list_inbox(BEN, limit=10) == []
    with pytest.raises(MessageNotFound):
        await store.read_data(shared)


async def test_deleting_twice_is_no_mistake(store: Mailbox) -> None:
    """Only what was there counts."""
    mail_ids = await add_all(store, [envelope() for _ in range(3)])
    assert await store.delete([mail_ids[0], MailId(10**9), mail_ids[1], mail_ids[0]]) == 2
    assert await store.delete(mail_ids) == 1
    assert await store.delete([]) == 0


async def test_what_may_return_after_a_power_cut_is_gone_until_then(store: Mailbox) -> None:
    """Retention deletes so: after a power cut it would delete the message again."""
    mail_ids = await add_all(store, [envelope() for _ in range(3)])
    assert await store.delete(mail_ids[:2], may_return=True) == 2
    assert ids(await store.list_inbox(ANN, limit=10)) == mail_ids[2:]


async def test_many_are_deleted_in_one_call(store: Mailbox) -> None:
    """However small a store's own batches are, the call deletes them all."""
    mail_ids = await add_all(store, [envelope() for _ in range(350)])
    assert await store.delete(mail_ids[:330]) == 330
    assert ids(await store.list_inbox(ANN, limit=100, oldest_first=True)) == mail_ids[330:]


async def test_emptying_an_inbox_leaves_the_mail_of_the_others(store: Mailbox) -> None:
    """A message stays in its other inboxes, and is deleted with the last of them."""
    shared, own, foreign = await add_all(store, [envelope(ANN, BEN), envelope(ANN), envelope(BEN)])
    assert await store.delete_inbox(ANN) == 2
    assert await store.list_inbox(ANN, limit=10) == []
    assert ids(await store.list_inbox(BEN, limit=10)) == [foreign, shared]
    with pytest.raises(MessageNotFound):
        await store.read_data(own)
    assert await store.delete_inbox(BEN) == 2
    with pytest.raises(MessageNotFound):
        await store.read_data(shared)
    assert await store.measure() == Usage(0, 0)


async def test_a_message_taken_out_of_one_inbox_stays_in_the_others(store: Mailbox) -> None:
    """It is deleted with the last of its inboxes, and what is not in the inbox stays where it is."""
    shared, own, foreign = await add_all(store, [envelope(ANN, BEN), envelope(ANN), envelope(BEN)])
    assert await store.delete_from_inbox(ANN, shared) is True
    assert await store.delete_from_inbox(ANN, shared) is False
    assert await store.delete_from_inbox(ANN, foreign) is False
    assert await store.delete_from_inbox(ANN, MailId(10**9)) is False
    assert await store.delete_from_inbox("nobody@example.org", own) is False
    assert ids(await store.list_inbox(ANN, limit=10)) == [own]
    assert ids(await store.list_inbox(BEN, limit=10)) == [foreign, shared]
    assert await store.delete_from_inbox(BEN, shared) is True
    with pytest.raises(MessageNotFound):
        await store.read_data(shared)
    assert (await store.measure()).messages == 2


async def test_emptying_an_empty_inbox_is_no_mistake(store: Mailbox) -> None:
    """Nothing is deleted, and signs of a pattern in a name stand for themselves."""
    await store.add(envelope(ANN))
    assert await store.delete_inbox("%@example.org") == 0
    assert await store.delete_inbox("ANN@example.org") == 0
    assert len(await store.list_inbox(ANN, limit=10)) == 1


async def test_a_large_inbox_is_emptied_in_one_call(store: Mailbox) -> None:
    """However small a store's own batches are."""
    await add_all(store, [envelope(ANN) for _ in range(250)])
    kept = await store.add(envelope(BEN))
    assert await store.delete_inbox(ANN) == 250
    assert ids(await store.list_inbox(BEN, limit=10)) == [kept]
    assert (await store.measure()).messages == 1


async def test_space_is_given_back_until_there_is_no_more(store: Mailbox) -> None:
    """`reclaim` returns True while there is more, and ends; a store without a disk has none."""
    mail_ids = await add_all(store, [envelope(data=b"x" * 100_000) for _ in range(40)])
    await store.delete(mail_ids[:39])
    if store.disk is not None:
        async with asyncio.timeout(20):
            while await store.disk.reclaim():
                pass
        assert await store.disk.reclaim() is False
    assert await store.read_data(mail_ids[39]) == b"x" * 100_000


ADD = st.tuples(st.just("add"), st.sets(st.sampled_from(NAMES), min_size=1), st.integers(0, 3000))
DELETE = st.tuples(st.just("delete"), st.lists(st.integers(0, 30), max_size=4), st.none())
EMPTY = st.tuples(st.just("empty"), st.sampled_from(NAMES), st.none())
TAKE_OUT = st.tuples(st.just("take out"), st.sampled_from(NAMES), st.integers(0, 30))
SUMMARIZE = st.tuples(st.just("summarize"), st.integers(0, 30), st.none())


class Ledger:
    """What a store should hold, kept in plain dictionaries."""

    def __init__(self, store: Mailbox) -> None:
        self.store = store
        self.sizes: dict[int, int] = {}
        self.readers: dict[int, set[str]] = {}
        self.ever: list[MailId] = []

    async def do(self, action: str, what: object, size: int | None) -> None:
        match action, what:
            case "add", set() as names:
                mail_id = await self.store.add(envelope(*sorted(names), data=b"x" * (size or 0)))
                self.sizes[mail_id] = size or 0
                self.readers[mail_id] = set(names)
                self.ever.append(mail_id)
            case "delete", list() as places:
                chosen = {self.ever[place] for place in places if place < len(self.ever)}
                assert await self.store.delete(sorted(chosen)) == len(chosen & self.sizes.keys())
                for mail_id in chosen:
                    self.forget(mail_id)
            case "empty", str() as name:
                found = [mail_id for mail_id, names in self.readers.items() if name in names]
                assert await self.store.delete_inbox(name) == len(found)
                for gone in found:
                    self.readers[gone].discard(name)
                    if not self.readers[gone]:
                        self.forget(gone)
            case "take out", str() as name if size is not None and size < len(self.ever):
                mail_id = self.ever[size]
                is_there = name in self.readers.get(mail_id, ())
                assert await self.store.delete_from_inbox(name, mail_id) is is_there
                if is_there:
                    self.readers[mail_id].discard(name)
                    if not self.readers[mail_id]:
                        self.forget(mail_id)
            case "summarize", int() as place if place < len(self.ever):
                await self.store.add_summaries([(self.ever[place], Summary("", "", "", (), (), ()))])

    def forget(self, mail_id: int) -> None:
        self.sizes.pop(mail_id, None)
        self.readers.pop(mail_id, None)

    async def compare(self) -> None:
        assert await self.store.measure() == Usage(len(self.sizes), sum(self.sizes.values()))
        assert [aged.id for aged in await self.store.list_oldest(100)] == sorted(self.sizes)
        for name in NAMES:
            expected = sorted(mail_id for mail_id, names in self.readers.items() if name in names)
            assert ids(await self.store.list_inbox(name, limit=100, oldest_first=True)) == expected


@pytest.mark.slow
@given(actions=st.lists(st.one_of(ADD, ADD, DELETE, EMPTY, TAKE_OUT, SUMMARIZE), max_size=25))
@settings(max_examples=40, deadline=None)
def test_the_count_is_right_after_any_mix(
    open_store: OpenStore, actions: list[tuple[str, object, int | None]]
) -> None:
    """After any actions, usage, order and inboxes are those of the messages that are left."""

    async def run(folder: Path) -> None:
        store = await open_store(folder)
        try:
            ledger = Ledger(store)
            for action in actions:
                await ledger.do(*action)
            await ledger.compare()
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
