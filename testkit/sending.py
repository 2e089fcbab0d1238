"""Sends mail by SMTP as a program under test would."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from edgemail.testing import Smtp


def send(
    smtp: Smtp,
    *to: object,
    subject: str = "Hello",
    text: str = "Hello.",
    html: str = "",
    sender: str = "The Shop <hello@shop.example>",
    files: tuple[tuple[str, str, bytes], ...] = (),
) -> None:
    """Send a message; `files` are names, types and contents."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(map(str, to)), subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, type_, content in files:
        main, _, sub = type_.partition("/")
        message.add_attachment(content, main, sub, filename=name)
    with smtplib.SMTP(smtp.host, smtp.port, timeout=PATIENCE_S) as client:
        client.send_message(message, "bounce@shop.example", [str(address) for address in to])
