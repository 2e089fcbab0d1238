"""Trimming inboxes: what goes, what stays, and who else keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import add_all, envelope, ids

from edgemail.errors import MessageNotFound
from edgemail.store.base import Usage

if TYPE_CHECKING:
    from edgemail.store.base import Mailbox

ANN, BEN, CAT = "ann@example.org", "ben@example.org", "cat@example.org"


async def test_the_oldest_go_until_as_many_are_left_as_may_be(store: Mailbox) -> None:
    """By count; other inboxes are left alone."""
    mail_ids = await add_all(store, [envelope(ANN, data=b"12345") for _ in range(7)])
    other = await store.add(envelope(BEN))
    assert await store.trim_inboxes([ANN], max_messages=3, max_bytes=None) == [Usage(3, 15)]
    assert ids(await store.list_inbox(ANN, limit=10)) == mail_ids[:-4:-1]
    assert ids(await store.list_inbox(BEN, limit=10)) == [other]
    assert (await store.measure()).messages == 4
    with pytest.raises(MessageNotFound):
        await store.read_data(mail_ids[3])


async def test_the_oldest_go_until_what_is_left_fits(store: Mailbox) -> None:
    """By octets, up to the limit itself; nothing older is kept for being small."""
    mail_ids = await add_all(store, [envelope(ANN, data=b"x" * size) for size in (1, 50, 40, 60)])
    assert await store.trim_inboxes([ANN], max_messages=None, max_bytes=100) == [Usage(2, 100)]
    assert ids(await store.list_inbox(ANN, limit=10)) == mail_ids[:1:-1]
    assert await store.trim_inboxes([ANN], max_messages=10, max_bytes=99) == [Usage(1, 60)]


@pytest.mark.parametrize(("max_messages", "max_bytes"), [(1, None), (None, 1), (1, 1)])
async def test_the_newest_stays_however_large(
    store: Mailbox, max_messages: int | None, max_bytes: int | None
) -> None:
    """Who was told 250 for a message finds it."""
    mail_ids = await add_all(store, [envelope(ANN, data=b"x" * 1000) for _ in range(3)])
    assert await store.trim_inboxes([ANN], max_messages=max_messages, max_bytes=max_bytes) == [Usage(1, 1000)]
    assert ids(await store.list_inbox(ANN, limit=10)) == mail_ids[2:]


async def test_what_fits_is_left_alone(store: Mailbox) -> None:
    """At the limit nothing goes, and an empty inbox is no mistake."""
    await add_all(store, [envelope(ANN, data=b"12345") for _ in range(4)])
    for limits in ((4, 20), (None, None), (None, 20), (4, None)):
        left = await store.trim_inboxes([ANN, BEN], max_messages=limits[0], max_bytes=limits[1])
        assert left == [Usage(4, 20), Usage(0, 0)]
    assert await store.trim_inboxes([], max_messages=1, max_bytes=1) == []


async def test_a_message_that_goes_stays_with_its_other_recipients(store: Mailbox) -> None:
    """It leaves only the inbox that is too full, and goes with the last one that it was in."""
    shared, own, newest = await add_all(store, [envelope(ANN, BEN), envelope(ANN), envelope(ANN, CAT)])
    await store.trim_inboxes([ANN], max_messages=1, max_bytes=None)
    assert ids(await store.list_inbox(ANN, limit=10)) == [newest]
    assert ids(await store.list_inbox(BEN, limit=10)) == [shared]
    assert (await store.read_row(shared)).mail.recipients == (ANN, BEN)
    with pytest.raises(MessageNotFound):
        await store.read_data(own)
    await store.add(envelope(BEN))
    assert await store.trim_inboxes([BEN, CAT], max_messages=1, max_bytes=None) == [
        Usage(1, len(envelope().data)),
        Usage(1, len(envelope().data)),
    ]
    with pytest.raises(MessageNotFound):
        await store.read_data(shared)


async def test_a_large_inbox_is_trimmed_in_one_call(store: Mailbox) -> None:
    """However small a store's own batches are."""
    mail_ids = await add_all(store, [envelope(ANN) for _ in range(1250)])
    await store.trim_inboxes([ANN], max_messages=1105, max_bytes=None)
    assert ids(await store.list_inbox(ANN, limit=2000, oldest_first=True)) == mail_ids[145:]
    size = len(envelope().data)
    assert await store.trim_inboxes([ANN], max_messages=None, max_bytes=1050 * size) == [Usage(1050, 1050 * size)]
    await store.trim_inboxes([ANN], max_messages=2, max_bytes=None)
    assert ids(await store.list_inbox(ANN, limit=10)) == mail_ids[:-3:-1]
