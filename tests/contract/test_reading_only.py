"""Stores opened for reading alone: every kind whose database another program can write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.sample_mail import add_all, envelope, ids

from edgemail.errors import StoreReadOnly
from edgemail.model import Summary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edgemail.store.base import Mailbox
    from tests.contract.conftest import Kind

ANN = "ann@example.org"

pytestmark = pytest.mark.parametrize("kind", ["file", "sqld"], indirect=True)


@pytest_asyncio.fixture
async def writer(kind: Kind, tmp_path: Path) -> AsyncIterator[Mailbox]:
    """Open the store that another program would have."""
    opened = await kind.open(tmp_path)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def reader(kind: Kind, writer: Mailbox, tmp_path: Path) -> AsyncIterator[Mailbox]:
    """Open the same database for reading alone."""
    del writer  # it made the tables
    opened = await kind.open_for_reading(tmp_path)
    yield opened
    await opened.close()


async def test_adding_raises_at_once(reader: Mailbox) -> None:
    """The call raises, not the future: whoever delivers mail here has made a mistake."""
    with pytest.raises(StoreReadOnly):
        reader.add(envelope())


async def test_everything_else_that_writes_raises(writer: Mailbox, reader: Mailbox) -> None:
    """Whether there is something to do or not; all mail stays."""
    mail_ids = await add_all(writer, [envelope(ANN), envelope(ANN)])
    for inbox, chosen in ((ANN, mail_ids), ("nobody@example.org", [])):
        with pytest.raises(StoreReadOnly):
            await reader.delete(chosen)
        with pytest.raises(StoreReadOnly):
            await reader.delete_inbox(inbox)
        with pytest.raises(StoreReadOnly):
            await reader.delete_from_inbox(inbox, mail_ids[0])
        with pytest.raises(StoreReadOnly):
            await reader.trim_inboxes([inbox], max_messages=1, max_bytes=None)
        with pytest.raises(StoreReadOnly):
            await reader.add_summaries([(mail_id, Summary("", "", "", (), (), ())) for mail_id in chosen])
    if reader.disk is not None:
        with pytest.raises(StoreReadOnly):
            await reader.disk.reclaim()
    assert ids(await writer.list_inbox(ANN, limit=10, oldest_first=True)) == mail_ids


async def test_reading_shows_what_another_program_wrote(writer: Mailbox, reader: Mailbox) -> None:
    """All that reads does what it does in the program that writes."""
    mail_ids = await add_all(writer, [envelope(ANN, data=b"message %d" % number) for number in range(3)])
    assert await reader.list_inbox(ANN, limit=10) == await writer.list_inbox(ANN, limit=10)
    assert ids(await reader.search_inbox(ANN, ["any"], limit=10)) == mail_ids[::-1]
    assert (await reader.read_row(mail_ids[0])).mail.id == mail_ids[0]
    assert await reader.read_data(mail_ids[1]) == b"message 1"
    assert await reader.measure() == await writer.measure()
    assert [aged.id for aged in await reader.list_oldest(10)] == mail_ids
    assert len(await reader.list_unsummarized(0, max_rows=10, max_bytes=1000)) == 3
    await reader.check()
