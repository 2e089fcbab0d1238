"""What all connections of one listener share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from datetime import datetime

    from edgemail.listener.admission import Admission
    from edgemail.listener.recorder import Recorder
    from edgemail.listener.session_rules import RulesByPeer
    from edgemail.listener.spool import Spooler
    from edgemail.model import Envelope
    from edgemail.policy.gate import Policy
    from edgemail.policy.logins import Logins
    from edgemail.settings import SmtpSettings
    from edgemail.system.certificate import Certificate


class OpenConnection(Protocol):
    """A connection, as its listener sees it."""

    @property
    def closed(self) -> asyncio.Future[None]:
        """Done when the connection has ended."""
        ...

    def check_time(self, now: float) -> None:
        """End the connection where a deadline has passed."""
        ...

    def stop(self) -> None:
        """End the connection, after the message that is under way if there is one."""
        ...

    def stop_at_once(self) -> None:
        """End the connection, whatever is under way."""
        ...

    def abort(self) -> None:
        """Drop the connection without a reply."""
        ...


@dataclass(slots=True)
class ListenerStatus:
    """What changes while a listener runs."""

    is_stopping: bool = False
    idle_reduction_s: float = 0.0
    """How much less time idle strangers have, while most slots are taken."""


@dataclass(frozen=True, slots=True)
class ListenerContext:
    """What a connection needs of its listener.

    `store` takes a whole message; its future gives the message's id once it is committed. Every
    connection reads into `read_buffer`, and takes out what it got before the next one reads.
    `command_buffer` is the beginning of it.
    """

    settings: SmtpSettings
    rules: RulesByPeer
    policy: Policy
    admission: Admission
    spooler: Spooler
    recorder: Recorder
    certificate: Certificate | None
    logins: Logins | None
    clock: Callable[[], datetime]
    store: Callable[[Envelope], asyncio.Future[Any]]
    read_buffer: memoryview
    command_buffer: memoryview
    connections: set[OpenConnection]
    status: ListenerStatus
