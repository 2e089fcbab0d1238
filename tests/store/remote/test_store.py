"""The remote store on a bad connection: no acknowledged mail is lost, none is kept twice."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.faulty_proxy import FaultyProxy
from testkit.ports import free_port
from testkit.sample_mail import add_all, envelope, ids
from testkit.sqld import Sqld
from testkit.waiting import until
from testkit.write_lock_attack import holding_the_write_lock

from edgemail.errors import StoreInvalid, StoreUnavailable
from edgemail.store.remote.commit import Patience
from edgemail.store.remote.hrana import HranaClient, Step
from edgemail.store.remote.store import RemoteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


ANN = "ann@example.org"
QUICK = Patience(request_s=2.0, limit_s=3.0, question_s=1.0, pause_s=0.01)


def is_commit(request: bytes) -> bool:
    return b"INSERT INTO mail " in request


def is_write(request: bytes) -> bool:
    return b"BEGIN IMMEDIATE" in request


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    server = Sqld(tmp_path / "sqld")
    server.start()
    yield server
    server.kill()


@pytest_asyncio.fixture
async def wire(server: Sqld) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(server.http_port) as wire:
        yield wire


@pytest_asyncio.fixture
async def store(server: Sqld, wire: FaultyProxy) -> AsyncIterator[RemoteStore]:
    opened = await RemoteStore.open(wire.url, server.token(), QUICK)
    yield opened
    wire.fault = "none"
    await opened.close()


async def subjects(store: RemoteStore) -> list[bytes]:
    rows = await store.list_inbox(ANN, limit=1000, oldest_first=True)
    return [await store.read_data(mail_id) for mail_id in ids(rows)]


async def lose(store: RemoteStore, wire: FaultyProxy, data: bytes) -> None:
    """Keep a message and tell its sender that it failed: no answer to the commit arrives."""
    wire.is_hit, wire.fault = is_write, "lose answer"
    with pytest.raises(StoreUnavailable):
        await store.add(envelope(data=data))


async def test_connections_are_kept_open(wire: FaultyProxy, store: RemoteStore) -> None:
    """To a distant server, a handshake would take most of a request's time. Polling has another."""
    for number in range(20):
        await store.add(envelope(data=b"%d" % number))
        await store.list_inbox(ANN, limit=10)
    assert wire.requests >= 40
    assert wire.connections <= 2


async def test_a_commit_whose_answer_is_lost_is_found_and_not_made_twice(
    wire: FaultyProxy, store: RemoteStore
) -> None:
    """The sender gets its 250 once the database has said what became of the commit."""
    wire.is_hit, wire.fault = is_commit, "lose answer"
    adding = store.add(envelope(data=b"one"))
    await until(lambda: wire.hits > 0)
    assert await adding == (await store.list_inbox(ANN, limit=10))[0].mail.id
    assert wire.hits == 1
    wire.fault = "none"
    await store.add(envelope(data=b"two"))
    assert await subjects(store) == [b"one", b"two"]


async def test_a_commit_that_comes_late_comes_to_nothing(wire: FaultyProxy, store: RemoteStore) -> None:
    """Asking for a commit stops it: a network may deliver it after its sender has given up."""
    wire.is_hit, wire.fault = is_commit, "hold request"
    await store.add(envelope(data=b"one"))
    assert wire.hits == 1
    wire.let_go()
    await until(lambda: not wire.held)
    assert await subjects(store) == [b"one"]


@pytest.mark.slow
async def test_mail_whose_sender_was_told_to_try_again_does_not_stay(wire: FaultyProxy, store: RemoteStore) -> None:
    """It is sent a second time, so the first copy is deleted before anything else is kept."""
    await lose(store, wire, b"one")
    wire.fault = "none"
    await store.add(envelope(data=b"one, again"))
    assert await subjects(store) == [b"one, again"]


