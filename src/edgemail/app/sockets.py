"""Binds the ports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from edgemail.http.sockets import set_options
from edgemail.model import Endpoint
from edgemail.system.sockets import bind, leave_out_ipv6, write_url

if TYPE_CHECKING:
    import contextlib
    import socket
    from collections.abc import Iterable

    from edgemail.settings import Settings


@dataclass(frozen=True, slots=True)
class ListeningSockets:
    """The listening sockets."""

    smtp: list[socket.socket]
    smtps: list[socket.socket]
    http: list[socket.socket]
    metrics: list[socket.socket]
    pop3: list[socket.socket]
    pop3s: list[socket.socket]

    @classmethod
    def bind(cls, settings: Settings, undo: contextlib.ExitStack) -> Self:
        """Bind all; `undo` closes them.

        Raises:
            ListenError: a port cannot be bound.
        """

        def bind_all(endpoints: Iterable[Endpoint], flag: str) -> list[socket.socket]:
            return [undo.enter_context(bind(endpoint, flag)) for endpoint in endpoints]

        metrics = settings.http.metrics
        bound = cls(
            bind_all(settings.smtp.listen, "--smtp"),
            bind_all(settings.smtp.listen_tls, "--smtps"),
            bind_all(settings.http.listen, "--http"),
            bind_all([metrics] if isinstance(metrics, Endpoint) else [], "--metrics"),
            bind_all(settings.pop3.listen, "--pop3"),
            bind_all(settings.pop3.listen_tls, "--pop3s"),
        )
        for listening in (*bound.http, *bound.metrics, *bound.pop3, *bound.pop3s):
            set_options(listening, settings.http.reader_timeout_s)
        return bound

    def write_smtp_urls(self) -> list[str]:
        """Return the URL of each SMTP port."""
        return [
            write_url(scheme, bound)
            for scheme, sockets in (("smtp", self.smtp), ("smtps", self.smtps))
            for bound in sockets
        ]

    def write_pop3_urls(self) -> list[str]:
        """Return the URL of each POP3 port."""
        return [
            write_url(scheme, bound)
            for scheme, sockets in (("pop3", self.pop3), ("pop3s", self.pop3s))
            for bound in sockets
        ]


def without_missing_ipv6(settings: Settings) -> Settings:
    """Return the settings without listeners that this machine cannot have, and that IPv4 stands in for."""
    smtp = replace(
        settings.smtp,
        listen=leave_out_ipv6(settings.smtp.listen),
        listen_tls=leave_out_ipv6(settings.smtp.listen_tls),
    )
    pop3 = replace(
        settings.pop3,
        listen=leave_out_ipv6(settings.pop3.listen),
        listen_tls=leave_out_ipv6(settings.pop3.listen_tls),
    )
    http = replace(settings.http, listen=leave_out_ipv6(settings.http.listen))
    return replace(settings, smtp=smtp, http=http, pop3=pop3)
