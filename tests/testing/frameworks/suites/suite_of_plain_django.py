"""Django without pytest-django, where its own runner puts a backend in place. Run by a pytest of its own."""

import pytest
from django.conf import settings
from django.core.mail import send_mail
from django.test.utils import setup_test_environment, teardown_test_environment


@pytest.fixture(scope="module", autouse=True)
def runner():
    settings.configure(EMAIL_HOST="smtp.shop.invalid", USE_TZ=True)
    setup_test_environment()
    yield
    teardown_test_environment()


def test_it_is_sent(mail, edgemail_django):
    send_mail("Hello", "Hi", "shop@example.com", [mail.address])
    assert mail.wait().subject == "Hello"


def test_without_the_fixture_django_keeps_it(mail):
    mail.none(after=lambda: send_mail("Hello", "Hi", "shop@example.com", [mail.address]))
