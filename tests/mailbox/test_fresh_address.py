"""Addresses that nobody has used and nobody can guess."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import pytest

from edgemail.errors import AddressError
from edgemail.mailbox import fresh_address
from edgemail.mailbox.fresh_address import find_expiry, make_address
from edgemail.model import Address

NOW = datetime(2026, 11, 27, 9, 28, 23, tzinfo=UTC)


def test_an_address_has_sixty_random_bits_and_only_what_forms_take() -> None:
    """Its name is the inbox's: no letter changes when it is looked up."""
    made = {make_address(["example.org"]) for _ in range(200)}
    assert len(made) == 200
    for address in made:
        assert re.fullmatch(r"[a-z0-9-]+@example\.org", address)
        assert Address.parse(address).inbox == address
        assert len(address.partition("@")[0]) * math.log2(len(set(fresh_address._LETTERS))) == 60
    assert {letter for address in made for letter in address.partition("@")[0]} == set(fresh_address._LETTERS)


@pytest.mark.parametrize(
    ("label", "start"), [("shop", "shop-"), ("a-b", "a-b-"), ("-a-", "a-"), ("---", ""), ("x" * 20, "x" * 20 + "-")]
)
def test_a_label_stands_first(label: str, start: str) -> None:
    """No address begins with a hyphen, which commands would take for a flag."""
    local = make_address([], label=label).partition("@")[0]
    assert re.fullmatch(re.escape(start) + "[a-z2-9]{12}", local)


@pytest.mark.parametrize("label", ["x" * 21, "Shop", "a b", "a@b", "é", "a\n", "a."])
def test_another_label_is_refused(label: str) -> None:
    with pytest.raises(AddressError, match="a label is 1 to 20 letters"):
        make_address([], label=label)


@pytest.mark.parametrize(
    ("served", "domain", "used"),
    [
        ((), None, "example.com"),
        ((), "Shop.Example", "shop.example"),
        (("example.org", "b.example"), None, "example.org"),
        (("example.org", "b.example"), "b.example", "b.example"),
        (("example.org",), "team.example.org", "team.example.org"),
        (("example.org",), "EXAMPLE.org.", "example.org"),
    ],
)
def test_the_domain_is_one_of_the_servers(served: tuple[str, ...], domain: str | None, used: str) -> None:
    """Or any, where it takes mail for all."""
    assert make_address(served, domain=domain).partition("@")[2] == used


@pytest.mark.parametrize("domain", ["other.example", "notexample.org", "org", "example.org.evil.example"])
def test_a_domain_that_is_not_the_servers_is_refused(domain: str) -> None:
    """Mail to it would never come."""
    with pytest.raises(AddressError, match=r"^this server takes mail for example\.org only$"):
        make_address(["example.org"], domain=domain)


@pytest.mark.parametrize("domain", ["", "a b", "a@b", "a\nb", "-", "a" * 300])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(AddressError):
        make_address([], domain=domain)


def test_mail_expires_by_age() -> None:
    assert find_expiry(NOW, 3600.0) == datetime(2026, 11, 27, 10, 28, 23, tzinfo=UTC)
    assert find_expiry(NOW, None) is None
