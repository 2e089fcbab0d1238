"""A tiny sign-up service: it sends a code and a link, and takes either as proof of an address."""

from __future__ import annotations

import os
import secrets
import smtplib
from email.message import EmailMessage
from urllib.parse import urlencode

_waiting: dict[str, str] = {}
_confirmed: set[str] = set()


def sign_up(address: str) -> None:
    """Send a code and a link to an address; both hold until the next sign-up with it."""
    code = f"{secrets.randbelow(10**6):06}"
    _waiting[address] = code
    link = "https://shop.example/confirm?" + urlencode({"address": address, "code": code})
    _send(address, "Confirm your address", f"Your code is {code}.\n\nOr confirm your address here:\n{link}\n")


def confirm(address: str, code: str) -> bool:
    """Return True if this is the code that was sent to the address. It counts once."""
    if _waiting.get(address) != code:
        return False
    del _waiting[address]
    _confirmed.add(address)
    return True


def reset_password(address: str) -> None:
    """Send a link for a new password, but to confirmed addresses alone."""
    if address in _confirmed:
        link = "https://shop.example/reset?" + urlencode({"token": secrets.token_urlsafe(16)})
        _send(address, "Reset your password", f"Choose a new password here:\n{link}\n")


def _send(address: str, subject: str, text: str) -> None:
    message = EmailMessage()
    message["From"] = "The Shop <hello@shop.example>"
    message["To"] = address
    message["Subject"] = subject
    message.set_content(text)
    with smtplib.SMTP(os.environ.get("SMTP_HOST", "localhost"), int(os.environ.get("SMTP_PORT", "25"))) as server:
        server.send_message(message)
