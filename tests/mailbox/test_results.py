"""Results of parsing: made once, kept within bounds, gone with their messages."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from testkit.time_limit import bounded
from testkit.waiting import until

from edgemail.mailbox.results import FILE_ABOVE_BYTES, PIECE_BYTES, Result, Results
from edgemail.model import MailId
from edgemail.system.piece_turns import PieceTurns

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bounded"]

KEY = (MailId(1), "message")


class Maker:
    """Makes results, and counts them."""

    def __init__(self, folder: Path) -> None:
        self.made = 0
        self.may_end = asyncio.Event()
        self._folder = folder

    async def make(self, size: int = 10) -> Result[str]:
        await self.may_end.wait()
        self.made += 1
        return Result("about", [b"x" * size], self._folder, PieceTurns())


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


async def whole(result: Result[str]) -> bytes:
    return b"".join([piece async for piece in result.read_pieces()])


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, FILE_ABOVE_BYTES, FILE_ABOVE_BYTES + 1, 10 * PIECE_BYTES + 7])
async def test_a_result_is_read_in_pieces_wherever_it_is(tmp_path: Path, size: int) -> None:
    """In memory and in a file, which has no name."""
    octets = (b"0123456789" * (size // 10 + 1))[:size]
    result = Result(7, [octets[:100], octets[100:]], tmp_path, PieceTurns())
    assert (result.about, result.size) == (7, size)
    pieces = [piece async for piece in result.read_pieces()]
    assert b"".join(pieces) == octets
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    assert list(tmp_path.iterdir()) == []


async def test_many_readers_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the event loop has a piece of each to send before a sender's next command."""
    reading = most = 0
    lock = threading.Lock()

    def read(descriptor: int, octets: int, start: int) -> bytes:
        nonlocal reading, most
        with lock:
            reading += 1
            most = max(most, reading)
        piece = pread(descriptor, octets, start)
        with lock:
            reading -= 1
        return piece

    pread = os.pread
    monkeypatch.setattr(os, "pread", read)
    result = Result("about", [b"x" * 20 * PIECE_BYTES], tmp_path, PieceTurns())
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(16))
    whole_results = await asyncio.gather(*(whole(result) for _ in range(50)))
    assert {len(octets) for octets in whole_results} == {20 * PIECE_BYTES}
    assert most <= 2


async def test_a_reader_who_goes_gives_its_turn_back(tmp_path: Path) -> None:
    result = Result("about", [b"x" * 20 * PIECE_BYTES], tmp_path, PieceTurns())
    for _ in range(5):
        readers = [asyncio.create_task(whole(result)) for _ in range(10)]
        await asyncio.sleep(0)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    assert len(await whole(result)) == 20 * PIECE_BYTES


async def test_without_a_folder_to_write_in_a_result_stays_in_memory(tmp_path: Path) -> None:
    """A server that only reads may have none."""
    result = Result(None, [b"x" * 2 * FILE_ABOVE_BYTES], tmp_path / "missing", PieceTurns())
    assert b"".join([piece async for piece in result.read_pieces()]) == b"x" * 2 * FILE_ABOVE_BYTES


