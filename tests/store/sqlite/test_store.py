"""The local store: durability, locks, disk space, and what other programs rely on."""

from __future__ import annotations

import asyncio
import random
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest
from testkit.sample_mail import add_all, envelope, ids

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.listener.spool import Spooler
from edgemail.model import Summary
from edgemail.store.base import SourceShare, Usage
from edgemail.store.sqlite import file as sqlite_file
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str], list[tuple[object, ...]]]

ANN = "ann@example.org"
LOCKER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def octets_written() -> int:
    """Return how many octets this process has written, to all files."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["wchar"])


def test_a_commit_is_synced_and_readers_do_not_wait(path: Path) -> None:
    """WAL with synchronous=FULL: a commit is on the disk when it returns."""
    connection = sqlite_file.open_database(path)
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("auto_vacuum") == 2
    assert connection.pragma("busy_timeout") == 5_000
    connection.close()


def test_the_library_has_the_fix_of_the_wal_reset_corruption() -> None:
    """SQLite before 3.51.3 could lose commits when a WAL was reset."""
    assert tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) >= (3, 51, 3)


async def test_a_large_message_is_written_twice_and_not_three_times(store: SqliteStore, tmp_path: Path) -> None:
    """To the log and to the file. A page that leaves SQLite's cache early is written once more."""
    spooler = Spooler(tmp_path, spool_above=0, max_memory=2**20, max_spool=2**24)
    content = spooler.open()
    content.write(b"x" * 5 * 2**20)
    spool = content.finish()
    assert not isinstance(spool, bytes)
    await spool.flush()
    before = octets_written()
    await store.add(envelope(data=b"")._replace(spool=spool))
    assert octets_written() - before < 2.5 * 5 * 2**20
    spool.discard()
    await spooler.close()


async def test_a_large_message_in_memory_is_kept_as_a_small_one_is(store: SqliteStore, ask: Ask) -> None:
    """As text where it is UTF-8 without NUL, in a batch with others, and for several recipients."""
    beginnings = [b"", "ä€😀".encode(), b"\0", b"\xff", b"\xc3"]
    several = [beginning + b"x" * size for beginning in beginnings for size in (300_000, 10)]
    batch = [envelope(ANN, "bob@example.org", data=data) for data in several]
    mail_ids = await add_all(store, [*batch, envelope(data=several[0])])
    assert [await store.read_data(mail_id) for mail_id in mail_ids] == [*several, several[0]]
    kinds = [kind for (kind,) in ask("SELECT typeof(data) FROM mail ORDER BY id")]
    assert kinds == ["text"] * 4 + ["blob"] * 6 + ["text"]
    assert len(await store.list_inbox("bob@example.org", limit=50)) == len(several)


