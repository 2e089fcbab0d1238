"""A project with MAILERS. Run by a pytest of its own, with Django 6.1."""

import pytest
from django.core import mail as django_mail


@pytest.mark.parametrize("using", ["default", "invoices", "log"])
def test_every_mailer_is_replaced(mail, edgemail_django, using):
    message = django_mail.EmailMessage("Hello", "Hi", "shop@example.com", [mail.address])
    message.send(using=using)
    assert mail.wait().subject == "Hello"
