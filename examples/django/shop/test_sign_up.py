"""The address of each test is `mail`; `edgemail_django` has Django send to the server that keeps its mail."""

import pytest
from django.contrib.auth import get_user_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("edgemail_django")]


def is_active(address):
    return get_user_model().objects.get(email=address).is_active


def test_the_code_activates_the_account(client, mail):
    client.post("/sign-up/", {"address": mail.address})
    assert not is_active(mail.address)
    assert client.post("/confirm/", {"code": mail.code()}).status_code == 200
    assert is_active(mail.address)


def test_the_link_activates_the_account(client, mail):
    client.post("/sign-up/", {"address": mail.address})
    message = mail.wait(subject="Confirm", sender="hello@shop.example")
    assert client.get(message.link("/confirm/")).status_code == 200
    assert is_active(mail.address)


def test_another_code_does_not(client, mail):
    client.post("/sign-up/", {"address": mail.address})
    wrong = "".join(str(9 - int(digit)) for digit in mail.code())
    assert client.post("/confirm/", {"code": wrong}).status_code == 400
    assert not is_active(mail.address)
