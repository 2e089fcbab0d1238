"""A receiver that fails is asked less and less often, and one message not for ever."""

from __future__ import annotations

from edgemail.webhook.try_times import TRIES_MAX, TryTimes, find_retry_s


def test_a_message_is_tried_for_some_seventeen_hours() -> None:
    """Quickly at first, then every hour."""
    waits = [find_retry_s(attempts) for attempts in range(1, TRIES_MAX)]
    assert waits[:7] == [1, 4, 16, 64, 256, 1024, 3600]
    assert waits == sorted(waits)
    assert 17 * 3600 < sum(waits) < 18 * 3600


def test_four_messages_are_told_about_at_once() -> None:
    """While nothing fails."""
    times = TryTimes()
    assert [times.count_free(under_way, 0.0) for under_way in range(6)] == [4, 3, 2, 1, 0, 0]
    assert times.wait_s(0.0) == 0.0


def test_each_failure_doubles_the_pause_up_to_a_minute() -> None:
    """Then one message at a time is tried, until one is taken."""
    times, now_s = TryTimes(), 100.0
    pauses = []
    for _ in range(1000):
        times.fail(now_s)
        pauses.append(times.wait_s(now_s))
        assert times.count_free(0, now_s) == 0
        now_s += pauses[-1]
        assert [times.count_free(under_way, now_s) for under_way in (0, 1)] == [1, 0]
    assert pauses[:8] == [0.5, 1, 2, 4, 8, 16, 32, 60]
    assert max(pauses) == 60
    times.succeed()
    assert times.count_free(0, now_s) == 4


def test_a_receiver_may_ask_for_a_longer_pause_and_for_no_shorter_one() -> None:
    """The failures before it count all the same."""
    times = TryTimes()
    times.fail(0.0, 40.0)
    assert (times.count_free(0, 39.9), times.wait_s(0.0), times.count_free(0, 40.0)) == (0, 40.0, 1)
    for _ in range(5):
        times.fail(40.0)
    times.fail(40.0, 1.0)
    assert times.wait_s(40.0) == 32


def test_requests_begin_apart() -> None:
    """One after the other."""
    times = TryTimes(5.0)
    assert times.count_free(0, 0.0) == 1
    times.begin(0.0)
    assert (times.count_free(0, 4.9), times.count_free(1, 5.0), times.count_free(0, 5.0)) == (0, 0, 1)
