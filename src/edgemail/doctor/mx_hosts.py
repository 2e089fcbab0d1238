"""Judges the MX hosts: their addresses, their PTR records, their port 25."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from edgemail.doctor.dns_client import is_public
from edgemail.doctor.findings import Finding, LookupFailure, Status, shorten, write_line
from edgemail.doctor.zone_records import report_lookup_failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from edgemail.doctor.smtp_probe import ProbeResult, ServerCertificate

_SOON: Final = timedelta(days=14)
_FROM_HERE: Final = "seen from this machine only: try it from another network too"


@dataclass(frozen=True, slots=True)
class Host:
    """An MX host with its CNAME and addresses, as looked up."""

    name: str
    alias: list[str] | LookupFailure
    addresses: list[str] | LookupFailure


def judge_host(host: Host, domain: str, wanted: Sequence[str]) -> Finding:
    """Judge the addresses of an MX host of `domain`; `wanted` are the expected addresses, if known."""
    found = host.addresses
    if isinstance(found, LookupFailure):
        return report_lookup_failure("address", found)
    lines = tuple(
        write_line(host.name, "AAAA" if ":" in address else "A", address)
        for address in wanted
        if address not in _plain(found)
    )
    if not isinstance(host.alias, LookupFailure) and host.alias:
        text = f"{host.name} is an alias (CNAME), which an MX must not name (RFC 2181 section 10.3)"
        return Finding("address", Status.FAIL, text, "give it addresses of its own", lines)
    if not found and not wanted:
        ask = f"; {host.name}. needs A and AAAA records: run doctor with --address to get them here"
        return Finding("address", Status.FAIL, f"{host.name} has no address", "add its A and AAAA records", (ask,))
    if wanted and found and not _plain(found) & set(wanted) and not f".{host.name}".endswith(f".{domain}"):
        text = f"{host.name} is another machine: {', '.join(found)}, and not {', '.join(wanted)}"
        advice = "take it out of the MX records, or give it that address, if it is a server of yours"
        return Finding("address", Status.FAIL, text, advice)
    if lines:
        text = f"{host.name} lacks {', '.join(address for address in wanted if address not in _plain(found))}"
        return Finding("address", Status.FAIL, text, "add the lines below", lines)
    private = [address for address in found if not is_public(address) and address not in wanted]
    if private:
        text = f"{host.name} has {', '.join(private)}, which is not a public address"
        return Finding("address", Status.FAIL, text, "put the server's public address there")
    return Finding("address", Status.OK, f"{host.name} is {', '.join(found)}")


def judge_ptr(
    host: str, address: str, found: list[str] | LookupFailure, back: list[str] | LookupFailure
) -> Finding:
    """Judge the PTR of an address; `back` are the addresses of its name.

    A problem is a warning only, as a server that never sends needs no PTR.
    """
    if isinstance(found, LookupFailure):
        return Finding("PTR", Status.WARN, found.text, "ask again, or another DNS server with --dns")
    reverse = ipaddress.ip_address(address).reverse_pointer
    line = f"; at the provider of {address}: {write_line(reverse, 'PTR', f'{host}.')}"
    if not found:
        text, advice = (
            f"{address} has no PTR record",
            "set it at the provider of the address; it matters little for receiving",
        )
        return Finding("PTR", Status.WARN, text, advice, (line,))
    if isinstance(back, LookupFailure) or address not in _plain(back):
        text = f"{address} has the name {', '.join(found)}, which does not resolve back to it"
        return Finding("PTR", Status.WARN, text, "set it at the provider of the address", (line,))
    return Finding("PTR", Status.OK, f"{address} has the name {', '.join(found)}")


def judge_port(
    host: str, address: str, port: int, found: ProbeResult | LookupFailure, now: datetime, *, is_enforced: bool
) -> list[Finding]:
    """Judge a server's greeting, STARTTLS and certificate."""
    check, where = f"port {port}", f"{host} [{address}]"
    if isinstance(found, LookupFailure):
        if found.is_silence:
            advice = f"a firewall there, or this network blocks outgoing port {port}; {_FROM_HERE}"
            return [Finding(check, Status.WARN, f"{where}: {found.text}", advice)]
        return [
            Finding(check, Status.FAIL, f"{where}: {found.text}", "start edgemail there, with --smtp on that port")
        ]
    greeting = Finding(check, Status.OK, f'{where} says "{shorten(found.banner)}"', _FROM_HERE)
    return [greeting, _judge_tls(host, found, now, is_enforced=is_enforced)]


def _judge_tls(host: str, found: ProbeResult, now: datetime, *, is_enforced: bool) -> Finding:
    wrong = Status.FAIL if is_enforced else Status.WARN
    if found.certificate is not None:
        return _judge_certificate(host, found.certificate, now, wrong, is_enforced=is_enforced)
    if found.tls_error is not None:
        return Finding(
            "STARTTLS", wrong, f"{host}: it fails: {shorten(found.tls_error)}", "look at tls_cert and the log"
        )
    return Finding(
        "STARTTLS", wrong, f"{host} does not offer it: mail travels in the clear", "see the settings tls and mode"
    )


def _judge_certificate(
    host: str, shown: ServerCertificate, now: datetime, wrong: Status, *, is_enforced: bool
) -> Finding:
    names = shorten(", ".join(shown.names)) or "no one"
    until = f"{shown.expires_at:%Y-%m-%d}"
    if shown.expires_at <= now:
        return Finding("STARTTLS", wrong, f"{host}: the certificate expired on {until}", "renew it")
    if is_enforced and shown.distrust is not None:
        text = f"{host}: the policy is enforced, and the certificate for {names} will not do: {shown.distrust}"
        return Finding(
            "STARTTLS", Status.FAIL, text, "get one from a public authority, or set the policy to testing"
        )
    if shown.expires_at - now < _SOON:
        return Finding("STARTTLS", Status.WARN, f"{host}: the certificate expires on {until}", "renew it")
    text = f"{host}: a certificate for {names} until {until}"
    if shown.distrust is not None:
        text += f"; it cannot be verified ({shown.distrust}), which senders need with MTA-STS only"
    return Finding("STARTTLS", Status.OK, text)


def _plain(addresses: Sequence[str] | LookupFailure) -> set[str]:
    """Return addresses in canonical form, for comparison."""
    return (
        set()
        if isinstance(addresses, LookupFailure)
        else {str(ipaddress.ip_address(address)) for address in addresses}
    )
