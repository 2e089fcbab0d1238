"""What the HTTP servers are built over. This module is light: the program has it before the HTTP part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from edgemail.mailbox.inbox import Inbox
    from edgemail.policy.chaos import Chaos
    from edgemail.policy.submission import Submitter
    from edgemail.policy.visitors import Visitors
    from edgemail.settings import Settings
    from edgemail.store.base import Usage
    from edgemail.system.metrics import Counters
    from edgemail.system.password_file import StoredPasswords


@dataclass(frozen=True, slots=True)
class HttpParts:
    """The parts of the program that the servers use."""

    settings: Settings
    inbox: Inbox
    measure: Callable[[], Awaitable[Usage]]
    """`Mailbox.measure` of the store."""
    counters: Counters
    refuse: Callable[[str], None]
    """Called with the reason for each reader that is refused."""
    submitter: Submitter
    chaos: Chaos
    passwords: StoredPasswords | None
    """Those of the operator."""
    visitors: Visitors
    smtp_urls: Sequence[str]
    max_connections: int
    """The setting, or fewer where there are too few descriptors."""
