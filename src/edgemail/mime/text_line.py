"""Any text -> one line that can stand in a list: no controls, no line ends, nothing that turns what follows."""

from __future__ import annotations

import re
from typing import Final

# Controls, line ends, surrogates, and what turns the direction of all that follows.
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def make_line(text: str, limit: int) -> str:
    """Fold whitespace, drop controls, and keep at most `limit` characters, the last one "…" where it was cut."""
    line = " ".join(without_controls(text[: limit * 8]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def without_controls(text: str) -> str:
    """Return the text with a blank in place of each control."""
    return text if text.isprintable() else CONTROL.sub(" ", text)
