"""Waits for mail on behalf of agents: bounded, without stale mail, with notes of progress."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from edgemail.mailbox.inbox import PAGE_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.http.mcp.agent_waits import AgentWaits
    from edgemail.http.mcp.calls import ToolCall
    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import ListedMail

NOTE_S: Final = 10.0
"""How often a caller that asks for progress hears of it."""

_YOUNG: Final = timedelta(minutes=10)
"""Older mail has the code of an earlier login, unless the caller says after which id to look."""

_EARLY_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class WaitOutcome:
    """What a wait came to. `after` is the newest id that was looked at."""

    found: ListedMail | None
    after: int
    others: int
    """How many messages were looked at and not wanted."""


async def wait_for(
    inbox: Inbox,
    name: str,
    after: int | None,
    timeout_s: float,
    matches: Callable[[ListedMail], bool],
    call: ToolCall,
    waits: AgentWaits,
) -> WaitOutcome:
    """Wait for a message that matches.

    With `after` that is the first above this id. Without, it is the newest of the last ten minutes, else
    the next to arrive.

    Raises:
        ToolFault: too many wait already.
    """
    others = 0
    with waits.hold(call.source):
        began = time.monotonic()
        if after is None:
            page = await inbox.list_page(name, limit=PAGE_MAX)
            after = page[0].mail.id if page else 0
            oldest = datetime.now(UTC) - _YOUNG
            for listed in page:
                if listed.mail.date < oldest:
                    break
                if matches(listed):
                    return WaitOutcome(listed, after, others)
                others += 1
        seen = after

        def look(listed: ListedMail) -> bool:
            nonlocal seen, others
            seen = max(seen, listed.mail.id)
            if matches(listed):
                return True
            others += 1
            return False

        while True:
            passed_s = time.monotonic() - began
            slice_s = max(0.0, min(NOTE_S, timeout_s - passed_s))
            found = await inbox.wait(name, after=seen, timeout_s=slice_s, matches=look)
            now_s = time.monotonic() - began
            is_closing = now_s - passed_s < slice_s - _EARLY_S
            if found is not None or now_s >= timeout_s or is_closing:
                break
            if call.report is not None:
                await call.report(round(now_s), timeout_s, "waiting for mail")
        if found is None and not seen:
            call.note_empty(name)
        return WaitOutcome(found, seen, others)