async def test_all_who_ask_at_once_share_one_result(maker: Maker) -> None:
    """Whoever leaves takes nothing from the others."""
    results = Results(max_bytes=1000, max_file_bytes=1000)

    async def keep() -> Result[str]:
        result = await maker.make()
        results.keep(KEY, result)
        return result

    asking = [asyncio.create_task(results.get(KEY, keep)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.wait(asking[:1])
    maker.may_end.set()
    assert len({id(result) for result in await asyncio.gather(*asking[1:])}) == 1
    assert await whole(await results.get(KEY, keep)) == b"x" * 10
    assert maker.made == 1


async def test_nothing_is_made_once_all_who_asked_are_gone(maker: Maker) -> None:
    """And who comes afterwards is not told of their end."""
    results = Results(max_bytes=1000, max_file_bytes=1000)
    asking = [asyncio.create_task(results.get(KEY, maker.make)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in asking:
        task.cancel()
    late = asyncio.create_task(results.get(KEY, maker.make))
    await asyncio.wait(asking)
    maker.may_end.set()
    assert await whole(await late) == b"x" * 10
    assert maker.made == 1


async def test_what_nobody_asked_for_longest_goes(maker: Maker) -> None:
    """Small results go by their octets in memory."""
    maker.may_end.set()
    results = Results(max_bytes=30, max_file_bytes=1000)
    keys = [(MailId(number), "message") for number in range(4)]
    for key in keys[:3]:
        results.keep(key, await maker.make())
    assert results.find(keys[0]) is not None
    results.keep(keys[3], await maker.make())
    assert [results.find(key) is not None for key in keys] == [True, False, True, True]


async def test_files_are_bounded_with_those_that_are_still_read(maker: Maker) -> None:
    """A result that is no longer kept takes its room until its last reader is done."""
    maker.may_end.set()
    size = 2 * FILE_ABOVE_BYTES
    results = Results(max_bytes=1000, max_file_bytes=size)
    first: Result[str] | None = await maker.make(size)
    assert first is not None
    results.keep(KEY, first)
    assert results.has_room()
    results.keep((MailId(2), 0), await maker.make(size))
    gc.collect()
    assert results.find(KEY) is None
    assert results.has_room()  # the second one has gone as well, as the first is still read
    results.keep((MailId(3), 0), await maker.make(size))
    third = results.find((MailId(3), 0))
    assert third is None
    second = await maker.make(size)
    results.keep((MailId(4), 0), second)
    assert not results.has_room()
    assert len(await whole(first)) == size
    first = None
    await until(results.has_room)
    assert len(await whole(second)) == size


async def test_a_deleted_message_leaves_nothing(maker: Maker) -> None:
    """None of what was made of it, small or large; others keep theirs."""
    maker.may_end.set()
    results = Results(max_bytes=1000, max_file_bytes=2**20)
    for mail_id in (1, 2):
        results.keep((MailId(mail_id), "message"), await maker.make())
        results.keep((MailId(mail_id), 0), await maker.make(2 * FILE_ABOVE_BYTES))
    results.forget(MailId(1))
    found = [results.find((MailId(mail_id), part)) is not None for mail_id in (1, 2) for part in ("message", 0)]
    assert found == [False, False, True, True]


async def test_a_large_result_is_kept_for_a_while(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its message may be deleted meanwhile, and nobody tells; who reads it still reads all of it."""
    monkeypatch.setattr("edgemail.mailbox.results.KEPT_S", 0.01)
    maker.may_end.set()
    size = 2 * FILE_ABOVE_BYTES
    results = Results(max_bytes=1000, max_file_bytes=size)
    small, large = (MailId(2), "message"), await maker.make(size)
    results.keep(small, await maker.make())
    results.keep(KEY, large)
    reading = large.read_pieces()
    first = await anext(reading)
    await until(lambda: results.find(KEY) is None)
    assert len(b"".join([first, *[piece async for piece in reading]])) == size
    assert results.find(small) is not None


async def test_one_that_was_made_again_has_its_own_while(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgemail.mailbox.results.KEPT_S", 0.01)
    maker.may_end.set()
    results = Results(max_bytes=1000, max_file_bytes=2**20)
    results.keep(KEY, await maker.make(2 * FILE_ABOVE_BYTES))
    results.forget(KEY[0])
    monkeypatch.setattr("edgemail.mailbox.results.KEPT_S", 3600)
    results.keep(KEY, await maker.make(2 * FILE_ABOVE_BYTES))
    results.keep(other := (MailId(2), 0), await maker.make(2 * FILE_ABOVE_BYTES))
    monkeypatch.setattr("edgemail.mailbox.results.KEPT_S", 0.02)
    results.keep(last := (MailId(3), 0), await maker.make(2 * FILE_ABOVE_BYTES))
    await until(lambda: results.find(last) is None)
    assert [results.find(key) is not None for key in (KEY, other)] == [True, True]


async def test_a_result_that_is_kept_again_is_counted_once(maker: Maker) -> None:
    """Two may make it at the same time; the others keep their room."""
    results = Results(max_bytes=30, max_file_bytes=1000)
    maker.may_end.set()
    other = (MailId(2), "message")
    results.keep(other, await maker.make())
    for _ in range(5):
        results.keep(KEY, await maker.make())
    assert results.find(other) is not None
