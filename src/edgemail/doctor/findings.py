"""What was found: a state, what it is, what to do, and the zone's lines that would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_SHOWN = 200
_WIDTH = 24


class Status(StrEnum):
    """How a check ended. `FAIL` is what keeps mail out, or lets others write in the domain's name."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. Texts may hold what strangers wrote: whoever prints them escapes them."""

    check: str
    state: Status
    text: str
    advice: str = ""
    zone: tuple[str, ...] = ()
    """Lines for the zone file, ready to paste."""


@dataclass(frozen=True, slots=True)
class LookupFailure:
    """Why something could not be found out. `is_silence` where nothing at all came back."""

    text: str
    is_silence: bool = False


def write_line(name: str, kind: str, value: str, comment: str = "") -> str:
    """Write a line of a zone file (RFC 1035 section 5)."""
    return f"{name + '.':{_WIDTH}} {kind:5} {value}{f'  ; {comment}' if comment else ''}"


def shorten(text: str) -> str:
    """Cut a stranger's text to what fits a line."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
