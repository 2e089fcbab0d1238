"""Builds Mailpit with Go, has it check the HTML of all samples, and writes down what it finds.

    .venv/bin/python -m scripts.record_mailpit_checks [MAILPIT]

With the path of a program, that one is asked instead of being built.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.checks.mailpit_html_checks import RECORDED, ask_all

from scripts.record_mailpit import build, running


def main() -> None:
    """Record."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = Path(sys.argv[1]) if len(sys.argv) > 1 else build(folder)
        with running(program, folder, "--block-remote-css-and-fonts") as (_, url):
            found = ask_all(url)
    RECORDED.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(f"{len(found)} samples")


if __name__ == "__main__":
    main()
