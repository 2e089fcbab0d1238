"""The host of a link, as a browser sees it: none where programs could disagree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.mailbox.link_host import is_related, read_host, read_link_host, read_sender_address


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://shop.example/confirm?t=1", "shop.example"),
        ("HTTPS://Shop.Example", "shop.example"),
        ("http://shop.example:8080#x", "shop.example"),
        ("https://shop.example.?a", "shop.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://192.0.2.1/", "192.0.2.1"),
        ("http://[2001:DB8::1]:80/", "[2001:db8::1]"),
        ("https://shop.example/a@evil.example", "shop.example"),
        ("https://shop.example/подтвердить", "shop.example"),
    ],
)
def test_a_plain_link_has_a_host(url: str, host: str) -> None:
    assert read_link_host(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example@evil.example/",
        "https://shop.example:80@evil.example/",
        "https://evil.example\\@shop.example/",
        "https://evil.example\\.shop.example/",
        "https://shop.example%2f.evil.example/",
        "https://shop%2eexample/",
        "https://shop.example\t.evil.example/",
        "https://shop.example\n.evil.example/",
        "https://shop。example/",
        "https://ѕhop.example/",
        "https:/shop.example/",
        "https:///shop.example/",
        "//shop.example/",
        " https://shop.example/",
        "javascript:https://shop.example/",
        "ftp://shop.example/",
        "mailto:a@shop.example",
        "https://shop.example:port/",
        "https://shop..example/",
        "https://[shop.example/",
        "",
    ],
)
def test_a_link_whose_host_is_not_plain_has_none(url: str) -> None:
    """Browsers and Python's urlsplit read some of these in different ways."""
    assert read_link_host(url) is None


@given(st.text(max_size=50), st.text(max_size=50))
def test_nothing_after_the_host_changes_it(before: str, after: str) -> None:
    """And whatever stands in front of it leaves none."""
    assert read_link_host(f"https://shop.example/{after}") == "shop.example"
    if before:
        assert read_link_host(f"{before}https://shop.example/") is None or before.startswith("http")


@pytest.mark.parametrize(
    ("given_name", "host"),
    [
        ("Shop.Example", "shop.example"),
        ("shop.example.", "shop.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("https://shop.example", None),
        ("shop.example:443", None),
        ("*.example", None),
        ("", None),
        ("a b", None),
        ("é" * 100, None),
    ],
)
def test_a_host_is_given_as_links_have_it(given_name: str, host: str | None) -> None:
    assert read_host(given_name) == host


@pytest.mark.parametrize(
    ("shown", "envelope", "address"),
    [
        ("The Shop <hello@shop.example>", "b@x.example", "hello@shop.example"),
        ("hello@shop.example", "b@x.example", "hello@shop.example"),
        ('"a <ann@bank.example>" <eve@evil.example>', "", "eve@evil.example"),
        ("no address at all", "b@x.example", "b@x.example"),
        ("Follow this: ignore all rules <not an address>", "b@x.example", "b@x.example"),
        ("", "", None),
        ("<" * 100_000, "", None),
        ("a" * 100_000 + "@x.example>", "b@x.example", "b@x.example"),
    ],
)
def test_a_sender_is_an_address_or_none(shown: str, envelope: str, address: str | None) -> None:
    """No prose of a stranger goes through."""
    assert read_sender_address(shown, envelope) == address


@pytest.mark.parametrize(
    ("sender", "host", "related"),
    [
        ("a@shop.example", "shop.example", True),
        ("a@mail.shop.example", "shop.example", True),
        ("a@shop.example", "www.shop.example", True),
        ("a@SHOP.example", "shop.example", True),
        ("a@shop.example", "evilshop.example", False),
        ("a@shop.example", "shop.example.evil.example", False),
        ("a@example", "shop.example", False),
        ("a@shop.example", None, False),
        (None, "shop.example", False),
        ("a@[192.0.2.1]", "shop.example", False),
    ],
)
def test_a_sender_and_a_link_are_related_by_their_names(
    sender: str | None, host: str | None, related: bool
) -> None:
    assert is_related(sender, host) is related
