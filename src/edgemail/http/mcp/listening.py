"""Tells an agent that an inbox has new mail, for as long as it listens: nothing of it outlives the request."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final

from edgemail.errors import InboxLocked
from edgemail.http.mcp.faults import ToolFault
from edgemail.http.mcp.resources import find_inbox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from edgemail.http.mcp.addresses import AgentAddresses
    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import Address

LISTEN_MAX_S: Final = 3600.0
"""How long one request may listen. Its client then listens again, where it is still there."""

INBOXES_MAX: Final = 20
"""The most inboxes of a request, as of an event stream."""

_URIS_MAX: Final = 100
"""The most URIs that are looked at: each of a locked inbox costs a hash for each key of the request."""

_LOOK_S: Final = 10.0
"""How often the time is looked at."""


def choose_inboxes(
    addresses: AgentAddresses, uris: Sequence[str], check_lock: Callable[[Address, None], None]
) -> dict[str, str]:
    """Return the URIs whose changes are told, each with the name of its inbox.

    Those are inboxes that the tools may use and whose locks the request opens. A message never changes, so its
    URI is left out. So is what comes after `INBOXES_MAX` inboxes or `_URIS_MAX` URIs.
    """
    chosen: dict[str, str] = {}
    for uri in uris[:_URIS_MAX]:
        text = find_inbox(uri)
        if text is not None and len(chosen) < INBOXES_MAX:
            with suppress(ToolFault, InboxLocked):
                address = addresses.check(text)
                check_lock(address, None)
                chosen[uri] = address.inbox
    return chosen


async def follow_inboxes(
    inbox: Inbox, chosen: dict[str, str], note_empty: Callable[[str], None]
) -> AsyncGenerator[tuple[str, ...], None]:
    """Yield no URI once all inboxes are watched, then the URIs of an inbox whenever it has new mail.

    Mail that comes together is told together. Ends after `LISTEN_MAX_S`, and when the server stops.
    """
    names = list(dict.fromkeys(chosen.values()))
    newest = dict(zip(names, await asyncio.gather(*map(inbox.last_id, names)), strict=True))
    for name, mail_id in newest.items():
        if not mail_id:
            note_empty(name)
    deadline = time.monotonic() + LISTEN_MAX_S
    yield ()
    async with aclosing(inbox.follow_all(newest, quiet_s=_LOOK_S)) as following:
        async for news in following:
            if time.monotonic() >= deadline:
                return
            if news is not None:
                yield tuple(uri for uri, name in chosen.items() if name == news[0])
