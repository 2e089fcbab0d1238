"""Deliver, list, read, wait, follow, delete: over a real store."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.sample_mail import envelope, letter
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until

from edgemail import mime
from edgemail.errors import AttachmentNotFound, MessageNotFound
from edgemail.mailbox import arrivals
from edgemail.mailbox.inbox import PAGE_MAX, Inbox
from edgemail.model import MailId
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from edgemail.model import Code, ListedMail, ParsedMessage, Summary

__all__ = ["bounded"]

ANN, BEN = "ann@example.org", "ben@example.org"


@pytest_asyncio.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[Inbox]:
    store = await SqliteStore.open(tmp_path / "mail.db")
    yield Inbox(store)
    await store.close()


async def send(inbox: Inbox, *subjects: str, to: str = ANN) -> list[MailId]:
    return await asyncio.gather(*[inbox.deliver(envelope(to, data=letter(subject))) for subject in subjects])


def anything(_: ListedMail) -> bool:
    return True


def write(content: ParsedMessage, size: int) -> list[bytes]:
    """Write what the tests look at, for `Inbox.read`."""
    names = ",".join(header.name for header in content.headers)
    return [f"{size}\n{names}\n".encode(), (content.text or "").strip().encode()]


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def subject_is(subject: str) -> Callable[[ListedMail], bool]:
    return lambda listed: listed.summary.subject == subject


async def is_listening(inbox: Inbox, name: str = ANN) -> None:
    await until(lambda: name in inbox._notifier._subscriptions)


async def test_a_message_without_a_summary_is_summarised_for_its_first_reader_alone(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While much mail comes, the newest are listed over and over before the store has their summaries."""
    made, summarize = [], mime.summarize

    def count(data: bytes) -> Summary:
        made.append(data)
        return summarize(data)

    monkeypatch.setattr(mime, "summarize", count)
    await send(inbox, *map(str, range(200)))
    for _ in range(3):
        listed = await inbox.list_page(ANN, limit=200)
        assert {message.summary.subject for message in listed} == set(map(str, range(200)))
    assert len(made) == 200
    await send(inbox, *map(str, range(200, 400)))  # more than are kept
    assert len(await inbox.list_page(ANN, limit=200)) == len(await inbox.list_page(ANN, limit=200)) == 200
    assert len(made) == 400
    assert len(inbox._reader._summaries) == 256


