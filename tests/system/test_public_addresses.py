"""Only addresses that anybody may be reached at are public."""

from __future__ import annotations

import pytest

from edgemail.system.public_addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111",
        "2a00:1450:4001:82a::200e", "64:ff9b::1.1.1.1", "::ffff:8.8.8.8", "2001:200::1", "3ffe::1",
        "2600::5efe:8.8.8.8",
    ],
)  # fmt: skip
def test_an_address_on_the_internet_is_public(address: str) -> None:
    """The neighbours of special networks are."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1",
        "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe",
        "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8",
        "100::1", "100:0:0:1::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
        "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1",
        "fe80::1%lo", "2606:4700::1111%eth0", "fec0::1", "ff02::1", "ff0e::1", "2600::5efe:10.0.0.1",
        "2600::200:5efe:192.168.0.1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "", "localhost", "127.1", "0x7f000001", "1.1.1.1/32", "1.1.1.1 ",
    ],
)  # fmt: skip
def test_every_other_address_is_not(address: str) -> None:
    """Nor is one that leads to such an address, nor what is no address."""
    assert not is_public(address)
