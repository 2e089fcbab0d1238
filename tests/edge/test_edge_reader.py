"""The edge reader: a server without SMTP that reads other servers' mail and writes nothing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from testkit.http_client import ask, follow, inbox_path
from testkit.running_app import ANN, Program, running, settings_in
from testkit.sample_mail import envelope
from testkit.sqld import Sqld
from testkit.time_limit import bounded
from testkit.waiting import until

from edgemail.app import App
from edgemail.errors import StoreInvalid, StoreReadOnly, StoreUnavailable
from edgemail.model import MailId
from edgemail.settings import LogSettings, RetentionSettings, Settings, SmtpSettings, StoreSettings
from edgemail.store.remote.store import RemoteStore
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

__all__ = ["bounded"]

KIM = "kim@example.org"
DELETES = (f"/api/inboxes/{KIM}", f"/api/inboxes/{ANN}", "/api/messages/1", "/api/messages/999")


def reader_settings(folder: Path, db: str, token: str | None = None) -> Settings:
    """Make the settings of `edgemail serve --no-smtp --db URL`."""
    return replace(settings_in(folder), smtp=SmtpSettings(listen=()), store=StoreSettings(db=db, token=token))


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[Sqld]:
    server = Sqld(tmp_path / "primary")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def replica(tmp_path: Path, primary: Sqld) -> Iterator[Sqld]:
    server = Sqld(tmp_path / "replica", primary, primary.key)
    server.start()
    yield server
    server.kill()


@pytest_asyncio.fixture
async def writer(tmp_path: Path, primary: Sqld) -> AsyncIterator[Program]:
    """An edgemail that receives mail into the primary."""
    settings = replace(settings_in(tmp_path), store=StoreSettings(db=primary.url, token=primary.token()))
    async with running(settings) as program:
        yield program


@pytest_asyncio.fixture
async def reader(tmp_path: Path, replica: Sqld, writer: Program) -> AsyncIterator[Program]:
    """An edge reader on the replica, with a read-only token."""
    token = replica.token("ro")

    async def is_there() -> bool:
        try:
            store = await RemoteStore.open(replica.url, token, read_only=True)
        except StoreUnavailable:
            return False
        await store.close()
        return True

    await until(is_there)
    async with running(reader_settings(tmp_path, replica.url, token)) as program:
        yield program


async def dump(server: Sqld) -> bytes:
    """Return all that is in the database, as SQL."""
    return (await ask(server.url, "/dump", headers={"authorization": f"Bearer {server.token('ro')}"})).body


async def test_it_reads_what_another_edgemail_takes_in(writer: Program, reader: Program) -> None:
    """It lists, opens and downloads mail, with summaries, from a replica."""
    await writer.send_letter("Hello")

    async def has_come() -> bool:
        return bool(await reader.list_inbox())

    await until(has_come)
    (listed,) = await reader.list_inbox()
    assert listed["subject"] == "Hello"
    raw = f"/api/messages/{listed['id']}/raw"
    assert (await reader.ask(raw)).body == (await writer.ask(raw)).body
    opened = await reader.ask(f"/api/messages/{listed['id']}")
    assert opened.json()["text"].strip() == "Hello."
    assert (await reader.ask("/readyz")).status == 200


async def test_mail_that_comes_is_told_to_who_waits(writer: Program, reader: Program) -> None:
    """Long polling and events work as on the server that took the mail."""
    async with follow(reader.url, inbox_path(ANN, "/events?after=0")) as events:
        waiting = asyncio.create_task(reader.ask(inbox_path(ANN, "/wait?timeout=30&after=0")))
        await writer.send_letter("Your code is 481223")
        event = await events.next()
        answer = (await waiting).json()
    assert event is not None
    assert event.data["subject"] == answer["message"]["subject"] == "Your code is 481223"


@pytest.mark.parametrize("access", ["ro", "rw"])
async def test_it_writes_nothing(access: str, tmp_path: Path, primary: Sqld, writer: Program) -> None:
    """It makes no table and no summary, and deletes nothing, whatever its token allows."""
    await writer.send_letter("Hello")

    async def is_summarised() -> bool:
        return b"INSERT INTO summary VALUES" in await dump(primary)

    await until(is_summarised)
    before = await dump(primary)
    settings = reader_settings(tmp_path, primary.url, primary.token(access))
    async with running(replace(settings, retention=RetentionSettings(max_age_s=0.001))) as reader:
        assert reader.app.smtp_urls == []
        assert (await reader.ask(inbox_path(ANN, "/wait?timeout=1.5&after=1"))).json() == {"status": "timeout"}
        for path in DELETES:
            assert (await reader.ask(path, "DELETE")).status == 403
        assert len(await reader.list_inbox()) == 1
    assert await dump(primary) == before


@pytest.mark.parametrize("path", DELETES)
async def test_deleting_is_refused_in_words(path: str, reader: Program) -> None:
    """The refusal is a problem (RFC 9457), also for mail that does not exist."""
    answer = await reader.ask(path, "DELETE")
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "only reads" in answer.json()["detail"]


async def test_it_gives_out_no_token(
    tmp_path: Path, replica: Sqld, reader: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """No page, no response and no log line, even at debug level, contains the token."""
    token = replica.token("ro")
    with caplog.at_level(logging.DEBUG):
        settings = replace(reader_settings(tmp_path, replica.url, token), log=LogSettings(level="debug"))
        assert token not in repr(settings)
        async with running(settings) as program:
            answers = [
                await program.ask(path) for path in ("/config.json", "/api/server", "/", "/readyz", "/nothing")
            ]
            replica.kill()
            answers.append(await program.ask("/readyz"))
            assert answers[-1].status == 503
    checks = {"html_check": True, "link_check": False}
    assert answers[0].json() == {"source": "api", "server": answers[1].json(), **checks}
    assert answers[1].json()["read_only"] is True
    signature = token.rpartition(".")[2]
    for answer in answers:
        assert signature not in f"{answer.headers}{answer.body!r}"
    assert caplog.records
    assert signature not in caplog.text


async def test_a_database_without_tables_is_told(primary: Sqld) -> None:
    """It creates none; the error says which command does."""
    with pytest.raises(StoreUnavailable, match="start the edgemail that takes mail for it"):
        await RemoteStore.open(primary.url, primary.token("ro"), read_only=True)


async def test_a_token_that_is_refused_is_told(primary: Sqld) -> None:
    """A reader is not told to give a token that may write."""
    with pytest.raises(StoreInvalid, match="a token that may read"):
        await RemoteStore.open(primary.url, Sqld(primary.folder).token("ro"), read_only=True)


async def test_a_remote_reader_adds_nothing(primary: Sqld, writer: Program) -> None:
    """Not even with a token that may write."""
    store = await RemoteStore.open(primary.url, primary.token(), read_only=True)
    try:
        with pytest.raises(StoreReadOnly):
            await store.add(envelope())
        with pytest.raises(StoreReadOnly):
            await store.add_summaries([])
        with pytest.raises(StoreReadOnly):
            await store.delete([MailId(1)])
    finally:
        await store.close()


async def test_a_local_file_can_be_read_beside_the_server_that_fills_it(tmp_path: Path) -> None:
    """It sees new mail soon, and refuses to delete."""
    async with (
        running(settings_in(tmp_path)) as filling,
        running(reader_settings(tmp_path, str(tmp_path / "mail.db"))) as reading,
    ):
        await filling.send_letter("Before")
        async with follow(reading.url, inbox_path(ANN, "/events?after=1")) as events:
            await filling.send_letter("After")
            event = await events.next()
        assert event is not None
        assert event.data["subject"] == "After"
        assert [message["subject"] for message in await reading.list_inbox()] == ["After", "Before"]
        for path in DELETES:
            assert (await reading.ask(path, "DELETE")).status == 403
        assert len(await filling.list_inbox()) == 2
        assert (await reading.ask("/readyz")).status == 200


async def test_a_local_reader_adds_nothing(tmp_path: Path) -> None:
    """The file is opened for reading alone."""
    await (await SqliteStore.open(tmp_path / "mail.db")).close()
    store = await SqliteStore.open(tmp_path / "mail.db", read_only=True)
    try:
        with pytest.raises(StoreReadOnly):
            await store.add(envelope())
        with pytest.raises(StoreReadOnly):
            await store.delete_inbox(ANN)
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("octets", "words"), [(None, "is not there"), (b"", "no edgemail tables"), (b"Dear diary", "read")]
)
async def test_a_file_that_is_no_database_is_told_and_left(
    octets: bytes | None, words: str, tmp_path: Path
) -> None:
    """A reader creates no database."""
    path = tmp_path / "mail.db"
    if octets is not None:
        path.write_bytes(octets * 100)
    with pytest.raises(StoreInvalid, match=words):
        await App.start(reader_settings(tmp_path, str(path)))
    assert list(tmp_path.iterdir()) == ([] if octets is None else [path])
