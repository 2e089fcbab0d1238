"""What readers do with the mail of all inboxes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from testkit.sample_mail import add_all, envelope, letter
from testkit.waiting import PATIENCE_S, until

from edgemail import mime
from edgemail.errors import StoreUnavailable
from edgemail.mailbox.all_mail import EVERYTHING, clean_tags
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.mail_changes import CHANGES_MAX, IDS_MAX, RELOAD, MailChange, MailChanges
from edgemail.mailbox.mail_query import parse_query as query
from edgemail.model import MailId
from edgemail.store.base import MailCounts
from edgemail.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from edgemail.mailbox.all_mail import AllMail
    from edgemail.model import ListedMail
    from edgemail.store.query import MailQuery

ANN, BEN = "ann@example.org", "ben@example.org"


@pytest_asyncio.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = MemoryStore()
    yield opened
    await opened.close()


@pytest.fixture
def inbox(store: MemoryStore) -> Inbox:
    return Inbox(store)


@pytest.fixture
def all_mail(inbox: Inbox) -> AllMail:
    return inbox.all_mail


async def summarize(store: MemoryStore, mail_ids: Sequence[MailId]) -> None:
    await store.add_summaries([(mail_id, mime.summarize(await store.read_data(mail_id))) for mail_id in mail_ids])


async def add(store: MemoryStore, count: int, *, summarized: int = 0) -> list[MailId]:
    """Keep letters; every third is a bill. The first ones have summaries."""
    letters = [letter(f"{'Bill' if number % 3 == 0 else 'Note'} {number}") for number in range(count)]
    mail_ids = await add_all(store, [envelope(data=data) for data in letters])
    await summarize(store, mail_ids[:summarized])
    return mail_ids


def ids(listed: Sequence[ListedMail]) -> list[MailId]:
    return [message.mail.id for message in listed]


@pytest.mark.parametrize("summarized", [0, 1, 40, 199, 200])
async def test_pages_are_the_same_whatever_has_a_summary(
    store: MemoryStore, all_mail: AllMail, summarized: int
) -> None:
    """By id and by offset, of all mail and of a search; counts as well."""
    mail_ids = (await add(store, 200, summarized=summarized))[::-1]
    bills = mail_ids[1::3]
    for looked_for, expected in ((EVERYTHING, mail_ids), (query("subject:bill"), bills), (query("bill"), bills)):
        assert ids(await all_mail.list_page(looked_for, limit=500)) == expected
        assert ids(await all_mail.list_page(looked_for, limit=7)) == expected[:7]
        assert ids(await all_mail.list_page(looked_for, limit=7, before=expected[6])) == expected[7:14]
        for start in (1, 3, 30, 60, len(expected)):
            assert ids(await all_mail.list_page(looked_for, limit=9, start=start)) == expected[start : start + 9]
        assert await all_mail.count(looked_for) == MailCounts(len(expected), len(expected))
        newest = await all_mail.newest(looked_for)
        assert newest is not None
        assert newest.mail.id == expected[0]
    assert await all_mail.newest(query("nothing")) is None


async def test_what_was_marked_is_seen_and_counted(store: MemoryStore, all_mail: AllMail) -> None:
    """By ids, by a search, and all; with a summary or without."""
    mail_ids = await add(store, 30, summarized=15)
    assert await all_mail.mark(mail_ids[:2], is_read=True) == 2
    assert await all_mail.mark(query("subject:bill"), is_read=True) == 9
    assert await all_mail.count(EVERYTHING) == MailCounts(30, 19)
    assert await all_mail.count(query("is:read subject:note")) == MailCounts(1, 0)
    assert await all_mail.mark(None, is_read=True) == 19
    assert all(message.is_read for message in await all_mail.list_page(EVERYTHING, limit=50))
    assert await all_mail.mark(None, is_read=False) == 30
    assert await all_mail.count(query("is:unread")) == MailCounts(30, 30)


@pytest.mark.parametrize("summarized", [0, 1_200, 2_500])
async def test_what_a_search_finds_is_deleted_and_nothing_else(
    store: MemoryStore, all_mail: AllMail, summarized: int
) -> None:
    """However much it is."""
    mail_ids = await add(store, 2_500, summarized=summarized)
    assert await all_mail.delete(query("subject:bill")) == 834
    assert (await store.measure()).messages == 2_500 - 834
    assert await all_mail.delete([mail_ids[1], mail_ids[0]]) == 1
    assert await all_mail.delete(None) == 2_500 - 834 - 1
    assert (await store.measure()).messages == 0
    assert await all_mail.delete(None) == 0


async def test_a_deletion_is_seen_in_the_inbox_at_once(store: MemoryStore, inbox: Inbox) -> None:
    """What readers of the inbox share is dropped."""
    (mail_id,) = await add_all(store, [envelope(ANN, BEN)])
    following = inbox.follow(ANN, 0)
    assert (await anext(following)) is not None
    await inbox.all_mail.delete(None)
    assert await inbox.list_page(ANN, limit=1) == []
    assert await inbox.all_mail.last_id() == 0
    await following.aclose()
    assert mail_id == 1


async def test_a_wait_ends_with_the_first_match(store: MemoryStore, all_mail: AllMail) -> None:
    """Stored already, the newest; after an id, the first; else the next to arrive, in any inbox."""
    mail_ids = await add(store, 7, summarized=3)
    found = await all_mail.wait(query("subject:bill"), after=None, timeout_s=0)
    assert found is not None
    assert found.mail.id == mail_ids[6]
    found = await all_mail.wait(query("subject:bill"), after=mail_ids[0], timeout_s=0)
    assert found is not None
    assert found.mail.id == mail_ids[3]
    assert await all_mail.wait(query("subject:late"), after=None, timeout_s=0) is None
    waiting = asyncio.create_task(all_mail.wait(query("to:ann late"), after=None, timeout_s=PATIENCE_S))
    await until(lambda: bool(all_mail._notifier._subscriptions))
    await add_all(store, [envelope(BEN, data=letter("Early")), envelope(BEN, data=letter("Late"))])
    found = await waiting
    assert found is not None
    assert (found.summary.subject, found.mail.recipients) == ("Late", (BEN,))


async def test_a_wait_sees_what_stands_behind_the_beginning_of_a_mail(
    store: MemoryStore, all_mail: AllMail
) -> None:
    """A message is searched by its first 16 KiB until it has a summary; nobody misses it for that."""
    waiting = asyncio.create_task(all_mail.wait(query("lastword"), after=0, timeout_s=PATIENCE_S))
    (mail_id,) = await add_all(store, [envelope(data=letter(text="line of text\r\n" * 4_000 + "lastword"))])
    await asyncio.sleep(0)
    await summarize(store, [mail_id])
    found = await waiting
    assert found is not None
    assert found.mail.id == mail_id


async def test_all_waits_share_what_they_read(store: MemoryStore, all_mail: AllMail) -> None:
    """A mail is read once for all of them, whatever each looks for; those who have found it go."""
    await add(store, 3, summarized=3)
    reads = 0
    list_mail = store.list_mail

    async def count_reads(**given: Any) -> Any:
        nonlocal reads
        reads += 1
        return await list_mail(**given)

    waiting = [
        asyncio.create_task(all_mail.wait(query(f"word{number}"), after=3, timeout_s=PATIENCE_S))
        for number in range(300)
    ]
    await until(lambda: len(all_mail._notifier._subscriptions.get("", ())) == 300)
    store.list_mail = count_reads  # type: ignore[method-assign]
    text = " ".join(f"word{number}" for number in range(299))
    (mail_id,) = await add_all(store, [envelope(data=letter(text=text))])
    found = await asyncio.gather(*waiting[:299])
    assert {listed.mail.id for listed in found if listed is not None} == {mail_id}
    assert reads < 30  # they are woken some at a time, nearly all while a page is shared
    (last,) = await add_all(store, [envelope(data=letter(text="word299"))])
    await summarize(store, [last])
    listed = await waiting[299]
    assert listed is not None
    assert listed.mail.id == last


async def test_a_wait_looks_at_marks_and_tags_as_they_are(store: MemoryStore, all_mail: AllMail) -> None:
    """Not as they were when another wait looked."""
    (mail_id,) = await add(store, 1, summarized=1)
    assert await all_mail.wait(query("is:read"), after=0, timeout_s=0) is None
    await all_mail.mark([mail_id], is_read=True)
    assert await all_mail.wait(query("is:read"), after=0, timeout_s=0) is not None
    await all_mail.set_tags([mail_id], ["Bill"])
    assert await all_mail.wait(query("tag:bill"), after=0, timeout_s=0) is not None
    await all_mail.delete([mail_id])
    assert await all_mail.wait(query("tag:bill"), after=0, timeout_s=0) is None


async def test_all_inboxes_are_followed(store: MemoryStore, inbox: Inbox) -> None:
    """Each message once, in order, with all its recipients; until the server stops."""
    first = await add(store, 60)
    pages = inbox.all_mail.follow(first[4])
    seen: list[MailId] = []
    while len(seen) < 55:
        page = await anext(pages)
        assert page is not None
        seen += ids(page.listed)
    assert seen == first[5:]
    waiting = asyncio.ensure_future(anext(pages))
    later = await add_all(store, [envelope(ANN, BEN)])
    page = await waiting
    assert page is not None
    assert [(message.mail.id, message.mail.recipients) for message in page.listed] == [(later[0], (ANN, BEN))]
    quiet = inbox.all_mail.follow(later[0], quiet_s=0.01)
    assert await anext(quiet) is None
    inbox.close()
    assert [page async for page in pages] == []


async def test_tags_are_kept_cleaned(store: MemoryStore, all_mail: AllMail) -> None:
    """What may not be in a tag is left out."""
    first, second = await add(store, 2)
    assert await all_mail.set_tags([first, second, MailId(99)], ["Shop", "  a<b>  c ", "", "<>"]) == 2
    assert await all_mail.tags() == {"Shop": 2, "ab c": 2}
    assert await all_mail.rename_tag("Shop", "Store") == 2
    assert await all_mail.delete_tag("ab c") == 2
    assert [message.tags for message in await all_mail.list_page(query("tag:store"), limit=5)] == [("Store",)] * 2
    assert await all_mail.rename_tag("Store", "<>") == 2
    assert await all_mail.tags() == {}
    assert clean_tags(["..", "x" * 500, *map(str, range(100))])[:2] == ["x" * 100, "0"]
    assert len(clean_tags(list(map(str, range(100))))) == 30


async def test_changes_are_told(store: MemoryStore, inbox: Inbox) -> None:
    """To those who follow them, in order."""
    all_mail = inbox.all_mail
    (old,) = await add(store, 1)
    following = all_mail.changes.follow()
    told = asyncio.ensure_future(anext(following))
    await until(lambda: all_mail.changes.is_followed)
    (new,) = await add_all(store, [envelope()])
    assert await told == [MailChange("new", (new,))]
    await all_mail.mark([old], is_read=True)
    await all_mail.set_tags([old], ["b", "a"])
    await inbox.delete(old)
    await all_mail.rename_tag("none", "other")
    await inbox.delete_from(ANN, new)
    await all_mail.delete(None)
    assert await anext(following) == [
        MailChange("read", (old,)),
        MailChange("tagged", (old,), ("a", "b")),
        MailChange("deleted", (old,)),
        RELOAD,
        MailChange("deleted_all"),
    ]
    inbox.close()
    assert [changes async for changes in following] == []


async def test_who_lags_behind_is_told_to_reload() -> None:
    """Nothing grows for a reader that does not read."""
    changes = MailChanges()
    changes.publish("new", [MailId(1)])  # nobody follows
    following = changes.follow(quiet_s=0.01)
    assert await anext(following) is None
    for number in range(CHANGES_MAX):
        changes.publish("new", [MailId(number)])
    told = await anext(following)
    assert told is not None
    assert len(told) == CHANGES_MAX
    for number in range(CHANGES_MAX + 1):
        changes.publish("new", [MailId(number)])
    assert await anext(following) == [RELOAD]
    changes.publish("deleted", [MailId(number) for number in range(IDS_MAX + 1)])
    changes.reload()
    assert await anext(following) == [RELOAD]
    await following.aclose()
    assert not changes.is_followed


@pytest.mark.parametrize("looked_for", [None, query("subject:bill"), [MailId(1)]])
async def test_readers_hear_of_a_deletion_that_ends_early(
    store: MemoryStore,
    all_mail: AllMail,
    monkeypatch: pytest.MonkeyPatch,
    looked_for: MailQuery | list[MailId] | None,
) -> None:
    await add(store, 3, summarized=3)

    async def fail(*_: object, **__: object) -> int:
        raise StoreUnavailable("the database is gone")

    monkeypatch.setattr(store, "delete", fail)
    following = all_mail.changes.follow()
    heard = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await all_mail.delete(looked_for)
    assert await heard == [RELOAD]
    await following.aclose()
