"""MailHog's chaos monkey, in place of the chaos rules for everybody.

He refuses connections, senders, recipients and logins. Dropped connections and slow links have no counterpart here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from edgemail.http.compat.answers import Refused
from edgemail.policy.chaos_triggers import ChaosTrigger, change_triggers, find_triggers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgemail.http.compat.bodies import Fields
    from edgemail.policy.chaos import Chaos
    from edgemail.settings.chaos_rules import Stage

_REFUSALS: Final[dict[str, tuple[Stage, int]]] = {
    "RejectSenderChance": ("mail", 451),
    "RejectRecipientChance": ("rcpt", 451),
    "RejectAuthChance": ("auth", 535),
}
_ACCEPT: Final = "AcceptChance"
_CONNECT: Final[tuple[Stage, int]] = ("connect", 421)
_STAGES: Final[dict[Stage, int]] = dict((*_REFUSALS.values(), _CONNECT))
_NOT_HERE: Final = ("DisconnectChance", "LinkSpeedAffect")
_DEFAULTS: Final = {_ACCEPT: 0.99} | dict.fromkeys(_REFUSALS, 0.05)
"""What MailHog begins with, but for what is not there."""


class Jim:
    """The rules for faults as MailHog names them, and if they are on: they may be on and refuse nothing."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos
        self._was_invited = False
        self._speeds = {"LinkSpeedMin": 1024.0, "LinkSpeedMax": 10240.0}

    @property
    def is_there(self) -> bool:
        """True while he is."""
        return self._was_invited or bool(find_triggers(self._chaos, _STAGES))

    def describe(self) -> dict[str, float]:
        """Tell his chances."""
        found = find_triggers(self._chaos, _STAGES)
        shares = {stage: found[stage].percent / 100 if stage in found else 0.0 for stage in _STAGES}
        return {
            "DisconnectChance": 0.0,
            _ACCEPT: round(1 - shares["connect"], 9),
            "LinkSpeedAffect": 0.0,
            **self._speeds,
            **{name: shares[stage] for name, (stage, _) in _REFUSALS.items()},
        }

    def invite(self, fields: Fields | None = None) -> None:
        """Let him in with these chances, or with those that he has by default. A chance that is missing is 0.

        Raises:
            Refused: a chance is none, or he should do what he cannot do here; nothing is changed.
        """
        given = _read_chances(
            {name.lower(): chance for name, chance in _DEFAULTS.items()} if fields is None else fields
        )
        for name in _NOT_HERE:
            if given[name]:
                raise Refused(f"{name} is not available here: set it to 0")
        shares = {stage: given[name] for name, (stage, _) in _REFUSALS.items()} | {"connect": 1 - given[_ACCEPT]}
        change_triggers(
            self._chaos, {stage: ChaosTrigger(code, 100 * shares[stage]) for stage, code in _STAGES.items()}
        )
        self._was_invited = True
        if fields is not None:
            self._speeds = {name: given[name] for name in self._speeds}

    def send_away(self) -> None:
        """Let him go, and all of his refusals."""
        change_triggers(self._chaos, {stage: ChaosTrigger(code, 0) for stage, code in _STAGES.items()})
        self._was_invited = False


def _read_chances(fields: Mapping[str, Any]) -> dict[str, float]:
    names = (*_REFUSALS, _ACCEPT, *_NOT_HERE, "LinkSpeedMin", "LinkSpeedMax")
    chances = {}
    for name in names:
        value = fields.get(name.lower()) or 0
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refused(f"{name} is not a number")
        if not 0 <= value <= (1 if not name.startswith("LinkSpeedM") else 2**53):
            raise Refused(f"{name} is not from 0 to 1")
        chances[name] = float(value)
    return chances
