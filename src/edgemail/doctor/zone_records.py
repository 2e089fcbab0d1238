"""Judges the zone's records: MX, SPF, DMARC, CAA."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from edgemail.doctor.findings import Finding, LookupFailure, Status, shorten, write_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.doctor.dns_client import CaaRecord, MxRecord

SPF: Final = "v=spf1 -all"
DMARC: Final = "v=DMARC1; p=reject; sp=reject"
_IN_PLACE: Final = "in place of the one there is"


def report_lookup_failure(check: str, trouble: LookupFailure) -> Finding:
    """Return a finding for a failed lookup."""
    return Finding(check, Status.FAIL, trouble.text, "ask again, or another DNS server with --dns")


def judge_mx(domain: str, found: list[MxRecord] | LookupFailure, wanted: str) -> Finding:
    """Judge the MX records; `wanted` is the host to suggest if there are none."""
    if isinstance(found, LookupFailure):
        return report_lookup_failure("MX", found)
    line = write_line(domain, "MX", f"10 {wanted}.")
    if not found:
        return Finding("MX", Status.FAIL, f"{domain} has no MX record", "add the line below", (line,))
    if not all(record.host for record in found):
        text = f"{domain} has a null MX: it says that it takes no mail (RFC 7505)"
        return Finding("MX", Status.FAIL, text, "put the line below in its place", (line,))
    if addresses := [record.host for record in found if is_address(record.host)]:
        text = f"the MX names {', '.join(addresses)}: it must name a host, not an address (RFC 5321 section 5.1)"
        return Finding("MX", Status.FAIL, text, "put the line below in its place", (line,))
    if undotted := [record.host for record in found if is_undotted(record.host, domain)]:
        text = f"the MX names {', '.join(undotted)}: a name without a dot at its end gets the zone's name added"
        return Finding("MX", Status.FAIL, text, "put the line below in its place", (line,))
    hosts = ", ".join(f"{record.host} ({record.preference})" for record in found)
    return Finding("MX", Status.OK, f"mail for {domain} goes to {hosts}")


def judge_wildcard_mx(
    domain: str, found: list[MxRecord] | LookupFailure, own: list[MxRecord] | LookupFailure, wanted: str
) -> Finding:
    """Judge the MX of an arbitrary subdomain: `found` is its MX, `own` the domain's."""
    if isinstance(found, LookupFailure):
        return report_lookup_failure("wildcard", found)
    if not found:
        line = write_line(f"*.{domain}", "MX", f"10 {wanted}.")
        text = f"subdomains of {domain} have no MX record, and so take no mail"
        return Finding("wildcard", Status.WARN, text, "add the line below, if they should", (line,))
    hosts = {record.host for record in found}
    if not isinstance(own, LookupFailure) and own and hosts != {record.host for record in own}:
        text = f"mail for subdomains goes elsewhere: {', '.join(sorted(hosts))}"
        return Finding("wildcard", Status.WARN, text, "correct the MX of *, unless that is meant")
    return Finding("wildcard", Status.OK, f"mail for any subdomain of {domain} goes there as well")


def judge_spf(domain: str, found: list[str] | LookupFailure) -> Finding:
    """Judge the SPF record (RFC 7208) of a domain that never sends."""
    if isinstance(found, LookupFailure):
        return report_lookup_failure("SPF", found)
    policies = [record for record in found if record.lower().split(" ")[0] == "v=spf1"]
    line = write_line(domain, "TXT", f'"{SPF}"', "" if not policies else _IN_PLACE)
    match policies:
        case []:
            text = "no SPF record: others can send in the domain's name"
            return Finding("SPF", Status.FAIL, text, "add the line below", (line,))
        case [record] if record.lower().split() == SPF.split():
            return Finding("SPF", Status.OK, f"{record}: the domain never sends")
        case [record] if record.lower().split()[-1] == "-all":
            text = f'"{shorten(record)}" lets some hosts send in the domain\'s name'
            return Finding(
                "SPF", Status.WARN, text, "leave it so only if that is meant; edgemail never sends", (line,)
            )
        case [record]:
            text = f'"{shorten(record)}" does not end with -all: anyone can send in the domain\'s name'
            return Finding("SPF", Status.FAIL, text, "put the line below in its place", (line,))
        case _:
            text = f"{len(policies)} SPF records, so all are ignored (RFC 7208 section 4.5)"
            return Finding("SPF", Status.FAIL, text, "keep the line below alone", (line,))


def judge_dmarc(domain: str, found: list[str] | LookupFailure) -> Finding:
    """Judge the DMARC record (RFC 7489)."""
    if isinstance(found, LookupFailure):
        return report_lookup_failure("DMARC", found)
    policies = [record for record in found if _read_tags(record)[:1] == [("v", "DMARC1")]]
    line = write_line(f"_dmarc.{domain}", "TXT", f'"{DMARC}"', "" if not policies else _IN_PLACE)
    if not policies:
        text = "no DMARC record: receivers are not told to reject forged mail"
        return Finding("DMARC", Status.FAIL, text, "add the line below", (line,))
    if len(policies) > 1:
        text = f"{len(policies)} DMARC records, so all are ignored (RFC 7489 section 6.6.3)"
        return Finding("DMARC", Status.FAIL, text, "keep the line below alone", (line,))
    tags = dict(_read_tags(policies[0]))
    policy, below = tags.get("p", "").lower(), tags.get("sp", "reject").lower()
    if (policy, below, tags.get("pct", "100")) != ("reject", "reject", "100"):
        text = f'"{shorten(policies[0])}" does not reject all forged mail'
        return Finding("DMARC", Status.FAIL, text, "put the line below in its place", (line,))
    return Finding("DMARC", Status.OK, "receivers are told to reject forged mail")


def judge_caa(domain: str, found: list[CaaRecord] | LookupFailure) -> list[Finding]:
    """Judge the CAA records: who may issue TLS (RFC 8659) and S/MIME certificates (RFC 9495)."""
    if isinstance(found, LookupFailure):
        return [report_lookup_failure("CAA", found)]
    return [
        _judge_caa_tag(
            domain, found, "issue", "letsencrypt.org", "a certificate for the domain", "or the one you use"
        ),
        _judge_caa_tag(domain, found, "issuemail", ";", "an S/MIME certificate for any address of it", ""),
    ]


def _judge_caa_tag(
    domain: str, found: Sequence[CaaRecord], tag: str, wanted: str, thing: str, comment: str
) -> Finding:
    check = f"CAA {tag}"
    values = [record.value.strip() for record in found if record.tag == tag]
    if not values:
        line = write_line(domain, "CAA", f'0 {tag} "{wanted}"', comment)
        text = f"no CAA record with {tag}: every authority may issue {thing} to anyone who reads mail here"
        return Finding(check, Status.WARN, text, "add the line below", (line,))
    issuers = [shorten(value) for value in values if value.partition(";")[0].strip()]
    return Finding(check, Status.OK, f"{' and '.join(issuers) or 'no one'} may issue {thing}")


def is_address(host: str) -> bool:
    """Return True if an MX names an address where it has to name a host."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_undotted(host: str, domain: str) -> bool:
    """Return True if an MX lacks the dot at its end, so that it got the zone's name twice, or after an address."""
    written = host.removesuffix(f".{domain}")
    return written != host and (is_address(written) or f".{written}".endswith(f".{domain}"))


def _read_tags(text: str) -> list[tuple[str, str]]:
    """Parse ``v=DMARC1; p=reject`` (RFC 7489 section 6.4)."""
    pairs = [tag.partition("=") for tag in text.split(";") if tag.strip()]
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]
