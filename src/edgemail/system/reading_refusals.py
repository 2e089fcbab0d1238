"""Counts the refusals of readers because there is too much to do, and logs them once a minute."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from edgemail.system.minute_log import MinuteLog

if TYPE_CHECKING:
    from collections import Counter

_SWEEP_S = 10.0
_WHY: Final = {
    "listing_queue": "too many listings wait for summaries",
    "search_queue": "too many searches of all mail wait for each other",
    "message_queue": "too many wait for a message to be parsed",
    "attachment_queue": "too many wait for an attachment",
    "large_queue": "too many wait for a large message to be parsed",
    "link_check_queue": "too many checks of links wait for each other",
    "answer_files": "too many large messages and attachments are under way",
    "answer_memory": "the answers under way take all of max_answers",
    "slow_reader": "a client took its answer more slowly than min_read_rate",
    "inbox_streams": "an inbox has max_streams_per_inbox readers",
    "source_streams": "a source has max_streams_per_source event streams",
    "inbox_waits": "an inbox has max_waits_per_inbox requests that wait for mail",
    "source_waits": "a source has max_waits_per_source requests that wait for mail",
}

_log = logging.getLogger(__name__)


class ReadingRefusals:
    """Counts refusals by reason."""

    def __init__(self, counts: Counter[str]) -> None:
        """Count in `counts`, which then has every reason."""
        counts.update(dict.fromkeys(_WHY, 0))
        self._counts = counts
        self._minutes = MinuteLog(_log)

    def add(self, reason: str) -> None:
        """Count one, and log it unless this minute has had a line for that reason."""
        self._counts[reason] += 1
        self._minutes.note(reason, f"readers are refused: {_WHY[reason]}")

    async def run(self) -> None:
        """Log what is still to be logged, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            self._minutes.sweep()
