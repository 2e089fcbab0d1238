"""Where the program under test sends its mail."""

from __future__ import annotations

from dataclasses import dataclass


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

    def __str__(self) -> str:
        return self.url
