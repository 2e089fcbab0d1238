"""A log with one line a minute for each kind of event."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgemail.system.minute_log import MinuteLog

if TYPE_CHECKING:
    import pytest


def test_a_kind_has_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """The first one at once; those of the next minute in one line, with their number; none is lost."""
    now = 100.0
    log = MinuteLog(logging.getLogger("test"), lambda: now)

    def lines() -> list[str]:
        texts = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return texts

    log.note("a", "first")
    log.note("b", "other")
    assert lines() == ["first", "other"]
    log.note("a", "second")
    now = 159.0
    log.note("a", "third")
    log.sweep()
    assert lines() == []
    now = 160.0
    log.sweep()
    assert lines() == ["third (2 times in the last minute)"]
    now = 219.0
    log.note("a", "fourth")
    assert lines() == []
    now = 221.0
    log.note("a", "fifth")
    assert lines() == ["fifth (2 times in the last minute)"]
    now = 400.0
    log.note("a", "sixth")
    log.sweep()
    assert lines() == ["sixth"]
