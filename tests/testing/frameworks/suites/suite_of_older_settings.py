"""A project without MAILERS, which Django has from 6.1 on. Run by a pytest of its own."""

import pytest
from django.core import mail as django_mail


@pytest.mark.filterwarnings("ignore:get_connection")
def test_a_server_that_the_project_names_gets_nothing(mail, edgemail_django):
    connection = django_mail.get_connection(
        host="real.shop.invalid", port=465, username="shop", password="secret", use_ssl=True, timeout=3
    )
    message = django_mail.EmailMessage("Hello", "Hi", "shop@example.com", [mail.address])
    assert connection.send_messages([message, message]) == 2
    assert len(mail.wait_for(2)) == 2
