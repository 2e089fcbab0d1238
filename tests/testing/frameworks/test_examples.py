"""The projects in examples/, and the tests in the guide, run as a reader runs them."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from testkit.clean_environment import ROOT

from tests.testing.frameworks.runs import WITH_ASYNCIO, WITH_DJANGO, find_outcomes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testing.frameworks.runs import PytestRun

pytestmark = [pytest.mark.needs_python_frameworks, pytest.mark.slow]

GUIDE = (ROOT / "docs" / "how-to" / "test-sign-ups.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python\n# (\S+\.py)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))


def copy_example(name: str, folder: Path) -> None:
    """Copy an example, with the tests of the guide that are about it."""
    shutil.copytree(
        ROOT / "examples" / name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    for path, block in BLOCKS.items():
        if (name == "django") == path.startswith("shop/"):
            (folder / path).write_text(block)


def test_every_test_of_the_guide_is_run() -> None:
    """Each block of Python names its file."""
    assert len(BLOCKS) == GUIDE.count("```python\n") > 5


def test_the_example_for_pytest(run_pytest: PytestRun, tmp_path: Path) -> None:
    """With what the guide says of a sign-up, of Flask and of FastAPI."""
    copy_example("pytest", tmp_path)
    said = run_pytest(tmp_path, *WITH_ASYNCIO)
    assert find_outcomes(said) == {"passed": 12}, said


def test_the_example_for_django(run_pytest: PytestRun, tmp_path: Path) -> None:
    """With what the guide says of Django."""
    copy_example("django", tmp_path)
    said = run_pytest(tmp_path, *WITH_DJANGO)
    assert find_outcomes(said) == {"passed": 4}, said
