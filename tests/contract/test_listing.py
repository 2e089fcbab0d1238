"""Pages of an inbox, the oldest mail, and summaries beside the mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import NOON, add_all, envelope, ids

from edgemail.model import Attachment, CalendarEvent, Code, HeaderAddress, Link, MailId, Summary

if TYPE_CHECKING:
    from edgemail.store.base import Mailbox

ANN = "ann@example.org"
BEN = "ben@example.org"
SUMMARY = Summary(
    sender_name="Bob ☃ <bob@sender.example>",
    subject="Your code",
    preview="It is 481223 \x00 \"'",
    attachments=(
        Attachment(1, "a.pdf", "application/pdf", 3_000_000_000),
        Attachment(4, "", "text/plain", 0, "part4@sender.example"),
    ),
    codes=(Code("481223", "the word before it"),),
    links=(Link("https://sender.example/?a=1&b=2", "Confirm", "its text"),),
    to=(HeaderAddress("Ann", "ann@example.org"), HeaderAddress("", 'a "b"')),
    cc=(HeaderAddress("Bürgi, Cat", "cat@example.org"),),
    bcc=(HeaderAddress("", "dan@example.org"),),
    reply_to=(HeaderAddress("Team", ""),),
    message_id="1@sender.example",
    inline_count=3,
    events=(
        CalendarEvent(
            method="REQUEST",
            title="Call",
            starts="2026-11-27T09:00",
            ends="",
            time_zone="Europe/Zurich",
            location="Room 1",
            organizer="Bob <bob@sender.example>",
            attendees=("Ann <ann@example.org>", "<cat@example.org>"),
        ),
        CalendarEvent("", "", "2026-11-27", "", "", "", ""),
    ),
)


async def test_pages_go_from_the_newest_down(store: Mailbox) -> None:
    """`before` the last id of a page gives the next one, until there is none."""
    mail_ids = await add_all(store, [envelope() for _ in range(23)])
    pages = []
    before = None
    while rows := await store.list_inbox(ANN, limit=5, before=before):
        pages.append(ids(rows))
        before = rows[-1].mail.id
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert list(chain.from_iterable(pages)) == mail_ids[::-1]


async def test_pages_go_from_the_oldest_up(store: Mailbox) -> None:
    """`after` the last id of a page gives the next one, oldest first."""
    mail_ids = await add_all(store, [envelope() for _ in range(23)])
    pages = []
    after = 0
    while rows := await store.list_inbox(ANN, limit=5, after=after, oldest_first=True):
        pages.append(ids(rows))
        after = rows[-1].mail.id
    assert list(chain.from_iterable(pages)) == mail_ids


@pytest.mark.parametrize("oldest_first", [False, True])
async def test_before_and_after_bound_a_page_on_both_sides(store: Mailbox, *, oldest_first: bool) -> None:
    """Both bounds are exclusive, and hold in both directions."""
    mail_ids = await add_all(store, [envelope() for _ in range(10)])
    rows = await store.list_inbox(ANN, limit=100, before=mail_ids[7], after=mail_ids[2], oldest_first=oldest_first)
    inside = mail_ids[3:7]
    assert ids(rows) == (inside if oldest_first else inside[::-1])
    assert await store.list_inbox(ANN, limit=100, before=mail_ids[3], after=mail_ids[2]) == []


async def test_pages_leave_out_the_mail_of_others(store: Mailbox) -> None:
    """A page is full although other inboxes' mail lies between."""
    mail_ids = await add_all(
        store, [envelope(ANN if number % 3 == 0 else "other@example.org") for number in range(30)]
    )
    assert ids(await store.list_inbox(ANN, limit=10)) == mail_ids[::3][::-1]


async def test_a_row_without_summary_has_the_head_of_its_message(store: Mailbox) -> None:
    """A listing moves 16 KiB of a message at most, from its beginning."""
    data = bytes(range(256)) * 400
    mail_id = await store.add(envelope(data=data))
    short_id = await store.add(envelope(data=b"short"))
    long_row, short_row = await store.read_row(mail_id), await store.read_row(short_id)
    assert (long_row.summary, long_row.head) == (None, data[:16384])
    assert (short_row.summary, short_row.head) == (None, b"short")


async def test_the_head_of_a_text_beyond_ascii_is_its_beginning(store: Mailbox) -> None:
    """A store may count octets or characters; the head is a beginning of 16 KiB at least."""
    data = ("ü" * 40_000).encode()
    head = (await store.read_row(await store.add(envelope(data=data)))).head
    assert data.startswith(head)
    assert 16384 <= len(head) <= 4 * 16384


async def test_the_rows_of_an_inbox_name_it_alone(store: Mailbox) -> None:
    """Who knows an address learns of no other, whether there is a summary or not."""
    mail_id = await store.add(envelope(ANN, BEN))
    for _ in range(2):
        rows = [*await store.list_inbox(BEN, limit=1), *await store.search_inbox(BEN, [], limit=1)]
        assert [row.mail.recipients for row in rows] == [(BEN,), (BEN,)]
        await store.add_summaries([(mail_id, SUMMARY)])


async def test_a_summary_comes_back_as_it_was_and_spares_the_head(store: Mailbox) -> None:
    """A row with a summary moves nothing of the message."""
    mail_id = await store.add(envelope())
    await store.add_summaries([(mail_id, SUMMARY)])
    for row in (await store.read_row(mail_id), *await store.list_inbox(ANN, limit=1)):
        assert (row.summary, row.head) == (SUMMARY, b"")


async def test_a_summary_can_be_made_again(store: Mailbox) -> None:
    """The last summary of a message counts."""
    mail_id = await store.add(envelope())
    other = Summary("", "", "", (), (), ())
    await store.add_summaries([(mail_id, SUMMARY)])
    await store.add_summaries([(mail_id, other)])
    assert (await store.read_row(mail_id)).summary == other