async def test_large_messages_are_taken_apart_one_at_a_time_and_small_ones_meanwhile(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each parsing thread makes senders wait; a small message does not wait for a large one."""
    large = [await inbox.deliver(envelope(data=letter(text="x" * 300_000))) for _ in range(3)]
    (small,) = await send(inbox, "Small")
    begun, may_end, usual_s = [], threading.Event(), sys.getswitchinterval()
    read = mime.read

    def read_and_wait(data: bytes, codes: tuple[Code, ...] | None) -> ParsedMessage:
        if len(data) > 100_000:
            begun.append(data)
            assert may_end.wait(PATIENCE_S)
        return read(data, codes)

    monkeypatch.setattr(mime, "read", read_and_wait)
    readers = [asyncio.create_task(inbox.read(mail_id, write)) for mail_id in large]
    await until(lambda: bool(begun))
    attachment = asyncio.create_task(inbox.read_attachment(large[0], (0,)))
    try:
        mail, _ = await asyncio.wait_for(inbox.read(small, write), PATIENCE_S)
        assert sys.getswitchinterval() < usual_s  # senders have their turn sooner
        assert mail.id == small
        assert len(begun) == 1
        assert not attachment.done()
    finally:
        may_end.set()
    assert [mail.id for mail, _ in await asyncio.gather(*readers)] == large
    with pytest.raises(AttachmentNotFound):
        await attachment
    assert sys.getswitchinterval() == usual_s


async def test_a_listing_has_summaries_before_they_are_stored(inbox: Inbox) -> None:
    """A listing makes the summaries that are not stored yet."""
    await send(inbox, "First", "Second")
    page = await inbox.list_page(ANN, limit=10)
    assert [listed.summary.subject for listed in page] == ["Second", "First"]
    assert page[0].summary.sender_name == "Bob <bob@sender.example>"


async def test_a_listing_is_bounded(inbox: Inbox) -> None:
    """A page has `limit` messages, at most PAGE_MAX + 1."""
    await send(inbox, *[str(number) for number in range(PAGE_MAX + 10)])
    assert len(await inbox.list_page(ANN, limit=3)) == 3
    assert len(await inbox.list_page(ANN, limit=10**6)) == PAGE_MAX + 1


async def test_a_message_is_read_whole_and_by_parts(inbox: Inbox) -> None:
    """Text, headers, raw octets and attachments are of one message."""
    data = letter(
        extra='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n',
        text=(
            "--b\r\nContent-Type: text/plain\r\n\r\nHi.\r\n"
            '--b\r\nContent-Type: application/x-test; name="a.bin"\r\nContent-Transfer-Encoding: base64\r\n'
            'Content-Disposition: attachment; filename="a.bin"\r\n\r\nAAH/\r\n--b--'
        ),
    )
    mail_id = await inbox.deliver(envelope(data=data))
    mail, content = await inbox.read(mail_id, write)
    assert mail.id == mail_id
    size, names, text = (await whole(content.read_pieces())).decode().split("\n")
    assert (size, text) == (str(len(data)), "Hi.")
    assert names.split(",")[:3] == ["From", "To", "Subject"]
    row, pieces = await inbox.read_raw(mail_id)
    assert (row.size, await whole(pieces)) == (len(data), data)
    attachment = await inbox.read_attachment(mail_id, (0,))
    assert (attachment.about.name, attachment.size) == ("a.bin", 3)
    assert await whole(attachment.read_pieces()) == b"\x00\x01\xff"
    with pytest.raises(AttachmentNotFound):
        await inbox.read_attachment(mail_id, (1,))


async def test_what_is_not_there_cannot_be_read(inbox: Inbox) -> None:
    """Every way of reading raises MessageNotFound."""
    with pytest.raises(MessageNotFound):
        await inbox.read(MailId(7), write)
    with pytest.raises(MessageNotFound):
        await inbox.read_raw(MailId(7))
    with pytest.raises(MessageNotFound):
        await inbox.read_attachment(MailId(7), (0,))


async def test_deleting_is_for_all_and_emptying_for_one(inbox: Inbox) -> None:
    """A message deleted by id is gone for all; emptying an inbox leaves the copies of others."""
    first = await inbox.deliver(envelope(ANN, BEN))
    await inbox.deliver(envelope(ANN, BEN))
    await inbox.delete(first)
    with pytest.raises(MessageNotFound):
        await inbox.delete(first)
    assert await inbox.delete_all(ANN) == 1
    assert [await inbox.last_id(name) for name in (ANN, BEN)] == [0, first + 1]


@pytest.mark.parametrize("way", ["for all", "from one inbox", "with all of the inbox", "by retention"])
async def test_deleted_mail_is_told_no_more(inbox: Inbox, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where another listener keeps a page of it shared."""
    monkeypatch.setattr(arrivals, "_KEPT_S", 0.01 if way == "by retention" else 3600)

    async def told() -> ListedMail | None:
        return await inbox.wait(ANN, after=0, timeout_s=0, matches=anything)

    (mail_id,) = await send(inbox, "Gone soon")
    async with aclosing(inbox.follow(ANN, 0)) as following:
        assert await anext(following)
        assert await told()
        match way:
            case "for all":
                await inbox.delete(mail_id)
            case "from one inbox":
                await inbox.delete_from(ANN, mail_id)
            case "with all of the inbox":
                await inbox.delete_all(ANN)
            case _:
                await inbox._store.delete([mail_id])

        async def is_gone() -> bool:
            return await told() is None

        if way == "by retention":
            await until(is_gone)
        assert await is_gone()


async def test_wait_finds_what_is_there_already(inbox: Inbox) -> None:
    """Without an id the newest match counts, as a reader of a code wants the latest."""
    _, newest = await send(inbox, "Code", "Code")
    await send(inbox, "Code", to=BEN)
    found = await inbox.wait(ANN, after=None, timeout_s=0, matches=anything)
    assert found is not None
    assert found.mail.id == newest


async def test_wait_after_an_id_finds_the_first_above_it(inbox: Inbox) -> None:
    """So that a reader who goes on from id to id sees every message."""
    mail_ids = await send(inbox, "A", "B", "C")
    found = await inbox.wait(ANN, after=mail_ids[0], timeout_s=0, matches=anything)
    assert found is not None
    assert found.mail.id == mail_ids[1]
    assert await inbox.wait(ANN, after=mail_ids[2], timeout_s=0, matches=anything) is None


async def test_wait_finds_what_arrives_later(inbox: Inbox) -> None:
    """The wait ends with the arrival, long before the timeout."""
    waiting = asyncio.create_task(inbox.wait(ANN, after=None, timeout_s=60, matches=anything))
    await is_listening(inbox)
    await send(inbox, "Other", to=BEN)
    (mail_id,) = await send(inbox, "Mine")
    async with asyncio.timeout(PATIENCE_S):
        found = await waiting
    assert found is not None
    assert found.mail.id == mail_id


@pytest.mark.parametrize("after", [None, 0])
async def test_wait_passes_over_what_does_not_match(inbox: Inbox, after: int | None) -> None:
    """Neither stored nor new mail ends the wait unless it matches."""
    await send(inbox, "Noise")
    waiting = asyncio.create_task(inbox.wait(ANN, after=after, timeout_s=60, matches=subject_is("Signal")))
    await is_listening(inbox)
    await send(inbox, "Noise", "More noise")
    assert not waiting.done()
    await send(inbox, "Signal")
    async with asyncio.timeout(PATIENCE_S):
        found = await waiting
    assert found is not None
    assert found.summary.subject == "Signal"


async def test_wait_looks_through_all_pages(inbox: Inbox) -> None:
    """A match far down is found in both directions."""
    await send(inbox, "Signal", *["Noise"] * (PAGE_MAX + 20), "End", *["Noise"] * (PAGE_MAX + 20))
    for after in (None, 0):
        for subject in ("Signal", "End"):
            found = await inbox.wait(ANN, after=after, timeout_s=0, matches=subject_is(subject))
            assert found is not None
            assert found.summary.subject == subject


async def test_wait_ends_when_the_time_is_up(inbox: Inbox) -> None:
    """Mail that does not match does not extend the timeout."""
    started = time.monotonic()
    waiting = asyncio.create_task(inbox.wait(ANN, after=None, timeout_s=0.3, matches=subject_is("Signal")))
    while not waiting.done():
        await send(inbox, "Noise")
    assert await waiting is None
    assert 0.3 <= time.monotonic() - started < 5


async def test_closing_ends_wait_and_follow(inbox: Inbox) -> None:
    """Present and later waits and followers end when the server stops."""
    waiting = asyncio.create_task(inbox.wait(ANN, after=None, timeout_s=60, matches=anything))
    await is_listening(inbox)
    following = asyncio.create_task(collect(inbox, 10))
    await until(lambda: len(inbox._notifier._subscriptions[ANN]) == 2)
    inbox.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await waiting is None
        assert await following == []
        assert await inbox.wait(ANN, after=None, timeout_s=60, matches=anything) is None
        assert await collect(inbox, 10) == []


async def collect(inbox: Inbox, count: int, after: int = 0) -> list[int]:
    found: list[int] = []
    async with aclosing(inbox.follow(ANN, after)) as following:
        async for page in following:
            assert page is not None
            found += [listed.mail.id for listed in page.listed]
            if len(found) >= count:
                break
    return found[:count]


async def test_follow_gives_what_is_there_and_what_arrives_once_and_in_order(inbox: Inbox) -> None:
    """There is no gap and no duplicate between stored and new mail."""
    sent = await send(inbox, *"abc")
    following = asyncio.create_task(collect(inbox, 303))
    for _ in range(30):
        sent += await send(inbox, *"0123456789")
        await send(inbox, "other", to=BEN)
    async with asyncio.timeout(PATIENCE_S):
        assert await following == sent


async def test_follow_resumes_after_an_id(inbox: Inbox) -> None:
    """A reader that reconnects with its last id misses nothing."""
    sent = await send(inbox, *"abcdef")
    assert await collect(inbox, 2) == sent[:2]
    assert await collect(inbox, 4, after=sent[1]) == sent[2:]


async def test_a_slow_follower_sees_a_thousand_arrivals(inbox: Inbox) -> None:
    """A slow reader has no queue, and still gets every message."""
    sent: list[int] = []
    found: list[int] = []
    async with asyncio.timeout(3 * PATIENCE_S), aclosing(inbox.follow(ANN, 0)) as following:
        sent += await send(inbox, "first")
        async for page in following:
            assert page is not None
            found += [listed.mail.id for listed in page.listed]
            if len(found) == 1:
                sent += await send(inbox, *[str(number) for number in range(1000)])
            if len(found) == 1001:
                break
    assert found == sent


async def test_a_follower_that_goes_leaves_no_listener(inbox: Inbox) -> None:
    """Subscriptions end with their followers."""
    await send(inbox, "one")
    for _ in range(5):
        await collect(inbox, 1)
    assert inbox._notifier._subscriptions == {}


@pytest.mark.parametrize("is_summarised", [False, True])
async def test_a_search_finds_what_a_person_sees_whatever_case_and_accents(
    inbox: Inbox, tmp_path: Path, *, is_summarised: bool
) -> None:
    """Before a message has a summary and afterwards; parts of words too, for languages without blanks."""
    letters = [
        "Subject: =?utf-8?q?Best=C3=A4tigung_f=C3=BCr_Z=C3=BCrich?=\r\n\r\nBahnhofstraße 1",
        "Subject: Code\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>您的验证码是<b>４８１２２３</b>",
        'Subject: Bill\r\nContent-Type: application/pdf; name="M\u00e4rz.pdf"\r\nContent-Disposition: attachment'
        '; filename="M\u00e4rz.pdf"\r\n\r\nx',
    ]
    mail_ids = [await inbox.deliver(envelope(data=letter.encode())) for letter in letters]
    if is_summarised:
        store = await SqliteStore.open(tmp_path / "mail.db")
        await store.add_summaries(
            [(mail_id, mime.summarize(letter.encode())) for mail_id, letter in zip(mail_ids, letters, strict=True)]
        )
        await store.close()

    async def found(text: str) -> list[MailId]:
        listed, _ = await inbox.search(ANN, text, limit=10)
        return [message.mail.id for message in listed]

    assert await found("ZURICH bestatigung") == mail_ids[:1]
    assert await found("Bahnhofstrasse") == mail_ids[:1]
    assert await found("验证 481223") == mail_ids[1:2]
    assert await found("marz.PDF") == mail_ids[2:]
    assert await found("zurich 481223") == []
