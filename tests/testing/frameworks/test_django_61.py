"""Django 6.1, which has mailers and warns of the older settings. The suites are those of Django 5.2.

It needs Python 3.12. Where there is none, `make test` says so, and conftest.py leaves this file out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.clean_environment import make_environment

from tests.testing.frameworks.runs import DJANGO_61, PytestRun, copy_suites, find_outcomes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.needs_python_frameworks, pytest.mark.slow]


@pytest.fixture(scope="module")
def run_pytest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> PytestRun:
    """Give a pytest beside Django 6.1."""
    python = DJANGO_61 / "bin" / "python"
    assert python.exists(), "Django 6.1 is missing: `make test` installs it"
    return PytestRun(make_environment(tmp_path_factory.mktemp("clean"), wheel, dependencies=python))


def test_a_project_without_mailers(run_pytest: PytestRun, tmp_path: Path) -> None:
    """Nothing warns of the older settings, though warnings are errors."""
    copy_suites(tmp_path, "django_settings", "suite_of_django", "suite_of_older_settings")
    said = run_pytest(tmp_path, "--ds=django_settings", KIND_OF_SETTINGS="none")
    assert find_outcomes(said) == {"passed": 14}, said


def test_a_project_with_mailers(run_pytest: PytestRun, tmp_path: Path) -> None:
    """Each of them is replaced."""
    copy_suites(tmp_path, "django_settings", "suite_of_django", "suite_of_mailers")
    said = run_pytest(tmp_path, "--ds=django_settings", KIND_OF_SETTINGS="mailers")
    assert find_outcomes(said) == {"passed": 16}, said
