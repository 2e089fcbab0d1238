"""Rules that refuse mail on purpose, to test how a sender handles it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from edgemail.settings.address_patterns import read_pattern

Stage = Literal["mail", "rcpt", "data"]

RULES_MAX = 100
"""The most rules: each command is checked against all of them."""
EVERYONE = "*"

_STAGES = get_args(Stage)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_ADVICE = "write STAGE:CODE[:SHARE][:GLOB], such as rcpt:451:10%:*@slow.example"


@dataclass(frozen=True, slots=True)
class ChaosRule:
    """Refuse with `code` at `stage`, in `percent` of the cases, if `glob` matches.

    The glob is matched against the sender at `mail`, the recipient at `rcpt`, and all of them at `data`.
    """

    stage: Stage
    code: int
    percent: float = 100.0
    glob: str = EVERYONE

    def __str__(self) -> str:
        parts = [self.stage, str(self.code)]
        if self.percent != 100.0:
            parts.append(f"{self.percent:.6f}".rstrip("0").rstrip(".") + "%")
        if self.glob != EVERYONE:
            parts.append(self.glob)
        return ":".join(parts)


def read_rule(text: str) -> ChaosRule:
    """Read ``STAGE:CODE[:SHARE][:GLOB]``.

    Raises:
        ValueError: with the rest of a sentence that begins with the text.
    """
    stage, _, rest = text.partition(":")
    code, _, rest = rest.partition(":")
    if stage.lower() not in _STAGES:
        raise ValueError(f"has no stage; it is {', '.join(_STAGES[:-1])} or {_STAGES[-1]}: {_ADVICE}")
    if not re.fullmatch(r"[45][0-9]{2}", code):
        raise ValueError(f"has no code from 400 to 599; {_ADVICE}")
    percent = 100.0
    share, _, after = rest.partition(":")
    if share.endswith("%"):
        match = _PERCENT.fullmatch(share)
        if match is None or not 0 < float(match[1]) <= 100:
            raise ValueError(f"has no share above 0% and up to 100%; {_ADVICE}")
        percent, rest = float(match[1]), after
    return ChaosRule(_stage_of(stage), int(code), percent, read_pattern(rest) if rest else EVERYONE)


def _stage_of(text: str) -> Stage:
    return next(stage for stage in _STAGES if stage == text.lower())
