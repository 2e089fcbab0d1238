"""Counts and logs what happens to connections and messages: nothing else changes the counters."""

from __future__ import annotations

import itertools
import secrets
from typing import TYPE_CHECKING

from edgemail.listener import replies
from edgemail.policy import replies as policy_replies
from edgemail.smtp import REASONS, REFUSES_MESSAGE

if TYPE_CHECKING:
    from collections import Counter

    from edgemail.listener.transaction_log import Entry, TransactionLog
    from edgemail.smtp import Deliver, MessageRefused, Reply
    from edgemail.system.metrics import SmtpCounters


class Recorder:
    """Owns the SMTP counters and writes the log; whatever happens is told to it once."""

    def __init__(self, counters: SmtpCounters, log: TransactionLog) -> None:
        self._counters = counters
        self._log = log
        self._ids = itertools.count()
        self._ids_prefix = secrets.token_hex(4)
        counters.refusals.update(dict.fromkeys((*REASONS, *policy_replies.REASONS, *replies.REASONS), 0))

    def make_transaction_id(self) -> str:
        """Return a new name for a transaction, for its Received line and the log."""
        return f"{self._ids_prefix}{next(self._ids):x}"

    def begin_connection(self, open_count: int) -> None:
        """Count a connection; `open_count` are open now."""
        self._counters.connects += 1
        self._counters.connections = open_count

    def begin_tls(self) -> None:
        """Count a connection that was made secure."""
        self._counters.tls_connects += 1

    def end_connection(self, open_count: int, tally: Counter[str] | None, *, peer_ip: str, hello: str) -> None:
        """Count a connection out; log the refusals of its `tally`, if there are any."""
        self._counters.connections = open_count
        if tally is not None:
            self._log.end_connection(tally, peer_ip=peer_ip, hello=hello)

    def drop_connection(self, reply: Reply, peer_ip: str) -> None:
        """Count a connection that is dropped before the reply could be sent."""
        self.refuse(None, reply, peer_ip)

    def refuse(self, tally: Counter[str] | None, reply: Reply, peer_ip: str) -> Counter[str] | None:
        """Count a reply that refuses something; return the connection's `tally` with it."""
        self._counters.refusals[reply.reason] += 1
        self._counters.refused_replies[reply.code, reply.about, reply.reason] += 1
        if reply in REFUSES_MESSAGE:
            self._counters.refused += 1
        return self._log.tally_refusal(tally, reply, peer_ip)

    def refuse_message(self, refused: MessageRefused, peer_ip: str) -> None:
        """Log a message that was refused after its octets had come; `refuse` counts its reply."""
        if self._log.is_on:
            self._log.refuse(refused, transaction=self.make_transaction_id(), peer_ip=peer_ip)

    def begin_message(self, delivery: Deliver, *, transaction: str, peer_ip: str, size: int) -> Entry | None:
        """Count a whole message of so many octets; return its log entry, unless the log is off."""
        self._counters.sizes.add(size)
        if not self._log.is_on:
            return None
        return self._log.begin(delivery, transaction=transaction, peer_ip=peer_ip, size=size)

    def end_message(self, entry: Entry | None, verdict: Reply, mail_id: object, *, is_heard: bool) -> None:
        """Count and log what became of a message; `is_heard` is false where its sender is gone."""
        if verdict is replies.KEPT:
            self._counters.accepted += 1
        else:
            self._counters.deferred += 1
        if entry is not None:
            self._log.end(entry, verdict, mail_id, is_heard=is_heard)

    def keep_late(self, entry: Entry | None, mail_id: object) -> None:
        """Log that a message was committed after its sender had been told to try again."""
        if entry is not None:
            self._log.keep_late(entry, mail_id)

    def sweep(self) -> None:
        """Log connections that were refused, once a minute at most."""
        self._log.sweep()

    def flush(self) -> None:
        """Log connections that were refused and are not logged yet."""
        self._log.flush()
