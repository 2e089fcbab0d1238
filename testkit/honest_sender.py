"""An honest sender: one message at a steady pace, each on a new connection from a new address."""

from __future__ import annotations

import time

from testkit.honest_peer import INTERVAL_S, HonestPeer
from testkit.hostile_peers import next_address
from testkit.server_process import Peer


class HonestSender(HonestPeer):
    """Sends during an attack. A message's time is from the connection to the reply to QUIT."""

    def __init__(self, address: tuple[str, int], source: str = "") -> None:
        """Send from `source`; without it each connection has a new source address."""
        super().__init__("sender")
        self._address = address
        self._source = source

    def run(self) -> None:
        """Send until the attack is over, and once more after that."""
        is_last = False
        while not is_last:
            is_last = self._over.wait(INTERVAL_S)
            began = time.monotonic()
            try:
                self.send()
            except (OSError, AssertionError) as error:
                self.failed.append(f"{type(error).__name__}: {error}")
            self.took_s.append(time.monotonic() - began)

    def send(self) -> None:
        """Send one message."""
        peer = Peer(self._address, source=self._source or next_address())
        try:
            peer.greet()
            codes = peer.begin("honest@example.org")
            assert codes == [250, 250, 354], codes
            code = peer.ask(b"Subject: beside it\r\n\r\nHi.\r\n.\r\n")
            assert code == 250, code
            assert peer.ask(b"QUIT\r\n") == 221
        finally:
            peer.close()
