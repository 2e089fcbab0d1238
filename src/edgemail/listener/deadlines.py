"""How long a peer may take: over a command, over a message, over all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.listener import replies

if TYPE_CHECKING:
    from edgemail.settings import SmtpSettings
    from edgemail.smtp import Reply


class Deadlines:
    """The times of one connection, in seconds of the event loop's clock."""

    __slots__ = ("_end", "_message_at", "deadline", "octets")

    def __init__(self, settings: SmtpSettings, now: float) -> None:
        self.deadline = now + settings.idle_timeout_s
        """When its peer is late with what comes next."""
        self.octets = 0
        """What has come of the message under way, or since the last words."""
        self._end = now + settings.session_timeout_s
        self._message_at = 0.0  # when it began, 0 where there is none

    def go_on(self, settings: SmtpSettings, now: float, is_in_message: bool) -> None:
        """Note that octets came, or that something was answered."""
        if is_in_message:
            self.deadline = now + settings.data_timeout_s
            self._message_at = self._message_at or now
        else:
            self.deadline = now + settings.idle_timeout_s
            self._message_at, self.octets = 0.0, 0

    def judge(self, settings: SmtpSettings, now: float, haste_s: float, is_stranger: bool) -> Reply | None:
        """Return why the connection must end, if it must. Idle strangers have `haste_s` less than others."""
        if now > self.deadline:
            return replies.TIMED_OUT
        if now > self._end:
            return replies.SESSION_TIMED_OUT
        if not is_stranger:
            return None
        if not self._message_at:
            return replies.SHED if now > self.deadline - haste_s else None
        # A message that drips in, octet by octet, holds its slot for as long as it likes.
        took_s = now - self._message_at
        is_slow = took_s > settings.min_rate_after_s and self.octets < took_s * settings.min_rate_bytes
        return replies.TOO_SLOW if is_slow else None
