"""Fixtures asked for where they cannot work. Run by a pytest of its own."""

import sys

import pytest
from flask import Flask


@pytest.fixture
def app():
    return Flask(__name__)


@pytest.fixture
def no_django(monkeypatch):
    monkeypatch.setitem(sys.modules, "edgemail.testing.django", None)
    monkeypatch.setitem(sys.modules, "django", None)


def test_an_app_without_flask_mail(edgemail_flask):
    pass


def test_a_project_without_django(no_django, edgemail_django):
    pass
