"""Refusals are counted one by one, and logged by the minute."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from edgemail.system import reading_refusals
from edgemail.system.minute_log import MinuteLog
from edgemail.system.reading_refusals import ReadingRefusals

if TYPE_CHECKING:
    import pytest


def test_a_flood_of_refusals_is_a_line_a_minute_and_kind(caplog: pytest.LogCaptureFixture) -> None:
    """The first is said at once, the others together in the next minute; the counts have them all."""
    counts: Counter[str] = Counter()
    refusals = ReadingRefusals(counts)
    assert set(counts.values()) == {0}
    now = [0.0]
    refusals._minutes = MinuteLog(reading_refusals._log, lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(2000):
            refusals.add("message_queue")
        refusals.add("slow_reader")
        assert len(caplog.records) == 2
        now[0] = 61.0
        refusals._minutes.sweep()
    assert (counts["message_queue"], counts["slow_reader"]) == (2000, 1)
    assert len(caplog.records) == 3
    assert "1999" in caplog.records[2].getMessage()
