"""Chaos as other tools know it: for each stage one code and how often, for every address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.settings.chaos_rules import EVERYONE, ChaosRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgemail.policy.chaos import Chaos
    from edgemail.settings.chaos_rules import Stage


@dataclass(frozen=True, slots=True)
class ChaosTrigger:
    """Refuse with `code` in `percent` of the cases, 0 for never.

    Raises:
        ValueError: the code is not 400 to 599, or the share is not 0 to 100.
    """

    code: int
    percent: float

    def __post_init__(self) -> None:
        if not 400 <= self.code <= 599:
            raise ValueError("the code is not from 400 to 599")
        if not 0 <= self.percent <= 100:  # which NaN is not either
            raise ValueError("the share is not from 0 to 100 percent")


def find_triggers(chaos: Chaos, stages: Iterable[Stage]) -> dict[Stage, ChaosTrigger]:
    """Return the trigger in force at each of these stages; a stage without one is left out.

    It is the first rule for every address. Rules for some addresses cannot be told in this form.
    """
    triggers: dict[Stage, ChaosTrigger] = {}
    for rule in chaos.rules:
        if rule.stage in stages and rule.glob == EVERYONE:
            triggers.setdefault(rule.stage, ChaosTrigger(rule.code, rule.percent))
    return triggers


def change_triggers(chaos: Chaos, triggers: Mapping[Stage, ChaosTrigger]) -> None:
    """Put a trigger in force at each of these stages, in place of the rules for every address there.

    Rules for some addresses stay, as do those of other stages.
    """
    kept = [rule for rule in chaos.rules if rule.stage not in triggers or rule.glob != EVERYONE]
    added = [ChaosRule(stage, each.code, each.percent) for stage, each in triggers.items() if each.percent > 0]
    chaos.change([*kept, *added])
