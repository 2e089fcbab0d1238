"""After a disk failure or a power cut the local store has all acknowledged mail."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

import apsw
import pytest
from testkit.faulty_disk import SYSTEM, Call, FaultyDisk, faulty_disk
from testkit.sample_mail import envelope

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.model import Summary
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgemail.model import MailId

CUTS = 25
SENDERS = 4
SUMMARY = Summary("Bob", "Hello", "Hello.", (), (), ())


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    with faulty_disk() as disk:
        yield disk


def cut_power(disk: FaultyDisk, folder: Path, chance: random.Random) -> list[bytes]:
    """Return the messages in the database after a power cut; the database must be intact."""
    folder.mkdir()
    disk.restore(folder, chance)
    connection = apsw.Connection(str(folder / "mail.db"), vfs=SYSTEM)
    try:
        assert connection.pragma("integrity_check") == "ok"
        rows: list[tuple[Any, ...]] = connection.execute(
            "SELECT CAST(data AS BLOB) FROM inbox JOIN mail ON id = mail_id"
        ).fetchall()
    finally:
        connection.close()
    return [bytes(data) for (data,) in rows]


async def test_every_acknowledged_message_survives_a_power_cut(
    disk: FaultyDisk, path: Path, tmp_path: Path
) -> None:
    """At any moment, once and whole, whatever else had reached the disk. A kill is no such test."""
    chance = random.Random(1)
    store = await SqliteStore.open(path)
    promised: list[bytes] = []
    cuts = 0

    async def send(name: int) -> None:
        number = 0
        while cuts < CUTS:
            data = b"%d-%d " % (name, number) + chance.randbytes(chance.choice([10, 3000, 40_000]))
            mail_id = await store.add(envelope(data=data))
            promised.append(data)
            await store.add_summaries([(mail_id, SUMMARY)])
            number += 1

    senders = [asyncio.create_task(send(name)) for name in range(SENDERS)]
    while cuts < CUTS:
        await asyncio.sleep(chance.random() * 0.02)
        before = list(promised)
        found = await asyncio.to_thread(cut_power, disk, tmp_path / f"cut{cuts}", chance)
        assert [data[:20] for data in before if found.count(data) != 1] == []
        assert len(found) == len(set(found))
        cuts += 1
    await asyncio.gather(*senders)
    assert len(promised) > CUTS
    await store.close()


@pytest.mark.parametrize("call", ["write", "sync"])
async def test_wherever_the_disk_fails_nothing_acknowledged_is_lost(
    disk: FaultyDisk, path: Path, tmp_path: Path, call: Call
) -> None:
    """At each write and sync a message is refused or safe; the next one needs no restart."""
    store = await SqliteStore.open(path)
    await store.add(envelope(data=b"first"))
    promised, refused = [b"first"], []
    for number in range(1, 12):
        disk.fail_nth(call, number)
        for step in range(4):
            data = b"%d-%d " % (number, step) + random.randbytes(20_000)
            try:
                mail_id = await store.add(envelope(data=data))
            except StoreUnavailable:
                refused.append(data)
            else:
                promised.append(data)
                await add_summary(store, mail_id)
    disk.fault = lambda call, name: None
    await store.add(envelope(data=b"last"))
    found = cut_power(disk, tmp_path / "cut", random.Random(1))
    await store.close()
    assert refused
    assert sorted(found) == sorted([*promised, b"last"])


async def add_summary(store: SqliteStore, mail_id: MailId) -> None:
    """Keep a summary, or not: it can be made again."""
    with contextlib.suppress(StoreUnavailable):
        await store.add_summaries([(mail_id, SUMMARY)])


async def test_a_sync_that_succeeds_after_one_that_failed_is_not_trusted(
    disk: FaultyDisk, path: Path, tmp_path: Path
) -> None:
    """The unsynced part of the log is lost then, and SQLite reads a log up to its first gap."""
    store = await SqliteStore.open(path)
    first = await store.add(envelope(data=b"first"))
    await store.add_summaries([(first, SUMMARY)])  # not synced by itself
    disk.fail_nth("sync", 1)
    with pytest.raises(StoreUnavailable):
        await store.add(envelope(data=b"refused"))
    await store.add(envelope(data=b"second"))
    assert sorted(cut_power(disk, tmp_path / "cut", random.Random(1))) == [b"first", b"second"]
    await store.close()


async def test_while_no_sync_succeeds_nothing_is_acknowledged(disk: FaultyDisk, path: Path) -> None:
    """Each message is refused for as long as it lasts; older mail can be read."""
    store = await SqliteStore.open(path)
    first = await store.add(envelope(data=b"first"))
    disk.fail_nth("sync", 0)
    fault = disk.fault
    disk.fault = lambda call, name: fault(call, name) or (apsw.IOError("broken") if call == "sync" else None)
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            await store.add(envelope(data=b"refused"))
    assert await store.read_data(first) == b"first"
    disk.fault = lambda call, name: None
    await store.add(envelope(data=b"second"))
    assert (await store.measure()).messages == 2
    await store.close()


async def test_a_disk_without_room_is_full_and_not_broken(disk: FaultyDisk, path: Path) -> None:
    """452, and the next message is taken as soon as there is room."""
    store = await SqliteStore.open(path)
    disk.fail_nth("write", 1, apsw.FullError("no room"))
    with pytest.raises(StoreFull):
        await store.add(envelope())
    assert await store.add(envelope()) == 1
    await store.close()
