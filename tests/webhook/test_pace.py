"""A receiver that fails is asked less and less often, and one message not for ever."""

from __future__ import annotations

from edgemail.webhook.pace import TRIES_MAX, Pace, find_retry_s


def test_a_message_is_tried_for_some_seventeen_hours() -> None:
    """Quickly at first, then every hour."""
    waits = [find_retry_s(attempts) for attempts in range(1, TRIES_MAX)]
    assert waits[:7] == [1, 4, 16, 64, 256, 1024, 3600]
    assert waits == sorted(waits)
    assert 17 * 3600 < sum(waits) < 18 * 3600


def test_four_messages_are_told_about_at_once() -> None:
    """While nothing fails."""
    pace = Pace()
    assert [pace.count_free(under_way, 0.0) for under_way in range(6)] == [4, 3, 2, 1, 0, 0]
    assert pace.wait_s(0.0) == 0.0


def test_each_failure_doubles_the_pause_up_to_a_minute() -> None:
    """Then one message at a time is tried, until one is taken."""
    pace, now_s = Pace(), 100.0
    pauses = []
    for _ in range(1000):
        pace.fail(now_s)
        pauses.append(pace.wait_s(now_s))
        assert pace.count_free(0, now_s) == 0
        now_s += pauses[-1]
        assert [pace.count_free(under_way, now_s) for under_way in (0, 1)] == [1, 0]
    assert pauses[:8] == [0.5, 1, 2, 4, 8, 16, 32, 60]
    assert max(pauses) == 60
    pace.succeed()
    assert pace.count_free(0, now_s) == 4


def test_requests_begin_apart() -> None:
    """One after the other."""
    pace = Pace(5.0)
    assert pace.count_free(0, 0.0) == 1
    pace.begin(0.0)
    assert (pace.count_free(0, 4.9), pace.count_free(1, 5.0), pace.count_free(0, 5.0)) == (0, 0, 1)
