"""Environments as a project has them: edgemail from its wheel, beside the frameworks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.clean_environment import build_wheel, make_environment

from tests.testing.frameworks.runs import DJANGO_61, FRAMEWORKS, PytestRun

if TYPE_CHECKING:
    from pathlib import Path

IS_WITHOUT_PYTHON = (DJANGO_61 / ".installed").exists() and not (DJANGO_61 / "bin" / "python").exists()
"""True if the Makefile has found no Python that Django 6.1 runs on."""

collect_ignore = ["test_django_61.py"] if IS_WITHOUT_PYTHON else []


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build edgemail's wheel."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def run_pytest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> PytestRun:
    """Give a pytest beside Django 5.2, Flask-Mail and fastapi-mail."""
    assert FRAMEWORKS.exists(), "the frameworks are missing: `make test` installs them"
    return PytestRun(make_environment(tmp_path_factory.mktemp("clean"), wheel, dependencies=FRAMEWORKS))
