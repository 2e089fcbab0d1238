"""What a listener says by itself, encoded once. Second words are enhanced status codes (RFC 3463)."""

from __future__ import annotations

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.smtp import Reply, list_reasons

KEPT = Reply.of(250, "2.0.0 OK, kept")

TOO_MANY_CONNECTIONS = Reply.of(421, "4.7.0 Too many connections, try again later", reason="too_many_connections")
TOO_MANY_OF_SOURCE = Reply.of(
    421, "4.7.0 Too many connections from you, try again later", reason="source_connections"
)
TOO_OFTEN = Reply.of(421, "4.7.0 You connect too often, try again later", reason="connection_rate")
TIMED_OUT = Reply.of(421, "4.4.2 Nothing came for too long", reason="timed_out")
SHED = Reply.of(421, "4.4.2 Nothing came for too long, and others wait", reason="shed")
TOO_SLOW = Reply.of(421, "4.4.2 The message comes too slowly", reason="too_slow")
SESSION_TIMED_OUT = Reply.of(421, "4.4.2 The session took too long", reason="session_timed_out")
STOPPING = Reply.of(421, "4.3.2 The server stops, try again later", reason="stopping")

TOO_MANY_MESSAGES = Reply.of(450, "4.7.1 Too many messages from you, try again later", reason="message_rate")
STORE_LATE = Reply.of(451, "4.3.0 The store takes too long, try again later", reason="commit_timed_out")
STORE_BEHIND = Reply.of(451, "4.3.0 The store is behind, try again later", reason="store_behind")
NOT_KEPT = Reply.of(451, "4.3.0 The message could not be kept, try again later", reason="commit_failed")
STORE_UNAVAILABLE = Reply.of(451, "4.3.0 The store is not available, try again later", reason="store_unavailable")
STORE_FULL = Reply.of(452, "4.3.1 There is no room, try again later", reason="store_full")

SENDER_DENIED = Reply.of(550, "5.7.1 No mail is taken from this sender", reason="sender_denied")
RECIPIENT_DENIED = Reply.of(550, "5.7.1 No mail is taken for this recipient", reason="recipient_denied")
SOURCE_DENIED = Reply.of(554, "5.7.1 No mail is taken from your address", reason="source_denied")
DISK_FLOOR = Reply.of(
    452,
    "4.3.1 Less of the server's disk is free than its setting min_free asks for, try again later",
    reason="disk_floor",
)
CHAOS = Reply.of(451, "4.0.0 Chaos: refused on purpose", reason="chaos")
"""What chaos says by the most common code; the others are made as they are asked for."""

EARLY_TALKER = Reply.of(554, "5.5.1 Wait for the greeting", reason="early_talker")

BAD_PROXY_HEADER = Reply.of(421, "4.7.0 No PROXY header, or a bad one", reason="bad_proxy_header")
"""Counted and never said: what is at the other end may not speak SMTP."""

REASONS = list_reasons(globals())
"""Every reason that a reply here has."""

_VERDICTS: dict[type[BaseException], Reply] = {StoreUnavailable: STORE_UNAVAILABLE, StoreFull: STORE_FULL}

VERDICTS = frozenset({STORE_LATE, NOT_KEPT, *_VERDICTS.values()})
"""What may become of a message that was handed over, but for `KEPT`."""


def explain(error: BaseException) -> Reply:
    """Return what a sender is told of an error of the store: only what it can do about it."""
    return _VERDICTS.get(type(error), NOT_KEPT)
