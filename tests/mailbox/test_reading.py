"""A small message is read with its row, once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from testkit.failing_store import FailingStore
from testkit.sample_mail import envelope, letter
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until

from edgemail import mime
from edgemail.errors import MessageNotFound
from edgemail.mailbox.fair_turns import SOURCE
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.reading import MessageReader, ReadLimits
from edgemail.model import Code, MailId, ParsedMessage, Summary
from edgemail.store.base import SMALL_MAX_BYTES
from edgemail.store.memory import MemoryStore
from edgemail.store.sqlite.store import SqliteStore
from edgemail.system.job_thread import JobThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["bounded"]

ANN = "ann@example.org"


def write_codes(content: ParsedMessage, size: int) -> Sequence[bytes]:
    """Write what a test looks at: the codes, and the size."""
    return [repr([code.code for code in content.summary.codes]).encode(), b" %d" % size]


async def test_a_message_has_the_codes_that_its_summary_has() -> None:
    """To look for them once more takes most of the time of reading it; without a summary it is done."""
    inbox = Inbox(store := MemoryStore())
    data = letter("Hello", "Your code is 481223.")
    early, late = [await store.add(envelope(ANN, data=data)) for _ in range(2)]
    await store.add_summaries([(late, Summary("", "", "", (), (Code("as-kept", ""),), ()))])
    found = []
    for mail_id in (early, late):
        _, result = await inbox.read(mail_id, write_codes, ANN)
        found.append(b"".join([piece async for piece in result.read_pieces()]))
    assert found == [b"['481223'] %d" % len(data), b"['as-kept'] %d" % len(data)]


async def test_the_thread_that_parses_a_small_message_of_a_file_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's own threads are asked for its row alone."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    mail_id = await store.add(envelope(ANN))

    async def fail(*_: object) -> None:
        raise AssertionError("the store's own threads were asked")

    reader = MessageReader(store, ReadLimits(), lambda _: None)
    mail = (await store.read_row(mail_id)).mail
    with monkeypatch.context() as patch:
        patch.setattr(store, "_read", fail)
        result = await reader.open(mail, "part", lambda data, _: (None, [data]))
    assert result.size == mail.size
    await store.close()


async def test_all_who_ask_meanwhile_share_one_result() -> None:
    """A hundred readers of a message are one reading, small or large."""
    for data in (b"Subject: x\r\n\r\ny", b"x" * (SMALL_MAX_BYTES + 1)):
        store = FailingStore(MemoryStore())
        reader, parsed = MessageReader(store, ReadLimits(), lambda _: None), []
        mail = (await store.read_row(await store.add(envelope(ANN, data=data)))).mail

        def parse(octets: bytes, _: tuple[Code, ...] | None) -> tuple[None, Sequence[bytes]]:
            parsed.append(len(octets))  # noqa: B023 - called within its turn
            return None, [octets]

        store.pause()
        tasks = [asyncio.create_task(reader.open(mail, "part", parse)) for _ in range(100)]
        await asyncio.sleep(0)
        store.resume()
        results = {id(result) for result in await asyncio.gather(*tasks)}
        assert (len(results), parsed) == (1, [len(data)])


class CountedHandovers:
    """Counts what is handed to threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        do = JobThread.do

        def counted(thread: JobThread, work: Callable[[], Any]) -> asyncio.Future[Any]:
            self.count += 1
            return do(thread, work)

        monkeypatch.setattr(JobThread, "do", counted)


async def test_a_read_of_a_small_message_is_handed_over_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its row and its parsing, whether it is kept or not; and so is what is not there."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    mail_id = await store.add(envelope(ANN, "ben@example.org"))
    inbox, handovers = Inbox(store), CountedHandovers(monkeypatch)
    for of in (ANN, ANN, None):
        mail, result = await inbox.read(mail_id, write_codes, of)
        assert mail.recipients == ((ANN,) if of else (ANN, "ben@example.org"))
        assert [piece async for piece in result.read_pieces()]
    assert handovers.count == 3
    unknown = MailId(mail_id + 1)
    for missing, of in ((mail_id, "eve@example.org"), (unknown, ANN), (unknown, None)):
        with pytest.raises(MessageNotFound):
            await inbox.read(missing, write_codes, of)
    assert handovers.count == 6
    await store.close()


