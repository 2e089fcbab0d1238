"""Puts the built web client, the HTML check's facts and the guides into the wheel; builds them with Node.js."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

GUIDES = (
    "docs/README.md",
    "docs/*/*.md",
    "skills/edgemail/SKILL.md",
    "deploy/*.service",
    "deploy/*.conf",
    "deploy/Caddyfile",
)
"""What `edgemail.system.guides` finds in a checkout and in an installed package."""

PAGE = "src/edgemail/client/index.html"
HTML_SUPPORT = "src/edgemail/checks/data/html_support.json"
HTML_SUPPORT_PACKAGE = "web/node_modules/caniemail/package.json"


class ClientBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the client's build before a wheel is made; an editable install leaves that to `make`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the client unless a current one is there, and add the guides.

        Raises:
            CalledProcessError: the build failed, or it needs Node.js and there is no network to get it.
        """
        root = Path(self.root)
        if version != "editable" and self.target_name == "wheel":
            for path in (path for pattern in GUIDES for path in root.glob(pattern)):
                build_data["force_include"][str(path)] = f"edgemail/{path.relative_to(root).as_posix()}"
        if version == "editable":
            return
        if not is_current(root):
            self._run_npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
            self._run_npm("run", "build")
        if not (root / HTML_SUPPORT).exists():
            if not (root / HTML_SUPPORT_PACKAGE).exists():
                self._run_npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
            subprocess.run([sys.executable, root / "scripts/pack_html_support.py"], check=True)

    def _run_npm(self, *arguments: str) -> None:
        npm = (sys.executable, f"{self.root}/scripts/with_node.py", "npm")
        subprocess.run([*npm, *arguments], cwd=f"{self.root}/web", check=True)


def is_current(root: Path) -> bool:
    """Return True if the client is built and none of its sources is newer.

    So `pip install .` after `git pull` brings the new page. All files of a source distribution have
    one time, so it is taken as it comes, and needs no Node.js.
    """
    built = root / PAGE
    if not built.exists():
        return False
    built_at = built.stat().st_mtime
    parts = (path for path in (root / "web").iterdir() if path.name != "node_modules")
    sources = (file for part in parts for file in (part.rglob("*") if part.is_dir() else (part,)))
    return all(source.stat().st_mtime <= built_at for source in sources)
