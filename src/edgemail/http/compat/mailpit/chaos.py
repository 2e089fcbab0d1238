"""Mailpit's chaos triggers, in place of the chaos rules for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from edgemail.http.compat.mailpit.answers import Refused
from edgemail.http.compat.mailpit.bodies import as_fields, take_number
from edgemail.settings.chaos_rules import EVERYONE, ChaosRule

if TYPE_CHECKING:
    from edgemail.http.compat.mailpit.bodies import Fields
    from edgemail.policy.chaos import Chaos
    from edgemail.settings.chaos_rules import Stage

_STAGES: Final[dict[str, tuple[Stage, int]]] = {
    "Sender": ("mail", 451),
    "Recipient": ("rcpt", 451),
    "Authentication": ("auth", 535),
}
"""The stage of each trigger, and its code where none is given."""


def write_triggers(chaos: Chaos) -> dict[str, Any]:
    """Write the rules that are triggers: the first for everybody at each stage."""
    return {name: _write_trigger(chaos, *stage) for name, stage in _STAGES.items()}


def set_triggers(chaos: Chaos, fields: Fields) -> None:
    """Put triggers in force, in place of those before. Rules for single addresses stay.

    Raises:
        Refused: a trigger is not valid; nothing is changed.
    """
    rules = []
    for name, (stage, default) in _STAGES.items():
        trigger = as_fields(fields.get(name.lower()))
        code, percent = take_number(trigger, "errorcode") or default, take_number(trigger, "probability")
        if not 400 <= code <= 599:
            raise Refused("error code must be between 400 and 599")
        if not 0 <= percent <= 100:
            raise Refused("probability must be between 0 and 100")
        if percent:
            rules.append(ChaosRule(stage, code, float(percent)))
    kept = [rule for rule in chaos.rules if rule.glob != EVERYONE or rule.stage not in _known_stages()]
    chaos.change([*kept, *rules])


def _known_stages() -> set[Stage]:
    return {stage for stage, _ in _STAGES.values()}


def _write_trigger(chaos: Chaos, stage: Stage, default: int) -> dict[str, int]:
    for rule in chaos.rules:
        if rule.stage == stage and rule.glob == EVERYONE:
            return {"ErrorCode": rule.code, "Probability": round(rule.percent)}
    return {"ErrorCode": default, "Probability": 0}
