"""Threads that run jobs for the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_Job = tuple[asyncio.Future[Any], "Callable[[], Any]"]


class JobThread:
    """Runs jobs in a thread of its own, or in a few, in the order in which they were given.

    A `ThreadPoolExecutor` does the same with two futures and several locks for each job. A job took
    twice as long from the event loop to the thread and back, and each commit and each read is a job.
    """

    def __init__(self, name: str, threads: int = 1) -> None:
        """Start the threads. They end by `close`, or with the program."""
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True) for _ in range(threads)]
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
        self._jobs.put((future, work))
        return future

    def close(self) -> None:
        """Finish all jobs, then end the threads."""
        self._is_closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            result: Any = None
            error: BaseException | None = None
            if future.cancelled():
                continue
            try:
                result = work()
            except BaseException as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                future.get_loop().call_soon_threadsafe(_settle, future, result, error)
            del job, future, work, result, error  # else they hold their objects in memory until the next job


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
