"""Runs all checks of a domain concurrently, and returns their findings in a fixed order."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edgemail.doctor import zone_records
from edgemail.doctor.database import check_database
from edgemail.doctor.dns_client import DnsClient, DnsError
from edgemail.doctor.findings import Finding, LookupFailure, Status
from edgemail.doctor.mta_sts import MtaStsPolicy, fetch_policy, judge_policy, write_announcement
from edgemail.doctor.mx_hosts import Host, judge_host, judge_port, judge_ptr
from edgemail.doctor.smtp_probe import probe
from edgemail.doctor.zone_records import is_address, is_undotted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from edgemail.doctor.dns_client import MxRecord
    from edgemail.model import Endpoint
    from edgemail.settings import StoreSettings

_T = TypeVar("_T")
_MAX_HOSTS: Final = 8
_MAX_ADDRESSES: Final = 4
"""The most addresses of one host that are checked."""


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What to check. `domain` is in ASCII.

    `addresses` are the expected addresses of the server, if known.
    """

    domain: str
    addresses: tuple[str, ...] = ()
    dns: Endpoint | None = None
    store: StoreSettings | None = None
    reads_only: bool = False
    taken: tuple[str, ...] = ()
    """The domains that the server's settings name; empty where it takes all, or they are not known."""
    smtp_port: int = 25
    policy_port: int = 443
    timeout_s: float = 20.0
    """The time limit for all checks together."""


async def run_checks(request: DoctorRequest, progress: Callable[[int, int], None]) -> list[Finding]:
    """Run all checks; `progress` gets the number of finished steps and of started steps.

    Raises:
        DnsError: this machine has no DNS server configured.
    """
    return await _CheckRun(request, progress).run()


