"""Puts the built web client, the HTML check's facts and the guides into the wheel; builds them with Node.js."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

GUIDES = ("docs/*.md", "docs/how-to/*.md", "docs/reference/*.md", "docs/tutorials/*.md", "skills/edgemail/SKILL.md")
"""What `edgemail.system.guides` finds in a checkout and in an installed package."""

BUILT = ("src/edgemail/client/index.html", "src/edgemail/checks/data/html_support.json")
"""The page, and the facts of the HTML check."""


class ClientBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the client's build before a wheel is made; an editable install leaves that to `make`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the client unless it is there, and add the guides.

        Raises:
            CalledProcessError: the build failed, or it needs Node.js and there is no network to get it.
        """
        root = Path(self.root)
        if version != "editable" and self.target_name == "wheel":
            for path in (path for pattern in GUIDES for path in root.glob(pattern)):
                name = path.relative_to(root).as_posix()
                build_data["force_include"][str(path)] = f"edgemail/{name}"
        if version == "editable" or all((root / built).exists() for built in BUILT):
            return
        npm = (sys.executable, root / "scripts/with_node.py", "npm")
        subprocess.run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=root / "web", check=True)
        subprocess.run([*npm, "run", "build"], cwd=root / "web", check=True)
        subprocess.run([sys.executable, root / "scripts/pack_html_support.py"], check=True)
