"""What Mailpit tells of itself, told of this server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgemail.http.compat.mailpit.shapes import VERSION
from edgemail.mailbox.all_mail import EVERYTHING

if TYPE_CHECKING:
    from edgemail.http.compat.parts import CompatParts

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


async def describe_server(parts: CompatParts) -> dict[str, Any]:
    """Describe the server. Deletions are not counted."""
    all_mail = parts.inbox.all_mail
    counts = await all_mail.count(EVERYTHING)
    usage = await parts.measure()
    return {
        "Version": VERSION,
        "LatestVersion": "disabled",
        "Database": parts.database,
        "DatabaseSize": usage.size,
        "Messages": counts.messages,
        "Unread": counts.unread,
        "Tags": await all_mail.tags(),
        "RuntimeStats": {
            "Uptime": int(time.monotonic() - parts.started_at),
            "Memory": _measure_memory(),
            "MessagesDeleted": 0,
            "SMTPAccepted": parts.smtp.accepted,
            "SMTPAcceptedSize": parts.smtp.sizes.total,
            "SMTPRejected": parts.smtp.refused,
            "SMTPIgnored": 0,
        },
    }


def _measure_memory() -> int:
    """Return the octets that this process has in memory; 0 where the system does not tell."""
    try:
        return int(_PAGES.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
