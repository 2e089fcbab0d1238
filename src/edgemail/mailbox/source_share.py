"""Limits how much of an inbox one source may use, so that its mail cannot push out that of others."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_network
from typing import TYPE_CHECKING

from edgemail.store.base import SourceShare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgemail.settings import Network


def make_source_share(
    percent: int | None, trusted: Sequence[Network], find_source: Callable[[bytes], str]
) -> SourceShare | None:
    """Make the share that each source has but those that are trusted; None where there is no such limit.

    `find_source` reads a stored message's source from its beginning.

    An IPv6 source is a /64: it is trusted if any address in it is.
    """
    if percent is None:
        return None

    @lru_cache(1024)
    def is_limited(source: str) -> bool:
        return not source or not any(ip_network(source).overlaps(network) for network in trusted)

    return SourceShare(percent / 100, find_source, is_limited)
