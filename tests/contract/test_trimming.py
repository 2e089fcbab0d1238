"""Trimming inboxes: what goes, what stays, and who else keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import add_all, envelope, ids

from edgemail.errors import MessageNotFound
from edgemail.model import Summary
from edgemail.store.base import SourceShare, Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from edgemail.model import Envelope, MailId
    from edgemail.store.base import Mailbox

    NoteSources = Callable[[Mailbox, Sequence[MailId]], Awaitable[None]]

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


def name_source(head: bytes) -> str:
    """Read the source from where these tests put it."""
    return head.partition(b":")[0].decode()


HALF = SourceShare(0.5, name_source, lambda source: source != "trusted")


def sent(source: str, size: int = 10, *others: str) -> Envelope:
    """Make a message from a source, of a size in octets."""
    return envelope(ANN, *others, data=f"{source}:".encode().ljust(size, b"x"))


@pytest.fixture(params=["summarised", "not summarised", "some summarised"])
def note_sources(request: pytest.FixtureRequest) -> NoteSources:
    """Make summaries, which name the sources, or leave it to the store to look for them."""

    async def note(store: Mailbox, mail_ids: Sequence[MailId]) -> None:
        chosen = {"summarised": mail_ids, "not summarised": [], "some summarised": mail_ids[::2]}[request.param]
        await store.add_summaries(
            [
                (mail_id, Summary("", "", "", (), (), (), source=name_source(await store.read_data(mail_id))))
                for mail_id in chosen
            ]
        )

    return note


async def test_the_oldest_of_a_source_above_its_share_go_first(store: Mailbox, note_sources: NoteSources) -> None:
    """The mail of others stays, though it is older."""
    given = [sent("good"), sent("bad", 40), sent("fair"), sent("bad", 40), sent("bad", 40)]
    mail_ids = await add_all(store, given)
    await note_sources(store, mail_ids)
    assert await store.trim_inboxes([ANN], max_messages=None, max_bytes=100, share=HALF) == [Usage(4, 100)]
    assert ids(await store.list_inbox(ANN, limit=10, oldest_first=True)) == [mail_ids[n] for n in (0, 2, 3, 4)]


async def test_a_share_counts_messages_too(store: Mailbox, note_sources: NoteSources) -> None:
    """Who sends many small ones pushes nobody out either."""
    mail_ids = await add_all(store, [sent("good"), sent("fair"), *[sent("bad") for _ in range(20)]])
    await note_sources(store, mail_ids)
    assert await store.trim_inboxes([ANN], max_messages=10, max_bytes=None, share=HALF) == [Usage(10, 100)]
    assert ids(await store.list_inbox(ANN, limit=30, oldest_first=True)) == mail_ids[:2] + mail_ids[-8:]


async def test_where_no_source_is_above_its_share_the_oldest_of_all_go(
    store: Mailbox, note_sources: NoteSources
) -> None:
    """A source at its share keeps what it has, until its turn comes by age."""
    mail_ids = await add_all(store, [sent(source) for source in "abcabcabc"] + [sent("d")] * 5)
    await note_sources(store, mail_ids)
    assert await store.trim_inboxes([ANN], max_messages=10, max_bytes=None, share=HALF) == [Usage(10, 100)]
    assert ids(await store.list_inbox(ANN, limit=30, oldest_first=True)) == mail_ids[4:]


async def test_a_source_that_is_trusted_may_have_all_of_an_inbox(store: Mailbox, note_sources: NoteSources) -> None:
    """A relay brings the mail of many. All that is not known counts as one source."""
    mail_ids = await add_all(store, [sent("good"), *[sent("trusted") for _ in range(12)]])
    await note_sources(store, mail_ids)
    await store.trim_inboxes([ANN], max_messages=10, max_bytes=None, share=HALF)
    assert ids(await store.list_inbox(ANN, limit=30, oldest_first=True)) == mail_ids[3:]
    unknown = await add_all(store, [sent("") for _ in range(12)])
    await note_sources(store, unknown)
    await store.trim_inboxes([ANN], max_messages=20, max_bytes=None, share=HALF)
    assert ids(await store.list_inbox(ANN, limit=30, oldest_first=True)) == mail_ids[3:] + unknown[2:]


async def test_the_newest_of_a_source_above_its_share_stays(store: Mailbox, note_sources: NoteSources) -> None:
    """Who was told 250 for a message finds it, and then the oldest of others have to go."""
    mail_ids = await add_all(store, [sent("good", 40), sent("fair", 40), sent("bad", 60)])
    await note_sources(store, mail_ids)
    assert await store.trim_inboxes([ANN], max_messages=None, max_bytes=100, share=HALF) == [Usage(2, 100)]
    assert ids(await store.list_inbox(ANN, limit=10, oldest_first=True)) == mail_ids[1:]


async def test_within_the_limits_a_share_takes_nothing(store: Mailbox, note_sources: NoteSources) -> None:
    """One source may fill an inbox that nobody else writes to; others keep a message that goes from here."""
    mail_ids = await add_all(store, [sent("bad", 10, BEN), *[sent("bad") for _ in range(9)]])
    await note_sources(store, mail_ids)
    assert await store.trim_inboxes([ANN], max_messages=10, max_bytes=100, share=HALF) == [Usage(10, 100)]
    await store.trim_inboxes([ANN], max_messages=9, max_bytes=None, share=HALF)
    assert ids(await store.list_inbox(ANN, limit=20, oldest_first=True)) == mail_ids[1:]
    assert ids(await store.list_inbox(BEN, limit=20)) == mail_ids[:1]


async def test_a_source_is_looked_for_once(store: Mailbox) -> None:
    """A flood has an inbox trimmed many times before there are summaries."""
    looked_at: list[bytes] = []

    def find_source(head: bytes) -> str:
        looked_at.append(head)
        return name_source(head)

    share = SourceShare(0.5, find_source, lambda _: True)
    mail_ids = await add_all(store, [sent(source) for source in ("good", *["bad"] * 9)])
    for most in (9, 8, 7):
        await store.trim_inboxes([ANN], max_messages=most, max_bytes=None, share=share)
    assert len(looked_at) == 10
    assert ids(await store.list_inbox(ANN, limit=20, oldest_first=True)) == [mail_ids[0], *mail_ids[4:]]


async def test_a_large_message_without_a_summary_has_a_source(store: Mailbox) -> None:
    """Only its beginning is read, whether it is kept as text or as octets, and in one part or in several."""
    large = [envelope(ANN, data=b"bad:" + filler * (5 * 2**20)) for filler in (b"\xc3\xa4", b"\0\xff")]
    mail_ids = await add_all(store, [sent("good"), *large, sent("fair")])
    await store.trim_inboxes([ANN], max_messages=None, max_bytes=11 * 2**20, share=HALF)
    assert ids(await store.list_inbox(ANN, limit=10, oldest_first=True)) == [mail_ids[0], *mail_ids[2:]]
