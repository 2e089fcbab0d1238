"""Checks MTA-STS (RFC 8461): the TXT record, and the policy file that it announces."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2

from edgemail.doctor.findings import Finding, LookupFailure, Status, shorten, write_line
from edgemail.doctor.zone_records import report_lookup_failure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_CHECK: Final = "MTA-STS"
_MAX_BYTES: Final = 65_536
_PATH: Final = "/.well-known/mta-sts.txt"


@dataclass(frozen=True, slots=True)
class MtaStsPolicy:
    """A policy file. `mode` is `enforce`, `testing` or `none`; `hosts` are MX patterns."""

    mode: str
    hosts: tuple[str, ...]

    def allows(self, host: str) -> bool:
        """Return True if the policy lists an MX host (RFC 8461 section 4.1)."""
        above = host.partition(".")[2]
        return any(pattern == host or (pattern.startswith("*.") and pattern[2:] == above) for pattern in self.hosts)


async def fetch_policy(domain: str, address: str, port: int, timeout_s: float) -> MtaStsPolicy | LookupFailure:
    """Fetch the policy file from an address.

    Returns a failure if there is no response (`is_silence` is True) or a wrong one (False).
    """
    host = f"mta-sts.{domain}"
    where = f"[{address}]" if ":" in address else address
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx2.AsyncClient(verify=ssl.create_default_context(), trust_env=False, timeout=timeout_s) as client,
            client.stream(
                "GET",
                f"https://{where}:{port}{_PATH}",
                headers={"host": host, "accept-encoding": "identity"},
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            if answer.status_code != 200:
                return LookupFailure(f"https://{host}{_PATH} answers {answer.status_code}")
            octets = b""
            async for part in answer.aiter_raw():  # raw, as a compressed body could grow without a bound
                octets += part
                if len(octets) > _MAX_BYTES:
                    return LookupFailure(f"https://{host}{_PATH} is too large")
    except (httpx2.HTTPError, OSError) as error:
        reason = shorten(str(error)) or "it took too long"
        return LookupFailure(f"https://{host}{_PATH} cannot be read from here: {reason}", is_silence=True)
    return read_policy(octets.decode("utf-8", "replace"))


def read_policy(text: str) -> MtaStsPolicy | LookupFailure:
    """Read a policy file (RFC 8461 section 3.2)."""
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    fields = [(name.strip(), value.strip()) for name, _, value in pairs]
    known = dict(reversed(fields))  # the first field of a name counts
    hosts = tuple(value.lower().rstrip(".") for name, value in fields if name == "mx")
    mode, age = known.get("mode", ""), known.get("max_age", "")
    if known.get("version") != "STSv1":
        return LookupFailure('the policy file does not say "version: STSv1"')
    if mode not in {"enforce", "testing", "none"}:
        return LookupFailure(f'the policy\'s mode "{shorten(mode)}" is none of enforce, testing and none')
    if not (age.isascii() and age.isdigit() and len(age) <= 10):
        return LookupFailure(f'the policy\'s max_age "{shorten(age)}" is no number of seconds')
    if not hosts and mode != "none":
        return LookupFailure("the policy names no mx")
    return MtaStsPolicy(mode, hosts)


def judge_policy(
    domain: str,
    records: list[str] | LookupFailure,
    policy: MtaStsPolicy | LookupFailure | None,
    hosts: Sequence[str],
    lines: Sequence[str],
) -> Finding:
    """Judge the record and the file; `lines` are the zone lines to suggest."""
    if isinstance(records, LookupFailure):
        return report_lookup_failure(_CHECK, records)
    announced = [record for record in records if record.split(";")[0].strip() == "v=STSv1"]
    if not announced:
        text = "not announced: an attacker between a sender and port 25 can strip STARTTLS"
        advice = f"serve the file at mta-sts.{domain} and add the lines below, if that matters"
        return Finding(_CHECK, Status.WARN, text, advice, tuple(lines))
    if len(announced) > 1 or "id=" not in announced[0]:
        text = "the record is ignored: there are several, or it has no id (RFC 8461 section 3.1)"
        return Finding(_CHECK, Status.FAIL, text, "keep the line below alone", tuple(lines[:1]))
    if policy is None:
        text, advice = f"announced, but mta-sts.{domain} has no address", "add the line below"
        return Finding(_CHECK, Status.WARN, text, advice, tuple(lines[1:]))
    if isinstance(policy, LookupFailure):
        state = Status.WARN if policy.is_silence else Status.FAIL
        return Finding(_CHECK, state, policy.text, "serve the file there by HTTPS, or remove the record")
    missing = [host for host in hosts if not policy.allows(host)]
    if missing and policy.mode != "none":
        state = Status.FAIL if policy.mode == "enforce" else Status.WARN
        return Finding(_CHECK, state, f"the policy does not name {', '.join(missing)}", "add it as an mx: line")
    return Finding(_CHECK, Status.OK, f'announced, and the policy\'s mode is "{policy.mode}"')


def write_announcement(domain: str, addresses: Sequence[str], hosts: Sequence[str], now: datetime) -> list[str]:
    """Write the zone lines: the record, the policy host's addresses, and the file as comments."""
    name = f"mta-sts.{domain}"
    file = ["version: STSv1", "mode: testing", *(f"mx: {host}" for host in hosts), "max_age: 604800"]
    return [
        write_line(f"_{name}", "TXT", f'"v=STSv1; id={now:%Y%m%d%H%M%S}"'),
        *(write_line(name, "AAAA" if ":" in address else "A", address) for address in addresses),
        f"; with this file at https://{name}{_PATH}",
        "; (mode: enforce, once the MX has a certificate from a public authority)",
        *(f";   {line}" for line in file),
    ]
