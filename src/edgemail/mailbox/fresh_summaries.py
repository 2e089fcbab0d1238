"""The summaries of new mail that are being made: who lists the mail meanwhile waits for them."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgemail.model import MailId, Summary

MADE_MAX_BYTES = 16 * 1024
"""Octets of a batch that others wait for, as many as a listing reads of a message. A larger batch takes longer."""


class FreshSummaries:
    """Summaries between the beginning of their making and their being in the store.

    Two threads that make the same one hold each other up, as both need the interpreter's lock.
    """

    def __init__(self) -> None:
        self._making: dict[MailId, asyncio.Future[Summary]] = {}

    @contextmanager
    def making(
        self, batch: Sequence[tuple[MailId, bytes]]
    ) -> Iterator[Callable[[Sequence[tuple[MailId, Summary]]], None]]:
        """Let others wait for a batch until the context ends; give it what was made."""
        if sum(len(data) for _, data in batch) > MADE_MAX_BYTES:
            batch = ()
        loop = asyncio.get_running_loop()
        futures: dict[MailId, asyncio.Future[Summary]] = {mail_id: loop.create_future() for mail_id, _ in batch}

        def give(summaries: Sequence[tuple[MailId, Summary]]) -> None:
            for mail_id, summary in summaries:
                if mail_id in futures:
                    futures[mail_id].set_result(summary)

        self._making |= futures
        try:
            yield give
        finally:
            for mail_id, future in futures.items():
                del self._making[mail_id]
                future.cancel()  # unless it has its summary

    async def find(self, mail_id: MailId) -> Summary | None:
        """Return a summary that is being made, once it is there; None where it is not, or comes to nothing."""
        future = self._making.get(mail_id)
        if future is None:
            return None
        await asyncio.wait([future])
        return None if future.cancelled() else future.result()
