"""What the log has of SMTP: a line a transaction, and never more than a peer is worth."""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from edgemail.listener import replies
from edgemail.policy import replies as policy_replies
from edgemail.smtp import REFUSES_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgemail.smtp import Deliver, MessageRefused, Reply

_log = logging.getLogger(__name__)

_SHOWN_RECIPIENTS = 3
_SUMMARY_S = 60.0
"""How often there is a line for connections that were turned away: whoever floods us fills no disk with lines."""

_RECORD = vars(logging.makeLogRecord({"name": _log.name, "levelno": logging.INFO, "levelname": "INFO"}))
"""What all records of transactions have in common."""

_HASH_OCTETS = 8
_NULL_SENDER = "<>"

_HAS_LINE = REFUSES_MESSAGE | replies.VERDICTS
"""Refusals that stand in a transaction's line."""
_TURNS_AWAY = frozenset(
    {
        replies.TOO_MANY_CONNECTIONS,
        policy_replies.TOO_MANY_OF_SOURCE,
        policy_replies.TOO_OFTEN,
        policy_replies.SOURCE_DENIED,
        replies.STOPPING,
    }
)
"""Refusals of a connection that no limit on its source keeps from coming again."""


@dataclass(slots=True)
class Entry:
    """A transaction's line, as far as it is known; `began_s` is the monotonic clock's."""

    fields: dict[str, object]
    began_s: float


class TransactionLog:
    """Writes the lines, at the level of information; where that is off, it costs next to nothing."""

    def __init__(
        self, addresses: Literal["plain", "hashed", "off"] = "plain", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`addresses` is the setting `log_addresses`; `clock` gives seconds and never goes back."""
        self._addresses = addresses
        self._clock = clock
        # Made anew at each start: with a key that lasts, a list of addresses would tell whose each hash is.
        self._key = secrets.token_bytes(16)
        self._turned_away: Counter[str] = Counter()
        self._first_ip = ""
        self._due_s = 0.0

    @property
    def is_on(self) -> bool:
        """Whether anybody wants the lines."""
        return _log.isEnabledFor(logging.INFO)

    def begin(self, what: Deliver | MessageRefused, *, transaction: str, peer_ip: str, size: int) -> Entry:
        """Note what is known of a transaction when its message has come; `size` is in octets."""
        fields: dict[str, object] = {"id": transaction, "ip": peer_ip, "helo": what.hello}
        if self._addresses != "off":
            write = str if self._addresses == "plain" else self._hash
            recipients = ",".join([write(one) for one in what.recipients[:_SHOWN_RECIPIENTS]])
            more = len(what.recipients) - _SHOWN_RECIPIENTS
            fields["sender"] = _NULL_SENDER if what.sender is None else write(str(what.sender))
            fields["recipients"] = f"{recipients} and {more} more" if more > 0 else recipients
        fields["size"] = size
        return Entry(fields, self._clock())

    def end(self, entry: Entry, reply: Reply, mail_id: object = None, *, is_heard: bool = True) -> None:
        """Write a transaction's line. `mail_id` is what the store calls it, if that has it."""
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

    def say_late(self, entry: Entry, mail_id: object) -> None:
        """Write that a message was kept after all; its sender was told to try again, and will."""
        _log.info("kept too late", extra={"id": entry.fields["id"], "mail": mail_id})

    def refuse(self, refused: MessageRefused, *, transaction: str, peer_ip: str) -> None:
        """Write the line of a message that was refused when it had come."""
        entry = self.begin(refused, transaction=transaction, peer_ip=peer_ip, size=refused.size_octets)
        self.end(entry, refused.reply)

    def note(self, tally: Counter[str] | None, reply: Reply, peer_ip: str) -> Counter[str] | None:
        """Count a refusal for the line at the end of its connection; return the counts, which begin as `None`."""
        if reply in _HAS_LINE or not self.is_on:
            return tally
        if reply in _TURNS_AWAY:
            self.turn_away(reply, peer_ip)
            return tally
        if tally is None:
            tally = Counter()
        tally[reply.reason] += 1
        return tally

    def close(self, tally: Mapping[str, int], *, peer_ip: str, hello: str) -> None:
        """Write what a connection was refused besides whole messages."""
        _log.info("commands refused", extra={"ip": peer_ip, "helo": hello, "refusals": _write_counts(tally)})

    def turn_away(self, reply: Reply, peer_ip: str) -> None:
        """Count a connection that was refused."""
        if not self._turned_away:
            self._first_ip, self._due_s = peer_ip, self._clock() + _SUMMARY_S
        self._turned_away[reply.reason] += 1

    def sweep(self) -> None:
        """Write of those who were turned away, once a minute at most."""
        if self._turned_away and self._clock() >= self._due_s:
            self.flush()

    def flush(self) -> None:
        """Write of those who were turned away and have not been in a line yet."""
        if self._turned_away:
            counts, self._turned_away = self._turned_away, Counter()
            _log.info("connections refused", extra={"first_ip": self._first_ip, "refusals": _write_counts(counts)})

    def _hash(self, address: str) -> str:
        octets = address.lower().encode("utf-8", "surrogatepass")
        return blake2b(octets, digest_size=_HASH_OCTETS, key=self._key).hexdigest()


def _make_record(what: str, fields: Mapping[str, object]) -> logging.LogRecord:
    """Make what `_log.info` would, without its look for a caller that no line of ours shows."""
    now = time.time()
    record = logging.LogRecord.__new__(logging.LogRecord)
    vars(record).update(_RECORD, msg=what, created=now, msecs=now % 1 * 1000)
    vars(record).update(fields)
    return record


def _write_counts(counts: Mapping[str, int]) -> str:
    return ",".join(f"{reason}:{count}" for reason, count in sorted(counts.items()))
