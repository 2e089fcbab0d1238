"""Runs of pytest in environments of their own, and what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from testkit.clean_environment import ROOT

RUN_S = 120.0
SUITES = Path(__file__).parent / "suites"
FRAMEWORKS = ROOT / "tests" / "senders" / ".venv" / "bin" / "python"
DJANGO_61 = Path(__file__).parent / ".venv-django-6.1"
WITH_DJANGO = ("-p", "no:asyncio")
WITH_ASYNCIO = ("-p", "no:django", "-o", "asyncio_default_fixture_loop_scope=function")
"""Arguments for a project that has one of the two plugins of pytest."""


@dataclass(frozen=True, slots=True)
class PytestRun:
    """A pytest in an environment of its own."""

    python: Path

    def __call__(self, folder: Path, *arguments: str, **environ: str) -> str:
        """Run it in a folder; return what it printed. Warnings are errors there."""
        own = ("PYTEST_", "EDGEMAIL_", "MP_", "LIBSQL_")
        outside = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        done = subprocess.run(
            [self.python, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "-ra", "--tb=short", *arguments],
            cwd=folder,
            env=outside | environ,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        return done.stdout + done.stderr


def copy_suites(folder: Path, *names: str) -> None:
    """Copy suites into a folder, under names by which pytest finds them."""
    for name in names:
        shutil.copy(SUITES / f"{name}.py", folder / f"{name.replace('suite_of', 'test')}.py")


def find_outcomes(said: str) -> dict[str, int]:
    """Read the last line of a run: how many passed, failed, and so on."""
    last = said.strip().splitlines()[-1]
    return {what: int(count) for count, what in re.findall(r"(\d+) (\w+)", last.partition(" in ")[0])}