async def test_the_files_are_their_owners_alone(store: SqliteStore, path: Path) -> None:
    """Other users of the machine can read neither the database nor the files beside it."""
    await store.add(envelope())
    await store.check()
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["mail.db", "mail.db-shm", "mail.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_mail_and_the_last_id_survive_a_restart(store: SqliteStore, path: Path) -> None:
    """Ids continue, although the newest message was deleted."""
    kept, gone = await add_all(store, [envelope(data=b"kept"), envelope()])
    await store.delete([gone])
    other = await SqliteStore.open(path)
    assert await other.read_data(kept) == b"kept"
    assert await other.measure() == Usage(1, 4)
    assert await other.add(envelope()) > gone
    await other.close()


async def test_the_original_programs_query_finds_mail_for_one_recipient(store: SqliteStore, ask: Ask) -> None:
    """`date`, `sender`, `recipients` and `data` are a public interface, and text is text."""
    for number in range(7):
        await store.add(envelope("user@domain.example", data=b"message %d" % number))
    await store.add(envelope())
    rows = ask(
        "SELECT date, sender, recipients, data FROM mail WHERE lower(recipients) = '<user@domain.example>' "
        "ORDER BY ROWID DESC LIMIT 5 OFFSET 0"
    )
    sender = "<bob@sender.example>"
    assert rows == [
        ("2026-05-17 12:00:00.250", sender, "<user@domain.example>", f"message {number}")
        for number in (6, 5, 4, 3, 2)
    ]


async def test_text_is_stored_as_text_and_the_rest_as_octets(store: SqliteStore, ask: Ask) -> None:
    """A browser reads TEXT; a message that would lose octets as TEXT is a BLOB."""
    for data in (b"plain", "ü".encode(), b"\xff", b"nul\x00"):
        await store.add(envelope(data=data))
    assert ask("SELECT typeof(data) FROM mail ORDER BY id") == [("text",), ("text",), ("blob",), ("blob",)]


async def test_whoever_deletes_the_count_is_kept(store: SqliteStore, ask: Ask) -> None:
    """Another program that deletes from `mail` leaves neither a wrong count nor orphans."""
    mail_ids = await add_all(store, [envelope(data=b"12345"), envelope("c@d.example", ANN, data=b"1")])
    await store.add_summaries([(mail_id, Summary("", "", "", (), (), ())) for mail_id in mail_ids])
    ask("DELETE FROM mail WHERE size = 5")
    assert await store.measure() == Usage(1, 1)
    assert ask("SELECT address FROM inbox ORDER BY address") == [(ANN,), ("c@d.example",)]
    assert ask("SELECT mail_id FROM summary") == [(mail_ids[1],)]


async def test_a_full_disk_refuses_the_batch_and_nothing_else(store: SqliteStore, ask: Ask) -> None:
    """Nothing of the batch is kept; once there is room, mail is taken again."""
    kept = await add_all(store, [envelope(data=random.randbytes(100_000)) for _ in range(5)])
    ask("PRAGMA wal_checkpoint")
    bound_pages(store, 145)
    small, large = envelope(data=b"small"), envelope(data=random.randbytes(500_000))
    for result in await asyncio.gather(store.add(small), store.add(large), return_exceptions=True):
        assert isinstance(result, StoreFull)
    assert await store.measure() == Usage(5, 500_000)
    assert ids(await store.list_inbox(ANN, limit=10)) == kept[::-1]
    assert await store.delete(kept) == 5
    newest = await store.add(envelope(data=b"x" * 300_000))
    assert ids(await store.list_inbox(ANN, limit=10)) == [newest]


def bound_pages(store: SqliteStore, pages: int) -> None:
    """Bound the file to so many pages; SQLite then fails as on a full disk."""
    assert store._connections.writer.pragma("max_page_count", pages) == pages


async def test_another_programs_lock_refuses_mail_within_the_bound(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender is told to try again later, and nothing is kept; readers are not affected."""
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_MS", 200)
    store = await SqliteStore.open(path)
    kept = await store.add(envelope())
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as locker:
        assert locker.stdout is not None
        assert await asyncio.to_thread(locker.stdout.readline) == b"locked\n"
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.add(envelope())
        with pytest.raises(StoreUnavailable):
            await store.delete([kept])
        assert time.monotonic() - started < 3
        assert ids(await store.list_inbox(ANN, limit=10)) == [kept]
    assert await store.add(envelope()) > kept
    assert await store.measure() == Usage(2, 2 * len(envelope().data))
    await store.close()


async def test_two_programs_on_one_file_share_the_ids(store: SqliteStore, path: Path) -> None:
    """Each takes the next id under the lock, so no id is used twice and no mail is lost."""
    other = await SqliteStore.open(path)
    adding = [program.add(envelope()) for _ in range(100) for program in (store, other)]
    mail_ids = await asyncio.gather(*adding)
    assert len(set(mail_ids)) == 200
    assert await other.measure() == await store.measure()
    assert (await store.measure()).messages == 200
    await other.close()


async def test_a_broken_table_makes_the_store_unavailable(store: SqliteStore, ask: Ask) -> None:
    """`check` fails, and the error does not quote SQLite."""
    ask("DROP TABLE mail")
    with pytest.raises(StoreUnavailable) as caught:
        await store.check()
    assert "mail" not in str(caught.value)
    with pytest.raises(StoreUnavailable):
        await store.add(envelope())


async def test_free_pages_are_given_back(store: SqliteStore, path: Path) -> None:
    """After a large deletion the file shrinks, while the store stays open."""
    mail_ids = await add_all(store, [envelope(data=random.randbytes(200_000)) for _ in range(50)])
    while await store.reclaim():
        pass
    assert path.stat().st_size > 10_000_000
    await store.delete(mail_ids[1:])
    while await store.reclaim():
        pass
    assert path.stat().st_size < 1_000_000
    assert len(await store.read_data(mail_ids[0])) == 200_000


async def test_a_long_listing_reads_while_mail_is_committed(store: SqliteStore) -> None:
    """Readers have their own connections, so they do not wait for the writer."""
    await add_all(store, [envelope(data=b"x" * 20_000) for _ in range(200)])
    adding = [store.add(envelope()) for _ in range(100)]
    listings = await asyncio.gather(*[store.list_inbox(ANN, limit=200) for _ in range(10)])
    assert {len(rows) for rows in listings} == {200}
    assert len(set(await asyncio.gather(*adding))) == 100


async def test_a_message_whose_beginning_cannot_be_read_has_no_known_source(path: Path) -> None:
    """Another program wrote NULL there, or it was deleted a moment ago: the others are trimmed all the same."""
    store = await SqliteStore.open(path)
    mail_ids = await add_all(
        store, [envelope(data=name) for name in (b"a", b"bad", b"lost", b"bad", b"bad", b"good")]
    )
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE mail SET data = NULL WHERE id IN (?, ?)", (mail_ids[0], mail_ids[2]))
    connection.close()
    share = SourceShare(0.4, bytes.decode, lambda source: source == "bad")
    assert await store.trim_inboxes([ANN], max_messages=5, max_bytes=None, share=share) == [Usage(5, 15)]
    assert ids(await store.list_inbox(ANN, limit=10, oldest_first=True)) == [mail_ids[0], *mail_ids[2:]]
    await store.close()
