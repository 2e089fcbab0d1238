"""The thread that writes: it runs one job at a time, in order, and reports each result."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from edgemail.system.job_thread import JobThread


async def test_jobs_are_done_in_order_and_in_one_thread() -> None:
    """Two commits never run at the same time."""
    worker, done = JobThread("worker"), list[int]()
    names = await asyncio.gather(*[worker.do(lambda: threading.current_thread().name) for _ in range(3)])
    assert set(names) == {"worker"}
    jobs = [worker.do(partial(done.append, number)) for number in range(100)]
    worker.close()
    assert done == list(range(100))
    assert await asyncio.gather(*jobs) == [None] * 100


async def test_several_threads_take_jobs_side_by_side_and_end_together() -> None:
    """A reader does not wait for another one; closing finishes what was asked for."""
    worker, both = JobThread("worker", 2), threading.Barrier(2, timeout=30)
    await asyncio.gather(*[worker.do(both.wait) for _ in range(2)])
    done = list[int]()
    jobs = [worker.do(partial(done.append, number)) for number in range(100)]
    worker.close()
    assert sorted(done) == list(range(100))
    assert await asyncio.gather(*jobs) == [None] * 100
    assert not any(thread.name == "worker" for thread in threading.enumerate())


async def test_a_thread_that_is_free_takes_what_waits() -> None:
    """One long job keeps its thread, and nobody else: not even those that came when both were busy."""
    worker, may_end = JobThread("worker", 2), threading.Event()
    long = worker.do(may_end.wait)
    assert await asyncio.gather(*[worker.do(partial(int, number)) for number in range(100)]) == list(range(100))
    withdrawn = [worker.do(partial(int, number)) for number in range(3)]
    withdrawn[1].cancel()
    assert [await withdrawn[0], await withdrawn[2]] == [0, 2]
    assert not long.done()
    may_end.set()
    assert await long
    worker.close()


async def test_an_error_comes_out_where_the_job_was_asked_for() -> None:
    """The thread continues with the next job."""
    worker = JobThread("worker")
    with pytest.raises(ZeroDivisionError):
        await worker.do(lambda: 1 // 0)
    assert await worker.do(lambda: 1) == 1
    worker.close()


async def test_a_cancelled_job_is_not_done_unless_it_has_begun() -> None:
    """A deletion that still waits behind a commit is withdrawn when nobody waits for it."""
    worker, begun, may_end = JobThread("worker"), threading.Event(), threading.Event()
    done = list[str]()

    def work() -> None:
        begun.set()
        may_end.wait()
        done.append("first")

    first, second = worker.do(work), worker.do(lambda: done.append("second"))
    await asyncio.to_thread(begun.wait)
    first.cancel()
    second.cancel()
    await asyncio.sleep(0)
    may_end.set()
    await worker.do(lambda: None)
    worker.close()
    assert done == ["first"]


async def test_a_closed_worker_takes_no_job() -> None:
    """Otherwise the caller would wait for ever."""
    worker = JobThread("worker")
    worker.close()
    with pytest.raises(RuntimeError):
        worker.do(lambda: None)


async def test_jobs_end_in_order_although_the_worker_is_closed_meanwhile() -> None:
    """A deletion that was asked for behind a commit is done behind it."""
    for waiting in range(20):
        worker, done = JobThread("worker"), list[int]()
        await worker.do(lambda: None)
        for number in range(waiting):
            worker.do(partial(done.append, number))
        worker.close()
        assert done == list(range(waiting))
