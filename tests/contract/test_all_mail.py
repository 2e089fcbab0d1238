"""The mail of all inboxes: pages, searches, counts, what was read, tags."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import NOON, add_all, envelope, ids

from edgemail.model import Attachment, HeaderAddress, MailId, Summary
from edgemail.store.base import MailCounts
from edgemail.store.query import MailQuery, MailTerm, Searched, make_fields, matches

if TYPE_CHECKING:
    from datetime import datetime

    from edgemail.store.base import Mailbox

ANN, BEN, CAT = "ann@example.org", "ben@example.org", "cat@example.org"
NOTHING = Summary("", "", "", (), (), ())
ALL = MailQuery()

SHOP = Summary(
    sender_name="Grüße AG <shop@sender.example>",
    subject="Your CODE for Übermorgen",
    preview="",
    attachments=(Attachment(0, "a.pdf", "application/pdf", 10),),
    codes=(),
    links=(),
    words="gruße shop@sender.example your code for ubermorgen it is 481223",
    to=(HeaderAddress("Ann Smith", ANN),),
    cc=(HeaderAddress("Cat", CAT),),
    reply_to=(HeaderAddress("Help desk", "help@sender.example"),),
    message_id="Abc.1@Sender.example",
)
NEWS = Summary(
    sender_name="News <news@other.example>",
    subject="Weekly",
    preview="",
    attachments=(),
    codes=(),
    links=(),
    words="news weekly nothing special [a]?*",
    bcc=(HeaderAddress("", "dan@example.org"),),
    inline_count=2,
)


def query(field: str | None, text: str = "", *, octets: int = 0, date: datetime | None = None) -> MailQuery:
    return MailQuery((MailTerm(field, text, octets=octets, date=date),))


def both(*queries: MailQuery) -> MailQuery:
    return MailQuery(tuple(chain.from_iterable(each.terms for each in queries)))


async def find(store: Mailbox, looked_for: MailQuery) -> list[MailId]:
    """Search in all ways, which must agree."""
    found = ids(await store.search_mail(looked_for, limit=100))
    assert await store.find_mail(looked_for, limit=100) == found
    assert (await store.count_mail(looked_for)).messages == len(found)
    rows = [row for row in await store.list_mail(limit=100) if row.summary is not None]
    words = await store.read_words(after=0, before=1000)
    seen = [
        Searched(row.mail, make_fields(row.summary), words[row.mail.id], row.is_read, row.tags)
        for row in rows
        if row.summary is not None
    ]
    assert [message.mail.id for message in seen if matches(looked_for, message)] == found
    return found


async def add_two(store: Mailbox) -> tuple[MailId, MailId]:
    """Keep a message of a shop, and a day later a larger newsletter that no field is addressed to."""
    shop, news = await add_all(
        store,
        [
            envelope(ANN, CAT, data=b"x" * 100),
            envelope(BEN, data=b"x" * 5000, at=NOON + timedelta(days=1)),
        ],
    )
    await store.add_summaries([(shop, SHOP), (news, NEWS)])
    return shop, news


async def test_all_mail_is_listed_from_the_newest_down(store: Mailbox) -> None:
    """Whatever the inbox, each message once; `before` the last id of a page gives the next one."""
    mail_ids = await add_all(store, [envelope(*[ANN, BEN, CAT][: 1 + number % 3]) for number in range(12)])
    pages, before = [], None
    while rows := await store.list_mail(limit=5, before=before):
        pages.append(ids(rows))
        before = rows[-1].mail.id
    assert [len(page) for page in pages] == [5, 5, 2]
    assert list(chain.from_iterable(pages)) == mail_ids[::-1]


@pytest.mark.parametrize("oldest_first", [False, True])
async def test_before_and_after_bound_the_list_on_both_sides(store: Mailbox, *, oldest_first: bool) -> None:
    """Both are exclusive, and hold in both directions."""
    mail_ids = await add_all(store, [envelope() for _ in range(10)])
    rows = await store.list_mail(limit=3, before=mail_ids[7], after=mail_ids[2], oldest_first=oldest_first)
    inside = mail_ids[3:7]
    assert ids(rows) == (inside if oldest_first else inside[::-1])[:3]
    assert await store.list_mail(limit=100, before=mail_ids[3], after=mail_ids[2]) == []


async def test_a_listed_message_names_all_recipients_and_has_its_summary_or_its_head(store: Mailbox) -> None:
    """As a row of an inbox does."""
    first, second = await add_all(store, [envelope(ANN, BEN), envelope(CAT, data=b"only this")])
    await store.add_summaries([(first, NEWS)])
    newest, oldest = await store.list_mail(limit=10)
    assert (newest.mail.recipients, newest.summary, newest.head) == ((CAT,), None, b"only this")
    assert (oldest.mail.recipients, oldest.summary, oldest.head) == ((ANN, BEN), replace(NEWS, words=""), b"")
    assert (newest.mail.id, newest.is_read, newest.tags) == (second, False, ())


async def test_words_are_read_of_mail_between_two_ids(store: Mailbox) -> None:
    """Of what has a summary, and is there."""
    mail_ids = await add_all(store, [envelope() for _ in range(5)])
    await store.add_summaries([(mail_id, replace(NOTHING, words=f"w{mail_id}")) for mail_id in mail_ids[:4]])
    await store.delete([mail_ids[2]])
    assert await store.read_words(after=mail_ids[0], before=mail_ids[4] + 1) == {
        mail_ids[1]: f"w{mail_ids[1]}",
        mail_ids[3]: f"w{mail_ids[3]}",
    }
    assert await store.read_words(after=mail_ids[4], before=mail_ids[4]) == {}


@pytest.mark.parametrize(
    ("looked_for", "is_shop", "is_news"),
    [
        (ALL, True, True),
        (query(None, "481223"), True, False),
        (query(None, "special"), False, True),
        (query(None, "ben@"), False, True),
        (query(None, "help desk"), True, False),
        (query(None, "code your"), True, False),
        (query(None, "%"), False, False),
        (query(None, "[a]?*"), False, True),
        (query(None, "*"), False, True),
        (query(None, "w*y"), False, False),
        (query(None, "[ns]"), False, False),
        (query(None, "we?kly"), False, False),
        (query(None, "dan@example.org"), False, True),
        (query("to", "ann smith <ann@"), True, False),
        (query("to", "nn@example.org"), True, False),
        (query("to", "cat"), False, False),
        (query("to", "ben"), False, False),
        (query("cc", "cat@example"), True, False),
        (query("from", "grusse"), True, False),
        (query("from", "news@"), False, True),
        (query("bcc", "dan"), False, True),
        (query("bcc", "ben"), False, True),
        (query("bcc", "ann"), False, False),
        (query("reply-to", "help"), True, False),
        (query("addressed", "cat@"), True, False),
        (query("addressed", "ben@"), False, True),
        (query("addressed", "example"), True, True),
        (query("sender", "news@"), False, True),
        (query("sender", "<bob@sender.example>"), True, True),
        (query("recipient", "ann smith"), True, False),
        (query("recipient", "<ben@example.org>"), False, True),
        (query("mailbox", "ben"), False, True),
        (query("mailbox", "be"), False, False),
        (query("mailbox", "ben@example.org"), False, True),
        (query("mailbox", "en@example.org"), False, False),
        (query("mailbox", "ben@example"), False, False),
        (query("subject", "code for ubermorgen"), True, False),
        (query("message-id", "abc.1@"), True, False),
        (query("has", "attachment"), True, False),
        (query("has", "inline"), False, True),
        (query("larger", octets=100), False, True),
        (query("larger", octets=99), True, True),
        (query("smaller", octets=5000), True, False),
        (query("after", date=NOON + timedelta(days=1)), False, True),
        (query("before", date=NOON + timedelta(days=1)), True, False),
        (query("is", "unread"), True, True),
        (query("is", "read"), False, False),
        (query("is", "tagged"), False, False),
        (both(query("has", "attachment"), query("to", "ann")), True, False),
        (both(query("has", "attachment"), query("to", "ben")), False, False),
    ],
)
async def test_a_search_finds_what_matches(
    store: Mailbox, looked_for: MailQuery, *, is_shop: bool, is_news: bool
) -> None:
    """Every kind of term; its negation finds the others."""
    shop, news = await add_two(store)
    expected = [mail_id for mail_id, is_found in ((news, is_news), (shop, is_shop)) if is_found]
    assert await find(store, looked_for) == expected
    if len(looked_for.terms) == 1:
        (term,) = looked_for.terms
        negated = MailQuery((replace(term, is_negated=True),))
        assert await find(store, negated) == [mail_id for mail_id in (news, shop) if mail_id not in expected]


async def test_a_mailbox_has_tags_and_any_domain(store: Mailbox) -> None:
    """The case of a sender does not count; a name at the end of another one is another mailbox."""
    sent = [
        envelope("kim@a.example", sender="BOB@Sender.example"),
        envelope("other@a.example", "kim+tag@b.example"),
        envelope("tim-kim@a.example"),
        envelope("kimberly@a.example"),
    ]
    mail_ids = await add_all(store, sent)
    await store.add_summaries([(mail_id, SHOP) for mail_id in mail_ids])
    assert await find(store, query("mailbox", "kim")) == [mail_ids[1], mail_ids[0]]
    assert await find(store, query("mailbox", "kim@a.example")) == [mail_ids[0]]
    assert await find(store, query("sender", "bob@sender")) == mail_ids[::-1]


async def test_a_search_has_pages_by_id_and_by_offset(store: Mailbox) -> None:
    """Newest first, between two ids, and from a number of matches on."""
    mail_ids = await add_all(store, [envelope() for _ in range(12)])
    await store.add_summaries([(mail_id, NEWS if number % 2 else SHOP) for number, mail_id in enumerate(mail_ids)])
    news = mail_ids[1::2][::-1]
    looked_for = query("subject", "weekly")
    assert ids(await store.search_mail(looked_for, limit=2)) == news[:2]
    assert ids(await store.search_mail(looked_for, limit=2, before=news[1])) == news[2:4]
    assert ids(await store.search_mail(looked_for, limit=9, after=news[3])) == news[:3]
    assert ids(await store.search_mail(looked_for, limit=2, offset=3)) == news[3:5]
    assert await store.search_mail(looked_for, limit=2, offset=6) == []
    assert await store.find_mail(looked_for, limit=2, before=news[1]) == news[2:4]
    assert await store.find_mail(looked_for, limit=9, before=news[0], after=news[3]) == news[1:3]
    assert await store.count_mail(looked_for, before=news[1]) == MailCounts(4, 4)


async def test_what_has_no_summary_is_listed_but_not_searched(store: Mailbox) -> None:
    """Whoever searches reads those from the list."""
    first, second = await add_all(store, [envelope(), envelope()])
    await store.add_summaries([(first, NEWS)])
    assert await find(store, ALL) == [first]
    assert ids(await store.list_mail(limit=10)) == [second, first]


async def test_messages_are_marked_as_read(store: Mailbox) -> None:
    """Also one without a summary; what was marked already, and what is not there, is not counted."""
    mail_ids = await add_all(store, [envelope() for _ in range(4)])
    await store.add_summaries([(mail_id, NEWS) for mail_id in mail_ids[:3]])
    assert await store.mark([*mail_ids[1:], MailId(10**9)], is_read=True) == 3
    assert await store.mark(mail_ids, is_read=True) == 1
    assert await store.mark([mail_ids[0], MailId(10**9)], is_read=False) == 1
    assert [row.is_read for row in await store.list_mail(limit=10)] == [True, True, True, False]
    assert await find(store, query("is", "read")) == [mail_ids[2], mail_ids[1]]
    assert await find(store, query("is", "unread")) == [mail_ids[0]]
    assert await store.count_mail(ALL) == MailCounts(3, 1)
    assert await store.count_read() == 3


async def test_messages_have_tags(store: Mailbox) -> None:
    """A message has those that were given last, in order; each is found as a whole, whatever its case."""
    first, second = await add_two(store)
    assert await store.set_tags([first, second, second, MailId(10**9)], ["b", "Shop", "a", "a"]) == 2
    assert await store.set_tags([second], ["b"]) == 1
    listed = {row.mail.id: row.tags for row in await store.list_mail(limit=10)}
    assert listed == {first: ("Shop", "a", "b"), second: ("b",)}
    assert await store.list_tags(10) == {"Shop": 1, "a": 1, "b": 2}
    assert await store.list_tags(2) == {"Shop": 1, "a": 1}
    assert await find(store, query("tag", "shop")) == [first]
    assert await find(store, query("tag", "sho")) == []
    assert await find(store, query("is", "tagged")) == [second, first]
    await store.set_tags([second], [])
    assert await find(store, query("is", "tagged")) == [first]


async def test_a_tag_is_renamed_and_dropped(store: Mailbox) -> None:
    """Where a message has the new name already, it has it once."""
    first, second, third = await add_all(store, [envelope() for _ in range(3)])
    await store.set_tags([first, second], ["old"])
    await store.set_tags([second, third], ["new", "old"])
    assert await store.rename_tag("old", "new") == 3
    assert await store.rename_tag("old", "new") == 0
    assert await store.rename_tag("new", "new") == 0
    assert await store.list_tags(10) == {"new": 3}
    assert await store.rename_tag("new", None) == 3
    assert await store.list_tags(10) == {}


async def test_many_messages_are_marked_and_tagged_in_one_call(store: Mailbox) -> None:
    """However small a store's own batches are."""
    mail_ids = await add_all(store, [envelope() for _ in range(1105)])
    assert await store.mark(mail_ids, is_read=True) == 1105
    assert await store.set_tags(mail_ids, ["a"]) == 1105
    assert await store.rename_tag("a", "b") == 1105
    assert await store.list_tags(10) == {"b": 1105}


async def test_what_is_known_of_a_message_goes_with_it(store: Mailbox) -> None:
    """Its state, its tags and what a search looks at."""
    shop, news = await add_two(store)
    await store.mark([shop, news], is_read=True)
    await store.set_tags([shop, news], ["a"])
    await store.delete([shop])
    await store.delete_inbox(BEN)
    assert await find(store, ALL) == []
    assert await store.list_tags(10) == {}
    assert await store.list_mail(limit=10) == []
    assert await store.mark([shop, news], is_read=False) == 0


async def test_a_long_query_is_no_mistake(store: Mailbox) -> None:
    """Sixteen terms of every kind, which no message matches."""
    await add_two(store)
    long = both(*[query(field, "x" * 200) for field in ("addressed", "bcc", None, "to")] * 4)
    assert await find(store, long) == []
