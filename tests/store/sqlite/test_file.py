"""Opening a path: no file, edgemail's, the first edgemail's, or another program's."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import apsw
import pytest
from testkit.faulty_disk import faulty_disk
from testkit.sample_mail import NOON, add_all, envelope, ids

from edgemail.errors import StoreInvalid
from edgemail.model import Summary
from edgemail.store.base import Usage
from edgemail.store.query import MailQuery, MailTerm
from edgemail.store.sqlite import file as sqlite_file
from edgemail.store.sqlite.store import SqliteStore
from edgemail.store.webhook_queue import Noted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FIRST_ROWS = [
    ("2023-08-12 20:14:03.123", "<a@b>", "<User@Domain.org>, <c@d>", "Subject: one\r\n\r\none\r\n"),
    ("2023-08-12 20:14:04.000", "<>", "<user@domain.org>", "Grüße"),
    ("2023-08-13 00:00:00.999", "<x@y.org>", '<"Q>, <q"@Domain.org>, <c@d>, <C@D>', ""),
    ("yesterday", None, None, None),
]


def make_first(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    """Make a database as the first edgemail did."""
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE mail (date text, sender text, recipients text, data text)")
    connection.execute("CREATE INDEX mail_date ON mail (date)")
    connection.execute('CREATE INDEX "mail""recipients" ON mail (recipients)')
    connection.executemany("INSERT INTO mail VALUES (?, ?, ?, ?)", rows)
    connection.close()


async def refusal(path: Path) -> str:
    with pytest.raises(StoreInvalid) as caught:
        await SqliteStore.open(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


async def test_a_missing_file_is_made(path: Path) -> None:
    """Starting needs no preparation."""
    store = await SqliteStore.open(path)
    assert await store.measure() == Usage(0, 0)
    await store.close()
    assert path.is_file()


async def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    """The error names the file, and the file does not change."""
    path.write_bytes(b"a letter to nobody, long enough to be no empty file\n" * 100)
    before = path.read_bytes()
    assert "not a database" in await refusal(path)
    assert path.read_bytes() == before


async def test_a_directory_is_refused(path: Path) -> None:
    """The error says that it is one."""
    path.mkdir()
    assert "directory" in (await refusal(path)).lower()


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Folders are not made: a mistyped path should not hide mail."""
    said = await refusal(tmp_path / "missing" / "mail.db")
    assert said.endswith("No such file or directory; choose another place with --db")
    assert not (tmp_path / "missing").exists()


async def test_a_device_is_refused(path: Path) -> None:
    """Only a file is a database."""
    os.mkfifo(path)
    assert "is not a file" in await refusal(path)


async def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    """Whoever may write to the directory could make it point to a file of their own."""
    (tmp_path / "other.db").touch()
    path.symlink_to(tmp_path / "other.db")
    await refusal(path)
    assert (tmp_path / "other.db").stat().st_size == 0


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
async def test_anothers_file_in_a_directory_for_everyone_is_refused(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """In /tmp, another user could have made the file, or one beside it, to read the mail."""
    path.touch()
    path.with_name(path.name + suffix).touch()
    tmp_path.chmod(0o1777)
    own = path.stat().st_uid
    users = iter([own, own + 1] if suffix else [own + 1])  # the owner is asked for at each file in turn
    monkeypatch.setattr(os, "geteuid", lambda: next(users))
    assert f"mail.db{suffix} belongs to another user" in await refusal(path)


async def test_a_link_is_not_followed_for_reading(path: Path, tmp_path: Path) -> None:
    """Another user could show a mailbox of their own making under this name."""
    await (await SqliteStore.open(tmp_path / "other.db")).close()
    path.symlink_to(tmp_path / "other.db")
    with pytest.raises(StoreInvalid, match="it is a link; name the file itself"):
        await SqliteStore.open(path, read_only=True)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
async def test_anothers_file_in_a_directory_for_everyone_is_not_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """SQLite would take mail from a log that another user put beside the file."""
    store = await SqliteStore.open(path)
    path.with_name(path.name + suffix).touch()
    tmp_path.chmod(0o1777)
    own = path.stat().st_uid
    before = ["", "-wal", "-shm", "-journal"].index(suffix)  # the owner is asked for at each file in turn
    answers = iter([*[own] * before, own + 1])
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: next(answers))
        with pytest.raises(StoreInvalid, match=f"mail.db{suffix} belongs to another user"):
            await SqliteStore.open(path, read_only=True)
    await store.close()


