"""The statements: none of them scans a table that grows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.errors import AddressError
from edgemail.model import Address
from edgemail.store import encoding, json_sql, schema, sql_webhook_queue
from edgemail.store.sqlite.file import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAGMENTS = ("INBOX_TABLES", "IS_THERE", "SEARCH_TABLES")
"""Parts of statements."""
JSON_STATEMENTS = {"JSON_LIST": json_sql.LIST, "JSON_SEARCH": json_sql.SEARCH}
STATEMENTS = {
    name: text
    for name, text in (*vars(schema).items(), *vars(sql_webhook_queue).items(), *JSON_STATEMENTS.items())
    if name.isupper()
    and not name.startswith("_")
    and isinstance(text, str)
    and name not in ("MAIL_TABLE", "PUT_INTO_INBOX", *FRAGMENTS)
}
TRIGGERED = {
    "the trigger's inboxes": "DELETE FROM inbox WHERE mail_id = ?",
    "the trigger's summary": "DELETE FROM summary WHERE mail_id = ?",
    "the trigger's search fields": "DELETE FROM search_fields WHERE mail_id = ?",
    "the trigger's read mail": "DELETE FROM read_mail WHERE mail_id = ?",
    "the trigger's tags": "DELETE FROM tag WHERE mail_id = ?",
    "the trigger's queued mail": "DELETE FROM webhook_queue WHERE mail_id = ?",
}
COUNTS_WHAT_PEOPLE_DID = {
    "LIST_TAGS": "SCAN tag USING COVERING INDEX tag_by_name",
    "COUNT_READ": "SCAN read_mail",
}
"""These count rows of a few octets, which only people make."""
ONE_ROW = {"usage", "sqlite_sequence", "sqlite_schema", "webhook_mark", "pragma_user_version"}
"""Tables of few rows, however much mail there is."""
BOUNDED = {"webhook_queue", "json_each", "e", "p", "(subquery-8)"}
"""Tables of 10,000 rows of a few octets at most, what a statement was given, and the rows of one page."""
STOPS_AT_THE_FIRST = {"LIST_OLDEST", "CHECK"}
"""These read as many rows as their LIMIT, in the order in which they are stored."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    opened = open_database(tmp_path_factory.mktemp("schema") / "mail.db")
    yield opened
    opened.close()


def bindings_of(statement: str) -> tuple[int, ...]:
    numbered = [int(number) for number in re.findall(r"\?(\d+)", statement)]
    return (1,) * (max(numbered) if numbered else statement.count("?"))


def plan_of(connection: apsw.Connection, statement: str) -> list[str]:
    return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", bindings_of(statement))]


@pytest.mark.parametrize("name", [*STATEMENTS, *TRIGGERED])
def test_no_statement_scans_or_sorts_a_table(connection: apsw.Connection, name: str) -> None:
    """A request costs the same with a million messages as with ten."""
    plan = plan_of(connection, (STATEMENTS | TRIGGERED)[name])
    assert not [step for step in plan if "TEMP B-TREE" in step]
    if name in COUNTS_WHAT_PEOPLE_DID:
        assert plan == [COUNTS_WHAT_PEOPLE_DID[name]]
    elif name not in STOPS_AT_THE_FIRST:
        assert [step for step in plan if step.startswith("SCAN") and step.split()[1] not in ONE_ROW | BOUNDED] == []


@pytest.mark.parametrize("name", sorted(STOPS_AT_THE_FIRST))
def test_a_statement_that_reads_from_the_beginning_stops(connection: apsw.Connection, name: str) -> None:
    """Its LIMIT bounds it, since it has no filter."""
    statement = STATEMENTS[name]
    assert "WHERE" not in statement
    assert re.search(r"LIMIT (\?|1)$", statement)


def test_deleting_a_message_steps_through_no_table(tmp_path: Path) -> None:
    """SQLite counts the steps of full scans, triggers included: only the row of `usage`."""
    connection = open_database(tmp_path / "mail.db")
    with connection:
        for mail_id in range(1, 501):
            connection.execute(schema.ADD_MAIL, ("", "<>", "<a@b>", 1, "x"))
            connection.execute(schema.ADD_INBOX, ("a@b", mail_id))
    steps: list[int] = []

    def note(event: dict[str, dict[str, int]]) -> None:
        steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"])

    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
    connection.execute(schema.DELETE_MAIL, (250,))
    connection.execute(schema.DELETE_MAIL_IN_NO_INBOX, (251,))
    connection.close()
    assert len(steps) >= 2
    assert max(steps) <= 2


@given(st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001
def test_a_date_is_read_as_it_was_written(naive: datetime, hours: int) -> None:
    """To the millisecond, whatever zone it was given in."""
    date = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    read = encoding.read_date(encoding.write_date(date))
    assert read == date.astimezone(UTC).replace(microsecond=date.microsecond // 1000 * 1000)


@given(*[st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))] * 2)  # noqa: DTZ001
def test_dates_sort_as_their_texts_do(one: datetime, other: datetime) -> None:
    """The index on `date` is in the order of time."""
    first, second = sorted((one, other))
    assert encoding.write_date(first) <= encoding.write_date(second)


LOCAL_PARTS = st.text(st.sampled_from('ab<>,"\\ .ü@'), min_size=1, max_size=12)


@given(st.lists(LOCAL_PARTS, min_size=1, max_size=6))
def test_recipients_are_read_as_they_were_written(local_parts: list[str]) -> None:
    """Whatever a quoted local part holds, it names nobody else."""
    names = []
    for local in local_parts:
        escaped = local.replace("\\", "\\\\").replace('"', '\\"')
        try:
            names.append(Address.parse(f'"{escaped}"@example.org').inbox)
        except AddressError:
            continue
    assert encoding.read_recipients(encoding.write_recipients(names)) == tuple(dict.fromkeys(names))


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_data_is_text_only_where_nothing_is_lost(data: bytes) -> None:
    """TEXT gives the same octets back, and has no NUL that would end it early."""
    stored = encoding.write_data(data)
    if isinstance(stored, str):
        assert stored.encode() == data
        assert "\0" not in stored
    else:
        assert stored == data
