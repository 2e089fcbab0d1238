"""Threads that run jobs for the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_Job = tuple[asyncio.Future[Any], "Callable[[], Any]"]
_Queue = SimpleQueue["_Job | None"]


class JobThread:
    """Runs jobs in a thread of its own, or in a few, in the order in which they were given.

    A `ThreadPoolExecutor` does the same with two futures and several locks for each job. A job took
    twice as long from the event loop to the thread and back, and each commit and each read is a job.
    Each thread has a queue of its own: a job in a queue of all would wake all.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        """Start the threads. They end by `close`, or with the program."""
        self._waiting: deque[_Job] = deque()
        """Jobs for which no thread was idle. A thread that ends a job goes on with one of them."""
        self._queues: list[_Queue] = [SimpleQueue() for _ in range(threads)]
        self._idle = list(self._queues)
        self._threads = [
            threading.Thread(target=self._run, args=(queue,), name=name, daemon=True) for queue in self._queues
        ]
        for thread in self._threads:
            thread.start()
        self._is_closed = False

    def do(self, work: Callable[[], _T]) -> asyncio.Future[_T]:
        """Run `work` after the jobs before it. Cancelling the future before that withdraws the job.

        Raises:
            RuntimeError: the thread was closed.
        """
        if self._is_closed:
            raise RuntimeError("a job for a thread that has ended")
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        if self._idle:
            self._idle.pop().put((future, work))
        else:
            self._waiting.append((future, work))
        return future

    def close(self) -> None:
        """Finish all jobs, then end the threads."""
        self._is_closed = True
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, queue: _Queue) -> None:
        job = queue.get()
        while job is not None or (job := self._take_waiting()) is not None:
            future, work = job
            result: Any = None
            error: BaseException | None = None
            try:
                if not future.cancelled():
                    result = work()
            except BaseException as raised:
                error = raised
            job = self._take_waiting()
            idle = queue if job is None else None
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                future.get_loop().call_soon_threadsafe(self._settle, future, result, error, idle)
            del future, work, result, error  # else they hold their objects in memory until the next job
            job = job or queue.get()

    def _take_waiting(self) -> _Job | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def _settle(
        self, future: asyncio.Future[Any], result: Any, error: BaseException | None, idle: _Queue | None
    ) -> None:
        """Give the result to whoever waits for it, and the queue of an idle thread the next job."""
        if idle is not None:
            self._idle.append(idle)
            if (job := self._take_waiting()) is not None:  # it came while the thread ended the last one
                self._idle.pop().put(job)
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
