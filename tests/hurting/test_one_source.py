"""One source that sends large mail takes nothing from others: an eighth of the usual sizes, to be quick."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from testkit.api_reader import listing
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

HONEST, OTHER, ATTACKER = "127.0.1.1", "127.0.1.2", "127.0.2.1"
LARGE = letter("junk", f"{'x' * 998}\r\n" * 3000)
LIMITS = {
    "EDGEMAIL_MODE": "public",
    "EDGEMAIL_TRUSTED": "127.0.0.9",
    "EDGEMAIL_MAX_MESSAGE_BYTES": "3200000",
    "EDGEMAIL_MAX_INBOX_BYTES": "6500000",
    "EDGEMAIL_RETENTION_INTERVAL": "1s",
}
"""Three of the large mails are above what an inbox holds, as three of 24 MB are above 50 MiB."""


def send(server: Process, source: str, data: bytes, to: str = "ann@example.org") -> None:
    with smtplib.SMTP(*server.smtp, "client", timeout=60, source_address=(source, 0)) as client:
        client.sendmail("a@sender.example", [to], data)


def subjects(server: Process, address: str = "ann@example.org") -> list[str]:
    return [message["subject"] for message in listing(server, address)]


async def test_three_large_mails_to_one_address_leave_it_its_other_mail(tmp_path: Path) -> None:
    """Older mail and newer, also after a restart, when the sources of what is kept must be known."""
    with serving(tmp_path / "mail.db", **LIMITS) as server:
        send(server, HONEST, letter("honest"))
        for _ in range(3):
            send(server, ATTACKER, LARGE)
        await until(lambda: subjects(server) == ["junk", "junk", "honest"])
        send(server, OTHER, letter("another"))
        send(server, ATTACKER, LARGE)
        await until(lambda: subjects(server) == ["junk", "another", "junk", "honest"])
    with serving(tmp_path / "mail.db", **LIMITS) as server:
        for _ in range(2):
            send(server, ATTACKER, LARGE)
        await until(lambda: subjects(server) == ["junk", "junk", "another", "honest"])


async def test_nine_large_mails_leave_everybody_their_mail(tmp_path: Path) -> None:
    """They are more than all that the server keeps; past its octets of an hour the source gets 452."""
    with serving(tmp_path / "mail.db", **LIMITS, EDGEMAIL_MAX_BYTES="16MiB") as server:
        send(server, HONEST, letter("honest"))
        refused = []
        for number in range(9):
            try:
                send(server, ATTACKER, LARGE, f"box{number}@example.org")
            except smtplib.SMTPResponseException as error:
                refused.append(error.smtp_code)
        assert refused == [452] * 5
        send(server, OTHER, letter("another"))
        await until(lambda: subjects(server) == ["another", "honest"])
        assert subjects(server, "box0@example.org") == ["junk"]
