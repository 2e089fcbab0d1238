"""Defines the settings of the POP3 server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.settings.definition import setting
from edgemail.settings.kinds import COUNT, DURATION, ENDPOINT, many

if TYPE_CHECKING:
    from edgemail.model import Endpoint


@dataclass(frozen=True, slots=True)
class Pop3Settings:
    """Where mail programs read mail by POP3, and how many of them. `min_read_rate` holds for them too."""

    listen: tuple[Endpoint, ...] = setting(
        many(ENDPOINT),
        (),
        "Listen here for POP3. The user is an inbox's address. In dev mode any password is right, in public mode "
        "one of `password_file`, and none is taken before TLS.",
        name="pop3",
        everyday=True,
    )
    listen_tls: tuple[Endpoint, ...] = setting(
        many(ENDPOINT), (), "Listen here for POP3 over implicit TLS.", name="pop3s", everyday=True
    )
    max_connections: int = setting(
        COUNT, 200, "Take at most this many POP3 connections at a time.", name="max_pop3_connections"
    )
    max_connections_per_source: int = setting(
        COUNT,
        20,
        "Take at most this many POP3 connections at a time from one source that is not `trusted`.",
        name="max_pop3_connections_per_source",
    )
    connection_rate: int = setting(
        COUNT,
        60,
        "Take at most this many new POP3 connections, and so logins, a minute from one source not trusted.",
        name="pop3_connection_rate",
    )
    login_timeout_s: float = setting(
        DURATION, 60.0, "Wait this long for the login of a POP3 session.", name="pop3_login_timeout"
    )
    idle_timeout_s: float = setting(
        DURATION, 600.0, "Wait this long for a POP3 command after the login.", name="pop3_idle_timeout"
    )

    @property
    def is_on(self) -> bool:
        """True if there is a port for POP3."""
        return bool(self.listen or self.listen_tls)
