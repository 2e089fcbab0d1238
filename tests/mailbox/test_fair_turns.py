"""Turns: bounded, in a fair order, and given back however their holder ends."""

from __future__ import annotations

import asyncio

import pytest
from testkit.time_limit import bounded
from testkit.waiting import until

from edgemail.errors import TooBusy
from edgemail.mailbox.fair_turns import FairTurns

__all__ = ["bounded"]


class Holders:
    """Tasks that hold turns until they are let go, and the order in which they got them."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns = turns
        self.served: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._may_go: dict[str, asyncio.Event] = {}

    async def begin(self, *names: str, amount: int = 1) -> None:
        """Begin one after the other; the letter of a name is its source."""
        for name in names:
            self._may_go[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._hold(name, amount))
            await asyncio.sleep(0)

    async def end(self, name: str) -> None:
        self._may_go[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def _hold(self, name: str, amount: int) -> None:
        async with self.turns.turn(name[0], amount):
            self.served.append(name)
            await self._may_go[name].wait()


async def test_sources_take_turns() -> None:
    """A source with much to do waits for itself, and the others do not wait for it."""
    holders = Holders(FairTurns(1, max_waiting=10))
    await holders.begin("a1", "a2", "a3", "a4", "b1", "c1", "b2")
    for name in ("a1", "a2", "b1", "c1", "a3", "b2"):
        assert holders.served[-1] == name
        await holders.end(name)
    assert holders.served == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
    await holders.end("a4")
    assert (holders.turns.lent, holders.turns.waiting) == (0, 0)


async def test_where_too_many_wait_the_source_with_most_of_them_is_refused() -> None:
    """Its newest goes, so that a newcomer is heard; a newcomer with as many waiting is refused itself."""
    refused: list[None] = []
    holders = Holders(FairTurns(1, max_waiting=3, refuse=lambda: refused.append(None)))
    await holders.begin("a1", "a2", "a3", "a4", "b1")
    with pytest.raises(TooBusy):
        await holders.tasks["a4"]
    with pytest.raises(TooBusy):
        await holders.turns.take("a")
    with pytest.raises(TooBusy):
        await holders.turns.take("b")
    assert len(refused) == 3
    for name in ("a1", "a2", "b1", "a3"):
        await holders.end(name)
    assert (holders.turns.lent, holders.turns.waiting) == (0, 0)


async def test_nobody_waits_for_ever() -> None:
    """A wait has an end, and then leaves nothing."""
    turns = FairTurns(1, max_waiting=3, wait_s=0.01)
    async with turns.turn("a"):
        with pytest.raises(TooBusy):
            await turns.take("b")
        assert turns.waiting == 0
    assert turns.lent == 0


async def test_one_that_is_cancelled_leaves_its_place() -> None:
    """While it waits, and while it holds a turn."""
    holders = Holders(FairTurns(1, max_waiting=10))
    await holders.begin("a1", "b1", "c1")
    holders.tasks["b1"].cancel()
    await until(holders.tasks["b1"].done)
    assert holders.turns.waiting == 1
    holders.tasks["a1"].cancel()
    await until(lambda: holders.served == ["a1", "c1"])
    holders.tasks["c1"].cancel()
    await until(holders.tasks["c1"].done)
    assert (holders.turns.lent, holders.turns.waiting) == (0, 0)


async def test_a_turn_that_comes_in_the_moment_of_a_cancellation_goes_to_the_next() -> None:
    """Whichever of the two is first."""
    for is_given_first in (True, False):
        turns = FairTurns(1, max_waiting=10)
        await turns.take("a")
        gone, next_one = (asyncio.create_task(turns.take(source)) for source in ("b", "c"))
        await asyncio.sleep(0)
        assert turns.waiting == 2
        if is_given_first:
            turns.give_back("a", 1)
        gone.cancel()
        if not is_given_first:
            turns.give_back("a", 1)
        assert await next_one == 1
        turns.give_back("c", 1)
        assert gone.cancelled()
        assert (turns.lent, turns.waiting) == (0, 0)


async def test_amounts_are_lent_within_a_bound_and_a_share() -> None:
    """A source waits where it has its share, and the others go past it."""
    holders = Holders(FairTurns(10, max_waiting=10, max_share=0.5))
    await holders.begin("a1", "a2", amount=2)
    await holders.begin("a3", "b1", amount=4)
    assert holders.served == ["a1", "a2", "b1"]
    assert holders.turns.lent == 8
    await holders.end("a1")
    assert holders.served == ["a1", "a2", "b1"]  # a has 2, so 4 more would be above its share
    await holders.end("a2")
    assert holders.served[-1] == "a3"
    await holders.begin("c1", amount=100)  # as much as a source can have, in place of what there is not
    await holders.end("a3")
    assert holders.served[-1] == "c1"
    assert holders.turns.lent == 9
    for name in ("b1", "c1"):
        await holders.end(name)
    assert holders.turns.lent == 0


async def test_a_large_amount_is_not_passed_over_for_ever() -> None:
    """Small ones that come after it wait for it."""
    holders = Holders(FairTurns(4, max_waiting=10))
    await holders.begin("a1", "b1", amount=2)
    await holders.begin("c1", amount=4)
    await holders.begin("d1", amount=1)
    await holders.end("a1")
    assert "d1" not in holders.served
    await holders.end("b1")
    assert holders.served[-1] == "c1"
    await holders.end("c1")
    assert holders.served[-1] == "d1"
    await holders.end("d1")
