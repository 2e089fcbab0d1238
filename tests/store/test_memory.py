"""The memory store: it does what the file does, and lets go of what is deleted."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from testkit.sample_mail import NOON, add_all, envelope

from edgemail.errors import MessageNotFound
from edgemail.model import Attachment, Code, Link, MailId, Summary
from edgemail.store.memory import MemoryStore
from edgemail.store.sqlite.store import SqliteStore
from edgemail.system.metrics import CommitCounters

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from edgemail.store.base import Mailbox

    Ask = Callable[[Mailbox], Coroutine[Any, Any, object]]

INBOXES = ("ann@example.org", '"x, <y"@example.org', "ü@example.org")
TEXT = st.text(alphabet='aAbBäÄßİ "%_\x00\n', max_size=6)
IDS = st.integers(0, 12).map(MailId)
LIMITS = st.one_of(st.none(), st.integers(0, 12))
TERMS = st.lists(TEXT.map(str.lower), max_size=5)


def add(inboxes: list[str], data: bytes, microseconds: int) -> Ask:
    async def ask(store: Mailbox) -> object:
        at = NOON + timedelta(microseconds=microseconds)
        return await store.add(envelope(*inboxes, data=data, at=at, sender=None if not data else "a@b.example"))

    return ask


def summarize(mail_id: MailId, subject: str, preview: str, words: str) -> Ask:
    summary = Summary(
        "Bob",
        subject,
        preview,
        (Attachment(0, "a.pdf", "application/pdf", 3),),
        (Code("1", ""),),
        (Link("u", "t", ""),),
        words,
    )
    return lambda store: store.add_summaries([(mail_id, summary)])


def delete(mail_ids: list[MailId]) -> Ask:
    return lambda store: store.delete(mail_ids)


def empty(inbox: str) -> Ask:
    return lambda store: store.delete_inbox(inbox)


def trim(inbox: str, messages: int | None, size: int | None) -> Ask:
    return lambda store: store.trim_inboxes([inbox], max_messages=messages, max_bytes=size)


def list_inbox(inbox: str, limit: int, before: int | None, after: int, *, oldest_first: bool) -> Ask:
    return lambda store: store.list_inbox(inbox, limit=limit, before=before, after=after, oldest_first=oldest_first)


def search(inbox: str, terms: list[str], limit: int, before: int | None) -> Ask:
    return lambda store: store.search_inbox(inbox, terms, limit=limit, before=before)


def read(mail_id: MailId) -> Ask:
    async def ask(store: Mailbox) -> object:
        try:
            return await store.read_row(mail_id), await store.read_data(mail_id)
        except MessageNotFound as error:
            return str(error)

    return ask


def unsummarized(after: int, rows: int, octets: int) -> Ask:
    return lambda store: store.list_unsummarized(after, max_rows=rows, max_bytes=octets)


async def count(store: Mailbox) -> object:
    """Ask for all that is counted, and for the oldest."""
    return await store.measure(), await store.list_oldest(5)


INBOX = st.sampled_from(INBOXES)
INBOX_LISTS = st.lists(INBOX, min_size=1, unique=True)
ADD = st.builds(add, INBOX_LISTS, st.binary(max_size=40), st.integers(0, 10**6))
ASKS = st.one_of(
    ADD,
    ADD,
    st.builds(summarize, IDS, TEXT, TEXT, TEXT.map(str.lower)),
    st.builds(delete, st.lists(IDS, max_size=3)),
    st.builds(empty, INBOX),
    st.builds(trim, INBOX, LIMITS, LIMITS),
    st.builds(list_inbox, INBOX, st.integers(1, 5), LIMITS, st.integers(0, 12), oldest_first=st.booleans()),
    st.builds(search, INBOX, TERMS, st.integers(1, 5), LIMITS),
    st.builds(read, IDS),
    st.builds(unsummarized, st.integers(0, 12), st.integers(1, 4), st.integers(1, 60)),
    st.just(count),
)


LOWER_CASE_IS_ASCII = [
    add([INBOXES[0]], b"x", 0),
    summarize(MailId(1), "Ä A", "", ""),
    search(INBOXES[0], ["ä"], 5, None),
    search(INBOXES[0], ["a"], 5, None),
]
"""SQLite's lower() leaves other letters as they are."""


@given(asks=st.lists(ASKS, max_size=30))
@example(asks=LOWER_CASE_IS_ASCII)
@settings(max_examples=60, deadline=None)
def test_it_answers_as_the_file_does(asks: list[Ask]) -> None:
    """Whatever is asked, in whatever order: a test that passes with one passes with the other."""

    async def run(folder: Path) -> None:
        file, memory = await SqliteStore.open(folder / "mail.db"), MemoryStore()
        try:
            for ask in asks:
                assert await ask(memory) == await ask(file)
        finally:
            await file.close()
            await memory.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


async def test_what_is_deleted_leaves_nothing_behind() -> None:
    """Neither the message nor its inbox: addresses are made up by the thousand."""
    store = MemoryStore()
    mail_ids = await add_all(store, [envelope(f"r{number}@example.org", "ann@example.org") for number in range(9)])
    await store.add_summaries([(mail_ids[0], Summary("", "", "", (), (), ()))])
    await store.delete(mail_ids[:4])
    await store.delete_inbox("ann@example.org")
    for number in range(4, 9):
        await store.delete_inbox(f"r{number}@example.org")
    assert (store._messages, store._inboxes, store._unsummarized, store._size) == ({}, {}, {}, 0)
    await store.close()


async def test_its_commits_are_counted() -> None:
    """As those of every other store."""
    counters = CommitCounters()
    store = MemoryStore(counters=counters)
    await add_all(store, [envelope() for _ in range(3)])
    await store.close()
    assert counters.messages.total == 3
    assert counters.failures == 0
