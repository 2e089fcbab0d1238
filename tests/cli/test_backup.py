"""`edgemail backup` and `edgemail restore`."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from tests.cli.in_process import running_loaded
from tests.cli.test_client import run
from tests.cli.test_mail import deliver

if TYPE_CHECKING:
    from pathlib import Path


def count(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        ((found,),) = connection.execute("SELECT count(*) FROM mail")
    finally:
        connection.close()
    return int(found)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Return a database with one message, whose server has ended."""
    path = tmp_path / "mail.db"
    with running_loaded("--db", str(path)) as server:
        deliver(server, "kim@a.org", "Hello.")
    return path


def test_a_copy_is_made_while_a_server_writes_and_is_put_back(tmp_path: Path) -> None:
    """What comes after the copy is not in it. The database that was there is kept."""
    path, copy = tmp_path / "mail.db", tmp_path / "copy.db"
    with running_loaded("--db", str(path)) as server:
        deliver(server, "kim@a.org", "Hello.")
        made = run("", "backup", str(copy), "--db", str(path))
        assert (made.returncode, made.stdout, made.stderr) == (0, f"copied 1 message to {copy}\n", "")
        deliver(server, "kim@a.org", "Hello.")
        refused = run("", "restore", str(copy), "--db", str(path))
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith(f"a program has {path} open; stop the server first: ")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (count(copy), count(path)) == (1, 2)
    restored = run("", "restore", str(copy), "--db", str(path), "--json")
    assert restored.returncode == 0, restored.stderr
    told = json.loads(restored.stdout)
    assert (told["db"], told["messages"]) == (str(path), 1)
    assert count(path) == 1
    assert count(tmp_path / told["old"]) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {file.name for file in tmp_path.iterdir() if not file.name.startswith("mail.db.before-")} >= {"mail.db"}
    with running_loaded("--db", str(path)) as server:
        assert len(json.loads(run(server.url, "list", "kim@a.org", "--json").stdout)) == 1


def test_nothing_is_overwritten(db: Path, tmp_path: Path) -> None:
    """A file, or a link to nowhere, stays as it is."""
    copy, link = tmp_path / "copy.db", tmp_path / "link.db"
    copy.write_text("mine")
    link.symlink_to(tmp_path / "nowhere")
    for out in (copy, link, db):
        ended = run("", "backup", str(out), "--db", str(db))
        assert (ended.returncode, ended.stderr) == (1, f"{out} is there already; name a new file\n")
    assert copy.read_text() == "mine"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("octets", [b"", b"no database at all\n" * 100])
def test_what_is_not_edgemails_is_not_put_in_its_place(db: Path, tmp_path: Path, octets: bytes) -> None:
    """The database stays, and nothing is left beside it."""
    other = tmp_path / "other"
    other.write_bytes(octets)
    for source in (other, tmp_path / "nowhere", tmp_path):
        ended = run("", "restore", str(source), "--db", str(db))
        assert ended.returncode == 78
        assert ended.stderr.startswith(f"{source} ")
    itself = run("", "restore", str(db), "--db", str(db))
    assert (itself.returncode, itself.stderr) == (1, f"{db} is the database itself; name a copy of it\n")
    assert count(db) == 1
    assert not [file for file in tmp_path.iterdir() if "restoring" in file.name or "before" in file.name]


def test_a_damaged_database_is_replaced_and_kept(db: Path, tmp_path: Path) -> None:
    """It is why a copy is put back."""
    copy = tmp_path / "copy.db"
    assert run("", "backup", str(copy), "--db", str(db)).returncode == 0
    for suffix in ("-wal", "-shm"):
        db.with_name(db.name + suffix).unlink(missing_ok=True)  # SQLite would write the log into the file
    db.write_bytes(b"damaged" * 1000)
    ended = run("", "restore", str(copy), "--db", str(db), "--json")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / json.loads(ended.stdout)["old"]).read_bytes() == b"damaged" * 1000
    assert count(db) == 1


def test_a_copy_goes_to_a_place_without_a_database(db: Path, tmp_path: Path) -> None:
    """So a new machine gets the mail of an old one."""
    new = tmp_path / "new" / "mail.db"
    new.parent.mkdir()
    ended = run("", "restore", str(db), "--db", str(new))
    assert (ended.returncode, ended.stdout) == (0, f"restored 1 message to {new}\n")


def test_the_new_file_has_the_owner_of_the_old_one(db: Path, tmp_path: Path) -> None:
    """The service's own user has to open it. Root alone can give a file away."""
    copy = tmp_path / "copy.db"
    assert run("", "backup", str(copy), "--db", str(db)).returncode == 0
    owner = (12345, 12346) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(db, *owner)
    assert run("", "restore", str(copy), "--db", str(db)).returncode == 0
    status = db.stat()
    assert (status.st_uid, status.st_gid) == owner


def test_a_database_on_a_server_is_copied_there(tmp_path: Path) -> None:
    for db, said in (("libsql://mail.example.org", "edgemail export"), ("memory", "in memory")):
        for command in ("backup", "restore"):
            ended = run("", command, str(tmp_path / "copy"), "--db", db)
            assert ended.returncode == 1
            assert said in ended.stderr
