"""Puts the built web client into the wheel: builds it with Node.js where it is not built yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the client's build before a wheel is made; an editable install leaves that to `make`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Build the client unless it is there.

        Raises:
            CalledProcessError: the build failed, or it needs Node.js and there is no network to get it.
        """
        root = Path(self.root)
        if version == "editable" or (root / "src/edgemail/client/index.html").exists():
            return
        npm = (sys.executable, root / "scripts/with_node.py", "npm")
        subprocess.run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=root / "web", check=True)
        subprocess.run([*npm, "run", "build"], cwd=root / "web", check=True)
