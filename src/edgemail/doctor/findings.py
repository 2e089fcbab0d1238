"""The results of checks: a status, a text, advice, and zone file lines that fix the problem."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_SHOWN = 200
_WIDTH = 24


class Status(StrEnum):
    """The result of a check. `FAIL`: mail cannot arrive, or others can forge the domain's mail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. Texts may quote foreign servers: escape them when printing."""

    check: str
    state: Status
    text: str
    advice: str = ""
    zone: tuple[str, ...] = ()
    """Lines for the zone file, ready to paste."""


@dataclass(frozen=True, slots=True)
class LookupFailure:
    """The reason why a lookup failed. `is_silence` is True if there was no answer at all."""

    text: str
    is_silence: bool = False


def write_line(name: str, kind: str, value: str, comment: str = "") -> str:
    """Write a line of a zone file (RFC 1035 section 5)."""
    return f"{name + '.':{_WIDTH}} {kind:5} {value}{f'  ; {comment}' if comment else ''}"


def shorten(text: str) -> str:
    """Cut the text of a foreign server to one line's length."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