async def test_a_large_message_of_a_file_is_read_as_well(tmp_path: Path) -> None:
    """One hand-over does not do for it."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    mail_id = await store.add(envelope(ANN, data=b"x" * (SMALL_MAX_BYTES + 1)))
    mail, result = await Inbox(store).read(mail_id, write_codes, ANN)
    found = b"".join([piece async for piece in result.read_pieces()])
    assert (mail.id, found) == (mail_id, b"[] %d" % (SMALL_MAX_BYTES + 1))
    await store.close()


async def test_a_kept_message_is_read_while_all_threads_parse(tmp_path: Path) -> None:
    """It waits for no turn: hostile mail may take long."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    kept, *others = [await store.add(envelope(ANN)) for _ in range(4)]
    inbox, may_end = Inbox(store), threading.Event()
    _, first = await inbox.read(kept, write_codes, ANN)

    def write_late(_: ParsedMessage, size: int) -> Sequence[bytes]:
        assert may_end.wait(PATIENCE_S)
        return [b"%d" % size]

    tasks = [asyncio.create_task(inbox.read(mail_id, write_late, ANN)) for mail_id in others]
    await asyncio.sleep(0)
    _, again = await inbox.read(kept, write_codes, ANN)
    assert again is first
    may_end.set()
    await asyncio.gather(*tasks)
    await store.close()


async def test_a_reader_that_hangs_up_leaves_its_thread_free(tmp_path: Path) -> None:
    """Once the thread has ended what it began, the next ones have its turn."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    mail_ids = [await store.add(envelope(ANN)) for _ in range(3)]
    inbox, begun, may_end = Inbox(store), threading.Event(), threading.Event()

    def write_late(_: ParsedMessage, size: int) -> Sequence[bytes]:
        begun.set()
        assert may_end.wait(PATIENCE_S)
        return [b"%d" % size]

    tasks = [asyncio.create_task(inbox.read(mail_id, write_late, ANN)) for mail_id in mail_ids]
    await until(begun.is_set)
    for task in tasks:
        task.cancel()
    may_end.set()
    await asyncio.wait(tasks)
    for mail_id in mail_ids:
        await inbox.read(mail_id, write_codes, ANN)
    await store.close()


async def test_a_listing_of_much_new_mail_leaves_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its summaries are made a few at a time, and another source's listing comes between."""
    store = MemoryStore()
    reader, order, may_go = MessageReader(store, ReadLimits(), lambda _: None), [], threading.Event()
    summarize = mime.summarize

    def note(head: bytes) -> Summary:
        assert may_go.wait(PATIENCE_S)
        order.append(head.split(b"\r\n", 1)[0])
        return summarize(head)

    monkeypatch.setattr(mime, "summarize", note)
    for number in range(40):
        await store.add(envelope("eve@example.org", data=b"Subject: costly %d\r\n\r\n" % number))
    await store.add(envelope(ANN, data=b"Subject: honest\r\n\r\n"))

    async def list_as(source: str, inbox: str) -> list[str]:
        SOURCE.set(source)
        rows = await store.list_inbox(inbox, limit=50)
        return [listed.summary.subject for listed in await reader.summarize(rows)]

    greedy = [asyncio.create_task(list_as("eve", "eve@example.org")) for _ in range(3)]
    await until(lambda: reader._listings.waiting == 2)
    honest = asyncio.create_task(list_as("ann", ANN))
    await until(lambda: reader._listings.waiting == 3)
    may_go.set()
    assert await honest == ["honest"]
    lists = await asyncio.gather(*greedy)
    assert lists == [[f"costly {number}" for number in range(39, -1, -1)]] * 3
    assert order.index(b"Subject: honest") <= 8
    assert len(order) < 3 * 40  # what one has made is not made again
