"""How messages are gathered into commits."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import envelope
from testkit.waiting import until

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.model import MailId
from edgemail.store.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import Envelope


class Disk:
    """Commits when the test releases it, and records each batch's data."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.since: list[float] = []
        self.errors: dict[int, Exception] = {}
        self._go = asyncio.Semaphore(0)
        self._last = 0

    def release(self, commits: int = 1) -> None:
        for _ in range(commits):
            self._go.release()

    async def commit(self, batch: Sequence[Envelope], since: float) -> list[MailId]:
        self.batches.append([message.data for message in batch])
        self.since.append(since)
        error = self.errors.get(len(self.batches))
        await self._go.acquire()
        if error is not None:
            raise error
        self._last += len(batch)
        return [MailId(self._last - len(batch) + count) for count in range(1, len(batch) + 1)]


def gather_on(
    disk: Disk,
    *,
    max_rows: int = 100,
    max_bytes: int = 10**6,
    max_waiting_bytes: int = 10**6,
    max_wait_s: float = math.inf,
) -> GroupCommit:
    return GroupCommit(
        disk.commit,
        max_rows=max_rows,
        max_bytes=max_bytes,
        max_waiting_bytes=max_waiting_bytes,
        max_wait_s=max_wait_s,
    )


async def test_what_comes_during_a_commit_goes_into_the_next_one() -> None:
    """A message waits for the commit under way and its own, and for no others."""
    disk = Disk()
    commits = gather_on(disk)
    first = commits.add(envelope(data=b"1"))
    await until(lambda: disk.batches == [[b"1"]])
    others = [commits.add(envelope(data=data)) for data in (b"2", b"3", b"4")]
    assert disk.batches == [[b"1"]]
    assert not first.done()
    disk.release()
    assert await first == 1
    await until(lambda: disk.batches == [[b"1"], [b"2", b"3", b"4"]])
    assert not any(future.done() for future in others)
    disk.release()
    assert await asyncio.gather(*others) == [2, 3, 4]


async def test_replies_go_out_before_the_next_commit_begins() -> None:
    """The loop and the thread that commits compete for the interpreter's lock."""
    disk = Disk()
    commits = gather_on(disk)
    seen: list[int] = []
    first = commits.add(envelope(data=b"1"))
    first.add_done_callback(lambda _: seen.append(len(disk.batches)))
    await until(lambda: len(disk.batches) == 1)
    second = commits.add(envelope(data=b"2"))
    disk.release(2)
    await asyncio.gather(first, second)
    assert seen == [1]


async def test_a_batch_is_bounded_in_rows() -> None:
    """What is more than `max_rows` waits for the next commit, in order."""
    disk = Disk()
    commits = gather_on(disk, max_rows=3)
    disk.release(10)
    futures = [commits.add(envelope(data=b"%d" % number)) for number in range(8)]
    assert await asyncio.gather(*futures) == list(range(1, 9))
    assert disk.batches == [[b"0", b"1", b"2"], [b"3", b"4", b"5"], [b"6", b"7"]]


async def test_a_batch_is_bounded_in_octets_but_for_its_first_message() -> None:
    """A message larger than the bound is committed, alone."""
    disk = Disk()
    commits = gather_on(disk, max_bytes=10)
    disk.release(10)
    given = [b"a" * 6, b"b" * 4, b"c" * 50, b"d", b"e" * 10]
    await asyncio.gather(*[commits.add(envelope(data=data)) for data in given])
    assert disk.batches == [[b"a" * 6, b"b" * 4], [b"c" * 50], [b"d"], [b"e" * 10]]


@pytest.mark.parametrize("error", [StoreFull("full"), StoreUnavailable("locked")])
async def test_an_error_fails_its_batch_and_only_that(error: Exception) -> None:
    """Every sender of the batch gets the error, and the next batch is committed."""
    disk = Disk()
    disk.errors[1] = error
    commits = gather_on(disk, max_rows=3)
    futures = [commits.add(envelope()) for _ in range(5)]
    disk.release(2)
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert results[:3] == [error] * 3
    assert results[3:] == [1, 2]
    disk.release()
    assert await commits.add(envelope()) == 3


