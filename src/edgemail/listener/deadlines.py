"""How long a peer may take: for a command, for a message, for the whole session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.listener import replies

if TYPE_CHECKING:
    from edgemail.settings import SmtpSettings
    from edgemail.smtp import Reply


class Deadlines:
    """The deadlines of one connection, in seconds of the event loop's clock."""

    __slots__ = ("_end", "_message_at", "deadline", "octets")

    def __init__(self, settings: SmtpSettings, now: float) -> None:
        self.deadline = now + settings.idle_timeout_s
        """When the peer must have sent more."""
        self.octets = 0
        """The octets so far of the message that is coming in, or since the last reply."""
        self._end = now + settings.session_timeout_s
        self._message_at = 0.0  # when the message began; 0 where there is none

    def go_on(self, settings: SmtpSettings, now: float, is_in_message: bool) -> None:
        """Set the next deadline: octets came, or something was answered."""
        if is_in_message:
            self.deadline = now + settings.data_timeout_s
            self._message_at = self._message_at or now
        else:
            self.deadline = now + settings.idle_timeout_s
            self._message_at, self.octets = 0.0, 0

    def judge(self, settings: SmtpSettings, now: float, idle_reduction_s: float, is_stranger: bool) -> Reply | None:
        """Return why the connection must end, if it must.

        Idle strangers have `idle_reduction_s` less time.
        """
        if now > self.deadline:
            return replies.TIMED_OUT
        if now > self._end:
            return replies.SESSION_TIMED_OUT
        if not is_stranger:
            return None
        if not self._message_at:
            return replies.SHED if now > self.deadline - idle_reduction_s else None
        # A message that comes octet by octet would hold its slot for ever.
        took_s = now - self._message_at
        is_slow = took_s > settings.min_rate_after_s and self.octets < took_s * settings.min_rate_bytes
        return replies.TOO_SLOW if is_slow else None
