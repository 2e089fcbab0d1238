"""A small message is read with its row, once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from testkit.failing_store import FailingStore
from testkit.sample_mail import envelope, letter
from testkit.time_limit import bounded
from testkit.waiting import until

from edgemail.errors import MessageNotFound
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.reading import MessageReader, ReadLimits
from edgemail.model import Code, ParsedMessage, Summary
from edgemail.store.base import SMALL_MAX_BYTES
from edgemail.store.memory import MemoryStore
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgemail.mailbox.results import Result
    from edgemail.model import MailId, StoredMail

__all__ = ["bounded"]

ANN, EVE = "ann@example.org", "eve@example.org"


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


async def test_a_small_message_of_a_file_takes_no_turn_of_the_stores_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row, its data and what is made of it come from one thread."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    mail_id = await store.add(envelope(ANN))

    async def fail(*_: object) -> None:
        raise AssertionError("the store's own threads were asked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_read", fail)
        mail, _ = await Inbox(store).read(mail_id, write_codes, ANN)
    assert (mail.id, mail.recipients) == (mail_id, (ANN,))
    await store.close()


class Readers:
    """Reads messages for several at once, over a store that can wait."""

    def __init__(self) -> None:
        self.store = FailingStore(MemoryStore())
        self.parsed: list[int] = []
        self._reader = MessageReader(self.store, ReadLimits(), lambda _: None)

    async def add(self, data: bytes) -> StoredMail:
        """Keep a message for Ann."""
        return (await self.store.read_row(await self.store.add(envelope(ANN, data=data)))).mail

    def open(self, mail: StoredMail, inbox: str) -> asyncio.Task[tuple[StoredMail, Result[None]]]:
        """Begin to read a message for who knows of it."""

        async def find() -> StoredMail:
            return mail

        def parse(data: bytes, _: tuple[Code, ...] | None) -> tuple[None, Sequence[bytes]]:
            self.parsed.append(len(data))
            return None, [data]

        return asyncio.create_task(self._reader.open(mail.id, inbox, find, "part", parse))

    def is_read(self, mail_id: MailId) -> bool:
        """Return True while somebody reads the message."""
        return self._reader._results.is_known((mail_id, "part"))


async def test_all_who_ask_meanwhile_share_one_result() -> None:
    """A hundred readers of a message are one reading."""
    readers = Readers()
    mail = await readers.add(b"Subject: x\r\n\r\ny")
    readers.store.pause()
    tasks = [readers.open(mail, ANN) for _ in range(100)]
    await until(lambda: readers.is_read(mail.id))
    readers.store.resume()
    results = {id(result) for _, result in await asyncio.gather(*tasks)}
    assert (len(results), readers.parsed) == (1, [mail.size])


async def test_a_reader_of_a_wrong_inbox_spoils_nothing_for_others() -> None:
    """Who asked first finds nothing in her inbox; who asked meanwhile has the message."""
    readers = Readers()
    mail = await readers.add(b"Subject: x\r\n\r\ny")
    readers.store.pause()
    wrong = readers.open(mail, EVE)
    await until(lambda: readers.is_read(mail.id))
    others = [readers.open(mail, ANN) for _ in range(3)]
    await asyncio.sleep(0)
    readers.store.resume()
    with pytest.raises(MessageNotFound):
        await wrong
    assert [found.id for found, _ in await asyncio.gather(*others)] == [mail.id] * 3
    assert readers.parsed == [mail.size]


async def test_a_large_message_is_read_in_its_own_queue() -> None:
    """By who asks first, and by who asks meanwhile."""
    readers = Readers()
    mail = await readers.add(b"x" * (SMALL_MAX_BYTES + 1))
    readers.store.pause()
    first = readers.open(mail, ANN)
    await until(lambda: readers.is_read(mail.id))
    second = readers.open(mail, ANN)
    await asyncio.sleep(0)
    readers.store.resume()
    results = await asyncio.gather(first, second)
    assert [result.size for _, result in results] == [mail.size] * 2
    assert readers.parsed == [mail.size]
