"""The wheel, built from this tree, and environments that have it and nothing of this tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD_S = 180.0


def run(*command: str | Path, cwd: Path = ROOT, timeout_s: float = BUILD_S, **environ: str) -> str:
    """Run a command that must succeed; return what it prints. With variables, its environment is only these."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=timeout_s, check=False, env=environ or None
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(folder: Path, source: Path = ROOT) -> Path:
    """Build a wheel without network access; return its path."""
    run(sys.executable, "-m", "pip", "wheel", source, "--no-deps", "--no-build-isolation", "--quiet", "-w", folder)
    (built,) = folder.iterdir()
    return built


def make_environment(folder: Path, *wheels: Path, dependencies: Path = Path(sys.executable)) -> Path:
    """Install wheels into a fresh environment; return its Python.

    What they depend on comes from the environment of another Python, by a path. An editable install there does
    not come with it.
    """
    run(dependencies, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", *wheels)
    (find_packages(python) / "dependencies.pth").write_text(f"{find_packages(dependencies)}\n")
    return python


def find_packages(python: Path) -> Path:
    """Return the folder of an environment's packages."""
    return Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
