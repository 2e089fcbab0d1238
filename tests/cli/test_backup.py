"""`edgemail backup` and `edgemail restore`: a copy is whole, and nothing is lost by putting it back."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import envelope
from testkit.sqld import Sqld
from testkit.waiting import until

from edgemail.errors import StoreInvalid
from edgemail.settings import StoreSettings
from edgemail.store.open import open_store
from edgemail.store.sqlite import copies
from edgemail.store.sqlite.copies import back_up, restore
from tests.cli.in_process import run_here
from tests.cli.test_import_export import fill, read_all
from tests.cli.test_serve import running

if TYPE_CHECKING:
    from pathlib import Path


def make(database: Path, *subjects: str) -> None:
    asyncio.run(fill(database, [envelope(data=f"Subject: {subject}\r\n\r\nx".encode()) for subject in subjects]))


def read(database: Path) -> list[bytes]:
    return [data for _, _, data in asyncio.run(read_all(database))]


def call(*arguments: object) -> str:
    done = run_here("", *map(str, arguments))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def refuse(*arguments: object) -> str:
    """Run a command that must fail with one line; return the line."""
    done = run_here("", *map(str, arguments))
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "mail.db"
    make(path, "one", "two")
    return path


def test_a_copy_holds_the_mail(database: Path, tmp_path: Path) -> None:
    """It is one file, which its owner alone may read, and nothing else is left."""
    out = tmp_path / "out" / "copy.db"
    out.parent.mkdir()
    assert f"copied {database} to {out} (" in call("backup", out, "--db", database)
    assert [path.name for path in out.parent.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert read(out) == read(database)


def test_a_copy_is_made_while_mail_arrives(database: Path, tmp_path: Path) -> None:
    """It has a state that the database had: all up to one message. It ends however much arrives."""
    stop = threading.Event()
    shares: list[float] = []

    async def take() -> None:
        store = await open_store(StoreSettings(db=str(database)))
        number = 0
        while not stop.is_set():
            await store.add(envelope(data=b"%d" % number + b"x" * 200_000))
            number += 1
            if number == 20:
                begin.set()
        await store.close()

    begin = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(take(),))
    thread.start()
    try:
        assert begin.wait(60)
        back_up(database, tmp_path / "copy.db", shares.append)
    finally:
        stop.set()
        thread.join()
    copied = read(tmp_path / "copy.db")
    assert len(copied) >= 22
    assert copied == read(database)[: len(copied)]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_copy_replaces_nothing(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy.db"
    out.write_text("mine")
    assert refuse("backup", out, "--db", database).endswith("is there already; name another file\n")
    assert out.read_text() == "mine"
    assert f"{tmp_path}/none/copy.db cannot be written" in refuse(
        "backup", tmp_path / "none/copy.db", "--db", database
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "mail.db"]


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_only_files_are_copied(command: str, database: Path, tmp_path: Path) -> None:
    """Other databases have other ways, and the error names them."""
    copy = tmp_path / "copy.db" if command == "backup" else database
    for where, kind in (("memory", "in memory"), ("http://127.0.0.1:9", "on a server")):
        assert f"the database is {kind}; see `edgemail export --help`" in refuse(command, copy, "--db", where)


def test_what_is_no_database_is_neither_copied_nor_put_back(database: Path, tmp_path: Path) -> None:
    """The database there stays as it is."""
    other, newer, text, missing = (tmp_path / f"{name}.db" for name in ("other", "newer", "text", "missing"))
    sqlite3.connect(other).execute("CREATE TABLE x (y)").connection.commit()
    make(newer, "from the future")
    sqlite3.connect(newer).execute("PRAGMA user_version = 99").connection.commit()
    text.write_text("x" * 5000)
    before = read(database)
    for wrong in (other, newer, text, missing):
        refuse("backup", tmp_path / "copy.db", "--db", wrong)
        refuse("restore", wrong, "--db", database)
    assert not (tmp_path / "copy.db").exists()
    assert not missing.exists()
    assert read(database) == before


def test_a_damaged_copy_is_not_put_back(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    make(database, *map(str, range(500)))
    call("backup", copy, "--db", database)
    with copy.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(os.urandom(40 * 4096))
    before = read(database)
    assert "restore" not in refuse("restore", copy, "--db", database)
    assert read(database) == before
    assert not list(tmp_path.glob("*before-restore*"))


def test_a_copy_is_put_back(database: Path, tmp_path: Path) -> None:
    """The database that is replaced is kept, under a new name each time."""
    copy = tmp_path / "copy.db"
    call("backup", copy, "--db", database)
    saved = read(copy)
    for number in (1, 2):
        make(database, f"later {number}")
        kept = tmp_path / f"mail.db.before-restore-{number}"
        assert call("restore", copy, "--db", database).splitlines() == [
            f"put {copy} in the place of {database}",
            f"what was there is {kept}; delete it when all is well",
        ]
        assert read(database) == saved
        assert read(kept) == [*saved, f"Subject: later {number}\r\n\r\nx".encode()]
    assert read(copy) == saved


def test_a_copy_is_put_where_nothing_is_or_what_is_broken(database: Path, tmp_path: Path) -> None:
    copy, broken = tmp_path / "copy.db", tmp_path / "broken.db"
    call("backup", copy, "--db", database)
    new = tmp_path / "new.db"
    assert call("restore", copy, "--db", new) == f"put {copy} in the place of {new}\n"
    assert read(new) == read(database)
    broken.write_bytes(b"no database" * 1000)
    call("restore", copy, "--db", broken)
    assert read(broken) == read(database)
    assert (tmp_path / "broken.db.before-restore-1").read_bytes() == b"no database" * 1000


def test_the_new_file_has_the_owner_of_the_old_one(database: Path, tmp_path: Path) -> None:
    """Or of the folder: the unit of systemd runs as a user of its own. Only root can give files away."""
    mine = (os.getuid(), os.getgid())
    folders, files = ((4321, 4322), (4323, 4324)) if mine[0] == 0 else (mine, mine)
    copy, new = tmp_path / "copy.db", tmp_path / "state" / "mail.db"
    call("backup", copy, "--db", database)
    new.parent.mkdir()
    os.chown(new.parent, *folders)
    os.chown(database, *files)
    for path, owner in ((database, files), (new, folders)):
        restore(copy, path, lambda _: None)
        status = path.stat()
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (*owner, 0o600)


def test_a_link_is_not_replaced(database: Path, tmp_path: Path) -> None:
    """The server refuses one as well; what it leads to stays as it is."""
    copy, link = tmp_path / "copy.db", tmp_path / "link.db"
    call("backup", copy, "--db", database)
    link.symlink_to(database)
    before = read(database)
    assert refuse("restore", copy, "--db", link) == (
        f"{link} cannot be replaced: it is a link; name the file itself\n"
    )
    assert link.is_symlink()
    assert read(database) == before


def test_the_owner_is_given_to_the_copy_alone(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's user owns the folder, and could put a link in the place of the file while root copies."""
    copy, secret = tmp_path / "copy.db", tmp_path / "secret"
    call("backup", copy, "--db", database)
    secret.write_text("root's")
    secret.chmod(0o640)
    kept = secret.stat()
    check = copies._check_pages

    def swap(part: Path, given: Path) -> None:
        check(part, given)
        part.unlink()
        part.symlink_to(secret)

    monkeypatch.setattr(copies, "_check_pages", swap)
    if os.getuid() == 0:
        os.chown(database, 4323, 4324)
    before = read(database)
    with pytest.raises(StoreInvalid, match="was replaced by another program; nothing was changed"):
        restore(copy, database, lambda _: None)
    assert read(database) == before
    now = secret.stat()
    assert (now.st_uid, now.st_gid, now.st_mode, secret.read_text()) == (
        kept.st_uid,
        kept.st_gid,
        kept.st_mode,
        "root's",
    )


