"""An upgrade that is cut off leaves a database that opens, with all of its mail."""

from __future__ import annotations

import random
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest
from testkit.faulty_disk import FaultyDisk, faulty_disk

from edgemail.store.sqlite.file import open_database
from tests.upgrade.kept_mail import LETTERS, had_marks, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import apsw
    from testkit.faulty_disk import Call

FIRST_EDGEMAIL = """
CREATE TABLE mail (date text, sender text, recipients text, data text);
CREATE INDEX mail_date ON mail (date);
"""


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    with faulty_disk() as disk:
        yield disk


def make_first(folder: Path) -> Path:
    """Make a database as the first edgemail did, with enough mail for many writes."""
    path = folder / "mail.db"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST_EDGEMAIL)
    rows = [("2023-08-12 20:14:03.123", "<a@b>", "<ann@example.org>", "x" * 9000) for _ in range(40)]
    connection.executemany("INSERT INTO mail VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


@pytest.mark.parametrize("name", ["first", "2026-11-23", "0.1.0", "2026-11-27-all-mail"])
def test_power_cuts_leave_a_database_that_opens(disk: FaultyDisk, tmp_path: Path, name: str) -> None:
    """At each write and sync of an upgrade, whatever else had reached the disk."""
    source = make_first(tmp_path) if name == "first" else unpack(name, tmp_path)
    expected = 40 if name == "first" else len(LETTERS)
    marks = int(name != "first" and had_marks(source))
    chance = random.Random(1)
    cuts: list[Path] = []
    disk.adopt(source)

    def cut(call: Call, _: str) -> apsw.Error | None:
        folder = tmp_path / f"{len(cuts)}-{call}"
        folder.mkdir()
        disk.restore(folder, chance)
        cuts.append(folder)
        return None

    disk.fault = cut
    open_database(source).close()
    disk.fault = lambda call, name: None
    assert len(cuts) > 4
    for folder in cuts:
        connection = open_database(folder / "mail.db")
        assert connection.pragma("integrity_check") == "ok"
        assert connection.execute("SELECT count(*), max(id) FROM mail").fetchall() == [(expected, expected)]
        assert connection.execute("SELECT messages FROM usage").fetchall() == [(expected,)]
        assert connection.execute("SELECT count(DISTINCT mail_id) FROM inbox").fetchall() == [(expected,)]
        assert connection.execute("SELECT count(*) FROM read_mail").fetchall() == [(marks,)]
        connection.close()
        shutil.rmtree(folder)
