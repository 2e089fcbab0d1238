"""The inboxes of one test: their addresses, and what a report shows of them."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from edgemail.testing.inbox import Inbox
from edgemail.testing.inbox_keys import lock_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.testing.server import Server


class TestInboxes:
    """Makes inboxes whose addresses no other test has, whichever worker or run it belongs to."""

    __test__ = False  # pytest must not take it for tests

    def __init__(self, server: Server, test_id: str, worker: str, timeout: float) -> None:
        """`worker` is empty where there is only one."""
        test = hashlib.sha256(test_id.encode()).hexdigest()[:6]
        self._name = "-".join(["t", *([worker] if worker else []), test, secrets.token_hex(4)])
        self._server = server
        self._timeout = timeout
        self._made = 0
        self.all: list[Inbox] = []

    def make(self, local: str | None = None, *, domain: str | None = None, locked: bool = False) -> Inbox:
        """Make an inbox with an address of `[a-z0-9-]` alone, as forms refuse more, or with this local part.

        A locked one has the hash of its `key` behind that: a public server opens it to the key alone.
        """
        name = local
        if name is None:
            self._made += 1
            name = self._name if self._made == 1 else f"{self._name}-{self._made}"
        key = None
        if locked:
            name, key = lock_name(name)
        address = f"{name}@{domain or self._server.domain}"
        inbox = Inbox(self._server, address, is_fresh=local is None or locked, timeout=self._timeout, key=key)
        self.all.append(inbox)
        return inbox

    def find_addresses(self) -> Iterator[str]:
        """Return globs of all addresses: of those with a fresh name also what will be made yet."""
        yield f"{self._name}*@*"
        yield from (inbox.address for inbox in self.all if not inbox.address.startswith(self._name))
