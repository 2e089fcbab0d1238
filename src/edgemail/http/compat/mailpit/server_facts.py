"""What Mailpit tells of itself, told of this server."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgemail.http.compat.mailpit.shapes import VERSION
from edgemail.mailbox.all_mail import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgemail.mailbox.all_mail import AllMail
    from edgemail.store.base import Usage
    from edgemail.system.metrics import SmtpCounters

WEB_UI: Final[dict[str, Any]] = {
    "Label": "",
    "MessageRelay": {
        "Enabled": False,
        "SMTPServer": "",
        "ReturnPath": "",
        "AllowedRecipients": "",
        "BlockedRecipients": "",
        "OverrideFrom": "",
        "PreserveMessageIDs": False,
        "RecipientAllowlist": "",
    },
    "SpamAssassin": False,
    "Rspamd": False,
    "DuplicatesIgnored": False,
    "HideDeleteAllButton": False,
}
_PAGES: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Where the facts are. `database` is the name that may be shown."""

    database: str
    measure: Callable[[], Awaitable[Usage]]
    smtp: SmtpCounters
    started_at: float = field(default_factory=time.monotonic)


async def describe_server(facts: ServerFacts, all_mail: AllMail) -> dict[str, Any]:
    """Describe the server. Deletions are not counted."""
    counts = await all_mail.count(EVERYTHING)
    usage = await facts.measure()
    return {
        "Version": VERSION,
        "LatestVersion": "disabled",
        "Database": facts.database,
        "DatabaseSize": usage.size,
        "Messages": counts.messages,
        "Unread": counts.unread,
        "Tags": await all_mail.tags(),
        "RuntimeStats": {
            "Uptime": int(time.monotonic() - facts.started_at),
            "Memory": _measure_memory(),
            "MessagesDeleted": 0,
            "SMTPAccepted": facts.smtp.accepted,
            "SMTPAcceptedSize": facts.smtp.sizes.total,
            "SMTPRejected": facts.smtp.refused,
            "SMTPIgnored": 0,
        },
    }


def _measure_memory() -> int:
    """Return the octets that this process has in memory; 0 where the system does not tell."""
    try:
        return int(_PAGES.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
