"""Rules that refuse mail on purpose, to test how a sender handles it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from edgemail.settings.address_patterns import read_pattern

Stage = Literal["connect", "auth", "mail", "rcpt", "data"]

RULES_MAX = 100
"""The most rules: each command is checked against all of them."""
TIMES_MAX = 1_000_000_000
EVERYONE = "*"

_STAGES = get_args(Stage)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_TIMES = re.compile(r"[0-9]{1,10}x")
_ADVICE = "write STAGE:CODE[:SHARE][:TIMES][:GLOB], such as rcpt:451:10%:*@slow.example or data:451:1x"


@dataclass(frozen=True, slots=True)
class ChaosRule:
    """Refuse with `code` at `stage`, in `percent` of the cases, if `glob` matches.

    The glob is matched against the peer's IP address at `connect`, the name of a login at `auth`, the sender at
    `mail`, the recipient at `rcpt`, and every recipient at `data`. The rule refuses so many `times` and is over
    then; `None` sets no end.
    """

    stage: Stage
    code: int
    percent: float = 100.0
    glob: str = EVERYONE
    times: int | None = None

    def __str__(self) -> str:
        parts = [self.stage, str(self.code)]
        if self.percent != 100.0:
            parts.append(f"{self.percent:.6f}".rstrip("0").rstrip(".") + "%")
        if self.times is not None:
            parts.append(f"{self.times}x")
        if self.glob != EVERYONE:
            parts.append(self.glob)
        return ":".join(parts)


def read_rule(text: str) -> ChaosRule:
    """Read ``STAGE:CODE[:SHARE][:TIMES][:GLOB]``.

    Raises:
        ValueError: with the rest of a sentence that begins with the text.
    """
    stage, _, rest = text.partition(":")
    code, _, rest = rest.partition(":")
    if stage.lower() not in _STAGES:
        raise ValueError(f"has no stage; it is {', '.join(_STAGES[:-1])} or {_STAGES[-1]}: {_ADVICE}")
    if not re.fullmatch(r"[45][0-9]{2}", code):
        raise ValueError(f"has no code from 400 to 599; {_ADVICE}")
    percent, times = 100.0, None
    share, _, after = rest.partition(":")
    if share.endswith("%"):
        match = _PERCENT.fullmatch(share)
        if match is None or not 0 < float(match[1]) <= 100:
            raise ValueError(f"has no share above 0% and up to 100%; {_ADVICE}")
        percent, rest = float(match[1]), after
    count, _, after = rest.partition(":")
    if _TIMES.fullmatch(count):
        times, rest = int(count[:-1]), after
        if not 1 <= times <= TIMES_MAX:
            raise ValueError(f"has no number of times from 1x to {TIMES_MAX}x; {_ADVICE}")
    glob = read_pattern(rest) if rest else EVERYONE
    return ChaosRule(_stage_of(stage), int(code), percent, glob, times)


def _stage_of(text: str) -> Stage:
    return next(stage for stage in _STAGES if stage == text.lower())
