"""One kind of work, such as parsing: done in threads of its own, for one source after the other."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from edgemail.mailbox.fair_turns import SOURCE, FairTurns
from edgemail.system.job_thread import JobThread

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")


class WorkQueue:
    """Does one kind of work, a few jobs at a time, behind a short queue that is fair to each source."""

    def __init__(self, kind: str, *, at_once: int, max_waiting: int, refuse: Callable[[], None]) -> None:
        """Let at most `max_waiting` jobs wait; `refuse` is called for each that is refused."""
        self._kind = kind
        self._at_once = at_once
        self._threads: JobThread | None = None
        self._turns = FairTurns(at_once, max_waiting=max_waiting, refuse=refuse)
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def waiting(self) -> int:
        """Return how many jobs wait now."""
        return self._turns.waiting

    async def do(self, job: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Do a job once it is the turn of the current task's source.

        A job that waits is dropped when its task is cancelled. One that has begun goes on until its
        end: a thread cannot be stopped, and its turn lasts as long.

        Raises:
            TooBusy: too many wait, or it took too long.
        """
        source = SOURCE.get()
        await self._turns.take(source)

        def end(done: asyncio.Task[_T]) -> None:
            self._under_way.discard(done)
            self._turns.give_back(source, 1)
            with contextlib.suppress(asyncio.CancelledError):
                done.exception()  # nobody may be there any more to ask for it

        task = asyncio.create_task(job())
        self._under_way.add(task)
        task.add_done_callback(end)
        return await asyncio.shield(task)

    def do_now(self, work: Callable[[], _T]) -> asyncio.Future[_T] | None:
        """Do a job that is one piece of work in a thread; return None where it would have to wait for its turn.

        It takes no task of its own, and goes on until its end as well: shield the future from cancellation.
        """
        source = SOURCE.get()
        if not self._turns.take_now(source):
            return None

        def end(done: asyncio.Future[_T]) -> None:
            self._turns.give_back(source, 1)
            if not done.cancelled():
                done.exception()  # nobody may be there any more to ask for it

        future = self._start(work)
        future.add_done_callback(end)
        return future

    async def run(self, work: Callable[[], _T]) -> _T:
        """Run a part of a job in a thread."""
        return await self._start(work)

    def _start(self, work: Callable[[], _T]) -> asyncio.Future[_T]:
        """Give work to the threads, which the first one starts."""
        if self._threads is None:
            self._threads = JobThread(f"edgemail-{self._kind}", self._at_once)
        return self._threads.do(work)
