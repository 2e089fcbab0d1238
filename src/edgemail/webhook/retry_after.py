"""The field Retry-After (RFC 9110, 10.2.3): a number of seconds, or a date."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_AFTER_MAX_S: Final = 3600.0
"""The longest pause that a receiver can ask for: that between the last tries of a message."""

_LENGTH_MAX: Final = 64
_SECONDS = re.compile(r"[0-9]+")


def read_retry_after(text: str | None, now_s: float) -> float:
    """Return the pause that is asked for, in seconds: 0 to `RETRY_AFTER_MAX_S`, and 0 where there is no such field.

    `now_s` is the Unix time. A date that has passed, and what is neither a number nor a date, is 0.
    """
    text = (text or "").strip()
    if not text or len(text) > _LENGTH_MAX:
        return 0.0
    if _SECONDS.fullmatch(text):
        return min(RETRY_AFTER_MAX_S, float(text))
    try:
        moment = parsedate_to_datetime(text)
        at_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # by the form of what is no date
        return 0.0
    return min(RETRY_AFTER_MAX_S, max(0.0, at_s - now_s))
