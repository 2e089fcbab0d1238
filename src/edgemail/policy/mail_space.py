"""Refuses mail when what is kept is past its bounds and too young to be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.policy import replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import Address
    from edgemail.smtp import Reply

FULL_AT = 1.25
"""At this many times `max_messages` or `max_bytes`, all new mail is refused."""


class MailSpace:
    """Knows how much of the bounds on all mail is taken.

    Between the bounds and `FULL_AT` each source has an ever smaller share of its octets an hour,
    so that the heaviest are refused first.
    """

    def __init__(self) -> None:
        self.measure: Callable[[], float] = lambda: 0.0
        """Returns how much is taken: 1.0 where a bound is reached. Whoever keeps the mail sets it."""

    @property
    def is_full(self) -> bool:
        """True if no mail can be taken."""
        return self.measure() >= FULL_AT

    @property
    def share(self) -> float:
        """The part of its octets an hour that a source may use now, from 0 to 1."""
        return min(1.0, max(0.0, (FULL_AT - self.measure()) / (FULL_AT - 1)))

    def judge_sender(self, sender: Address | None) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """Refuse every sender while no mail can be taken."""
        return replies.MAIL_SPACE if self.is_full else None
