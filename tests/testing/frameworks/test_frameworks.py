"""Mail of web frameworks in a project's tests: each suite runs in a pytest of its own, from the wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.testing.frameworks.runs import WITH_ASYNCIO, WITH_DJANGO, copy_suites, find_outcomes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testing.frameworks.runs import PytestRun

pytestmark = pytest.mark.needs_python_frameworks

UNREACHABLE = {
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_PORT": "1",
    "EMAIL_HOST_USER": "shop",
    "EMAIL_HOST_PASSWORD": "only for tests",
    "EMAIL_USE_TLS": "1",
    "MAIL_SERVER": "127.0.0.1",
    "MAIL_PORT": "1",
    "MAIL_USERNAME": "shop",
    "MAIL_PASSWORD": "only for tests",
    "MAIL_STARTTLS": "true",
    "MAIL_SSL_TLS": "false",
}
"""A mail server in the environment: nothing listens on port 1."""


@pytest.mark.slow
def test_django(run_pytest: PytestRun, tmp_path: Path) -> None:
    """Django 5.2: sent with the fixture, kept in memory without it."""
    copy_suites(tmp_path, "django_settings", "suite_of_django", "suite_of_older_settings")
    said = run_pytest(tmp_path, *WITH_DJANGO, "--ds=django_settings", KIND_OF_SETTINGS="older")
    assert find_outcomes(said) == {"passed": 14}, said


@pytest.mark.slow
def test_flask_mail_fastapi_mail_and_variables(run_pytest: PytestRun, tmp_path: Path) -> None:
    """Each is sent with its fixture, and not without; so is Django's mail without pytest-django."""
    copy_suites(tmp_path, "suite_of_others", "suite_of_plain_django", "suite_of_mistakes")
    said = run_pytest(tmp_path, *WITH_ASYNCIO, **UNREACHABLE)
    assert find_outcomes(said) == {"passed": 14, "errors": 2}, said
    assert "\nedgemail_flask: the app has no Flask-Mail. Call Mail(app) in the fixture `app`.\n" in said
    assert "\nedgemail_django needs Django: import of edgemail.testing.django halted" in said
