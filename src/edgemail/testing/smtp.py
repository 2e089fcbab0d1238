"""Where the program under test sends its mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Smtp:
    """An SMTP server that takes any login, or none, without TLS."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the address as `smtp://127.0.0.1:40123`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"smtp://{host}:{self.port}"

    def fastapi_mail(self, **more: Any) -> dict[str, Any]:
        """Return arguments for fastapi-mail's ConnectionConfig: no login, no TLS, and mail is sent.

        `more` is added, such as MAIL_FROM, and wins.
        """
        return {
            "MAIL_SERVER": self.host,
            "MAIL_PORT": self.port,
            "MAIL_USERNAME": "",
            "MAIL_PASSWORD": "",
            "MAIL_STARTTLS": False,
            "MAIL_SSL_TLS": False,
            "USE_CREDENTIALS": False,
            "VALIDATE_CERTS": False,
            "SUPPRESS_SEND": 0,
        } | more

    def __str__(self) -> str:
        return self.url
