"""A page of an inbox as JSON has the octets of the same page's rows, in every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import NOON, add_all, envelope

from edgemail.http.listing_json import serialize_listing
from edgemail.model import Attachment, CalendarEvent, Code, HeaderAddress, Link, ListedMail, Summary
from edgemail.store.base import JsonPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import MailId
    from edgemail.store.base import ListingRow, Mailbox

ANN = "ann@example.org"
QUOTED = '"a, \\"b\\" ☃"@example.org'
PLAIN = Summary("", "", "", (), (), ())
ODD_TEXTS = ["", "\x00\x1f\x7f", '"\\/', "\r\n\t\b\f", "\u2028\ufeff", "ä☃😀", '{"id":7}', "'", "[]", "null"]


def summary_of(text: str) -> Summary:
    """Make a summary with a text in each of its places, and lists of none, one and two."""
    address, other = HeaderAddress(text, "b@example.org"), HeaderAddress("", text)
    return Summary(
        sender_name=text,
        subject=f"about {text}",
        preview=text * 3,
        attachments=(Attachment(4, text, "text/plain", 0, text), Attachment(1, "a.pdf", text, 3_000_000_000)),
        codes=(Code(text, "the word before it"), Code("481223", text)),
        links=(Link("https://sender.example/?a=1&b=2", text, "its text"),),
        words="blue folded words" if text else "folded words",
        to=(address, other),
        cc=(other,),
        bcc=(address,),
        reply_to=(address,),
        message_id=text,
        inline_count=3,
        events=(
            CalendarEvent("REQUEST", text, "2026-11-27T09:00", "", text, text, text, (text, "<c@example.org>")),
            CalendarEvent("", "", "2026-11-27", "", "", "", ""),
        ),
    )


async def keep(store: Mailbox, summaries: Sequence[Summary], *inboxes: str) -> list[MailId]:
    """Keep a message for each summary, a millisecond apart."""
    envelopes = [
        envelope(*(inboxes or (ANN,)))._replace(accepted_at=NOON + timedelta(milliseconds=number))
        for number, _ in enumerate(summaries)
    ]
    mail_ids = await add_all(store, envelopes)
    await store.add_summaries(list(zip(mail_ids, summaries, strict=True)))
    return mail_ids


def write(page: JsonPage | None) -> bytes:
    """Write a listing of a page."""
    assert page is not None
    return b'{"messages":%b,"next_before":%b}' % (page.messages, str(page.next_before or "null").encode())


def write_rows(rows: Sequence[ListingRow], limit: int) -> bytes:
    """Write the listing of rows, of which one more than the limit was asked for."""
    listed = [ListedMail(row.mail, row.summary) for row in rows[:limit] if row.summary is not None]
    assert len(listed) == len(rows[:limit])
    return serialize_listing(listed, listed[-1].mail.id if len(rows) > limit else None)


async def test_every_text_is_written_as_of_rows(store: Mailbox) -> None:
    """Whatever a message says, it says no more and no less, and escapes from no string."""
    await keep(store, [PLAIN, *map(summary_of, ODD_TEXTS)])
    page = await store.json_listings.list_inbox_json(ANN, limit=50)
    assert write(page) == write_rows(await store.list_inbox(ANN, limit=51), 50)
    assert page is not None
    assert page.count == 1 + len(ODD_TEXTS)


async def test_an_odd_address_is_written_as_of_rows(store: Mailbox) -> None:
    """A page names the inbox alone, whatever its name, and not the message's other recipients."""
    await keep(store, [summary_of("")], QUOTED, ANN)
    page = await store.json_listings.list_inbox_json(QUOTED, limit=50)
    assert write(page) == write_rows(await store.list_inbox(QUOTED, limit=50), 50)
    assert ANN.encode() not in write(page)


async def test_pages_go_down_to_the_last(store: Mailbox) -> None:
    """`next_before` is the last id of a page, and None where no message is below it."""
    mail_ids = await keep(store, [PLAIN] * 7)
    await keep(store, [PLAIN], "ben@example.org")
    listings, pages = store.json_listings, []
    page = await listings.list_inbox_json(ANN, limit=3)
    while page is not None:
        pages.append((page.count, page.next_before))
        if page.next_before is None:
            break
        page = await listings.list_inbox_json(ANN, limit=3, before=page.next_before)
    assert pages == [(3, mail_ids[4]), (3, mail_ids[1]), (1, None)]
    whole = await listings.list_inbox_json(ANN, limit=7)
    assert whole is not None
    assert whole.next_before is None


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_before_and_after_bound_a_page_on_both_sides(store: Mailbox, limit: int) -> None:
    """Both bounds are exclusive; a message below `after` is no next page."""
    mail_ids = await keep(store, [PLAIN] * 8)
    before, after = mail_ids[6], mail_ids[2]
    page = await store.json_listings.list_inbox_json(ANN, limit=limit, before=before, after=after)
    rows = await store.list_inbox(ANN, limit=limit + 1, before=before, after=after)
    assert write(page) == write_rows(rows, limit)


async def test_an_empty_inbox_is_an_empty_page(store: Mailbox) -> None:
    """Nobody has written to it."""
    await keep(store, [PLAIN])
    assert await store.json_listings.list_inbox_json("eve@example.org", limit=50) == JsonPage(b"[]", 0, None)
    assert await store.json_listings.search_inbox_json(ANN, ["nothing"], limit=50) == JsonPage(b"[]", 0, None)


async def test_a_search_is_written_as_of_rows(store: Mailbox) -> None:
    """Of every length, with the next page where there is more to find, and not where there is not."""
    texts = ["", "x"] * 4
    await keep(store, [summary_of(text) for text in texts])
    terms = [["blue"], ["folded"], ["blue", "words"], ["b", "l", "u", "e"], ["blue", "no"], []]
    for asked, limit in chain.from_iterable(((term, limit) for limit in (1, 3, 4, 5, 50)) for term in terms):
        page = await store.json_listings.search_inbox_json(ANN, asked, limit=limit)
        assert write(page) == write_rows(await store.search_inbox(ANN, asked, limit=limit + 1), limit)
    first = await store.json_listings.search_inbox_json(ANN, ["blue"], limit=3)
    assert first is not None
    last = await store.json_listings.search_inbox_json(ANN, ["blue"], limit=3, before=first.next_before)
    assert last is not None
    assert (first.count, last.count, last.next_before) == (3, 1, None)


async def test_a_page_with_a_message_that_has_no_summary_is_not_written(store: Mailbox) -> None:
    """Rows have to be read then; other pages of the inbox are written."""
    _, old = await keep(store, [PLAIN, PLAIN])
    new = await store.add(envelope())
    assert await store.json_listings.list_inbox_json(ANN, limit=50) is None
    assert await store.json_listings.search_inbox_json(ANN, ["word"], limit=50) is None
    below = await store.json_listings.list_inbox_json(ANN, limit=1, before=new)
    assert below is not None
    assert (below.count, below.next_before) == (1, old)
    await store.add_summaries([(new, replace(PLAIN, subject="now"))])
    assert await store.json_listings.list_inbox_json(ANN, limit=50) is not None
