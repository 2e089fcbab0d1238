"""No test waits for ever, not even one for a future that nobody will settle."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TEST_S = 60


@contextlib.contextmanager
def bound(seconds: int) -> Iterator[None]:
    """Fail what takes longer than so many seconds."""

    def give_up(*_: object) -> NoReturn:
        raise TimeoutError(f"the test took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Fail a test that takes too long. For every test below a conftest.py that imports it."""
    with bound(TEST_S):
        yield
