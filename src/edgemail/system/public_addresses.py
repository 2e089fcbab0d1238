"""Which IP addresses are public: those that anybody on the Internet may be reached at.

The list is fixed here, as Python's own one differs between its versions. It follows the IANA registries
of special-purpose addresses for IPv4 and IPv6.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import Final

_SPECIAL_IPV4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by the customers of a carrier (RFC 6598)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; clouds tell machines their secrets there
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
"""All that is not in it is loopback, unique local, link-local, multicast, or not assigned."""
_SPECIAL_IPV6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them, whose tunnels end anywhere
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, whose tunnels end at the IPv4 address within
        "3fff::/20",  # documentation
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
"""What stands before an IPv4 address in an interface's identifier of ISATAP (RFC 5214)."""


def is_public(text: str) -> bool:
    """Return True if an IP address is a public one. An IPv4 address within an IPv6 one must be public too."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_ipv4(address)
    if address.scope_id is not None:
        return False
    number = int(address)
    if address in _NAT64 or address in _MAPPED:
        return _is_public_ipv4(IPv4Address(number & 0xFFFFFFFF))
    return (
        address in _GLOBAL_IPV6
        and not any(address in network for network in _SPECIAL_IPV6)
        and (number >> 32 & 0xFFFFFFFF not in _ISATAP or _is_public_ipv4(IPv4Address(number & 0xFFFFFFFF)))
    )


def _is_public_ipv4(address: IPv4Address) -> bool:
    return not any(address in network for network in _SPECIAL_IPV4)
