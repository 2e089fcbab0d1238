"""The replies of the listener itself, encoded once, with enhanced status codes (RFC 3463)."""

from __future__ import annotations

from edgemail.errors import SourceBudgetSpent, StoreFull, StoreUnavailable
from edgemail.policy import replies as policy_replies
from edgemail.smtp import Reply, list_reasons

KEPT = Reply.of(250, "2.0.0 OK, kept")

TOO_MANY_CONNECTIONS = Reply.of(421, "4.7.0 Too many connections, try again later", reason="too_many_connections")
TIMED_OUT = Reply.of(421, "4.4.2 Nothing came for too long", reason="timed_out")
SHED = Reply.of(421, "4.4.2 Nothing came for too long, and others wait", reason="shed")
TOO_SLOW = Reply.of(421, "4.4.2 The message comes too slowly", reason="too_slow")
SESSION_TIMED_OUT = Reply.of(421, "4.4.2 The session took too long", reason="session_timed_out")
STOPPING = Reply.of(421, "4.3.2 The server stops, try again later", reason="stopping")

STORE_LATE = Reply.of(451, "4.3.0 The store takes too long, try again later", reason="commit_timed_out")
NOT_KEPT = Reply.of(451, "4.3.0 The message could not be kept, try again later", reason="commit_failed")
STORE_UNAVAILABLE = Reply.of(451, "4.3.0 The store is not available, try again later", reason="store_unavailable")
STORE_FULL = Reply.of(452, "4.3.1 There is no room, try again later", reason="store_full")

EARLY_TALKER = Reply.of(554, "5.5.1 Wait for the greeting", reason="early_talker")

BAD_PROXY_HEADER = Reply.of(421, "4.7.0 No PROXY header, or a bad one", reason="bad_proxy_header")
"""Counted and never sent: the other end may not speak SMTP."""

REASONS = list_reasons(globals())
"""The reasons of all replies in this module."""

_VERDICTS: dict[type[BaseException], Reply] = {
    StoreUnavailable: STORE_UNAVAILABLE,
    StoreFull: STORE_FULL,
    SourceBudgetSpent: policy_replies.TOO_MANY_OCTETS,
}

VERDICTS = frozenset({STORE_LATE, NOT_KEPT, *_VERDICTS.values()})
"""The verdicts on a message that was handed over, but for `KEPT`."""


def explain(error: BaseException) -> Reply:
    """Return the verdict for an error of the store: only what the sender can do about it."""
    return _VERDICTS.get(type(error), NOT_KEPT)
