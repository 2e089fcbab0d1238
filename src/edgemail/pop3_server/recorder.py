"""Counts and logs what happens to POP3 connections: a line for each session, and none with a secret."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgemail.pop3 import replies
from edgemail.system.minute_log import MinuteLog

if TYPE_CHECKING:
    from edgemail.pop3.outputs import Pop3Reply
    from edgemail.system.logged_addresses import LoggedAddresses
    from edgemail.system.metrics import Pop3Counters

_log = logging.getLogger(__name__)

_OF_CONNECTIONS = frozenset(
    {
        replies.TOO_MANY_CONNECTIONS,
        replies.TOO_MANY_OF_SOURCE,
        replies.TOO_OFTEN,
        replies.SOURCE_DENIED,
        replies.LOGIN_WRONG,
        replies.LOGIN_TOO_OFTEN,
    }
)
"""Refusals that a peer may get any number of: they share a line a minute."""


@dataclass(slots=True)
class SessionTally:
    """What one session did."""

    peer_ip: str
    inbox: str = ""
    messages: int = 0
    octets: int = 0
    deleted: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


class Pop3Recorder:
    """Owns the counters and writes the log; whatever happens is told to it once."""

    def __init__(self, counters: Pop3Counters, addresses: LoggedAddresses) -> None:
        self._counters = counters
        self._addresses = addresses
        self._minutes = MinuteLog(_log)
        counters.refusals.update(dict.fromkeys(replies.REASONS, 0))

    def begin(self, open_count: int) -> None:
        """Count a connection; `open_count` are open now."""
        self._counters.connects += 1
        self._counters.connections = open_count

    def begin_tls(self) -> None:
        """Count a connection that was made secure."""
        self._counters.tls_connects += 1

    def log_in(self, tally: SessionTally, inbox: str) -> None:
        """Count a login."""
        self._counters.logins += 1
        tally.inbox = inbox

    def send(self, tally: SessionTally) -> None:
        """Count a message that was sent to its end."""
        self._counters.messages += 1
        tally.messages += 1

    def delete(self, tally: SessionTally, count: int) -> None:
        """Count messages that were deleted."""
        self._counters.deleted += count
        tally.deleted += count

    def refuse(self, tally: SessionTally, reply: Pop3Reply) -> None:
        """Count a refusal."""
        self._counters.refusals[reply.reason] += 1
        if reply in _OF_CONNECTIONS:
            self._minutes.note(reply.reason, f"POP3: {tally.peer_ip} was refused: {reply.reason}")
        else:
            tally.refusals[reply.reason] += 1

    def end(self, tally: SessionTally, open_count: int) -> None:
        """Count a connection out, and write the line of its session."""
        self._counters.connections = open_count
        if not tally.inbox and not tally.refusals:
            return
        fields: dict[str, object] = {"ip": tally.peer_ip}
        if tally.inbox and self._addresses.are_shown:
            fields["inbox"] = self._addresses.write(tally.inbox)
        if tally.inbox:
            fields |= {"messages": tally.messages, "octets": tally.octets, "deleted": tally.deleted}
        if tally.refusals:
            fields["refusals"] = ",".join(f"{reason}:{count}" for reason, count in sorted(tally.refusals.items()))
        _log.info("read by POP3" if tally.inbox else "POP3 refused", extra=fields)

    def sweep(self) -> None:
        """Log what was counted in a minute that is over."""
        self._minutes.sweep()
