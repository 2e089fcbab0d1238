"""Work in threads: as much at once as there are threads, and none for those who are gone."""

from __future__ import annotations

import asyncio
import threading

import pytest
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S, until

from edgemail.errors import TooBusy
from edgemail.mailbox.fair_turns import SOURCE
from edgemail.mailbox.work_queue import WorkQueue

__all__ = ["bounded"]


class Worker:
    """Jobs whose threads wait until they may end."""

    def __init__(self, queue: WorkQueue) -> None:
        self.begun: list[str] = []
        self.may_end = threading.Event()
        self._queue = queue

    def do(self, name: str) -> asyncio.Task[str]:
        """Ask for a job; the letter of its name is its source."""
        SOURCE.set(name[0])
        return asyncio.create_task(self._queue.do(lambda: self._queue.run(lambda: self._work(name))))

    def _work(self, name: str) -> str:
        self.begun.append(name)
        assert self.may_end.wait(PATIENCE_S)
        return name


async def test_what_waits_is_dropped_with_its_task() -> None:
    """Hundreds who hang up leave no work behind."""
    queue = WorkQueue("test", at_once=1, max_waiting=1000, refuse=lambda: None)
    worker = Worker(queue)
    first = worker.do("a")
    await until(lambda: worker.begun == ["a"])
    gone = [worker.do("a") for _ in range(400)]
    last = worker.do("b")
    await until(lambda: queue.waiting == 401)
    for task in gone:
        task.cancel()
    await asyncio.wait(gone)
    assert queue.waiting == 1
    worker.may_end.set()
    assert await first == "a"
    assert await last == "b"
    assert worker.begun == ["a", "b"]


async def test_what_has_begun_keeps_its_turn_until_its_thread_is_free() -> None:
    """Or those after it would wait in a queue that has no bound."""
    queue = WorkQueue("test", at_once=1, max_waiting=1, refuse=lambda: None)
    worker = Worker(queue)
    first = worker.do("a")
    await until(lambda: worker.begun == ["a"])
    first.cancel()
    await asyncio.wait([first])
    second = worker.do("b")
    await until(lambda: queue.waiting == 1)
    with pytest.raises(TooBusy):
        await worker.do("c")
    assert worker.begun == ["a"]
    worker.may_end.set()
    assert await second == "b"


async def test_an_error_is_the_callers() -> None:
    """And ends the turn."""
    queue = WorkQueue("test", at_once=1, max_waiting=1, refuse=lambda: None)

    async def fail() -> None:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await queue.do(fail)
