"""The log of SMTP: one line for each transaction, and few for connections that bring no message."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.listener import replies
from edgemail.policy import replies as policy_replies
from edgemail.smtp import REFUSES_MESSAGE
from edgemail.system.logged_addresses import LoggedAddresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgemail.smtp import Deliver, MessageRefused, Reply

_log = logging.getLogger(__name__)

_SHOWN_RECIPIENTS = 3
_SUMMARY_S = 60.0
"""The least time between two lines for refused connections: a flood must not fill the disk."""

_RECORD = vars(logging.makeLogRecord({"name": _log.name, "levelno": logging.INFO, "levelname": "INFO"}))
"""The fields that all records of transactions share."""

_NULL_SENDER = "<>"

_HAS_LINE = REFUSES_MESSAGE | replies.VERDICTS
"""Refusals that are in a transaction's own line."""
_REFUSES_CONNECTION = frozenset(
    {
        replies.TOO_MANY_CONNECTIONS,
        policy_replies.TOO_MANY_OF_SOURCE,
        policy_replies.TOO_OFTEN,
        policy_replies.SOURCE_DENIED,
        replies.STOPPING,
    }
)
"""Refusals of a connection: a peer may get any number of them, so they share a line."""


@dataclass(slots=True)
class Entry:
    """A transaction's line so far; `began_s` is a time of the monotonic clock."""

    fields: dict[str, object]
    began_s: float


class TransactionLog:
    """Writes the lines at the level `info`; where that is off, nothing is put together for it."""

    def __init__(
        self, addresses: LoggedAddresses | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`addresses` writes those in the lines; `clock` gives seconds and never goes back."""
        self._addresses = addresses or LoggedAddresses()
        self._clock = clock
        self._refused: Counter[str] = Counter()
        self._first_ip = ""
        self._due_s = 0.0

    @property
    def is_on(self) -> bool:
        """True if the lines are wanted."""
        return _log.isEnabledFor(logging.INFO)

    def begin(self, message: Deliver | MessageRefused, *, transaction: str, peer_ip: str, size: int) -> Entry:
        """Begin the line of a transaction whose message has come; `size` is in octets."""
        fields: dict[str, object] = {"id": transaction, "ip": peer_ip, "helo": message.hello}
        if self._addresses.are_shown:
            write = self._addresses.write
            recipients = ",".join([write(recipient) for recipient in message.recipients[:_SHOWN_RECIPIENTS]])
            more = len(message.recipients) - _SHOWN_RECIPIENTS
            fields["sender"] = _NULL_SENDER if message.sender is None else write(str(message.sender))
            fields["recipients"] = f"{recipients} and {more} more" if more > 0 else recipients
        fields["size"] = size
        return Entry(fields, self._clock())

    def end(self, entry: Entry, reply: Reply, mail_id: object = None, *, is_heard: bool = True) -> None:
        """Write a transaction's line. `mail_id` is the message's id in the store, if it has one."""
        fields = entry.fields
        fields["code"] = reply.code
        if reply.reason:
            fields["reason"] = reply.reason
        if mail_id is not None:
            fields["mail"] = mail_id
        fields["took_ms"] = round((self._clock() - entry.began_s) * 1000)
        if not is_heard:
            fields["heard"] = "no"
        what = "accepted" if reply.code < 400 else "deferred" if reply.code < 500 else "refused"
        _log.handle(_make_record(what, fields))

    def keep_late(self, entry: Entry, mail_id: object) -> None:
        """Write that a message was committed after all; its sender was told to try again."""
        _log.info("kept too late", extra={"id": entry.fields["id"], "mail": mail_id})

    def refuse(self, refused: MessageRefused, *, transaction: str, peer_ip: str) -> None:
        """Write the line of a message that was refused after its octets had come."""
        entry = self.begin(refused, transaction=transaction, peer_ip=peer_ip, size=refused.size_octets)
        self.end(entry, refused.reply)

    def tally_refusal(self, tally: Counter[str] | None, reply: Reply, peer_ip: str) -> Counter[str] | None:
        """Count a refusal for the line of its connection; return the counts, at first `None`."""
        if reply in _HAS_LINE or not self.is_on:
            return tally
        if reply in _REFUSES_CONNECTION:
            self._count_refused_connection(reply, peer_ip)
            return tally
        if tally is None:
            tally = Counter()
        tally[reply.reason] += 1
        return tally

    def end_connection(self, tally: Mapping[str, int], *, peer_ip: str, hello: str) -> None:
        """Write the refusals of a connection, but for whole messages."""
        _log.info("commands refused", extra={"ip": peer_ip, "helo": hello, "refusals": _write_counts(tally)})

    def _count_refused_connection(self, reply: Reply, peer_ip: str) -> None:
        if not self._refused:
            self._first_ip, self._due_s = peer_ip, self._clock() + _SUMMARY_S
        self._refused[reply.reason] += 1

    def sweep(self) -> None:
        """Write the line for refused connections, once a minute at most."""
        if self._refused and self._clock() >= self._due_s:
            self.flush()

    def flush(self) -> None:
        """Write the line for refused connections that have not been in one yet."""
        if self._refused:
            counts, self._refused = self._refused, Counter()
            _log.info("connections refused", extra={"first_ip": self._first_ip, "refusals": _write_counts(counts)})


def _make_record(what: str, fields: Mapping[str, object]) -> logging.LogRecord:
    """Make the record that `_log.info` would, without the costly search for the calling line."""
    now = time.time()
    record = logging.LogRecord.__new__(logging.LogRecord)
    vars(record).update(_RECORD, msg=what, created=now, msecs=now % 1 * 1000)
    vars(record).update(fields)
    return record


def _write_counts(counts: Mapping[str, int]) -> str:
    return ",".join(f"{reason}:{count}" for reason, count in sorted(counts.items()))
