"""A summary of new mail is made once: who lists the mail meanwhile waits for it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from testkit.sample_mail import envelope, letter
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until

from edgemail import mime
from edgemail.mailbox.fresh_summaries import MADE_MAX_BYTES, FreshSummaries
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.summaries import Summarizer
from edgemail.model import MailId, Summary
from edgemail.store.memory import MemoryStore

__all__ = ["bounded"]

ANN = "ann@example.org"
ONE, TWO = MailId(1), MailId(2)


def named(subject: str) -> Summary:
    return Summary("", subject, "", (), (), ())


async def test_who_asks_meanwhile_gets_what_is_made() -> None:
    """Before it is made and after, until it is in the store."""
    fresh = FreshSummaries()
    with fresh.making([(ONE, b"x"), (TWO, b"y")]) as give:
        asking = [asyncio.create_task(fresh.find(mail_id)) for mail_id in (ONE, TWO, ONE, MailId(3))]
        await asyncio.sleep(0)
        asking[2].cancel()
        give([(ONE, named("one")), (TWO, named("two"))])
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert await fresh.find(TWO) == named("two")
    assert found[:2] == [named("one"), named("two")]
    assert isinstance(found[2], asyncio.CancelledError)
    assert found[3] is None
    assert await fresh.find(TWO) is None


async def test_what_comes_to_nothing_is_not_waited_for() -> None:
    """Whoever waits for it makes it."""
    fresh = FreshSummaries()

    async def fail() -> None:
        with fresh.making([(ONE, b"x")]):
            await asyncio.sleep(0)
            raise ValueError("as told")

    failing = asyncio.create_task(fail())
    await asyncio.sleep(0)
    assert await fresh.find(ONE) is None
    with pytest.raises(ValueError, match="as told"):
        await failing


async def test_nobody_waits_for_a_large_batch() -> None:
    """To make the beginning of one message takes less time."""
    fresh = FreshSummaries()
    with fresh.making([(ONE, b"x" * MADE_MAX_BYTES), (TWO, b"y")]) as give:
        assert await fresh.find(ONE) is None
        give([(ONE, named("one")), (TWO, named("two"))])


async def test_a_listing_makes_no_summary_that_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads with the same work would hold each other up."""
    store, made, go_on, summarize = MemoryStore(), list[bytes](), threading.Event(), mime.summarize

    def summarize_late(data: bytes) -> Summary:
        made.append(data)
        assert go_on.wait(PATIENCE_S)
        return summarize(data)

    monkeypatch.setattr(mime, "summarize", summarize_late)
    inbox = Inbox(store)
    summarizing = asyncio.create_task(Summarizer(store, lambda _: "", fresh=inbox.fresh_summaries).run())
    await store.add(envelope(ANN, data=letter("One")))
    await until(lambda: bool(made))
    listing = asyncio.create_task(inbox.list_page(ANN, limit=5))
    await asyncio.sleep(0)
    go_on.set()
    (listed,) = await listing
    assert listed.summary.subject == "One"
    assert len(made) == 1
    summarizing.cancel()
    await store.close()
