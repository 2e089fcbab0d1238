"""`python -m edgemail.settings FILE...` writes the table of settings between the markers in each file."""

from __future__ import annotations

import sys
from pathlib import Path

from edgemail.settings.definitions import markdown_table

_OPENING = "<!-- settings -->"
_CLOSING = "<!-- /settings -->"


def write_table(document: str) -> str:
    """Return a document with the table of settings as it is now.

    Raises:
        ValueError: it does not have the two markers.
    """
    before, opening, rest = document.partition(f"{_OPENING}\n")
    _, closing, after = rest.partition(_CLOSING)
    if not opening or not closing:
        raise ValueError(f"there is no {_OPENING} or no {_CLOSING}")
    return f"{before}{opening}{markdown_table()}\n{closing}{after}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(write_table(path.read_text(encoding="utf-8")), encoding="utf-8")
