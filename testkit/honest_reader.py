"""An honest reader: an inbox and a probe at a steady pace, each over a connection from an address of its own."""

from __future__ import annotations

import http.client
import threading
import time
from typing import Self

from testkit.honest_sender import INTERVAL_S
from testkit.hostile_peers import next_address

Address = tuple[str, int]


class HonestReader(threading.Thread):
    """Reads during an attack, in a separate thread, so that the attackers' work is not measured."""

    def __init__(self, address: Address) -> None:
        super().__init__(name="reader", daemon=True)
        self._address = address
        self._over = threading.Event()
        self.took_s: list[float] = []
        self.failed: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Read until told that it is over."""
        while not self._over.wait(INTERVAL_S):
            for path in ("/healthz", "/api/inboxes/honest@example.org/messages?limit=5"):
                began = time.monotonic()
                try:
                    self.read(path)
                except (OSError, AssertionError, http.client.HTTPException) as error:
                    self.failed.append(f"{path}: {type(error).__name__}: {error}")
                self.took_s.append(time.monotonic() - began)

    def read(self, path: str) -> None:
        """Read once."""
        connection = http.client.HTTPConnection(*self._address, timeout=10, source_address=(next_address(), 0))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        finally:
            connection.close()