async def test_anothers_file_in_a_directory_of_ones_own_is_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of such directories, an administrator may have prepared the file."""
    path.touch()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    await (await SqliteStore.open(path)).close()


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE mail (id INTEGER PRIMARY KEY, subject TEXT)",
        "CREATE TABLE mail (id INTEGER PRIMARY KEY, date, sender, recipients, data, size, folder)",
        "CREATE VIEW mail AS SELECT 1 AS id, 2 AS folder",
    ],
)
async def test_anothers_table_of_that_name_is_left_alone(path: Path, table: str) -> None:
    """A mail reader's database is not taken for edgemail's, and not changed."""
    connection = apsw.Connection(str(path))
    connection.execute(table)
    assert "not edgemail's" in await refusal(path)
    names = connection.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'").fetchall()
    connection.close()
    assert names == [("mail",)]


@pytest.mark.parametrize("prefix", ["", "team_"])
async def test_a_mailpit_database_is_refused_by_name_and_left_alone(path: Path, prefix: str) -> None:
    """Mailpit may need it again; a reader says the same."""
    connection = apsw.Connection(str(path))
    connection.execute(f"CREATE TABLE {prefix}mailbox (Sort INTEGER PRIMARY KEY, ID TEXT NOT NULL, Read INTEGER)")
    connection.execute(f"CREATE TABLE {prefix}mailbox_data (ID TEXT KEY NOT NULL, Email BLOB)")
    connection.close()
    before = path.read_bytes()
    assert "is a database of Mailpit's" in await refusal(path)
    with pytest.raises(StoreInvalid, match="is a database of Mailpit's"):
        await SqliteStore.open(path, read_only=True)
    assert path.read_bytes() == before


async def test_the_first_edgemails_mail_is_kept_and_found(path: Path) -> None:
    """Every message is there octet for octet, with its size, in each recipient's inbox."""
    make_first(path, FIRST_ROWS)
    store = await SqliteStore.open(path)
    user = await store.list_inbox("user@domain.org", limit=10, oldest_first=True)
    assert [(row.mail.date, row.mail.sender) for row in user] == [
        (datetime(2023, 8, 12, 20, 14, 3, 123_000, UTC), "a@b"),
        (datetime(2023, 8, 12, 20, 14, 4, 0, UTC), ""),
    ]
    assert (await store.read_row(user[0].mail.id)).mail.recipients == ("user@domain.org", "c@d")
    assert await store.read_data(user[1].mail.id) == "Grüße".encode()
    assert [row.mail.size for row in user] == [21, len("Grüße".encode())]
    quoted = await store.list_inbox('"q>, <q"@domain.org', limit=10)
    assert ids(quoted) == ids(await store.list_inbox("c@d", limit=1))
    assert await store.measure() == Usage(4, 21 + 7)
    assert [(aged.date.year, aged.size) for aged in await store.list_oldest(10)] == [
        (2023, 21),
        (2023, 7),
        (2023, 0),
        (1970, 0),
    ]
    await store.close()


async def test_an_upgraded_database_goes_on_like_a_new_one(path: Path) -> None:
    """New mail follows the old, deletions count, and the old tables and indexes are gone."""
    make_first(path, FIRST_ROWS)
    store = await SqliteStore.open(path)
    newest = await store.add(envelope("user@domain.org"))
    listed = ids(await store.list_inbox("user@domain.org", limit=10))
    assert listed[0] == newest
    assert len(listed) == 3
    assert await store.delete_inbox("user@domain.org") == 3
    assert (await store.measure()).messages == 3
    await store.close()
    upgraded, fresh = schema_of(path), path.with_name("fresh.db")
    await (await SqliteStore.open(fresh)).close()
    assert upgraded == schema_of(fresh)


