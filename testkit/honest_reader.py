"""An honest reader: an inbox and a probe at a steady pace, each over a connection from an address of its own."""

from __future__ import annotations

import http.client
import time

from testkit.honest_peer import INTERVAL_S, HonestPeer
from testkit.hostile_peers import next_address

Address = tuple[str, int]


class HonestReader(HonestPeer):
    """Reads during an attack."""

    def __init__(self, address: Address) -> None:
        super().__init__("reader")
        self._address = address

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