@pytest.mark.slow
async def test_mail_whose_sender_was_told_to_try_again_goes_without_other_mail(
    server: Sqld, wire: FaultyProxy, store: RemoteStore
) -> None:
    """As soon as the database answers: its sender may try again in an hour, or elsewhere."""
    await lose(store, wire, b"one")
    # It was kept: it has an id. It may be gone already, as the answers alone are lost.
    assert await _query(server, "SELECT seq FROM sqlite_sequence WHERE name = 'mail'") == [(1,)]
    wire.fault = "none"

    async def is_gone() -> bool:
        return await _query(server, "SELECT count(*) FROM mail") == [(0,)]

    await until(is_gone)
    await store.add(envelope(data=b"one, again"))
    assert await subjects(store) == [b"one, again"]


@pytest.mark.slow
async def test_a_store_that_closes_takes_out_what_it_was_to(server: Sqld, wire: FaultyProxy) -> None:
    """After a restart the writer has another name, and would not know of it."""
    store = await RemoteStore.open(wire.url, server.token(), QUICK)
    await lose(store, wire, b"one")
    wire.fault = "none"
    await store.close()
    assert await _query(server, "SELECT count(*) FROM mail") == [(0,)]


@pytest.mark.slow
async def test_mail_of_two_lost_commits_in_a_row_does_not_stay(wire: FaultyProxy, store: RemoteStore) -> None:
    """The second commit never happens, which must not hide that the first one did."""
    await lose(store, wire, b"one")
    wire.is_hit, wire.fault = is_commit, "hold request"
    await store.add(envelope(data=b"two"))
    await store.add(envelope(data=b"one, again"))
    assert await subjects(store) == [b"two", b"one, again"]
    wire.let_go()
    await until(lambda: not wire.held)
    assert await subjects(store) == [b"two", b"one, again"]


