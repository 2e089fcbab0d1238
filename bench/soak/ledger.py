"""Records what was sent and its replies, and compares it with a database."""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import apsw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRACE_LINES = 4
"""Return-Path and Received, folded, precede the sent content."""
_TOKEN = re.compile(rb"token=(\S+);")
_POOL = random.Random(1).randbytes(4 * 2**20)
_LINE_OCTETS = 76
_BUSY_MS = 10_000


def write_message(token: str, chance: random.Random, size_octets: int) -> bytes:
    """Return a message of about that size: text or octets, with lines that start with a dot."""
    start = chance.randrange(len(_POOL) - size_octets)
    octets = _POOL[start : start + size_octets]
    if chance.random() < 0.5:
        octets = octets.hex().encode()[:size_octets]
    else:
        octets = octets.replace(b"\r", b" ").replace(b"\n", b" ")
    lines = [b"Subject: soak", b"X-Soak: token=" + token.encode() + b";", b"", b".", b"..dots"]
    lines += [octets[at : at + _LINE_OCTETS] for at in range(0, len(octets), _LINE_OCTETS)]
    return b"\r\n".join(lines) + b"\r\n"


def find_token(data: bytes) -> str:
    """Return the token of a message, with or without its trace; "" if there is none."""
    match = _TOKEN.search(data[:4096])
    return match[1].decode() if match else ""


def digest(message: bytes) -> bytes:
    """Return a digest of a message."""
    return hashlib.blake2b(message, digest_size=16).digest()


def drop_trace(data: bytes) -> bytes:
    """Return a stored message without its trace lines."""
    return data.split(b"\r\n", TRACE_LINES)[TRACE_LINES]


@dataclass
class Ledger:
    """Every message that was started, by its token. Verified and deleted messages are forgotten."""

    digests: dict[str, bytes] = field(default_factory=dict)
    promised: set[str] = field(default_factory=set)
    """Messages with a 250."""
    refused: set[str] = field(default_factory=set)
    """Messages with another reply; a late commit may have kept one all the same."""
    consumed: set[str] = field(default_factory=set)
    """Messages that were read, found correct and deleted."""
    codes: Counter[int] = field(default_factory=Counter)
    """Replies to whole messages; 0 stands for no reply."""
    mistakes: list[str] = field(default_factory=list)
    verified: int = 0
    kept_late: int = 0

    def begin(self, token: str, message: bytes) -> None:
        """Record a message before its first octet is sent."""
        self.digests[token] = digest(message)

    def end(self, token: str, code: int) -> None:
        """Record the reply."""
        self.codes[code] += 1
        if code == 250:
            self.promised.add(token)
        elif code:
            self.refused.add(token)

    def check(self, data: bytes) -> str:
        """Compare one stored message with what was sent; return its token."""
        token = find_token(data)
        if token in self.consumed:
            self.mistakes.append(f"{token} is there again")
        elif token not in self.digests:
            self.mistakes.append(f"a message that nobody sent: {data[:200]!r}")
        elif digest(drop_trace(data)) != self.digests[token]:
            self.mistakes.append(f"{token} is not what was sent")
        else:
            self.verified += 1
        self.kept_late += token in self.refused
        return token

    def check_database(self, db: Path) -> None:
        """Compare a whole database after the load. Each promised message must be there, once."""
        connection = apsw.Connection(str(db))
        connection.set_busy_timeout(_BUSY_MS)
        try:
            connection.execute("BEGIN")
            state = connection.pragma("integrity_check")
            if state != "ok":
                self.mistakes.append(f"integrity_check: {state}")
            rows: Iterator[tuple[Any, ...]] = connection.execute(
                "SELECT CAST(data AS BLOB) FROM inbox JOIN mail ON id = mail_id WHERE address LIKE 'soak%'"
            )
            found = Counter(self.check(bytes(data)) for (data,) in rows)
            counted = connection.execute("SELECT messages, size FROM usage").fetchall()
            if counted != connection.execute("SELECT count(*), total(size) FROM mail").fetchall():
                self.mistakes.append("the table `usage` is wrong")
        finally:
            connection.close()
        lost = {token for token in self.promised if not found[token]}
        self.mistakes += [f"{token} got 250 and is lost" for token in sorted(lost)]
        self.promised -= lost  # report each loss once
        self.mistakes += [f"{token} is there {count} times" for token, count in found.items() if count > 1]

    def forget(self, db: Path, keep: int) -> None:
        """Delete all but the newest `keep` messages, and their records."""
        connection = apsw.Connection(str(db))
        connection.set_busy_timeout(_BUSY_MS)
        rows: list[tuple[Any, ...]] = connection.execute(
            "SELECT id, CAST(substr(data, 1, 4096) AS BLOB) FROM mail ORDER BY id DESC LIMIT -1 OFFSET ?", (keep,)
        ).fetchall()
        with connection:
            for mail_id, head in rows:
                connection.execute("DELETE FROM mail WHERE id = ?", (mail_id,))
                token = find_token(bytes(head))
                self.promised.discard(token)
                self.digests.pop(token, None)
        connection.close()
