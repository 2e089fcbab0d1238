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

WITHOUT_PYTEST_DJANGO = """
import pytest
from django.conf import settings
from django.core.mail import send_mail
from django.test.utils import setup_test_environment, teardown_test_environment

@pytest.fixture(scope="session", autouse=True)
def runner():
    settings.configure(EMAIL_HOST="smtp.shop.invalid", USE_TZ=True)
    setup_test_environment()
    yield
    teardown_test_environment()

def test_it_is_sent(mail, edgemail_django):
    send_mail("Hello", "Hi", "shop@example.com", [mail.address])
    assert mail.wait().subject == "Hello"

def test_it_is_kept(mail):
    mail.none(after=lambda: send_mail("Hello", "Hi", "shop@example.com", [mail.address]))
"""
WITHOUT_FLASK_MAIL = """
import pytest
from flask import Flask

@pytest.fixture
def app():
    return Flask(__name__)

def test_no_extension(edgemail_flask):
    pass
"""


def test_django(run_pytest: PytestRun, tmp_path: Path) -> None:
    """Django 5.2: sent with the fixture, kept in memory without it."""
    copy_suites(tmp_path, "django_settings", "suite_of_django", "suite_of_older_settings")
    said = run_pytest(tmp_path, *WITH_DJANGO, "--ds=django_settings", KIND_OF_SETTINGS="older")
    assert find_outcomes(said) == {"passed": 11}, said


@pytest.mark.slow
def test_flask_mail_and_fastapi_mail_and_variables(run_pytest: PytestRun, tmp_path: Path) -> None:
    """Each is sent with its fixture, and not without."""
    copy_suites(tmp_path, "suite_of_others")
    said = run_pytest(tmp_path, *WITH_ASYNCIO, **UNREACHABLE)
    assert find_outcomes(said) == {"passed": 12}, said


@pytest.mark.slow
def test_django_without_its_plugin(run_pytest: PytestRun, tmp_path: Path) -> None:
    """Django's own runner puts a backend in place as well."""
    (tmp_path / "test_plain.py").write_text(WITHOUT_PYTEST_DJANGO)
    said = run_pytest(tmp_path, *WITH_ASYNCIO)
    assert find_outcomes(said) == {"passed": 2}, said


@pytest.mark.slow
def test_an_app_without_flask_mail(run_pytest: PytestRun, tmp_path: Path) -> None:
    """The test fails, and says what to do."""
    (tmp_path / "test_plain.py").write_text(WITHOUT_FLASK_MAIL)
    said = run_pytest(tmp_path, *WITH_ASYNCIO)
    assert find_outcomes(said) == {"error": 1}, said
    assert "the app has no Flask-Mail. Call Mail(app) in the fixture `app`." in said
