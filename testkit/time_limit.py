"""A time limit for every test, so that none waits for ever."""

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
    """Raise TimeoutError in a block that takes longer than `seconds`."""

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
    """Fail a test that takes longer than TEST_S. It applies below a conftest.py that imports it."""
    with bound(TEST_S):
        yield
