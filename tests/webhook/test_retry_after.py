"""Retry-After is read in all its forms, and with a bound."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgemail.webhook.retry_after import RETRY_AFTER_MAX_S, read_retry_after

NOW_S = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "pause_s"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("3601", RETRY_AFTER_MAX_S),
        ("9" * 64, RETRY_AFTER_MAX_S),
        ("Fri, 06 Nov 2026 08:50:07 GMT", 30),
        ("Friday, 06-Nov-26 08:50:07 GMT", 30),
        ("Fri Nov  6 08:50:07 2026", 30),
        ("Fri, 06 Nov 2026 09:50:07 +0100", 30),
        ("Sat, 07 Nov 2026 08:49:37 GMT", RETRY_AFTER_MAX_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MAX_S),
    ],
)
def test_seconds_and_dates_are_pauses(text: str, pause_s: float) -> None:
    """The two older forms of a date as well. No pause is longer than an hour."""
    assert read_retry_after(text, NOW_S) == pause_s


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", " ", "soon", "-5", "1.5", "1e9", "٣", "9" * 65, "5, 7", "\x00", "Fri, 06 Nov 2026"),
        *("Fri, 06 Nov 2026 08:49:37 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 0001 00:00:00 +2359"),
        *("Fri, 99 Nov 2026 08:49:37 GMT", "Fri, 06 Nov 2026 99:99:99 GMT", "Fri, 06 Nov 99999 08:49:37 GMT"),
        *("Fri, 06 Nov 2026 08:49:37 +999999", "Fri, , :: ", "(" * 60),
    ],
)
def test_anything_else_is_no_pause(text: str | None) -> None:
    """Nor is a date that has passed."""
    assert read_retry_after(text, NOW_S) == 0
