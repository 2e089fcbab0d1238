"""What the zone says: MX, SPF, DMARC, CAA, judged from the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgemail.doctor.findings import Finding, LookupFailure, Status, shorten, write_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.doctor.names import Exchange, Property

_SPF: Final = "v=spf1 -all"
_DMARC: Final = "v=DMARC1; p=reject; sp=reject"
_IN_PLACE: Final = "in place of the one there is"


def report_trouble(check: str, trouble: LookupFailure) -> Finding:
    """Say that something could not be found out."""
    return Finding(check, Status.FAIL, trouble.text, "ask again, or another DNS server with --dns")


def judge_exchanges(domain: str, found: list[Exchange] | LookupFailure, wanted: str) -> Finding:
    """Judge the MX records; `wanted` is the host that should take the mail where none is named."""
    if isinstance(found, LookupFailure):
        return report_trouble("MX", found)
    line = write_line(domain, "MX", f"10 {wanted}.")
    if not found:
        return Finding("MX", Status.FAIL, f"{domain} has no MX record", "add the line below", (line,))
    if not all(one.host for one in found):
        text = f"{domain} has a null MX: it says that it takes no mail (RFC 7505)"
        return Finding("MX", Status.FAIL, text, "put the line below in its place", (line,))
    hosts = ", ".join(f"{one.host} ({one.preference})" for one in found)
    return Finding("MX", Status.OK, f"mail for {domain} goes to {hosts}")


def judge_wildcard(
    domain: str, found: list[Exchange] | LookupFailure, own: list[Exchange] | LookupFailure, wanted: str
) -> Finding:
    """Judge what a subdomain that nobody named has for an MX."""
    if isinstance(found, LookupFailure):
        return report_trouble("wildcard", found)
    if not found:
        line = write_line(f"*.{domain}", "MX", f"10 {wanted}.")
        text = f"subdomains of {domain} have no MX record, and so take no mail"
        return Finding("wildcard", Status.WARN, text, "add the line below, if they should", (line,))
    hosts = {one.host for one in found}
    if not isinstance(own, LookupFailure) and own and hosts != {one.host for one in own}:
        text = f"mail for subdomains goes elsewhere: {', '.join(sorted(hosts))}"
        return Finding("wildcard", Status.WARN, text, "correct the MX of *, unless that is meant")
    return Finding("wildcard", Status.OK, f"mail for any subdomain of {domain} goes there as well")


def judge_spf(domain: str, found: list[str] | LookupFailure) -> Finding:
    """Judge the SPF record (RFC 7208) of a domain that never sends."""
    if isinstance(found, LookupFailure):
        return report_trouble("SPF", found)
    policies = [one for one in found if one.lower().split(" ")[0] == "v=spf1"]
    line = write_line(domain, "TXT", f'"{_SPF}"', "" if not policies else _IN_PLACE)
    match policies:
        case []:
            text = "no SPF record: others can send in the domain's name"
            return Finding("SPF", Status.FAIL, text, "add the line below", (line,))
        case [one] if one.lower().split() == _SPF.split():
            return Finding("SPF", Status.OK, f"{one}: the domain never sends")
        case [one] if one.lower().split()[-1] == "-all":
            text = f'"{shorten(one)}" lets somebody send in the domain\'s name'
            return Finding(
                "SPF", Status.WARN, text, "leave it so only if that is meant; edgemail never sends", (line,)
            )
        case [one]:
            text = f'"{shorten(one)}" does not end with -all: it keeps nobody from sending in the domain\'s name'
            return Finding("SPF", Status.FAIL, text, "put the line below in its place", (line,))
        case _:
            text = f"{len(policies)} SPF records, and so none that counts (RFC 7208 section 4.5)"
            return Finding("SPF", Status.FAIL, text, "keep the line below alone", (line,))


def judge_dmarc(domain: str, found: list[str] | LookupFailure) -> Finding:
    """Judge the DMARC record (RFC 7489)."""
    if isinstance(found, LookupFailure):
        return report_trouble("DMARC", found)
    policies = [one for one in found if _read_tags(one)[:1] == [("v", "DMARC1")]]
    line = write_line(f"_dmarc.{domain}", "TXT", f'"{_DMARC}"', "" if not policies else _IN_PLACE)
    if not policies:
        text = "no DMARC record: receivers are not told to reject what is forged"
        return Finding("DMARC", Status.FAIL, text, "add the line below", (line,))
    if len(policies) > 1:
        text = f"{len(policies)} DMARC records, and so none that counts (RFC 7489 section 6.6.3)"
        return Finding("DMARC", Status.FAIL, text, "keep the line below alone", (line,))
    tags = dict(_read_tags(policies[0]))
    policy, below = tags.get("p", "").lower(), tags.get("sp", "reject").lower()
    if (policy, below, tags.get("pct", "100")) != ("reject", "reject", "100"):
        text = f'"{shorten(policies[0])}" does not have all forged mail rejected'
        return Finding("DMARC", Status.FAIL, text, "put the line below in its place", (line,))
    return Finding("DMARC", Status.OK, "forged mail is to be rejected")


def judge_properties(domain: str, found: list[Property] | LookupFailure) -> list[Finding]:
    """Judge the CAA records: who may issue certificates (RFC 8659) and those for mail addresses (RFC 9495)."""
    if isinstance(found, LookupFailure):
        return [report_trouble("CAA", found)]
    return [
        _judge_property(
            domain, found, "issue", "letsencrypt.org", "a certificate for the domain", "or the one you use"
        ),
        _judge_property(domain, found, "issuemail", ";", "an S/MIME certificate for any address of it", ""),
    ]


def _judge_property(
    domain: str, found: Sequence[Property], tag: str, wanted: str, thing: str, comment: str
) -> Finding:
    check = f"CAA {tag}"
    values = [one.value.strip() for one in found if one.tag == tag]
    if not values:
        line = write_line(domain, "CAA", f'0 {tag} "{wanted}"', comment)
        text = f"no CAA record with {tag}: every authority may issue {thing} to whoever reads a mail here"
        return Finding(check, Status.WARN, text, "add the line below", (line,))
    issuers = [shorten(one) for one in values if one.partition(";")[0].strip()]
    return Finding(check, Status.OK, f"{' and '.join(issuers) or 'no one'} may issue {thing}")


def _read_tags(text: str) -> list[tuple[str, str]]:
    """Read ``v=DMARC1; p=reject`` (RFC 7489 section 6.4)."""
    pairs = [one.partition("=") for one in text.split(";") if one.strip()]
    return [(name.strip().lower(), value.strip()) for name, _, value in pairs]
