"""Serves POP3: where, and until when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from edgemail.pop3 import replies
from edgemail.pop3_server.context import Pop3Context
from edgemail.pop3_server.port import Pop3Port

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from edgemail.pop3_server.parts import Pop3Parts

_SWEEP_S: Final = 1.0
_STOP_S: Final = 5.0


class Pop3Server:
    """Serves readers until it is stopped."""

    def __init__(self, parts: Pop3Parts) -> None:
        self._context = Pop3Context(parts)
        self._ports: list[Pop3Port] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._stop_s = min(_STOP_S, parts.settings.smtp.shutdown_timeout_s)

    def start(self, sockets: Iterable[socket.socket], tls_sockets: Iterable[socket.socket] = ()) -> None:
        """Accept connections on bound sockets; on `tls_sockets` TLS comes first."""
        self._ports += [Pop3Port(self._context, bound, is_tls=False) for bound in sockets]
        self._ports += [Pop3Port(self._context, bound, is_tls=True) for bound in tls_sockets]
        for port in self._ports:
            port.open()
        self._sweep()

    async def stop(self) -> None:
        """Accept no more, and end the sessions: those that read a message after it, if that is soon."""
        for port in self._ports:
            port.close()
        await asyncio.gather(*(port.end(replies.STOPPING, self._stop_s) for port in self._ports))
        if self._sweeper is not None:
            self._sweeper.cancel()

    def _sweep(self) -> None:
        context = self._context
        context.recorder.sweep()
        if context.certificate is not None:
            context.certificate.refresh()
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)
