"""Puts the built web client into the wheel: builds it with Node where it is not built yet."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the client's build before a wheel is made; an editable install leaves that to `make`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the hook's signature
        """Build the client unless it is there.

        Raises:
            RuntimeError: it is not there and Node's npm is not either.
        """
        root = Path(self.root)
        if version == "editable" or (root / "src/edgemail/client/index.html").exists():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("edgemail's web client is not built yet: install Node.js 20 or later and try again")
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=root / "web", check=True)
        subprocess.run([npm, "run", "build"], cwd=root / "web", check=True)
