"""What a session asks of its peer, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pop3Rules:
    """The same for all sessions of a server."""

    hostname: str
    offers_tls: bool = False
    requires_tls: bool = False
    """True if no name and no password is taken before TLS."""
    default_domain: str | None = None
    """Given to a user name without a domain; None refuses it."""
    expire_days: int | None = None
    """How long mail is kept at least; 0 for ever, None where that is less than a day (RFC 2449 section 6.7)."""
    max_errors: int = 10
    """The session ends with so many refused commands."""
    max_logins: int = 3
    """The session ends with so many wrong passwords."""
    max_commands: int = 1000
    """The session ends with more commands than this, and ten more for each message."""
