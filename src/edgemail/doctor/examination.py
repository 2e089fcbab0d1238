"""Everything about one domain, asked at the same time and judged in one order."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edgemail.doctor import zone
from edgemail.doctor.database import check_database
from edgemail.doctor.findings import Finding, LookupFailure, Status
from edgemail.doctor.hosts import Host, judge_host, judge_pointer, judge_port
from edgemail.doctor.mta_sts import MtaStsPolicy, fetch_policy, judge_policy, write_announcement
from edgemail.doctor.names import DnsTrouble, Names
from edgemail.doctor.port import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from edgemail.doctor.names import Exchange
    from edgemail.model import Endpoint
    from edgemail.settings import StoreSettings

_T = TypeVar("_T")
_MAX_HOSTS: Final = 8
_MAX_ADDRESSES: Final = 4
"""Of one host: a zone that names more is not asked about all of them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to examine. `domain` is in ASCII; `addresses` are those that its server should have, where known."""

    domain: str
    addresses: tuple[str, ...] = ()
    dns: Endpoint | None = None
    store: StoreSettings | None = None
    reads_only: bool = False
    smtp_port: int = 25
    policy_port: int = 443
    timeout_s: float = 20.0
    """For everything together."""


async def examine(question: Question, progress: Callable[[int, int], None]) -> list[Finding]:
    """Check everything; `progress` is told how many steps are done, of how many so far.

    Raises:
        DnsTrouble: this machine has no DNS server to ask.
    """
    return await _Examination(question, progress).run()


class _Examination:
    """One run: its question, and its clock."""

    def __init__(self, question: Question, progress: Callable[[int, int], None]) -> None:
        self._question = question
        self._progress = progress
        self._now = datetime.now(UTC)
        self._deadline = asyncio.get_running_loop().time() + question.timeout_s
        # A third each for the names, for what is behind them, and for a second try there.
        self._step_s = question.timeout_s / 3
        self._names = Names(question.dns, self._step_s)
        self._done = self._begun = 0

    async def run(self) -> list[Finding]:
        """Ask, then judge."""
        own = asyncio.create_task(self._try(self._names.find_exchanges(self._question.domain)))
        front, (mail, policy), records, database = await asyncio.gather(
            self._examine_exchanges(own),
            self._examine_mail(own),
            self._examine_records(),
            self._examine_store(),
        )
        return [*front, *mail, *records, policy, *database]

    async def _examine_exchanges(self, asked: asyncio.Task[list[Exchange] | LookupFailure]) -> list[Finding]:
        domain = self._question.domain
        stranger = f"edgemail-doctor-{secrets.token_hex(4)}.{domain}"
        wild = await self._try(self._names.find_exchanges(stranger))
        own, wanted = await asked, await self._choose_host()
        return [zone.judge_exchanges(domain, own, wanted), zone.judge_wildcard(domain, wild, own, wanted)]

    async def _examine_records(self) -> list[Finding]:
        domain, names = self._question.domain, self._names
        texts, dmarc, caa = await asyncio.gather(
            self._try(names.find_texts(domain)),
            self._try(names.find_texts(f"_dmarc.{domain}")),
            self._try(names.find_properties(domain)),
        )
        return [
            zone.judge_spf(domain, texts),
            zone.judge_dmarc(domain, dmarc),
            *zone.judge_properties(domain, caa),
        ]

    async def _examine_mail(
        self, asked: asyncio.Task[list[Exchange] | LookupFailure]
    ) -> tuple[list[Finding], Finding]:
        """Examine the hosts that take the mail, and the policy that speaks of them."""
        own = await asked
        if isinstance(own, LookupFailure):
            names = []
        else:
            names = list(dict.fromkeys(one.host for one in own if one.host))[:_MAX_HOSTS]
            names = names or [await self._choose_host()]
        hosts, (records, policy, at) = await asyncio.gather(
            asyncio.gather(*(self._look_up(name) for name in names)), self._find_policy()
        )
        is_enforced = isinstance(policy, MtaStsPolicy) and policy.mode == "enforce"
        behind = await asyncio.gather(*(self._examine_host(host, is_enforced=is_enforced) for host in hosts))
        known = [one for host in hosts if not isinstance(host.addresses, LookupFailure) for one in host.addresses]
        addresses = [] if at else list(dict.fromkeys(self._question.addresses or known))[:_MAX_ADDRESSES]
        lines = write_announcement(self._question.domain, addresses, names, self._now)
        judged = judge_policy(self._question.domain, records, policy, names, lines)
        return [finding for one in behind for finding in one], judged

    async def _choose_host(self) -> str:
        """Return the host that should take the mail where no MX says it: the domain, unless that is elsewhere."""
        domain, wanted = self._question.domain, self._question.addresses
        found = await self._try(self._names.find_addresses(domain))
        is_elsewhere = not isinstance(found, LookupFailure) and found and wanted and not set(found) & set(wanted)
        return f"mail.{domain}" if is_elsewhere else domain

    async def _look_up(self, name: str) -> Host:
        alias, addresses = await asyncio.gather(
            self._try(self._names.find_alias(name)), self._try(self._names.find_addresses(name))
        )
        return Host(name, alias, addresses)

    async def _examine_host(self, host: Host, *, is_enforced: bool) -> list[Finding]:
        known = [] if isinstance(host.addresses, LookupFailure) else host.addresses
        # Where the zone has none yet, the server is tried where it is going to be.
        found = (known or self._question.addresses)[:_MAX_ADDRESSES]
        behind = await asyncio.gather(
            *(self._examine_address(host.name, one, is_enforced=is_enforced) for one in found)
        )
        return [judge_host(host, self._question.addresses), *(finding for one in behind for finding in one)]

    async def _examine_address(self, host: str, address: str, *, is_enforced: bool) -> list[Finding]:
        port = self._question.smtp_port
        (pointers, back), seen = await asyncio.gather(
            self._find_pointers(address), self._try(probe(address, port, host, self._step_s))
        )
        found = judge_port(host, address, port, seen, self._now, is_enforced=is_enforced)
        return [judge_pointer(host, address, pointers, back), *found]

    async def _find_pointers(self, address: str) -> tuple[list[str] | LookupFailure, list[str] | LookupFailure]:
        pointers = await self._try(self._names.find_pointers(address))
        if isinstance(pointers, LookupFailure) or not pointers:
            return pointers, []
        return pointers, await self._try(self._names.find_addresses(pointers[0]))

    async def _find_policy(
        self,
    ) -> tuple[list[str] | LookupFailure, MtaStsPolicy | LookupFailure | None, Sequence[str]]:
        """Return the record, the file where it can be had, and the addresses of the host that has it."""
        domain = self._question.domain
        records, addresses = await asyncio.gather(
            self._try(self._names.find_texts(f"_mta-sts.{domain}")),
            self._try(self._names.find_addresses(f"mta-sts.{domain}")),
        )
        if isinstance(addresses, LookupFailure):
            return records, addresses, ()
        if isinstance(records, LookupFailure) or not records or not addresses:
            return records, None, addresses
        port = self._question.policy_port
        return records, await self._try(fetch_policy(domain, addresses[0], port, self._step_s)), addresses

    async def _examine_store(self) -> list[Finding]:
        store = self._question.store
        if store is None:
            return []
        found = await self._try(
            check_database(store, self._now, self._step_s, reads_only=self._question.reads_only)
        )
        return [Finding("database", Status.FAIL, found.text)] if isinstance(found, LookupFailure) else found

    async def _try(self, step: Coroutine[Any, Any, _T]) -> _T | LookupFailure:
        """Do one step within what is left of the time."""
        self._begun += 1
        try:
            async with asyncio.timeout_at(self._deadline):
                return await step
        except DnsTrouble as error:
            return LookupFailure(str(error))
        except TimeoutError:
            return LookupFailure(f"not known: {self._question.timeout_s:g} s were over before it was answered")
        finally:
            self._done += 1
            self._progress(self._done, self._begun)
