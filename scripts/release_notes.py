"""Print a version's section of the changelog: `python -m scripts.release_notes 1.2.3`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
HEADING = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?.*$", re.MULTILINE)


def section_of(version: str, changelog: str) -> str:
    """Return what stands under the heading of `version`.

    Raises:
        LookupError: there is no such heading.
    """
    headings = list(HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading["version"] == version:
            return changelog[heading.end() : following.start() if following else None].strip() + "\n"
    raise LookupError(f"CHANGELOG.md has no section for {version}")


def main() -> int:
    """Print the section."""
    print(section_of(sys.argv[1], CHANGELOG.read_text("utf-8")), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