async def test_summaries_of_messages_that_are_gone_are_dropped(store: Mailbox) -> None:
    """A message may be deleted while its summary is made; the others' are kept."""
    gone, stays = await add_all(store, [envelope(), envelope()])
    await store.delete([gone])
    await store.add_summaries([(gone, SUMMARY), (MailId(10**9), SUMMARY), (stays, SUMMARY)])
    assert [row.summary for row in await store.list_inbox(ANN, limit=10)] == [SUMMARY]


async def test_what_has_no_summary_is_listed_in_order_from_an_id_on(store: Mailbox) -> None:
    """`list_unsummarized` skips what has a summary and what is not above `after`."""
    mail_ids = await add_all(store, [envelope(data=b"message %d" % number) for number in range(6)])
    await store.add_summaries([(mail_ids[0], SUMMARY), (mail_ids[3], SUMMARY)])
    found = await store.list_unsummarized(mail_ids[1], max_rows=100, max_bytes=10**6)
    assert found == [(mail_ids[number], b"message %d" % number) for number in (2, 4, 5)]
    assert await store.list_unsummarized(mail_ids[5], max_rows=100, max_bytes=10**6) == []


async def test_what_has_no_summary_is_bounded_in_rows_and_octets(store: Mailbox) -> None:
    """A batch ends at `max_rows`, or past `max_bytes`; a message above that alone is cut."""
    mail_ids = await add_all(store, [envelope(data=b"x" * 1000) for _ in range(10)])
    by_rows = await store.list_unsummarized(0, max_rows=4, max_bytes=10**6)
    assert [mail_id for mail_id, _ in by_rows] == mail_ids[:4]
    by_octets = await store.list_unsummarized(0, max_rows=100, max_bytes=2500)
    assert [mail_id for mail_id, _ in by_octets] == mail_ids[:3]
    one = await store.list_unsummarized(0, max_rows=100, max_bytes=999)
    assert one == [(mail_ids[0], b"x" * 999)]


async def test_what_is_large_is_read_for_its_summary_as_far_as_told(store: Mailbox) -> None:
    """Whether it is kept as text or as octets, and in one part or in several."""
    large = [b"Subject: Large\r\n\r\n" + filler * (5 * 2**20) for filler in (b"\xc3\xa4", b"\0\xff")]
    mail_ids = await add_all(store, [envelope(data=data) for data in large])
    for after, mail_id, data in zip((0, mail_ids[0]), mail_ids, large, strict=True):
        assert len(data) > (most := 9 * 2**20 + 1)
        assert await store.list_unsummarized(after, max_rows=9, max_bytes=most) == [(mail_id, data[:most])]


async def test_the_oldest_come_first_with_what_retention_needs(store: Mailbox) -> None:
    """`list_oldest` gives ids, dates and sizes, in order, and as many as asked for."""
    given = [envelope(data=b"x" * number, at=NOON + timedelta(seconds=number)) for number in range(9)]
    mail_ids = await add_all(store, given)
    oldest = await store.list_oldest(4)
    assert [(aged.id, aged.date, aged.size) for aged in oldest] == [
        (mail_ids[number], NOON + timedelta(seconds=number), number) for number in range(4)
    ]
    await store.delete(mail_ids[:2])
    assert [aged.id for aged in await store.list_oldest(100)] == mail_ids[2:]


async def test_a_search_finds_what_has_every_term(store: Mailbox) -> None:
    """In its words, which have all that is shown of it; newest first, a page at a time."""
    mail_ids = await add_all(store, [envelope() for _ in range(4)])
    texts = ["apples pears", "äpfel birnen", "apples", "plums apples pears"]
    await store.add_summaries(
        [
            (mail_id, replace(SUMMARY, words=f"no {mail_id}% 481223 {words}"))
            for mail_id, words in zip(mail_ids, texts, strict=True)
        ]
    )

    async def found(*terms: str, limit: int = 10, before: int | None = None) -> list[MailId]:
        return ids(await store.search_inbox(ANN, terms, limit=limit, before=before))

    assert await found("apples") == [mail_ids[3], mail_ids[2], mail_ids[0]]
    assert await found("pear", "apple") == [mail_ids[3], mail_ids[0]]
    assert await found("äpfel") == [mail_ids[1]]
    assert await found(f"no {mail_ids[2]}%", "481223") == [mail_ids[2]]
    assert await found("apples", limit=2, before=mail_ids[3]) == [mail_ids[2], mail_ids[0]]
    assert await found("plums", "s", "e", "a", "the fifth is not looked at") == [mail_ids[3]]
    assert await found("%") == mail_ids[::-1]
    assert await found("_") == []


async def test_a_search_leaves_what_has_no_summary_to_its_reader(store: Mailbox) -> None:
    """Until it has a summary, nobody knows whether it has the terms."""
    (mail_id,) = await add_all(store, [envelope()])
    (row,) = await store.search_inbox(ANN, ["anything"], limit=10)
    assert (row.mail.id, row.summary) == (mail_id, None)
    assert row.head.startswith(b"Subject:")


async def test_the_words_of_a_message_go_with_it(store: Mailbox) -> None:
    """An id is never used again, but the words of deleted mail must not stay behind."""
    (mail_id,) = await add_all(store, [envelope()])
    await store.add_summaries([(mail_id, replace(SUMMARY, words="secret"))])
    await store.delete([mail_id])
    await store.add_summaries([(mail_id, replace(SUMMARY, words="secret"))])
    assert await store.search_inbox(ANN, ["secret"], limit=10) == []
