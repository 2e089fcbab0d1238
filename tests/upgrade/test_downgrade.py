"""A database of a newer edgemail is left alone, and the start says what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest
from testkit.server_process import THIS_PYTHON
from testkit.sqld import Sqld
from testkit.waiting import PATIENCE_S

from edgemail.errors import StoreInvalid
from edgemail.store import schema
from edgemail.store.remote.hrana import HranaClient
from edgemail.store.remote.store import RemoteStore
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEWER = schema.VERSION + 1
CONFIG_ERROR = 78


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Make a database of a later version, with tables that this one does not know."""
    path = tmp_path / "mail.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        f"""
        PRAGMA user_version = {NEWER};
        CREATE TABLE mail (id INTEGER PRIMARY KEY, date, sender, recipients, size, octets);
        CREATE TABLE summary (mail_id INTEGER PRIMARY KEY, everything);
        INSERT INTO mail VALUES (1, '2030-01-01 00:00:00.000', '<a@b>', '<ann@example.org>', 5, 'Hello');
        INSERT INTO summary VALUES (1, 'Hello');
        """
    )
    connection.close()
    return path


@pytest.mark.parametrize("flags", [(), ("--no-smtp",)], ids=["writer", "reader"])
def test_a_database_of_a_newer_version_ends_the_start(newer: Path, flags: tuple[str, ...]) -> None:
    """One line names the file, the reason and the way out; no octet of the file changes."""
    before = newer.read_bytes()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("EDGEMAIL_", "LIBSQL_"))}
    ports = flags or ("--smtp", "127.0.0.1:0")
    command = [*THIS_PYTHON, "serve", "--db", str(newer), "--http", "127.0.0.1:0", *ports]
    done = subprocess.run(
        command, cwd=newer.parent, env=environ, capture_output=True, text=True, timeout=PATIENCE_S * 2, check=False
    )
    assert done.returncode == CONFIG_ERROR
    assert done.stderr.splitlines() == [
        f"{newer} was made by a newer edgemail (its tables have number {NEWER}, this program knows up to "
        f"{schema.VERSION}); start that version, or name another database"
    ]
    assert newer.read_bytes() == before
    assert not newer.with_name("mail.db-wal").exists()


async def test_the_number_stays_while_the_version_does(tmp_path: Path) -> None:
    """A second start of the same version finds it, and opens."""
    path = tmp_path / "mail.db"
    for _ in range(2):
        await (await SqliteStore.open(path)).close()
        await (await SqliteStore.open(path, read_only=True)).close()
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        connection.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    running = Sqld(tmp_path / "sqld")
    running.start()
    yield running
    running.kill()


async def test_a_server_that_a_newer_version_has_used_is_left_alone(server: Sqld) -> None:
    """A token that may only read learns the number, too."""
    await (await RemoteStore.open(server.url, server.token())).close()
    await (await RemoteStore.open(server.url, server.token("ro"), read_only=True)).close()
    async with HranaClient(server.url, server.token()) as client:
        assert await client.query(schema.READ_VERSION) == [(schema.VERSION,)]
        await client.query(f"PRAGMA user_version = {NEWER}")
    for access, read_only in (("rw", False), ("ro", True)):
        with pytest.raises(StoreInvalid, match=f"by a newer edgemail .its tables have number {NEWER}, this"):
            await RemoteStore.open(server.url, server.token(access), read_only=read_only)
