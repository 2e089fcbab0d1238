"""Misses of a source: how many it may have, also by many requests at once."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from testkit.running_app import resolved_in

from edgemail.policy.visitors import Visitors

if TYPE_CHECKING:
    from pathlib import Path

STRANGER: Final = ip_address("203.0.113.7")
MISSES: Final = 60
AT_ONCE: Final = 20
MINUTE_S: Final = 60.0


class Clock:
    """A clock that a test sets, in seconds."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_many_requests_at_once_miss_no_more_often_than_one_by_one(tmp_path: Path) -> None:
    """All of them are let in before the first one misses. What they miss past the limit counts later."""
    clock = Clock(10 * MINUTE_S - 1)
    visitors = Visitors(resolved_in(tmp_path).access, clock)
    visitor = visitors.find(STRANGER)
    missed = 0
    for _ in range(10):  # minutes
        for _ in range(60):  # seconds
            let_in = sum(visitors.may_look(visitor) for _ in range(AT_ONCE))
            for _ in range(let_in):
                visitors.miss(visitor)
            missed += let_in
            clock.now += 1
    assert missed <= MISSES * 11 + AT_ONCE


def test_a_source_that_missed_too_often_may_look_again(tmp_path: Path) -> None:
    clock = Clock(0)
    visitors = Visitors(resolved_in(tmp_path).access, clock)
    visitor = visitors.find(STRANGER)
    for _ in range(MISSES + AT_ONCE):
        visitors.miss(visitor)
    assert not visitors.may_look(visitor)
    clock.now = 2 * MINUTE_S
    assert visitors.may_look(visitor)
