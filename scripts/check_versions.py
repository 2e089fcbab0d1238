"""Compare all versions that this repository names with one: `python -m scripts.check_versions 1.2.3`.

Without a version, the package's own is taken.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
NPM_PACKAGES = ("web", "clients/playwright")


def package_version() -> str:
    """Return the version of the Python package.

    Raises:
        LookupError: its file names none.
    """
    text = (ROOT / "src/edgemail/__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if not found:
        raise LookupError("src/edgemail/__init__.py has no __version__")
    return found[1]


def find_mistakes(version: str) -> Iterator[str]:
    """Find each place that does not name `version`, as a sentence."""
    for place, named in named_versions():
        if named != version:
            yield f"{place} names {named}, not {version}."
    if not re.search(
        rf"^## \[?{re.escape(version)}\]?\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    ):
        yield f"CHANGELOG.md has no section for {version}."


def named_versions() -> Iterator[tuple[str, str]]:
    """Read each place that names the version."""
    yield "src/edgemail/__init__.py", package_version()
    for folder in NPM_PACKAGES:
        for name in ("package.json", "package-lock.json"):
            package = json.loads((ROOT / folder / name).read_text("utf-8"))
            yield f"{folder}/{name}", package["version"]
            if "packages" in package:  # npm writes it there again
                yield f"{folder}/{name}, packages", package["packages"][""]["version"]
    example = json.loads((ROOT / "examples/playwright/package.json").read_text("utf-8"))
    needed = example["devDependencies"]["@edgemail/playwright"]
    yield "examples/playwright/package.json, devDependencies", needed.removeprefix("^")
    plugin = tomllib.loads((ROOT / "clients/pytest-edgemail/pyproject.toml").read_text("utf-8"))["project"]
    yield "clients/pytest-edgemail/pyproject.toml", plugin["version"]
    yield "clients/pytest-edgemail/pyproject.toml, dependencies", plugin["dependencies"][0].partition(">=")[2]
    server = json.loads((ROOT / "server.json").read_text("utf-8"))
    yield "server.json", server["version"]
    for package in server["packages"]:
        yield "server.json, packages", package["version"]
        for argument in package.get("runtimeArguments", ()):
            yield "server.json, runtimeArguments", argument["value"].partition("==")[2]


def main() -> int:
    """Print each mistake; return 1 if there is one."""
    version = sys.argv[1] if len(sys.argv) > 1 else package_version()
    mistakes = list(find_mistakes(version))
    for mistake in mistakes:
        print(mistake)
    if not mistakes:
        print(f"Every place names {version}.")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