def schema_of(path: Path) -> set[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    assert connection.pragma("auto_vacuum") == 2
    assert connection.pragma("integrity_check") == "ok"
    found = set(connection.execute("SELECT type, name, tbl_name FROM sqlite_schema"))
    connection.close()
    return found


async def test_an_upgrade_says_how_much_it_moves(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It may take a while, so the log says so."""
    make_first(path, FIRST_ROWS)
    with caplog.at_level(logging.WARNING):
        await (await SqliteStore.open(path)).close()
    assert "4 messages" in caplog.text


async def test_a_failed_upgrade_leaves_the_old_database(path: Path) -> None:
    """All of it or nothing: a name that is in the way stops it, and no mail is lost."""
    make_first(path, FIRST_ROWS)
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE first_mail (x)")
    await refusal(path)
    assert connection.execute("SELECT count(*) FROM mail WHERE data IS NOT NULL").fetchall() == [(3,)]
    connection.close()


async def test_a_start_does_not_read_the_mail(path: Path) -> None:
    """It reads a few pages, not one page of each message."""
    with faulty_disk() as disk:
        store = await SqliteStore.open(path)
        await add_all(store, [envelope(data=b"x" * 4000) for _ in range(1000)])
        await store.close()
        before = disk.reads
        sqlite_file.open_database(path).close()
        assert disk.reads - before < 100


async def test_a_listing_reads_no_mail_where_there_are_summaries(path: Path) -> None:
    """Each message has its own page, which would be read for its date and size alone."""
    inboxes, messages = 40, 50
    with faulty_disk() as disk:
        store = await SqliteStore.open(path)
        await add_all(
            store,
            [envelope(f"{number % inboxes}@a.example", data=b"x" * 4000) for number in range(messages * inboxes)],
        )
        waiting = await store.list_unsummarized(0, max_rows=messages * inboxes, max_bytes=2**30)
        await store.add_summaries([(mail_id, Summary("", "", "p" * 150, (), (), ())) for mail_id, _ in waiting])
        await store.close()
        store = await SqliteStore.open(path)
        await store.check()
        before = disk.reads
        assert len(await store.list_inbox("7@a.example", limit=messages)) == messages
        assert disk.reads - before < 1.5 * messages
        await store.close()


async def test_derived_tables_that_were_dropped_are_made_again(path: Path) -> None:
    """`summary` and `usage` are derived from the mail; a start makes them again."""
    store = await SqliteStore.open(path)
    await store.add(envelope(data=b"12345"))
    await store.close()
    connection = apsw.Connection(str(path))
    for name in ("summary", "usage"):
        connection.execute(f"DROP TABLE {name}")
    connection.close()
    store = await SqliteStore.open(path)
    assert await store.measure() == Usage(1, 5)
    assert len(await store.list_unsummarized(0, max_rows=10, max_bytes=1000)) == 1
    await store.close()


async def test_summaries_of_another_version_are_made_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They are derived, so no mail is lost; a reader has to wait for the writer's upgrade."""
    store = await SqliteStore.open(path)
    mail_id = await store.add(envelope(data=b"12345"))
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute("DROP TABLE summary; CREATE TABLE summary (mail_id INTEGER PRIMARY KEY, subject TEXT)")
    connection.execute("INSERT INTO summary VALUES (?, 'Old')", (mail_id,))
    connection.close()
    with pytest.raises(
        StoreInvalid, match="another version's tables; start this version of the edgemail that takes mail"
    ):
        await SqliteStore.open(path, read_only=True)
    with caplog.at_level(logging.WARNING):
        store = await SqliteStore.open(path)
    assert f"making the summaries in {path} again" in caplog.text
    assert [row.summary for row in await store.list_inbox("ann@example.org", limit=10)] == [None]
    assert len(await store.list_unsummarized(0, max_rows=10, max_bytes=1000)) == 1
    await store.close()
    caplog.clear()
    await (await SqliteStore.open(path)).close()
    assert not caplog.text


async def test_a_file_from_before_the_search_of_all_mail_is_brought_up_to_date(path: Path) -> None:
    """The tables are made; the summaries are made again, and with them what a search looks at."""
    store = await SqliteStore.open(path)
    mail_id = await store.add(envelope(data=b"12345"))
    await store.add_summaries([(mail_id, Summary("", "Old", "", (), (), ()))])
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER search_fields_deleted")
    for table in ("search_fields", "read_mail", "tag"):
        connection.execute(f"DROP TABLE {table}")
    connection.close()
    with pytest.raises(StoreInvalid, match="has another version's tables; start this version of the edgemail"):
        await SqliteStore.open(path, read_only=True)
    store = await SqliteStore.open(path)
    assert [found for found, _ in await store.list_unsummarized(0, max_rows=10, max_bytes=1000)] == [mail_id]
    await store.add_summaries([(mail_id, Summary("", "New", "", (), (), ()))])
    await store.mark([mail_id], is_read=True)
    await store.set_tags([mail_id], ["a"])
    found = await store.search_mail(MailQuery((MailTerm("subject", "new"),)), limit=10)
    assert [(row.mail.id, row.is_read, row.tags) for row in found] == [(mail_id, True, ("a",))]
    assert await store.delete([mail_id]) == 1
    assert await store.list_tags(10) == {}
    await store.close()


async def test_a_file_from_before_the_webhook_is_brought_up_to_date(path: Path) -> None:
    """Its mail is old; a program that only reads needs no such tables."""
    store = await SqliteStore.open(path)
    await store.add(envelope())
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER webhook_queue_deleted")
    for table in ("webhook_queue", "webhook_mark"):
        connection.execute(f"DROP TABLE {table}")
    connection.close()
    await (await SqliteStore.open(path, read_only=True)).close()
    store = await SqliteStore.open(path)
    await store.webhook_queue.begin()
    mail_id = await store.add(envelope())
    noted = await store.webhook_queue.note_new(lambda _: True, since=NOON, due_ms=1, max_waiting=10)
    assert noted == Noted(1, 0, has_more=False)
    assert (await store.webhook_queue.measure()).waiting == 1
    await store.delete([mail_id])
    assert (await store.webhook_queue.measure()).waiting == 0
    await store.close()


async def test_mail_that_an_older_version_has_added_since_is_found(path: Path) -> None:
    """It writes summaries without what a search of all mail looks at."""
    store = await SqliteStore.open(path)
    known, new = [await store.add(envelope(data=data)) for data in (b"1", b"2")]
    await store.add_summaries([(mail_id, Summary("", "Old", "", (), (), ())) for mail_id in (known, new)])
    await store.close()
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM search_fields WHERE mail_id = ?", (new,))
    connection.close()
    for _ in range(2):
        store = await SqliteStore.open(path)
        assert [found for found, *_ in await store.list_unsummarized(0, max_rows=10, max_bytes=1000)] == [new]
        await store.close()