class _CheckRun:
    """One run of all checks, with its deadline."""

    def __init__(self, request: DoctorRequest, progress: Callable[[int, int], None]) -> None:
        self._request = request
        self._progress = progress
        self._now = datetime.now(UTC)
        self._deadline = asyncio.get_running_loop().time() + request.timeout_s
        # One third each for DNS, for the servers behind it, and for a second connection there.
        self._step_s = request.timeout_s / 3
        self._dns = DnsClient(request.dns, self._step_s)
        self._done = self._begun = 0

    async def run(self) -> list[Finding]:
        """Run the checks concurrently; return the findings in a fixed order."""
        own = asyncio.create_task(self._try(self._dns.find_mx(self._request.domain)))
        front, (mail, policy), records, database = await asyncio.gather(
            self._examine_exchanges(own),
            self._examine_mail(own),
            self._examine_records(),
            self._examine_store(),
        )
        settings = self._judge_settings()
        nowhere = own.result()
        if isinstance(nowhere, LookupFailure) and not self._dns.has_answer:  # once, and not for each record
            return [*settings, zone_records.report_lookup_failure("DNS", nowhere), *database]
        return [*settings, *front, *mail, *records, policy, *database]

    def _judge_settings(self) -> list[Finding]:
        domain, taken = self._request.domain, self._request.taken
        if not taken or any(domain == own or domain.endswith(f".{own}") for own in taken):
            return []
        text = f"the server's settings take mail for {', '.join(taken)}, and not for {domain}"
        return [Finding("settings", Status.FAIL, text, f"add {domain} to the setting domain")]

    async def _examine_exchanges(self, asked: asyncio.Task[list[MxRecord] | LookupFailure]) -> list[Finding]:
        domain = self._request.domain
        unused_name = f"edgemail-doctor-{secrets.token_hex(4)}.{domain}"
        wild = await self._try(self._dns.find_mx(unused_name))
        own = await asked
        wanted = await self._choose_host(own)
        return [
            zone_records.judge_mx(domain, own, wanted),
            zone_records.judge_wildcard_mx(domain, wild, own, wanted),
        ]

    async def _examine_records(self) -> list[Finding]:
        domain, dns = self._request.domain, self._dns
        texts, dmarc, caa = await asyncio.gather(
            self._try(dns.find_txt(domain)),
            self._try(dns.find_txt(f"_dmarc.{domain}")),
            self._try(dns.find_caa(domain)),
        )
        return [
            zone_records.judge_spf(domain, texts),
            zone_records.judge_dmarc(domain, dmarc),
            *zone_records.judge_caa(domain, caa),
        ]

    async def _examine_mail(
        self, asked: asyncio.Task[list[MxRecord] | LookupFailure]
    ) -> tuple[list[Finding], Finding]:
        """Check the MX hosts and the MTA-STS policy, which names them."""
        own = await asked
        names = [] if isinstance(own, LookupFailure) else self._find_hosts(own) or [await self._choose_host(own)]
        hosts, (records, policy, at) = await asyncio.gather(
            asyncio.gather(*(self._look_up(name) for name in names)), self._find_policy()
        )
        is_enforced = isinstance(policy, MtaStsPolicy) and policy.mode == "enforce"
        behind = await asyncio.gather(*(self._examine_host(host, is_enforced=is_enforced) for host in hosts))
        known = [
            address for host in hosts if not isinstance(host.addresses, LookupFailure) for address in host.addresses
        ]
        addresses = [] if at else list(dict.fromkeys(self._request.addresses or known))[:_MAX_ADDRESSES]
        lines = write_announcement(self._request.domain, addresses, names, self._now)
        judged = judge_policy(self._request.domain, records, policy, names, lines)
        return [finding for findings in behind for finding in findings], judged

    async def _choose_host(self, own: list[MxRecord] | LookupFailure) -> str:
        """Return the host to suggest as MX: the one there is, the domain if it is the server, or mail.<domain>."""
        if not isinstance(own, LookupFailure) and (hosts := self._find_hosts(own)):
            return hosts[0]
        domain, wanted = self._request.domain, self._request.addresses
        found = await self._try(self._dns.find_addresses(domain))
        is_here = not isinstance(found, LookupFailure) and bool(set(found) & set(wanted) if wanted else found)
        return domain if is_here else f"mail.{domain}"

    def _find_hosts(self, records: list[MxRecord]) -> list[str]:
        """Return the hosts that MX records name, each once; a name that cannot be meant is none."""
        names = dict.fromkeys(record.host for record in records)
        hosts = [
            name for name in names if name and not is_address(name) and not is_undotted(name, self._request.domain)
        ]
        return hosts[:_MAX_HOSTS]

    async def _look_up(self, name: str) -> Host:
        alias, addresses = await asyncio.gather(
            self._try(self._dns.find_cname(name)), self._try(self._dns.find_addresses(name))
        )
        return Host(name, alias, addresses)

    async def _examine_host(self, host: Host, *, is_enforced: bool) -> list[Finding]:
        known = [] if isinstance(host.addresses, LookupFailure) else host.addresses
        # If the zone has no address yet, try the expected addresses of the server.
        found = (known or self._request.addresses)[:_MAX_ADDRESSES]
        behind = await asyncio.gather(
            *(self._examine_address(host.name, address, is_enforced=is_enforced) for address in found)
        )
        return [
            judge_host(host, self._request.domain, self._request.addresses),
            *(finding for findings in behind for finding in findings),
        ]

    async def _examine_address(self, host: str, address: str, *, is_enforced: bool) -> list[Finding]:
        port = self._request.smtp_port
        (pointers, back), seen = await asyncio.gather(
            self._find_pointers(address), self._try(probe(address, port, host, self._step_s))
        )
        found = judge_port(host, address, port, seen, self._now, is_enforced=is_enforced)
        return [judge_ptr(host, address, pointers, back), *found]

    async def _find_pointers(self, address: str) -> tuple[list[str] | LookupFailure, list[str] | LookupFailure]:
        pointers = await self._try(self._dns.find_ptr(address))
        if isinstance(pointers, LookupFailure) or not pointers:
            return pointers, []
        return pointers, await self._try(self._dns.find_addresses(pointers[0]))

    async def _find_policy(
        self,
    ) -> tuple[list[str] | LookupFailure, MtaStsPolicy | LookupFailure | None, Sequence[str]]:
        """Return the TXT records, the policy file if it was fetched, and its host's addresses."""
        domain = self._request.domain
        records, addresses = await asyncio.gather(
            self._try(self._dns.find_txt(f"_mta-sts.{domain}")),
            self._try(self._dns.find_addresses(f"mta-sts.{domain}")),
        )
        if isinstance(addresses, LookupFailure):
            return records, addresses, ()
        if isinstance(records, LookupFailure) or not records or not addresses:
            return records, None, addresses
        port = self._request.policy_port
        return records, await self._try(fetch_policy(domain, addresses[0], port, self._step_s)), addresses

    async def _examine_store(self) -> list[Finding]:
        store = self._request.store
        if store is None:
            return []
        found = await self._try(check_database(store, self._now, self._step_s, reads_only=self._request.reads_only))
        return [Finding("database", Status.FAIL, found.text)] if isinstance(found, LookupFailure) else found

    async def _try(self, step: Coroutine[Any, Any, _T]) -> _T | LookupFailure:
        """Run one step until the deadline; turn its failure into a value."""
        self._begun += 1
        try:
            async with asyncio.timeout_at(self._deadline):
                return await step
        except DnsError as error:
            return LookupFailure(str(error))
        except TimeoutError:
            return LookupFailure(f"not known: no answer within {self._request.timeout_s:g} s")
        finally:
            self._done += 1
            self._progress(self._done, self._begun)
