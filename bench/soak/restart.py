"""Measures the start time with very many messages, after a kill."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from testkit.server_process import Sender

from bench.soak import server as servers
from edgemail.store.sqlite import file as sqlite_file

if TYPE_CHECKING:
    from pathlib import Path

_FILL = """
WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ?)
INSERT INTO mail (date, sender, recipients, size, data)
SELECT strftime('%Y-%m-%d %H:%M:%f', 'now'), '<a@sender.example>', '<u' || (i % 10000) || '@example.org>', 2000,
    'Subject: ' || i || char(13, 10, 13, 10) || hex(zeroblob(990)) || char(13, 10) FROM number"""


def measure(folder: Path, messages: int, kills: int) -> list[float]:
    """Return the seconds of each start, from the command to the line with the addresses."""
    db = folder / "mail.db"
    connection = sqlite_file.open_database(db)
    connection.pragma("synchronous", 0)
    connection.execute(_FILL, (messages,))  # a trigger of this connection fills `inbox`
    connection.close()
    took_s = []
    for number in range(kills):
        began = time.monotonic()
        with servers.start(folder) as process:
            took_s.append(time.monotonic() - began)
            senders = [Sender(process.smtp, f"restart{number}-{number}") for number in range(4)]
            for sender in senders:
                sender.start()
            while sum(len(sender.kept) for sender in senders) < 500:
                senders[0].join(0.01)
            process.process.kill()
        for sender in senders:
            sender.join()
    return took_s