@pytest.mark.slow
async def test_a_database_that_is_away_is_said_once_and_comes_back(
    server: Sqld, store: RemoteStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Senders are told in time to try again; the log has a line for each change."""
    await store.add(envelope(data=b"before"))
    server.kill()
    with caplog.at_level(logging.INFO, "edgemail.store.remote.health"):
        refused = await asyncio.gather(*[store.add(envelope()) for _ in range(5)], return_exceptions=True)
        assert all(isinstance(result, StoreUnavailable) for result in refused)
        with pytest.raises(StoreUnavailable):
            await store.check()
        await asyncio.to_thread(server.start)
        await store.add(envelope(data=b"after"))
    assert [("not available" in line, "is back" in line) for line in caplog.messages] == [
        (True, False),
        (False, True),
    ]
    assert await subjects(store) == [b"before", b"after"]


@pytest.mark.slow
@pytest.mark.parametrize("through_a_replica", [False, True])
async def test_someone_who_takes_the_write_lock_in_a_loop_loses_no_mail(
    server: Sqld, tmp_path: Path, through_a_replica: bool
) -> None:
    """A read-only token can take the lock, for as long as the server lets a transaction last."""
    replica = Sqld(tmp_path / "replica", primary=server, key=server.key)
    await asyncio.to_thread(replica.start)
    store = await RemoteStore.open(server.url, server.token())
    try:
        async with holding_the_write_lock(replica if through_a_replica else server):
            for number in range(2):
                await add_all(store, [envelope(data=b"%d-%d" % (number, message)) for message in range(20)])
            found = await subjects(store)
    finally:
        await store.close()
        replica.kill()
    assert found == [b"%d-%d" % (number, message) for number in range(2) for message in range(20)]


@pytest.mark.slow
async def test_every_acknowledged_message_survives_a_crash_of_the_database(
    server: Sqld, store: RemoteStore
) -> None:
    """kill -9 under load, more than once; no message is there twice."""
    kept: list[bytes] = []
    is_over = False

    async def send(sender: int) -> None:
        number = 0
        while not is_over:
            data = b"%d-%d" % (sender, number)
            try:
                await store.add(envelope(data=data))
            except StoreUnavailable:
                await asyncio.sleep(0.02)
            else:
                kept.append(data)
            number += 1

    senders = [asyncio.create_task(send(sender)) for sender in range(8)]
    for round_number in range(1, 4):
        await until(lambda wanted=round_number * 150: len(kept) > wanted)  # type: ignore[misc]
        server.kill()
        await asyncio.to_thread(server.start)
    await until(lambda: len(kept) > 600)
    is_over = True
    await asyncio.gather(*senders)
    found = [row for (row,) in await _query(server, "SELECT CAST(data AS BLOB) FROM mail")]
    assert set(kept) <= set(found)
    assert len(found) == len(set(found))


def test_a_database_gets_less_time_than_a_session_waits() -> None:
    """Whatever the timeout. A single request gets less of a short one, but never more."""
    assert Patience.within(30.0) == Patience()
    for timeout_s in (0.5, 3.0, 30.0, 600.0):
        patience = Patience.within(timeout_s)
        assert patience.pause_s < patience.question_s < patience.request_s < patience.limit_s < timeout_s
    assert patience.request_s == Patience().request_s


async def test_a_database_that_was_emptied_under_us_takes_mail_again(server: Sqld, store: RemoteStore) -> None:
    """A restored backup does not know this server."""
    await _query(server, "DELETE FROM writer")
    await store.add(envelope(data=b"one"))
    assert await subjects(store) == [b"one"]


@pytest.mark.parametrize(
    ("access", "advice"),
    [
        ("ro", "a token that may write"),
        (None, "it wants a token"),
        ("rubbish", "may write"),
        ("expired", "refuses the token.*may write"),
    ],
)
async def test_a_token_that_is_not_good_stops_the_start(server: Sqld, access: str | None, advice: str) -> None:
    """And the message says what to do."""
    long_ago = int(time.time()) - 3600
    given = {"rubbish": "a.b.c", "expired": server.token(exp=long_ago), "ro": server.token("ro")}
    token = given[access] if access else None
    with pytest.raises(StoreInvalid, match=advice):
        await RemoteStore.open(server.url, token)


async def test_a_url_where_nothing_is_stops_the_start() -> None:
    """And the message names it."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(StoreUnavailable, match=f"{url} cannot be used.*start the database, or correct --db"):
        await RemoteStore.open(url, None)


async def test_a_large_message_is_kept_in_parts_and_goes_with_all_of_them(server: Sqld, store: RemoteStore) -> None:
    """sqld takes no value above 5,000,000 octets."""
    data = b"ab\xc3\xbc" * (3 * 2**20)
    mail_id = await store.add(envelope(data=data))
    assert await store.read_data(mail_id) == data
    assert await _query(server, "SELECT count(*) FROM mail_rest") == [(2,)]
    assert await store.delete([mail_id]) == 1
    assert await _query(server, "SELECT count(*) FROM mail_rest") == [(0,)]


async def test_the_first_edgemails_page_finds_its_mail(server: Sqld, store: RemoteStore) -> None:
    """Its query, word for word: the table is a public interface."""
    await add_all(store, [envelope(data=b"Subject: %d\r\n\r\nHi\r\n" % number) for number in range(7)])
    rows = await _query(
        server,
        "SELECT date, sender, recipients, data FROM mail WHERE lower(recipients) = '<ann@example.org>'"
        " ORDER BY ROWID DESC LIMIT 5 OFFSET 0",
    )
    assert [row[1:] for row in rows] == [
        ("<bob@sender.example>", "<ann@example.org>", f"Subject: {number}\r\n\r\nHi\r\n")
        for number in range(6, 1, -1)
    ]


async def test_summaries_of_another_version_are_made_again(server: Sqld, store: RemoteStore) -> None:
    """They are derived, so no mail is lost; a reader has to wait for the writer's upgrade."""
    mail_id = await store.add(envelope(data=b"12345"))
    await _query(server, "DROP TABLE summary")
    await _query(server, "CREATE TABLE summary (mail_id INTEGER PRIMARY KEY, subject TEXT)")
    await _query(server, f"INSERT INTO summary VALUES ({mail_id}, 'Old')")
    with pytest.raises(StoreUnavailable, match="another version's tables; start this version"):
        await RemoteStore.open(server.url, server.token("ro"), read_only=True)
    other = await RemoteStore.open(server.url, server.token())
    assert [row.summary for row in await other.list_inbox(ANN, limit=10)] == [None]
    assert ids(await other.list_inbox(ANN, limit=10)) == [mail_id]
    await other.close()


async def _query(server: Sqld, sql: str) -> list[tuple[object, ...]]:
    async with HranaClient(server.url, server.token()) as client:
        (outcome,) = await client.run([Step(sql)], timeout_s=10)
        assert outcome is not None
        return outcome.rows
