"""When the next message may be told about: a receiver that fails is asked less and less often."""

from __future__ import annotations

from typing import Final

TRIES_MAX: Final = 24
"""The tries of one message: some 17 hours, as they are an hour apart in the end."""

_RETRY_S: Final = (1, 4, 16, 64, 256, 1024)
_LAST_RETRY_S: Final = 3600
_AT_ONCE: Final = 4
_FIRST_PAUSE_S: Final = 0.5
_PAUSE_MAX_S: Final = 60.0


def find_retry_s(attempts: int) -> float:
    """Return how long after a message's last try, of `attempts`, the next one is."""
    return _RETRY_S[attempts - 1] if attempts <= len(_RETRY_S) else _LAST_RETRY_S


class TryTimes:
    """How many messages may be told about at once, and from when on. Times are of a monotonic clock."""

    def __init__(self, interval_s: float | None = None) -> None:
        """Let requests begin `interval_s` apart at least."""
        self._interval_s = interval_s or 0.0
        self._failures = 0
        self._next_s = float("-inf")

    @property
    def is_failing(self) -> bool:
        """True from a failure of the receiver to its next success."""
        return self._failures > 0

    def count_free(self, under_way: int, now_s: float) -> int:
        """Return how many more messages may be told about now. One that fails is asked by one at a time."""
        if now_s < self._next_s:
            return 0
        at_once = 1 if self.is_failing or self._interval_s else _AT_ONCE
        return max(0, at_once - under_way)

    def wait_s(self, now_s: float) -> float:
        """Return how long it takes until the next message may be told about."""
        return max(0.0, self._next_s - now_s)

    def begin(self, now_s: float) -> None:
        """Note that a request begins."""
        if self._interval_s:
            self._next_s = max(self._next_s, now_s + self._interval_s)

    def succeed(self) -> None:
        """Note that the receiver took a message."""
        self._failures = 0

    def fail(self, now_s: float, retry_after_s: float = 0.0) -> None:
        """Note that the receiver failed: wait twice as long as after the failure before, or as long as it asks."""
        pause_s = min(_PAUSE_MAX_S, _FIRST_PAUSE_S * 2 ** min(self._failures, 20))
        self._failures += 1
        self._next_s = max(self._next_s, now_s + pause_s, now_s + retry_after_s)
