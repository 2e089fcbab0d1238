"""Defines the settings of how much mail is kept, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import BYTES, COUNT, DURATION, PERCENT, or_off
from edgemail.settings.values import GIB, MIB

if TYPE_CHECKING:
    from edgemail.settings.sections.access import Mode


_DAY_S: Final = 86_400.0


def ten_minutes_if_public(mode: Mode) -> float | None:
    """Return how long mail is kept at least on a public server, where strangers send to the same disk."""
    return 600.0 if mode == "public" else None


def half_if_public(mode: Mode) -> int | None:
    """Return the part of an inbox that one source may use on a public server, in percent."""
    return 50 if mode == "public" else None


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """Bounds on the amount and the age of mail; `None` sets no bound."""

    max_age_s: float | None = setting(or_off(DURATION), 7 * _DAY_S, "Delete mail that is older.", everyday=True)
    max_messages: int | None = setting(
        or_off(COUNT), None, "Delete the oldest mail when there are more messages.", everyday=True
    )
    max_bytes: int | None = setting(
        or_off(BYTES),
        2 * GIB,
        "Delete the oldest mail when all of it takes more; on a database server only messages count.",
        everyday=True,
    )
    min_age_for_space_s: float | None = setting(
        or_off(DURATION),
        ComputedDefault(ten_minutes_if_public, "10m in public mode, else off"),
        "Do not delete younger mail because of `max_messages` or `max_bytes`. Past these, those who send most get "
        "452 first; a quarter above them, everyone does.",
    )
    max_inbox_messages: int | None = setting(
        or_off(COUNT), 500, "Delete the oldest mail of an inbox that has more messages."
    )
    max_inbox_bytes: int | None = setting(
        or_off(BYTES), 50 * MIB, "Delete the oldest mail of an inbox that takes more octets, but never its newest."
    )
    max_inbox_share_per_source: int | None = setting(
        or_off(PERCENT),
        ComputedDefault(half_if_public, "50 in public mode, else off"),
        "When an inbox is over a limit, delete first the oldest mail of a peer that is not `trusted` and has sent "
        "more than this share of the limit, in percent.",
    )
    interval_s: float = setting(DURATION, 60.0, "Look for old mail this often.", name="retention_interval")
