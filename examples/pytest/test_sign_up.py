"""Each test has an address of its own, `mail`; `edgemail_env` tells the shop where to send."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.testing import Inbox

pytestmark = pytest.mark.usefixtures("edgemail_env")


def test_the_code_confirms_the_address(mail: Inbox) -> None:
    shop.sign_up(mail.address)
    assert shop.confirm(mail.address, mail.code())


def test_the_link_has_the_same_code(mail: Inbox) -> None:
    shop.sign_up(mail.address)
    message = mail.wait(subject="Confirm", sender="hello@shop.example")
    query = parse_qs(urlsplit(message.link("/confirm")).query)
    assert query["address"] == [mail.address]
    assert query["code"] == [message.code()]


def test_a_code_of_somebody_else_does_not_help(mail: Inbox, mail_factory: Callable[..., Inbox]) -> None:
    other = mail_factory()
    shop.sign_up(mail.address)
    shop.sign_up(other.address)
    code, wrong = mail.code(), other.code()
    assert wrong == code or not shop.confirm(mail.address, wrong)
    assert shop.confirm(mail.address, code)


def test_nothing_goes_to_an_address_that_is_not_confirmed(mail: Inbox) -> None:
    mail.none(after=lambda: shop.reset_password(mail.address))


def test_a_confirmed_address_gets_a_link_for_a_new_password(mail: Inbox) -> None:
    shop.sign_up(mail.address)
    assert shop.confirm(mail.address, mail.code())
    shop.reset_password(mail.address)
    assert mail.link("https://shop.example/reset").partition("token=")[2]
