"""Subscriptions by inbox."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from testkit.time_limit import bounded
from testkit.waiting import until

from edgemail.errors import StoreUnavailable
from edgemail.mailbox.arrivals import ArrivalNotifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import ListedMail

__all__ = ["bounded"]

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


async def test_what_arrives_is_read_and_written_once_for_all_who_have_seen_the_same() -> None:
    """And again only after the next arrival: what was committed before a call is in its page."""
    hub = ArrivalNotifier()
    reads: list[int] = []
    writes: list[object] = []

    async def read(after: int) -> list[ListedMail]:
        reads.append(after)
        await asyncio.sleep(0)
        return []

    def write(listed: Sequence[ListedMail]) -> bytes:
        writes.append(listed)
        return b"octets"

    with hub.subscribe(ANN) as first, hub.subscribe(ANN) as second, hub.subscribe(BEN) as other:
        pages = await asyncio.gather(
            *[subscription.read(7, read) for subscription in (first, second) for _ in range(10)]
        )
        assert reads == [7]
        assert {page.write(write) for page in pages} == {b"octets"}
        assert len(writes) == 1
        await second.read(8, read)
        await other.read(7, read)
        assert reads == [7, 8, 7]
        under_way = asyncio.create_task(first.read(9, read))
        await until(lambda: reads[-1] == 9)
        hub.publish([ANN])
        assert await second.read(9, read) is not await under_way
        assert reads == [7, 8, 7, 9, 9]


async def test_a_page_that_cannot_be_read_is_read_again() -> None:
    """The store may answer the next one."""
    hub = ArrivalNotifier()
    answers: list[list[ListedMail] | None] = [None, []]

    async def read(_: int) -> list[ListedMail]:
        answer = answers.pop(0)
        if answer is None:
            raise StoreUnavailable
        return answer

    with hub.subscribe(ANN) as listener:
        with pytest.raises(StoreUnavailable):
            await listener.read(0, read)
        assert (await listener.read(0, read)).listed == []


async def test_a_thousand_who_wait_for_a_page_go_on_a_few_at_a_time() -> None:
    """Else all of them would write to their clients in one turn of the event loop."""
    hub = ArrivalNotifier()
    may_end = asyncio.Event()
    pages = []

    async def read(_: int) -> list[ListedMail]:
        await may_end.wait()
        return []

    with hub.subscribe(ANN) as listener:

        async def ask() -> None:
            pages.append(await listener.read(0, read))

        asking = [asyncio.create_task(ask()) for _ in range(1000)]
        await asyncio.sleep(0)
        asking[0].cancel()
        may_end.set()
        most = 0
        while len(pages) < 999:
            before = len(pages)
            await asyncio.sleep(0)
            most = max(most, len(pages) - before)
        assert 0 < most <= 200
        assert len(set(map(id, pages))) == 1
        assert asking[0].cancelled()


async def test_a_thousand_listeners_are_all_woken_a_few_at_a_time() -> None:
    """What arrives while they are woken, or in the pause after it, wakes all of them once more."""
    hub = ArrivalNotifier()
    woken: Counter[int] = Counter()

    async def listen(number: int) -> None:
        with hub.subscribe(ANN) as listener:
            while await listener.wait(None) and not listener.is_closed:
                woken[number] += 1

    listeners = [asyncio.create_task(listen(number)) for number in range(1000)]
    await asyncio.sleep(0)
    hub.publish([ANN])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert 0 < len(woken) < 1000
    for _ in range(50):
        hub.publish([ANN])
    await until(lambda: len(woken) == 1000 and min(woken.values()) == 2)
    await until(lambda: not hub._subscriptions[ANN]._is_waking)
    assert set(woken.values()) == {2}
    hub.close()
    await asyncio.gather(*listeners)
