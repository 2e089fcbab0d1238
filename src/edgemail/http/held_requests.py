"""Bounds requests that are held open: event streams, and waits for a message."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from edgemail.http.answers import find_ip, find_source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from starlette.types import Scope

    from edgemail.settings import Network

_RETRY_AFTER = {"retry-after": "60"}


@dataclass(frozen=True, slots=True)
class HoldLimits:
    """The most requests of a kind at a time. `kind` names them in refusals: `source_streams` is one."""

    kind: str
    per_inbox: int
    per_source: int


class HeldRequests:
    """The open requests of one kind: of each inbox, and of each source."""

    def __init__(self, limits: HoldLimits, trusted: Sequence[Network], refuse: Callable[[str], None]) -> None:
        """`refuse` is called with the reason for each refusal. Peers in `trusted` have no own bound."""
        self._limits = limits
        self._trusted = trusted
        self._refuse = refuse
        self._inboxes: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()

    @contextmanager
    def hold(self, inboxes: Collection[str], scope: Scope) -> Iterator[None]:
        """Count a request for as long as the context lasts: once for each inbox.

        Raises:
            HTTPException: the source has too many (429), or an inbox has (503).
        """
        source = find_source(scope)
        if self._sources[source] >= self._limits.per_source and not self._is_trusted(scope):
            self._refuse(f"source_{self._limits.kind}")
            detail = f"there are too many {self._limits.kind} from your address; close some"
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, detail, _RETRY_AFTER)
        if any(self._inboxes[inbox] >= self._limits.per_inbox for inbox in inboxes):
            self._refuse(f"inbox_{self._limits.kind}")
            which = "this inbox" if len(inboxes) == 1 else "one of these inboxes"
            detail = f"there are too many {self._limits.kind} for {which}; try again later"
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, detail, _RETRY_AFTER)
        self._sources[source] += 1
        self._inboxes.update(inboxes)
        try:
            yield
        finally:
            for counts, keys in ((self._sources, (source,)), (self._inboxes, inboxes)):
                counts.subtract(keys)
                for key in keys:
                    if not counts[key]:
                        del counts[key]

    def _is_trusted(self, scope: Scope) -> bool:
        ip = find_ip(scope)
        return ip is not None and any(ip in network for network in self._trusted)
