"""What all connections of one POP3 server share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from edgemail.policy.visitors import is_within
from edgemail.pop3 import replies
from edgemail.pop3.rules import Pop3Rules
from edgemail.pop3_server.doorkeeper import Doorkeeper
from edgemail.pop3_server.recorder import Pop3Recorder
from edgemail.pop3_server.slots import Pop3Slots

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from edgemail.pop3.outputs import Pop3Reply
    from edgemail.pop3_server.doorkeeper import Admitted
    from edgemail.pop3_server.parts import Pop3Parts

_MAX_MESSAGES: Final = 10_000
"""The most messages that a session sees, where inboxes have no bound."""
_DAY_S: Final = 86_400.0


class Pop3Context:
    """The settings that matter here, and the counters."""

    def __init__(self, parts: Pop3Parts) -> None:
        settings = parts.settings
        self.settings = settings.pop3
        self.inbox = parts.inbox
        self.certificate = parts.certificate
        self.doorkeeper = Doorkeeper(settings, parts.passwords, parts.visitors)
        self.slots = Pop3Slots(settings.pop3, time.monotonic)
        self.recorder = Pop3Recorder(parts.counters, parts.logged_addresses)
        self.max_messages = min(settings.retention.max_inbox_messages or _MAX_MESSAGES, _MAX_MESSAGES)
        self.linger_s = settings.smtp.linger_s
        self.tls_timeout_s = settings.smtp.tls_timeout_s
        self.min_read_rate_bytes = settings.http.min_read_rate_bytes
        self.last_words_s = settings.pop3.login_timeout_s
        """How long a peer may take for what was written before the connection was closed."""
        self._access = settings.access
        self._is_read_only = settings.read_only
        max_age_s = settings.retention.max_age_s
        days = None if max_age_s is None else int(max_age_s // _DAY_S)
        self.rules = Pop3Rules(
            settings.smtp.hostname,
            offers_tls=parts.certificate is not None
            and (settings.smtp.tls == "self-made" or settings.smtp.tls_cert is not None),
            requires_tls=settings.access.mode == "public",
            default_domain=settings.smtp.default_domain,
            expire_days=0 if days is None else days or None,
            max_errors=settings.smtp.max_errors,
        )

    def refuse_source(self, ip: IPv4Address | IPv6Address) -> Pop3Reply | None:
        """Refuse a peer of a network that readers may not come from."""
        return None if is_within(ip, self._access.allow_http_sources) else replies.SOURCE_DENIED

    def allows_deletion(self, reader: Admitted) -> bool:
        """Return True if a reader may delete mail."""
        return not self._is_read_only and (self._access.deletion == "on" or reader.is_operator)
