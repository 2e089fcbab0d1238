"""What Django sends, with `edgemail_django` and without it. Run by a pytest of its own, with pytest-django."""

import threading
import warnings

import pytest
from django.conf import settings as django_settings
from django.core import mail as django_mail
from django.test import SimpleTestCase

from edgemail.testing import MailError

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
HAS_MAILERS = hasattr(django_settings, "MAILERS")


def send(address, subject="Hello"):
    django_mail.EmailMessage(subject, "Your code is 123456.", "shop@example.com", [address]).send()


def describe_settings():
    """Read what decides where mail goes; Django 6.1 warns of the older settings."""
    if HAS_MAILERS:
        return django_settings.MAILERS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return django_settings.EMAIL_BACKEND, django_settings.EMAIL_HOST, django_settings.EMAIL_PORT


@pytest.fixture(scope="module", autouse=True)
def first_settings(django_test_environment):
    """Compare the settings after all tests with those before them."""
    before = describe_settings()
    yield before
    assert describe_settings() == before
    assert not hasattr(django_settings, "EDGEMAIL_SMTP")


@pytest.mark.filterwarnings("ignore:.* will not have a default mailer")
def test_without_the_fixture_django_keeps_it(mail):
    mail.none(after=lambda: send(mail.address))
    assert len(django_mail.outbox) == 1


@pytest.mark.filterwarnings("ignore:.* will not have a default mailer")
def test_without_the_fixture_a_failure_names_it(mail):
    send(mail.address)
    with pytest.raises(MailError, match="add the fixture edgemail_django"):
        mail.wait(timeout=0.1)


def test_with_the_fixture_a_failure_does_not_name_it(mail, edgemail_django):
    send(mail.address)
    with pytest.raises(MailError) as failure:
        mail.wait(subject="Another", timeout=0.1)
    assert "edgemail_django" not in str(failure.value)


def test_it_is_sent(mail, edgemail_django):
    send(mail.address)
    message = mail.wait()
    assert message.code() == "123456"
    assert b"with ESMTPA" not in message.raw  # that would be with a login
    assert django_mail.outbox == []


def test_the_settings_come_back(first_settings):
    assert describe_settings() == first_settings
    assert LOCMEM in str(first_settings)


def test_after_the_fixture_settings(mailoutbox, settings, edgemail_django, mail):
    settings.EMAIL_SUBJECT_PREFIX = "[Shop] "
    send(mail.address)
    assert mail.wait(sender="shop@example.com").subject == "Hello"
    assert mailoutbox == []


def test_before_the_fixture_settings(edgemail_django, settings, mailoutbox, mail):
    settings.EMAIL_SUBJECT_PREFIX = "[Shop] "
    send(mail.address)
    assert mail.wait().subject == "Hello"


@pytest.fixture
def looking_back(settings):
    """Look at the settings when `edgemail_django` has ended, but `settings` has not."""
    yield
    assert django_settings.EMAIL_SUBJECT_PREFIX == "[Shop] "
    assert "edgemail" not in str(describe_settings())


def test_other_changes_of_settings_outlive_it(looking_back, settings, edgemail_django, mail):
    settings.EMAIL_SUBJECT_PREFIX = "[Shop] "
    send(mail.address)
    assert mail.wait().subject == "Hello"


@pytest.mark.parametrize("number", range(3))
def test_layers_of_settings_do_not_grow(number, settings, edgemail_django):
    """Each time the layers of settings are as many as before."""
    settings.EMAIL_SUBJECT_PREFIX = "[Shop] "
    layer, depth = django_settings._wrapped, 0
    while hasattr(layer, "default_settings"):
        layer, depth = layer.default_settings, depth + 1
    assert depth == 2


def test_from_another_thread(edgemail_django, mail):
    thread = threading.Thread(target=send, args=(mail.address,))
    thread.start()
    thread.join()
    assert mail.wait().subject == "Hello"


@pytest.mark.usefixtures("edgemail_django")
class TestOfDjangosOwn(SimpleTestCase):
    @pytest.fixture(autouse=True)
    def _mail(self, mail):
        self.mail = mail

    def test_it_is_sent(self):
        send(self.mail.address)
        assert self.mail.wait().subject == "Hello"
