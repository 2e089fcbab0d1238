"""`python -m edgemail.settings FOLDER` writes the reference of all settings into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from edgemail.settings.reference import write_reference

if __name__ == "__main__":
    for name, text in write_reference().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
