"""What the POP3 server is built over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.mailbox.inbox import Inbox
    from edgemail.policy.visitors import Visitors
    from edgemail.settings import Settings
    from edgemail.system.certificate import Certificate
    from edgemail.system.logged_addresses import LoggedAddresses
    from edgemail.system.metrics import Pop3Counters
    from edgemail.system.password_file import StoredPasswords


@dataclass(frozen=True, slots=True)
class Pop3Parts:
    """The parts of the program that the server uses."""

    settings: Settings
    inbox: Inbox
    certificate: Certificate | None
    passwords: StoredPasswords | None
    """Those of the operator."""
    visitors: Visitors
    counters: Pop3Counters
    logged_addresses: LoggedAddresses
    """Those of SMTP: an address has the same hash in the lines of both."""
