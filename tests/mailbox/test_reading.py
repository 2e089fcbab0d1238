"""A small message is read with its row, once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from testkit.failing_store import FailingStore
from testkit.sample_mail import envelope, letter
from testkit.time_limit import bounded

from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.reading import MessageReader, ReadLimits
from edgemail.model import Code, ParsedMessage, Summary
from edgemail.store.base import SMALL_MAX_BYTES
from edgemail.store.memory import MemoryStore
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

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
