"""An honest peer beside an attack: it works in a thread of its own until the attack is over."""

from __future__ import annotations

import threading
from typing import Self

INTERVAL_S = 0.1


class HonestPeer(threading.Thread):
    """Works during an attack, in a separate thread, so that the attackers' work is not measured."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._over = threading.Event()
        self.took_s: list[float] = []
        """The seconds that each piece of work took."""
        self.failed: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
