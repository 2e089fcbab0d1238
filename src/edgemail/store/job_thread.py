"""One thread that works for the event loop, a job at a time."""

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
    """Does jobs in a thread of its own, in the order in which they came.

    A `ThreadPoolExecutor` of one thread does that as well, but with two futures and several locks for each job: a
    job took twice as long from the loop to the thread and back, which each commit pays for.
    """

    def __init__(self, name: str) -> None:
        """Start the thread; it ends by `close`, or with the program."""
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], _T]) -> asyncio.Future[_T]:
        """Do `work` when its turn comes; whoever cancels the future before that takes it back.

        Raises:
            RuntimeError: it was closed.
        """
        if not self._thread.is_alive():
            raise RuntimeError("a job for a thread that has ended")
        future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._jobs.put((future, work))
        return future

    def close(self) -> None:
        """Return once all jobs are done."""
        self._jobs.put(None)
        self._thread.join()

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
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                future.get_loop().call_soon_threadsafe(_settle, future, result, error)
            del job, future, work, result, error  # else what they hold stays in memory until the next job


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