def test_nothing_is_put_under_a_running_server(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    call("backup", copy, "--db", database)
    with running("--db", str(database), "--max-age", "off"):
        done = run_here("", "restore", str(copy), "--db", str(database))
    assert done.returncode == 78
    assert f"{database} is in use; stop edgemail, and what else reads it, first" in done.stderr
    assert len(read(database)) == 2
    assert not list(tmp_path.glob("*before-restore*"))
    assert not list(tmp_path.glob("*.part*"))


def test_the_answers_are_json_for_programs(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    said = json.loads(call("backup", copy, "--db", database, "--json"))
    assert said == {"database": str(database), "out": str(copy), "size": copy.stat().st_size}
    new = tmp_path / "new.db"
    assert json.loads(call("restore", copy, "--db", new, "--json")) == {"database": str(new), "kept": None}
    kept = json.loads(call("restore", copy, "--db", new, "--json"))["kept"]
    assert kept == f"{new}.before-restore-1"


@pytest.mark.needs_sqld
def test_the_file_of_a_database_server_is_copied_and_put_back(tmp_path: Path) -> None:
    """While it runs; an empty folder with the copy is a new server's database, with replicas of its own."""
    before, after = Sqld(tmp_path / "before"), Sqld(tmp_path / "after")
    copy = tmp_path / "copy.db"
    letters = [envelope(data=f"Subject: {number}\r\n\r\nx".encode()) for number in range(20)]
    before.start()
    try:
        asyncio.run(fill(before.url, letters, before.token()))
        call("backup", copy, "--db", before.folder / "data/dbs/default/data")
        asyncio.run(fill(before.url, letters[:1], before.token()))
    finally:
        before.kill()
    folder = after.folder / "data/dbs/default"
    folder.mkdir(parents=True)
    copy.rename(folder / "data")
    after.start()
    replica = Sqld(tmp_path / "replica", primary=after, key=after.key)
    try:
        replica.start()
        assert len(asyncio.run(read_all(after.url, after.token()))) == len(letters)
        asyncio.run(fill(after.url, letters[:1], after.token()))
        asyncio.run(wait_for_mail(replica, len(letters) + 1))
    finally:
        replica.kill()
        after.kill()


async def wait_for_mail(server: Sqld, count: int) -> None:
    """Return once a replica has so many messages."""

    async def has_them() -> bool:
        return len(await read_all(server.url, server.token())) == count

    await until(has_them)
