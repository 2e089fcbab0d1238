"""Committed mail moves from the write-ahead log into the file beside the commits."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import apsw
from testkit.sample_mail import envelope
from testkit.waiting import until

from edgemail.store.sqlite import file
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MIB = 2**20
LARGE = random.Random(1).randbytes(5 * MIB)


async def test_a_commit_does_not_wait_for_a_checkpoint(store: SqliteStore, path: Path) -> None:
    """The message is in the log, and synced there, when its future is done; the file gets it later."""
    with store._connections.checkpointer():
        await store.add(envelope(data=LARGE))
        assert path.stat().st_size < MIB
        assert path.with_name(f"{path.name}-wal").stat().st_size > len(LARGE)
    await until(lambda: path.stat().st_size > len(LARGE))


async def test_the_log_is_bounded_where_checkpoints_never_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit then runs one itself, and the log is used again from its beginning."""
    monkeypatch.setattr(file, "LOG_PAGES", 512)
    store = await SqliteStore.open(path)
    with store._connections.checkpointer():
        for _ in range(6):
            await store.add(envelope(data=LARGE))
        assert path.with_name(f"{path.name}-wal").stat().st_size < 2 * len(LARGE)
    await store.close()


async def test_a_checkpoint_that_fails_leaves_the_mail_in_the_log(store: SqliteStore, path: Path) -> None:
    """The mail is kept, and the next checkpoint takes it."""
    blocker = apsw.Connection(str(path))
    blocker.execute("BEGIN").execute("SELECT count(*) FROM mail").fetchall()  # a reader of the time before
    kept = await store.add(envelope(data=LARGE))
    assert await store.read_data(kept) == LARGE
    blocker.close()
    await store.add(envelope(data=LARGE))
    await until(lambda: path.stat().st_size > 2 * len(LARGE))


async def test_a_store_whose_file_was_replaced_checkpoints_the_new_one(store: SqliteStore, path: Path) -> None:
    """The connection for checkpoints is opened again with the others."""
    await store.add(envelope(data=LARGE))
    await until(lambda: path.stat().st_size > len(LARGE))
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink()
    kept = await store.add(envelope(data=LARGE))
    await until(lambda: path.stat().st_size > len(LARGE))
    assert await store.read_data(kept) == LARGE
