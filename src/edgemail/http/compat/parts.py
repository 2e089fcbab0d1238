"""What the APIs of other mail catchers are built over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgemail.checks.link_check import LinkChecker
    from edgemail.mailbox.inbox import Inbox
    from edgemail.policy.chaos import Chaos
    from edgemail.policy.submission import Submitter
    from edgemail.store.base import Usage
    from edgemail.system.metrics import SmtpCounters


@dataclass(frozen=True, slots=True)
class CompatParts:
    """The parts of the program that these APIs use."""

    inbox: Inbox
    chaos: Chaos | None
    """None where nobody may change it."""
    submitter: Submitter
    max_message_bytes: int
    database: str
    """The name of the database that may be shown."""
    measure: Callable[[], Awaitable[Usage]]
    smtp: SmtpCounters
    smtp_port: int | None
    """None where no mail is taken."""
    link_checker: LinkChecker | None
    """None where links are not checked."""
    checks_html: bool
    started_at: float = field(default_factory=time.monotonic)
