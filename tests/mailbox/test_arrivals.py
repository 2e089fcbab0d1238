"""Subscriptions by inbox."""

from __future__ import annotations

import asyncio

import pytest

from edgemail.mailbox.arrivals import ArrivalNotifier

ANN, BEN = "ann@example.org", "ben@example.org"


async def test_only_who_waits_for_that_inbox_is_woken() -> None:
    """An arrival wakes all subscriptions of its inboxes, and no others."""
    hub = ArrivalNotifier()
    with hub.subscribe(ANN) as first, hub.subscribe(ANN) as second, hub.subscribe(BEN) as other:
        hub.publish([ANN, "nobody@example.org"])
        assert await first.wait(5)
        assert await second.wait(5)
        assert not await other.wait(0.01)


async def test_news_before_the_wait_are_not_lost() -> None:
    """A signal between two waits ends the next wait, once."""
    hub = ArrivalNotifier()
    with hub.subscribe(ANN) as listener:
        hub.publish([ANN])
        hub.publish([ANN])
        assert await listener.wait(5)
        assert not await listener.wait(0.01)
        hub.publish([ANN])
        assert await listener.wait(5)


async def test_news_during_the_wait_end_it() -> None:
    """A wait lasts until new mail is signalled."""
    hub = ArrivalNotifier()
    with hub.subscribe(ANN) as listener:
        waiting = asyncio.create_task(listener.wait(None))
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.publish([ANN])
        async with asyncio.timeout(5):
            assert await waiting


async def test_listeners_that_are_gone_leave_nothing() -> None:
    """A subscription is forgotten when its context ends, also by an error."""
    hub = ArrivalNotifier()
    for _ in range(3):
        with hub.subscribe(ANN), hub.subscribe(ANN):
            pass
    with pytest.raises(ZeroDivisionError), hub.subscribe(BEN):
        raise ZeroDivisionError
    assert hub._subscriptions == {}
    hub.publish([ANN, BEN])


async def test_closing_wakes_everyone_for_the_last_time() -> None:
    """Closing ends present and later subscriptions."""
    hub = ArrivalNotifier()
    with hub.subscribe(ANN) as early:
        waiting = asyncio.create_task(early.wait(None))
        await asyncio.sleep(0)
        hub.close()
        async with asyncio.timeout(5):
            assert await waiting
        assert early.is_closed
        with hub.subscribe(BEN) as late:
            assert late.is_closed
            assert await late.wait(5)
