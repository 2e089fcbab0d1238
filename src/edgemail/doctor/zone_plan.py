"""What the zone of a domain should have: `edgemail init` writes it, and the guides show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.doctor.findings import write_line
from edgemail.doctor.mta_sts import write_announcement
from edgemail.doctor.zone_records import DMARC, SPF

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def plan_zone(domain: str, host: str, addresses: Sequence[str], now: datetime) -> list[str]:
    """Write the lines of a zone file for a domain that takes mail and never sends (RFC 1035 section 5).

    `host` is the server's name; names are in ASCII. `now` becomes the id of the MTA-STS record.
    """
    return [
        *write_addresses(host, addresses),
        write_line(domain, "MX", f"10 {host}."),
        write_line(f"*.{domain}", "MX", f"10 {host}.", "mail for subdomains, too"),
        write_line(domain, "TXT", f'"{SPF}"', "this domain never sends"),
        write_line(f"_dmarc.{domain}", "TXT", f'"{DMARC}"', "nor does anyone in its name"),
        write_line(domain, "CAA", '0 issue "letsencrypt.org"', "who alone may issue certificates"),
        write_line(domain, "CAA", '0 issuemail ";"', "no one for S/MIME (RFC 9495)"),
        *write_announcement(domain, addresses, [host], now),
        *(f"; where {address} was rented, set its name (PTR) to {host}" for address in addresses),
    ]


def write_addresses(host: str, addresses: Sequence[str]) -> list[str]:
    """Write the A and AAAA records of a host."""
    return [write_line(host, "AAAA" if ":" in address else "A", address) for address in addresses]
