"""Links -> what each of them answers. Runs only when a reader asks: nothing else fetches for a message."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from edgemail.checks.link_list import LINKS_MAX
from edgemail.checks.link_request import PORTS, LinkDeadlines, LinkFailed, LinkRequester
from edgemail.mailbox.fair_turns import SOURCE, FairTurns
from edgemail.system.public_addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    import httpx2

REDIRECTS_MAX: Final = 5

CHECK_S: Final = 40.0
"""The longest check; proxies and clients often give up after a minute."""

LINK_S: Final = 20.0
"""The longest check of one link, with its redirects."""

AT_ONCE: Final = 8
"""Connections of all checks together; there are as many threads that look names up."""

PER_MINUTE: Final = 120
"""Requests to one IP address within a minute: a sender could have links to a server that does not expect them."""

_CHECKS_AT_ONCE: Final = 4
_CHECKS_WAITING_MAX: Final = 20
_PER_HOST: Final = 2
_KEPT_S: Final = 300.0
_FAILURE_KEPT_S: Final = 60.0
_KEPT_MAX: Final = 2_000
_ADDRESSES_MAX: Final = 10_000
_TRIED_AGAIN: Final = frozenset({403, 405, 501})
"""What servers answer that know no HEAD. They are asked by GET, whose content is not read."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TOO_LATE: Final = "was not asked to the end: the check of all links took too long"


@dataclass(frozen=True, slots=True)
class LinkHop:
    """A URL that was asked, and the status that it answered."""

    url: str
    status: int


@dataclass(frozen=True, slots=True)
class CheckedLink:
    """What a link answers: the last hop's status, or why there is none."""

    url: str
    hops: tuple[LinkHop, ...] = ()
    error: str | None = None
    is_refused: bool = False
    """True for what must not be asked, such as a private address."""

    @property
    def status(self) -> int | None:
        """The status of the last answer; None where the last request had none."""
        return self.hops[-1].status if self.hops and self.error is None else None

    @property
    def works(self) -> bool:
        """True if the link leads to something."""
        return self.status is not None and self.status < 400


class LinkChecker:
    """Asks links, within bounds for all who let them be asked."""

    def __init__(
        self,
        *,
        may_be_private: bool = False,
        refuse: Callable[[str], None] = lambda _: None,
        deadlines: LinkDeadlines | None = None,
        check_s: float = CHECK_S,
        find_addresses: Callable[[str, int], Awaitable[list[str]]] | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        ports: Collection[int] = PORTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Addresses must be public unless `may_be_private` is true. `refuse` is called for each refused check."""
        self._requester = LinkRequester(
            may_be_private=may_be_private,
            may_ask=self._count,
            deadlines=deadlines,
            find_addresses=find_addresses,
            is_allowed=is_allowed,
            ports=ports,
        )
        self._check_s = check_s
        self._clock = clock
        self._turns = FairTurns(
            _CHECKS_AT_ONCE,
            max_waiting=_CHECKS_WAITING_MAX,
            max_share=0.5,
            refuse=lambda: refuse("link_check_queue"),
        )
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[tuple[str, bool], tuple[float, CheckedLink]] = OrderedDict()
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    async def check(self, links: Sequence[str], *, follow: bool = True) -> list[CheckedLink]:
        """Ask links, at most `LINKS_MAX`; return what each answers, in their order.

        What was asked a moment ago is not asked again. Without `follow` a redirect is an answer.

        Raises:
            TooBusy: too many checks wait.
        """
        links = links[:LINKS_MAX]
        found = {link: kept for link in links if (kept := self._find_kept(link, follow=follow)) is not None}
        missing = [link for link in dict.fromkeys(links) if link not in found]
        if missing:
            async with self._turns.turn(SOURCE.get()):
                found |= await self._ask_all(missing, follow=follow)
        return [found[link] for link in links]

    async def _ask_all(self, links: Sequence[str], *, follow: bool) -> dict[str, CheckedLink]:
        found: dict[str, CheckedLink] = {}
        host_slots: dict[str, asyncio.Semaphore] = {}

        async def ask(link: str) -> None:
            host = link.split("/", 3)[2].lower()
            async with host_slots.setdefault(host, asyncio.Semaphore(_PER_HOST)), self._slots:
                checked = await self._ask_link(link, follow=follow)
            self._keep(checked, follow=follow)
            found[link] = checked

        try:
            async with asyncio.timeout(self._check_s), asyncio.TaskGroup() as group:
                for link in links:
                    group.create_task(ask(link))
        except TimeoutError:
            found |= {link: CheckedLink(link, error=_TOO_LATE) for link in links if link not in found}
        return found

    async def _ask_link(self, link: str, *, follow: bool) -> CheckedLink:
        """Ask a link, and where its redirects lead."""
        checked = CheckedLink(link)
        try:
            async with asyncio.timeout(LINK_S):
                url: httpx2.URL | None = self._requester.parse_link(link)
                while url is not None:
                    answer = await self._requester.ask("HEAD", url)
                    if answer.status in _TRIED_AGAIN:
                        answer = await self._requester.ask("GET", url)
                    checked = replace(checked, hops=(*checked.hops, LinkHop(str(url), answer.status)))
                    is_redirect = follow and answer.status in _REDIRECTS and answer.location != ""
                    url = self._find_next(checked, answer.location, url) if is_redirect else None
        except LinkFailed as error:
            return replace(checked, error=str(error), is_refused=error.is_refused)
        except TimeoutError:
            return replace(checked, error="did not answer in time")
        return checked

    def _find_next(self, checked: CheckedLink, location: str, url: httpx2.URL) -> httpx2.URL:
        """Return where a redirect leads.

        Raises:
            LinkFailed: it leads nowhere, or nowhere that may be asked.
        """
        found = self._requester.parse_link(location, url)
        if str(found) in (hop.url for hop in checked.hops):
            raise LinkFailed("redirects in a circle")
        if len(checked.hops) > REDIRECTS_MAX:
            raise LinkFailed(f"redirects more than {REDIRECTS_MAX} times")
        return found

    def _find_kept(self, link: str, *, follow: bool) -> CheckedLink | None:
        kept = self._kept.get((link, follow))
        return kept[1] if kept is not None and self._clock() < kept[0] else None

    def _keep(self, checked: CheckedLink, *, follow: bool) -> None:
        key = (checked.url, follow)
        self._kept.pop(key, None)
        self._kept[key] = (self._clock() + (_KEPT_S if checked.error is None else _FAILURE_KEPT_S), checked)
        if len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)

    def _count(self, address: str) -> bool:
        """Count a request to an address; return False if there were too many within its minute."""
        now = self._clock()
        ends, count = self._counts.get(address, (0.0, 0))
        if now >= ends:
            ends, count = now + 60.0, 0
            self._counts.pop(address, None)
        if count >= PER_MINUTE:
            return False
        self._counts[address] = (ends, count + 1)
        if len(self._counts) > _ADDRESSES_MAX:
            self._counts.popitem(last=False)
        return True
