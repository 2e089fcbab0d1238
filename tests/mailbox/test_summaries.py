"""Summaries are made after the commit, and can be made again."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import apsw
import pytest
import pytest_asyncio
from testkit.sample_mail import add_all, envelope, letter
from testkit.waiting import until

from edgemail import mime
from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.mailbox import summaries
from edgemail.mailbox.summaries import Summarizer
from edgemail.smtp import read_source
from edgemail.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from edgemail.model import MailId, Summary

ANN = "ann@example.org"


class Fragile(SqliteStore):
    """A store that fails to add summaries on demand."""

    failures: list[Exception]

    async def add_summaries(self, summaries: Sequence[tuple[MailId, Summary]]) -> None:
        if self.failures:
            raise self.failures.pop()
        await super().add_summaries(summaries)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Fragile]:
    opened = await Fragile.open(tmp_path / "mail.db")
    opened.failures = []
    yield opened
    await opened.close()


@asynccontextmanager
async def running(store: SqliteStore) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(Summarizer(store, read_source).run())
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def subjects(store: SqliteStore) -> list[str | None]:
    rows = await store.list_inbox(ANN, limit=200, oldest_first=True)
    return [None if row.summary is None else row.summary.subject for row in rows]


async def has_subjects(store: SqliteStore, expected: list[str]) -> bool:
    return await subjects(store) == expected


async def test_a_summary_is_there_soon_after_the_commit(store: Fragile) -> None:
    """New mail is summarised, one message or many at once."""
    async with running(store):
        await store.add(envelope(data=letter("One")))
        await until(lambda: has_subjects(store, ["One"]), 3)
        many = [f"Number {number}" for number in range(100)]
        await add_all(store, [envelope(data=letter(subject)) for subject in many])
        await until(lambda: has_subjects(store, ["One", *many]))


async def test_what_came_before_the_start_is_summarised(store: Fragile) -> None:
    """Mail without a summary, as after a kill, is summarised at the start."""
    await store.add(envelope(data=letter("Before")))
    async with running(store):
        await until(lambda: has_subjects(store, ["Before"]))


async def test_summaries_are_derived_and_made_again(store: Fragile, tmp_path: Path) -> None:
    """Deleted summaries are made again."""
    await store.add(envelope(data=letter("Again")))
    async with running(store):
        await until(lambda: has_subjects(store, ["Again"]))
    connection = apsw.Connection(str(tmp_path / "mail.db"))
    connection.execute("DELETE FROM summary")
    connection.close()
    assert await subjects(store) == [None]
    async with running(store):
        await until(lambda: has_subjects(store, ["Again"]))


async def test_a_long_run_says_how_far_it_is(
    store: Fragile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As after an upgrade, which makes the summaries of all mail again. Everyday mail is not worth a line."""
    caplog.set_level(logging.INFO, "edgemail.mailbox.summaries")
    monkeypatch.setattr(summaries, "_MANY", 40)
    monkeypatch.setattr(summaries, "_SAY_EVERY_S", 0.0)
    await add_all(store, [envelope(data=letter(str(number))) for number in range(100)])
    async with running(store):
        await until(lambda: "all mail has its summary: made 100" in caplog.messages)
        await store.add(envelope(data=letter("Later")))
        await until(lambda: has_subjects(store, [*map(str, range(100)), "Later"]))
    assert caplog.messages == [
        "made 64 summaries, up to message 64 of 100; mail is taken meanwhile",
        "made 96 summaries, up to message 96 of 100; mail is taken meanwhile",
        "made 100 summaries, up to message 100 of 100; mail is taken meanwhile",
        "all mail has its summary: made 100",
    ]


@pytest.mark.parametrize("error", [StoreUnavailable("locked"), StoreFull("full")])
async def test_summaries_outlive_a_store_that_fails(
    store: Fragile, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Work resumes after an outage of the store; the log has one line for it."""
    caplog.set_level(logging.INFO, "edgemail.mailbox.summaries")
    monkeypatch.setattr(summaries, "_RETRY_S", 0.01)
    store.failures = [error, error]
    await store.add(envelope(data=letter("Late")))
    async with running(store) as task:
        await until(lambda: task.done() or not store.failures)
        assert not task.done()
        await until(lambda: has_subjects(store, ["Late"]))
        await until(lambda: len(caplog.messages) > 1)
    assert caplog.messages == ["summaries wait for the store", "summaries go on"]


async def test_a_message_that_breaks_the_parser_is_passed_over(
    store: Fragile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that crashes the parser is skipped, also after a restart."""

    def summarize(data: bytes) -> Summary:
        if b"Broken" in data:
            raise RecursionError("too deep")
        return original(data)

    original = mime.summarize
    monkeypatch.setattr(mime, "summarize", summarize)
    await add_all(store, [envelope(data=letter(subject)) for subject in ("First", "Broken", "Last")])
    async with running(store) as task:
        await until(lambda: task.done() or has_subjects(store, ["First", "", "Last"]))
        assert not task.done()
    assert "too deep" in caplog.text


async def test_a_summary_knows_who_sent_the_message(store: Fragile, tmp_path: Path) -> None:
    """By the trace that the server wrote: so it is known of mail from before the table had it, too."""
    trace = b"Return-Path: <>\r\nReceived: from x ([IPv6:2001:db8::7])\r\n\tby mx (edgemail) with SMTP id 1;\r\n"
    await add_all(store, [envelope(data=trace + letter("One")), envelope(data=letter("Two"))])
    async with running(store):
        await until(lambda: has_subjects(store, ["One", "Two"]))
    connection = apsw.Connection(str(tmp_path / "mail.db"))
    assert connection.execute("SELECT source FROM summary ORDER BY mail_id").fetchall() == [
        ("2001:db8::/64",),
        ("",),
    ]
    connection.close()


async def test_a_parser_that_cannot_be_loaded_now_is_loaded_later(
    store: Fragile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where too many files are open: the mail has its summary then, and not an empty one for ever."""
    monkeypatch.setattr(summaries, "_RETRY_S", 0.01)
    load, errors = mime.load, [OSError("too many open files")]

    def load_in_vain() -> None:
        if errors:
            raise errors.pop()
        load()

    monkeypatch.setattr(mime, "load", load_in_vain)
    await add_all(store, [envelope(ANN, data=letter("Late"))])
    async with running(store):
        await until(lambda: has_subjects(store, ["Late"]))
    assert "cannot be loaded" in caplog.text


async def test_a_few_large_messages_are_load_as_many_small_ones_are(
    store: Fragile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each MiB counts: the second batch waits as the share under load says, here not at all."""
    monkeypatch.setattr(summaries, "_SHARE", 1e-9)
    monkeypatch.setattr(summaries, "_SHARE_UNDER_LOAD", 1.0)
    monkeypatch.setattr(summaries, "_BATCH_BYTES", 2**20)
    summarizer = Summarizer(store, read_source)
    names = ["One", "Two"]
    await add_all(store, [envelope(ANN, data=letter(name) + b"x" * 2**21) for name in names])
    task = asyncio.create_task(summarizer.run())
    await until(lambda: has_subjects(store, names))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
