"""Pages that SQLite writes as JSON: what other programs have put there, and what a page costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest
from testkit.sample_mail import envelope
from testkit.time_limit import bounded

from edgemail.model import Summary
from edgemail.store import json_sql
from edgemail.store.sqlite.file import open_database
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bounded"]

ANN = "ann@example.org"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "now", "2026-02-30 12:00:00.000", "2026-05-17", "2026-05-17 12:00:00.250+02:00"]
)
async def test_a_date_of_another_form_is_left_to_who_reads_rows(tmp_path: Path, date: str) -> None:
    """Any program may write the tables; a row's reader makes the best of what it finds."""
    store = await SqliteStore.open(tmp_path / "mail.db")
    mail_id = await store.add(envelope(ANN))
    await store.add_summaries([(mail_id, Summary("", "", "", (), (), ()))])
    other = apsw.Connection(str(tmp_path / "mail.db"))
    other.execute("UPDATE summary SET date = ?", (date,))
    other.close()
    assert await store.list_inbox_json(ANN, limit=50) is None
    assert await store.search_inbox_json(ANN, [], limit=50) is None
    assert [row.mail.id for row in await store.list_inbox(ANN, limit=50)] == [mail_id]
    await store.close()


@pytest.mark.parametrize("statement", [json_sql.LIST, json_sql.SEARCH])
def test_a_statement_is_compiled_once_whatever_its_limit(tmp_path: Path, statement: str) -> None:
    """SQLite asks its authorizer for each table and column of a statement that it compiles."""
    connection = open_database(tmp_path / "mail.db")
    asked: list[int] = []

    def note(operation: int, *_: str | None) -> int:
        asked.append(operation)
        return apsw.SQLITE_OK

    connection.authorizer = note
    counts = []
    for limit in (1, 50, 50, 200):
        terms = ["word"] if statement == json_sql.SEARCH else None
        connection.execute(statement, json_sql.bind_page(ANN, limit=limit, before=None, terms=terms)).fetchall()
        counts.append(len(asked))
    connection.close()
    assert counts[0] > 0
    assert set(counts) == {counts[0]}
