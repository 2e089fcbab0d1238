"""Bounds how many agents wait for mail at a time."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edgemail.http.mcp.faults import ToolFault

if TYPE_CHECKING:
    from collections.abc import Iterator

PER_SOURCE: Final = 8
IN_ALL: Final = 64


class AgentWaits:
    """The waits that are open: of each source, and in all."""

    def __init__(self) -> None:
        self._sources: Counter[str] = Counter()
        self._all = 0

    @contextmanager
    def hold(self, source: str, *, is_long: bool = False) -> Iterator[None]:
        """Count a wait for as long as the context lasts. A long one leaves half of the places to the others.

        Raises:
            ToolFault: there are too many.
        """
        share = 2 if is_long else 1
        if self._all >= IN_ALL // share or self._sources[source] >= PER_SOURCE // share:
            raise ToolFault("busy, try again in 5 s")
        self._sources[source] += 1
        self._all += 1
        try:
            yield
        finally:
            self._all -= 1
            self._sources[source] -= 1
            if not self._sources[source]:
                del self._sources[source]
