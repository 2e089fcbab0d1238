"""Looks a host's addresses up, in threads of its own: a slow name server holds nobody else up."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Final

_THREADS_MAX: Final = 8
"""Lookups that may be under way: one whose time is up goes on until the system gives up."""


class LookupFailed(Exception):  # noqa: N818 - what happened, as in edgemail.errors
    """A host has no address, or none was found. The text says why."""


class Resolver:
    """Asks the system for addresses, so that `/etc/hosts` and the names of containers count."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(_THREADS_MAX)

    async def find(self, host: str, port: int) -> list[str]:
        """Return a host's addresses, in the order in which to try them, each once.

        Raises:
            LookupFailed: there is none.
        """
        if not self._free.acquire(blocking=False):
            raise LookupFailed("the name servers do not answer")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[str]] = loop.create_future()

        def settle(addresses: list[str] | None, problem: str) -> None:
            if found.done():  # its time was up
                return
            if addresses is None:
                found.set_exception(LookupFailed(problem))
            else:
                found.set_result(addresses)

        def look_up() -> None:
            addresses, problem = None, ""
            try:
                rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
            except (OSError, UnicodeError) as error:
                problem = getattr(error, "strerror", None) or "it is not a host name"
            finally:
                self._free.release()
            try:
                loop.call_soon_threadsafe(settle, addresses, problem)
            except RuntimeError:  # the program has ended meanwhile
                return

        # A thread of a pool would hold the end of the program up, until the system gives up.
        threading.Thread(target=look_up, name="edgemail-names", daemon=True).start()
        return await found
