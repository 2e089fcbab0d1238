"""A few requests start in each turn of the event loop, and the sources take turns."""

from __future__ import annotations

import asyncio
from functools import partial

from edgemail.http.request_turns import _AT_ONCE, RequestTurns


async def test_a_burst_is_spread_over_turns_of_the_loop() -> None:
    """In the order in which it came."""
    turns, started = RequestTurns(), list[int]()
    for number in range(3 * _AT_ONCE + 1):
        turns.start(partial(started.append, number))
    counts = []
    while len(started) <= 3 * _AT_ONCE:
        counts.append(len(started))
        await asyncio.sleep(0)
    assert counts == [_AT_ONCE, 2 * _AT_ONCE, 3 * _AT_ONCE]
    assert started == sorted(started)
    await asyncio.sleep(0)
    turns.start(partial(started.append, -1))
    assert started[-1] == -1


async def test_who_asks_much_at_once_waits_for_itself() -> None:
    """Others start in the next turn, in front of what one source has waiting."""
    turns, started = RequestTurns(), list[str]()
    for _ in range(1000):
        turns.start(partial(started.append, "attacker"), b"a")
    for number in range(_AT_ONCE - 1):
        turns.start(partial(started.append, "honest"), bytes([number]))
    await asyncio.sleep(0)
    assert started == ["attacker"] * (_AT_ONCE + 1) + ["honest"] * (_AT_ONCE - 1)
    turns.start(partial(started.append, "later"), b"h")
    await asyncio.sleep(0)
    assert started.index("later") < 2 * _AT_ONCE + 2


async def test_a_request_that_starts_another_one_starts_no_more_than_a_turn_has() -> None:
    """Nothing is lost, and no turn grows."""
    turns, started = RequestTurns(), list[int]()

    def begin(number: int) -> None:
        started.append(number)
        if number < 100:
            turns.start(partial(begin, number + 1), b"x")

    begin(0)
    assert len(started) == _AT_ONCE + 1
    while len(started) < 101:
        before = len(started)
        await asyncio.sleep(0)
        assert len(started) - before <= _AT_ONCE