async def test_an_error_that_nobody_foresaw_is_unavailability(caplog: pytest.LogCaptureFixture) -> None:
    """Its details are for the log, not for the sender."""
    disk = Disk()
    disk.errors[1] = ZeroDivisionError("inside")
    commits = gather_on(disk)
    disk.release()
    with pytest.raises(StoreUnavailable) as caught:
        await commits.add(envelope())
    assert "inside" not in str(caught.value)
    assert "inside" in caplog.text


async def test_too_much_waiting_mail_is_refused_at_once_until_it_is_less() -> None:
    """Memory is bounded while the disk is too slow."""
    disk = Disk()
    commits = gather_on(disk, max_waiting_bytes=10)
    under_way = commits.add(envelope(data=b"x" * 100))
    await until(lambda: len(disk.batches) == 1)
    waiting = [commits.add(envelope(data=b"x" * 6)) for _ in range(2)]
    refused = commits.add(envelope(data=b"x"))
    with pytest.raises(StoreUnavailable):
        await refused
    disk.release(2)
    assert await asyncio.gather(under_way, *waiting) == [1, 2, 3]
    disk.release()
    assert await commits.add(envelope(data=b"x")) == 4


async def test_what_has_waited_for_too_long_is_not_begun() -> None:
    """Its sender may have been told to try again; later messages are committed."""
    disk = Disk()
    commits = gather_on(disk, max_rows=2, max_waiting_bytes=10, max_wait_s=0.05)
    loop = asyncio.get_running_loop()
    first = commits.add(envelope(data=b"1"))
    await until(lambda: disk.batches == [[b"1"]])
    came = loop.time()
    late = [commits.add(envelope(data=b"late")) for _ in range(3)]
    await until(lambda: loop.time() > came + 0.05)
    disk.release()
    assert await first == 1
    results = await asyncio.gather(*late, return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    assert disk.batches == [[b"1"]]
    disk.release()
    assert await commits.add(envelope(data=b"2")) == 2
    assert disk.batches == [[b"1"], [b"2"]]


async def test_a_commit_is_told_since_when_its_first_message_has_waited() -> None:
    """Its deadline counts from there, however long earlier commits took."""
    disk = Disk()
    commits = gather_on(disk)
    loop = asyncio.get_running_loop()
    futures = [commits.add(envelope())]
    await until(lambda: len(disk.batches) == 1)
    before = loop.time()
    futures.append(commits.add(envelope()))
    after = loop.time()
    await until(lambda: loop.time() > after)
    futures.append(commits.add(envelope()))
    disk.release(2)
    await asyncio.gather(*futures)
    assert before <= disk.since[1] <= after


async def test_a_message_whose_sender_went_away_is_committed_all_the_same() -> None:
    """Its future is cancelled; the others in the batch get their own ids."""
    disk = Disk()
    commits = gather_on(disk)
    futures = [commits.add(envelope(data=b"%d" % number)) for number in range(3)]
    futures[1].cancel()
    disk.release()
    assert [await futures[0], await futures[2]] == [1, 3]
    assert disk.batches == [[b"0", b"1", b"2"]]


async def test_drain_returns_when_nothing_waits_and_not_before() -> None:
    """With nothing under way it returns at once."""
    disk = Disk()
    commits = gather_on(disk, max_rows=1)
    await commits.drain()
    futures = [commits.add(envelope()) for _ in range(2)]
    draining = asyncio.create_task(commits.drain())
    disk.release()
    await futures[0]
    assert not draining.done()
    disk.release()
    async with asyncio.timeout(5):
        await draining
    assert all(future.done() for future in futures)
