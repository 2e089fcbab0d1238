"""The refusals of the policy, encoded once, with enhanced status codes (RFC 3463)."""

from __future__ import annotations

from edgemail.smtp import Reply, list_reasons

TOO_MANY_OF_SOURCE = Reply.of(
    421, "4.7.0 Too many connections from you, try again later", reason="source_connections"
)
TOO_OFTEN = Reply.of(421, "4.7.0 You connect too often, try again later", reason="connection_rate")
TOO_MANY_MESSAGES = Reply.of(450, "4.7.1 Too many messages from you, try again later", reason="message_rate")
TOO_MANY_OCTETS = Reply.of(
    452, "4.7.1 Too many octets from you within an hour, try again later", reason="source_bytes"
)
STORE_BEHIND = Reply.of(451, "4.3.0 The store is behind, try again later", reason="store_behind")
SENDER_DENIED = Reply.of(550, "5.7.1 No mail is taken from this sender", reason="sender_denied")
RECIPIENT_DENIED = Reply.of(550, "5.7.1 No mail is taken for this recipient", reason="recipient_denied")
SOURCE_DENIED = Reply.of(554, "5.7.1 No mail is taken from your address", reason="source_denied")
DISK_FLOOR = Reply.of(
    452,
    "4.3.1 Less of the server's disk is free than its setting min_free asks for, try again later",
    reason="disk_floor",
)
MAIL_SPACE = Reply.of(
    452, "4.3.1 There is no room, and all mail is too young to be deleted, try again later", reason="mail_space"
)
LOGIN_NOT_CHECKED = Reply.of(
    454, "4.7.0 The password could not be checked, try again later", reason="login_not_checked"
)
TOO_MANY_LOGINS = Reply.of(
    454, "4.7.0 Too many wrong passwords from you, try again later", reason="too_many_logins"
)
CHAOS = Reply.of(451, "4.0.0 Chaos: refused on purpose", reason="chaos")
"""The chaos reply with the most common code; `chaos.py` makes the others on first use."""

REASONS = list_reasons(globals())
"""The reasons of all replies in this module."""
