"""A database file that is deleted, replaced or moved while it is open."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import apsw
import pytest
import pytest_asyncio
from testkit.sample_mail import envelope, ids
from testkit.waiting import until

from edgemail.errors import StoreUnavailable
from edgemail.store.base import Usage
from edgemail.store.sqlite import connections as sqlite_connections
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[[str], list[tuple[object, ...]]]

ANN = "ann@example.org"


async def read_all(store: SqliteStore) -> list[bytes]:
    rows = await store.list_inbox(ANN, limit=100, oldest_first=True)
    return [await store.read_data(mail_id) for mail_id in ids(rows)]


def find_in(path: Path) -> list[object]:
    """Return the messages in a database, as any other program finds them; it must be sound."""
    connection = apsw.Connection(str(path))
    try:
        assert connection.pragma("integrity_check") == "ok"
        return [row[0] for row in connection.execute("SELECT data FROM inbox JOIN mail ON id = mail_id").fetchall()]
    finally:
        connection.close()


def delete_files(path: Path, *suffixes: str) -> None:
    for suffix in suffixes:
        path.with_name(path.name + suffix).unlink()


@pytest_asyncio.fixture(params=["in a folder that just changed", "in a folder at rest"])
async def store(path: Path, request: pytest.FixtureRequest) -> SqliteStore:
    """A store that its test closes, to look at the file then."""
    store = await SqliteStore.open(path)
    if request.param == "in a folder at rest":
        set_age(path.parent, 3600.5)
    return store


def set_age(folder: Path, age_s: float) -> None:
    """Set a folder's mtime to so long ago; a whole number of seconds gives a whole second."""
    now = time.time() if age_s % 1 else int(time.time())
    os.utime(folder, ns=(0, int((now - age_s) * 1e9)))


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm")])
async def test_mail_goes_into_a_new_file_where_the_old_one_was_deleted(
    store: SqliteStore, path: Path, suffixes: tuple[str, ...]
) -> None:
    """Acknowledged mail is in a file that exists. Ids go on: readers ask for mail after an id."""
    first = await store.add(envelope(data=b"first"))
    await store.check()
    delete_files(path, *suffixes)
    second = await store.add(envelope(data=b"second"))
    assert second > first
    assert find_in(path) == ["second"]
    assert await read_all(store) == [b"second"]
    assert await store.measure() == Usage(1, 6)
    await store.add(envelope(data=b"third"))
    await store.close()
    assert find_in(path) == ["second", "third"]


async def test_a_file_that_was_moved_has_all_that_was_in_it(store: SqliteStore, path: Path) -> None:
    """The mail that was in the log alone as well: nobody has to move the log too."""
    await store.add(envelope(data=b"first"))
    moved = path.with_name("moved.db")
    path.rename(moved)
    await store.add(envelope(data=b"second"))
    assert find_in(path) == ["second"]
    assert "first" in find_in(moved)
    await store.close()
    assert find_in(path) == ["second"]


async def test_a_file_that_was_replaced_is_the_one_from_then_on(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    """A backup is put back while the program runs; ids go on above those already given."""
    backup = tmp_path / "backup.db"
    await store.add(envelope(data=b"saved"))
    await store.reclaim()
    shutil.copy(path, backup)
    gone = [await store.add(envelope(data=b"gone")) for _ in range(5)]
    backup.replace(path)
    new = await store.add(envelope(data=b"new"))
    assert new > gone[-1]
    assert await read_all(store) == [b"saved", b"new"]
    await store.close()
    assert find_in(path) == ["saved", "new"]


@pytest.mark.parametrize("suffixes", [("-wal",), ("-shm",), ("-wal", "-shm")])
async def test_files_beside_the_database_may_be_deleted(
    store: SqliteStore, path: Path, suffixes: tuple[str, ...]
) -> None:
    """The log is moved into the database before a new one begins; other programs see the same."""
    await store.add(envelope(data=b"first"))
    await store.check()
    delete_files(path, *suffixes)
    await store.add(envelope(data=b"second"))
    assert find_in(path) == ["first", "second"]
    await store.add(envelope(data=b"third"))
    assert await read_all(store) == [b"first", b"second", b"third"]
    await store.close()
    assert find_in(path) == ["first", "second", "third"]


@pytest.mark.parametrize(("tick", "age_s"), [("_TICK_S", 60.5), ("_COARSE_TICK_S", 60)])
async def test_a_file_that_was_deleted_within_a_tick_of_its_folders_clock_is_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch, tick: str, age_s: float
) -> None:
    """The folder's mtime is unchanged then. A whole second may mean a tick of a second or two."""
    monkeypatch.setattr(sqlite_connections, tick, 3600)
    store = await SqliteStore.open(path)
    set_age(path.parent, age_s)
    before = path.parent.stat()
    await store.add(envelope(data=b"first"))
    path.unlink()
    os.utime(path.parent, ns=(0, before.st_mtime_ns))
    await store.add(envelope(data=b"second"))
    assert find_in(path) == ["second"]
    await store.close()


async def test_a_folder_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """A disk is unmounted for a while: mail is refused until the same file is back."""
    folder, away = tmp_path / "disk", tmp_path / "away"
    folder.mkdir()
    store = await SqliteStore.open(folder / "mail.db")
    await store.add(envelope(data=b"first"))
    folder.rename(away)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await store.add(envelope(data=b"refused"))
    away.rename(folder)
    second = await store.add(envelope(data=b"second"))
    assert [data for data in await read_all(store) if data != b"refused"] == [b"first", b"second"]
    folder.rename(away)
    with pytest.raises(StoreUnavailable):
        await store.add(envelope(data=b"refused"))
    folder.mkdir()
    assert await store.add(envelope(data=b"in another folder")) > second
    assert await read_all(store) == [b"in another folder"]
    await store.close()


async def test_without_new_mail_the_new_file_is_found_when_space_is_given_back(
    store: SqliteStore, path: Path
) -> None:
    """Retention does that every minute, so readers do not see deleted mail for long."""
    await store.add(envelope())
    path.unlink()
    await store.reclaim()
    assert await read_all(store) == []
    await store.close()


async def test_a_reader_beside_another_program_follows_to_a_new_file(store: SqliteStore, path: Path) -> None:
    """It says that anything may have come, and goes on with the new file's mail."""
    reader = await SqliteStore.open(path, read_only=True)
    heard: list[list[int]] = []
    reader.watch(lambda arrivals: heard.append([arrival.id for arrival in arrivals]))
    with reader.follow_others():
        first = await store.add(envelope(data=b"first"))
        await until(lambda: heard == [[first]])
        path.unlink()
        await store.add(envelope(data=b"second"))
        await until(lambda: heard[1:] == [[]])
        third = await store.add(envelope(data=b"third"))
        await until(lambda: heard[2:] == [[third]])
    assert await read_all(reader) == [b"second", b"third"]
    await reader.close()
    await store.close()
