"""The host of a link, as a browser sees it: none where programs could disagree."""

from __future__ import annotations

import pytest

from edgemail.mime.checked_forms import check_host, check_link


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://shop.example/confirm?t=1", "shop.example"),
        ("HTTPS://Shop.Example", "shop.example"),
        ("http://shop.example:8080#x", "shop.example"),
        ("https://shop.example.?a", "shop.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://192.0.2.1/", "192.0.2.1"),
        ("http://[2001:DB8::1]:80/", "2001:db8::1"),
        ("https://shop.example/a@evil.example", "shop.example"),
        ("https://shop。example/", "shop.example"),
        ("https://ѕhop.example/", "xn--hop-ehd.example"),
        ("https://shop.example/подтвердить", "shop.example"),
    ],
)
def test_a_plain_link_has_a_host(url: str, host: str) -> None:
    checked = check_link(url)
    assert checked is not None
    assert checked[1] == host


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
    assert check_link(url) is None


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
    assert check_host(given_name) == host
