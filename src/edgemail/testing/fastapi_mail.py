"""Settings of fastapi-mail that have it send to edgemail."""

from __future__ import annotations

from typing import Any


def make_config(host: str, port: int, **more: Any) -> dict[str, Any]:
    """Make arguments for ConnectionConfig: no login, no TLS, and mail is sent. `more` wins, such as MAIL_FROM."""
    return {
        "MAIL_SERVER": host,
        "MAIL_PORT": port,
        "MAIL_USERNAME": "",
        "MAIL_PASSWORD": "",
        "MAIL_STARTTLS": False,
        "MAIL_SSL_TLS": False,
        "USE_CREDENTIALS": False,
        "VALIDATE_CERTS": False,
        "SUPPRESS_SEND": 0,
    } | more
