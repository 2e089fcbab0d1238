"""`python -m edgemail.settings FILE` writes the reference of all settings into a file."""

from __future__ import annotations

import sys
from pathlib import Path

from edgemail.settings.reference import write_reference

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(write_reference(), encoding="utf-8")
