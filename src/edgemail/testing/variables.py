"""Environment variables that tell programs where to send mail, under the names that they commonly have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.testing.smtp import Smtp

_HOSTS = ("EMAIL_HOST", "MAIL_HOST", "MAIL_SERVER", "SMTP_HOST")
_PORTS = ("EMAIL_PORT", "MAIL_PORT", "SMTP_PORT")
_URLS = ("SMTP_URL", "EMAIL_URL", "MAILER_DSN")
_LOGINS = (
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_USER",
    "EMAIL_PASSWORD",
    "MAIL_USERNAME",
    "MAIL_PASSWORD",
    "SMTP_USER",
    "SMTP_USERNAME",
    "SMTP_PASSWORD",
)
_SWITCHES = (
    "EMAIL_USE_TLS",
    "EMAIL_USE_SSL",
    "MAIL_USE_TLS",
    "MAIL_USE_SSL",
    "MAIL_STARTTLS",
    "MAIL_SSL_TLS",
    "MAIL_SUPPRESS_SEND",
    "SMTP_USE_TLS",
    "SMTP_USE_SSL",
    "SMTP_TLS",
    "SMTP_SSL",
    "SUPPRESS_SEND",
    "USE_CREDENTIALS",
    "VALIDATE_CERTS",
)
"""Flags of Django's, Flask-Mail's and fastapi-mail's settings; the last three are fastapi-mail's."""


def make_variables(smtp: Smtp, url: str) -> dict[str, str]:
    """Make the variables for an SMTP server and the URL of its page.

    Logins are empty, and flags are 0, rather than left out: so they win over a .env file, which is read later.
    """
    return (
        dict.fromkeys(_HOSTS, smtp.host)
        | dict.fromkeys(_PORTS, str(smtp.port))
        | dict.fromkeys(_URLS, smtp.url)
        | dict.fromkeys(_LOGINS, "")
        | dict.fromkeys(_SWITCHES, "0")
        | {"EDGEMAIL_URL": url}
    )
