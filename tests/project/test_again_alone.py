"""What fails beside other tests runs once more, alone: `scripts/test_again_alone.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.test_again_alone import MOST

ROOT = Path(__file__).parents[2]
PASSES_AT_THE_SECOND_TIME = """
from pathlib import Path

def test_it():
    seen = Path("seen")
    was_there = seen.exists()
    seen.touch()
    assert was_there
"""
FAILS = "import pytest\n\n@pytest.mark.parametrize('n', range({}))\ndef test_it(n):\n    assert False\n"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "-p no:asyncio"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("test", "status", "said"),
    [
        (PASSES_AT_THE_SECOND_TIME, 0, "Failed beside other tests, passed alone. Mend it: test_one.py::test_it\n"),
        (FAILS.format(1), 1, "Once more, alone: test_one.py::test_it[0]\n"),
        (FAILS.format(MOST + 1), 1, f"{MOST + 1} tests failed: too many to try again alone.\n"),
    ],
    ids=["passes alone", "fails alone", "too many"],
)
def test_a_failure_counts_unless_it_passes_alone(tmp_path: Path, test: str, status: int, said: str) -> None:
    (tmp_path / "test_one.py").write_text(test)
    assert run(tmp_path, "pytest", "-q").returncode == 1
    again = run(tmp_path, "scripts.test_again_alone")
    assert again.returncode == status, again.stdout
    assert said in again.stdout
