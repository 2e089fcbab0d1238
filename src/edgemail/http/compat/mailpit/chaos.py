"""Mailpit's chaos triggers: one for senders, one for recipients, one for logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from edgemail.http.compat.answers import Refused
from edgemail.http.compat.bodies import as_fields, take_number
from edgemail.policy.chaos_triggers import ChaosTrigger, change_triggers, find_triggers

if TYPE_CHECKING:
    from edgemail.http.compat.bodies import Fields
    from edgemail.policy.chaos import Chaos
    from edgemail.settings.chaos_rules import Stage

_STAGES: Final[dict[str, tuple[Stage, int]]] = {
    "Sender": ("mail", 451),
    "Recipient": ("rcpt", 451),
    "Authentication": ("auth", 535),
}
"""The stage of each trigger, and its code where none is given."""


def write_triggers(chaos: Chaos) -> dict[str, Any]:
    """Write the triggers in force."""
    found = find_triggers(chaos, [stage for stage, _ in _STAGES.values()])
    triggers = {name: found.get(stage, ChaosTrigger(code, 0)) for name, (stage, code) in _STAGES.items()}
    return {
        name: {"ErrorCode": trigger.code, "Probability": round(trigger.percent)}
        for name, trigger in triggers.items()
    }


def set_triggers(chaos: Chaos, fields: Fields) -> None:
    """Put triggers in force, in place of those before; one that is left out is over.

    Raises:
        Refused: a trigger is not valid; nothing is changed.
    """
    change_triggers(
        chaos, {stage: _read_trigger(fields, name.lower(), code) for name, (stage, code) in _STAGES.items()}
    )


def _read_trigger(fields: Fields, key: str, default: int) -> ChaosTrigger:
    trigger = as_fields(fields.get(key))
    code, percent = take_number(trigger, "errorcode") or default, take_number(trigger, "probability")
    if not 400 <= code <= 599:
        raise Refused("error code must be between 400 and 599")
    if not 0 <= percent <= 100:
        raise Refused("probability must be between 0 and 100")
    return ChaosTrigger(code, percent)
