"""The webhook's queue: each message once, for one program at a time, within its bound."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import NOON, add_all, envelope

from edgemail.model import Summary
from edgemail.store.webhook_queue import Backlog, DueMail, Noted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgemail.model import MailId
    from edgemail.store.base import Mailbox
    from tests.contract.conftest import Kind

NOTHING = Summary("", "", "", (), (), ())
NOW, LATER = 1_800_000_000_000, 1_800_000_030_000
BEN = "ben@example.org"


async def note(
    store: Mailbox, *, wanted: str = "", since_days: int = 1, due_ms: int = NOW, most: int = 100
) -> Noted:
    return await store.webhook_queue.note_new(
        lambda recipients: not wanted or wanted in recipients,
        since=NOON - timedelta(days=since_days),
        due_ms=due_ms,
        max_waiting=most,
    )


async def add(store: Mailbox, count: int = 1, *recipients: str) -> list[MailId]:
    """Keep messages with their summaries."""
    mail_ids = await add_all(store, [envelope(*recipients) for _ in range(count)])
    await store.add_summaries([(mail_id, NOTHING) for mail_id in mail_ids])
    return mail_ids


async def claim(
    store: Mailbox, name: str = "me", *, now_ms: int = NOW, until_ms: int = LATER, limit: int = 100
) -> list[MailId]:
    due = await store.webhook_queue.claim(name, now_ms=now_ms, until_ms=until_ms, limit=limit)
    return [mail.mail_id for mail in due]


def tried(mail_ids: Sequence[MailId], attempts: int, due_ms: int) -> list[tuple[DueMail, int]]:
    return [(DueMail(mail_id, attempts), due_ms) for mail_id in mail_ids]


async def test_mail_from_before_the_beginning_is_not_queued(store: Mailbox) -> None:
    """Nor is any twice; to begin again changes nothing."""
    await add(store, 3)
    await store.webhook_queue.begin()
    assert await note(store) == Noted(0, 0, has_more=False)
    mail_ids = await add(store, 2)
    await store.webhook_queue.begin()
    assert await note(store) == Noted(2, 0, has_more=False)
    assert await note(store) == Noted(0, 0, has_more=False)
    assert await store.webhook_queue.measure() == Backlog(2, NOW)
    assert await claim(store) == mail_ids


async def test_only_mail_that_is_wanted_and_young_is_queued(store: Mailbox) -> None:
    """What was left out once is left out for ever."""
    await store.webhook_queue.begin()
    await add(store, 2)
    (wanted,) = await add(store, 1, "ann@example.org", BEN)
    assert (await note(store, wanted=BEN)).queued == 1
    assert (await note(store)).queued == 0
    await add_all(store, [envelope(BEN, at=NOON - timedelta(days=3))])
    assert (await note(store, since_days=2)).queued == 0
    assert await claim(store) == [wanted]


async def test_much_new_mail_is_queued_in_several_goes(store: Mailbox) -> None:
    """Each goes on where the last one ended."""
    await store.webhook_queue.begin()
    mail_ids = await add_all(store, [envelope() for _ in range(250)])
    notes = [await note(store, most=10_000) for _ in range(3)]
    assert [(each.queued, each.has_more) for each in notes] == [(100, True), (100, True), (50, False)]
    assert (await store.webhook_queue.measure()).waiting == len(mail_ids)


async def test_the_oldest_mail_leaves_a_full_queue(store: Mailbox) -> None:
    """Those that were dropped are counted."""
    await store.webhook_queue.begin()
    mail_ids = await add(store, 5)
    assert await note(store, most=5) == Noted(5, 0, has_more=False)
    mail_ids += await add(store, 3)
    assert await note(store, most=5) == Noted(3, 3, has_more=False)
    assert await claim(store) == mail_ids[3:]


async def test_mail_is_claimed_once_it_is_due_and_has_a_summary(store: Mailbox) -> None:
    """What is due longest comes first."""
    await store.webhook_queue.begin()
    first, second = await add(store, 2)
    (bare,) = await add_all(store, [envelope()])
    await note(store, due_ms=NOW + 5)
    assert await claim(store, now_ms=NOW + 4) == []
    (third,) = await add(store)
    await note(store, due_ms=NOW)
    assert await claim(store, now_ms=NOW + 5, limit=1) == [third]
    assert await claim(store, now_ms=NOW + 5, until_ms=LATER + 1) == [first, second]
    await store.add_summaries([(bare, NOTHING)])
    assert await claim(store, now_ms=NOW + 5, until_ms=LATER + 2) == [bare]


async def test_a_claim_is_one_programs_until_its_end(store: Mailbox) -> None:
    """A program that has lost it changes nothing any more."""
    await store.webhook_queue.begin()
    (mail_id,) = await add(store)
    await note(store)
    assert await claim(store, "one") == [mail_id]
    assert await claim(store, "other", until_ms=LATER + 1) == []
    assert await claim(store, "other", now_ms=LATER, until_ms=LATER + 9) == [mail_id]
    await store.webhook_queue.finish("one", [mail_id], tried([mail_id], 7, NOW))
    assert await store.webhook_queue.measure() == Backlog(1, LATER + 9)
    await store.webhook_queue.finish("other", [mail_id], [])
    assert await store.webhook_queue.measure() == Backlog(0, None)


async def test_two_programs_that_claim_at_once_share_the_mail(store: Mailbox) -> None:
    """Each message goes to one of them."""
    await store.webhook_queue.begin()
    mail_ids = await add(store, 40)
    await asyncio.gather(note(store), note(store))
    claims = [claim(store, f"program {number}", until_ms=LATER + number, limit=5) for number in range(8)]
    claimed = [mail_id for some in await asyncio.gather(*claims) for mail_id in some]
    assert sorted(claimed) == mail_ids


async def test_what_is_put_back_keeps_its_attempts(store: Mailbox) -> None:
    """It is due when its program says so."""
    await store.webhook_queue.begin()
    first, second = await add(store, 2)
    await note(store)
    await claim(store)
    await store.webhook_queue.finish("me", [first], tried([second], 3, NOW + 1000))
    assert await store.webhook_queue.measure() == Backlog(1, NOW + 1000)
    due = await store.webhook_queue.claim("me", now_ms=NOW + 1000, until_ms=LATER + 1, limit=9)
    assert due == [DueMail(second, 3)]


async def test_deleted_mail_leaves_the_queue(store: Mailbox) -> None:
    """Also with its last inbox."""
    await store.webhook_queue.begin()
    first, second = await add(store, 2, BEN)
    await note(store)
    await store.delete([first])
    assert await claim(store) == [second]
    await store.delete_inbox(BEN)
    assert await store.webhook_queue.measure() == Backlog(0, None)
    await store.webhook_queue.finish("me", [second], tried([second], 1, NOW))
    assert await store.webhook_queue.measure() == Backlog(0, None)


async def test_mail_that_is_due_in_a_far_future_becomes_due(store: Mailbox) -> None:
    """As after a clock that was ahead."""
    await store.webhook_queue.begin()
    near, far = await add(store, 2)
    await note(store)
    await claim(store)
    await store.webhook_queue.finish("me", [], [*tried([near], 1, NOW + 10), *tried([far], 2, NOW + 10_000)])
    await store.webhook_queue.make_due(after_ms=NOW + 9999, now_ms=NOW)
    assert await claim(store) == [far]


@pytest.mark.parametrize("kind", ["file", "sqld"], indirect=True)
async def test_the_queue_outlives_the_program(kind: Kind, tmp_path: Path) -> None:
    """Mail that comes while no program tells of it is new at the next start."""
    store = await kind.open(tmp_path)
    await store.webhook_queue.begin()
    first, second = await add(store, 2)
    await note(store)
    await claim(store, limit=1)
    await store.webhook_queue.finish("me", [], tried([first], 4, NOW + 1))
    (third,) = await add(store)
    await store.close()
    store = await kind.open(tmp_path)
    assert await store.webhook_queue.measure() == Backlog(2, NOW)
    await store.webhook_queue.begin()
    assert (await note(store, due_ms=NOW + 2)).queued == 1
    due = await store.webhook_queue.claim("me", now_ms=NOW + 2, until_ms=LATER, limit=9)
    assert due == [DueMail(first, 4), DueMail(second, 0), DueMail(third, 0)]
    await store.close()


@pytest.mark.parametrize("kind", ["file", "sqld"], indirect=True)
async def test_programs_on_one_database_share_the_queue(kind: Kind, tmp_path: Path) -> None:
    """Each message is queued once and claimed once, whoever took it."""
    stores = [await kind.open(tmp_path) for _ in range(2)]
    await asyncio.gather(*[store.webhook_queue.begin() for store in stores])
    mail_ids = [*await add(stores[0], 10), *await add(stores[1], 10)]
    noted = await asyncio.gather(*[note(store) for store in stores])
    assert sum(each.queued for each in noted) == 20
    claims = [claim(stores[number % 2], f"{number}", until_ms=LATER + number, limit=3) for number in range(8)]
    claimed = [mail_id for some in await asyncio.gather(*claims) for mail_id in some]
    assert sorted(claimed) == mail_ids
    for store in stores:
        await store.close()
