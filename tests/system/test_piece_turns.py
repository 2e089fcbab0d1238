"""Turns for pieces of large answers."""

from __future__ import annotations

import asyncio

from edgemail.system.piece_turns import PieceTurns


async def test_two_have_a_turn_and_the_others_wait_in_order() -> None:
    turns = PieceTurns()
    order: list[int] = []
    inside = most = 0

    async def read(number: int) -> None:
        nonlocal inside, most
        async with turns:
            inside += 1
            most = max(most, inside)
            order.append(number)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(read(number) for number in range(20)))
    assert (most, order) == (2, list(range(20)))


async def test_others_run_between_the_pieces_of_who_reads_from_memory() -> None:
    turns = PieceTurns()
    seen: list[str] = []

    async def read() -> None:
        for _ in range(3):
            await turns.wait()
            seen.append("piece")

    async def other() -> None:
        await asyncio.sleep(0)
        seen.append("other")

    await asyncio.gather(read(), other())
    assert seen.index("other") < 3
