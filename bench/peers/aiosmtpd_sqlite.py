"""A peer: aiosmtpd, which inserts each message into SQLite and commits before its 250."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP


class _Handler:
    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE mail (date, sender, recipients, data)")

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        row = (datetime.now(UTC).isoformat(), envelope.mail_from, ", ".join(envelope.rcpt_tos), envelope.content)
        self._database.execute("INSERT INTO mail VALUES (?, ?, ?, ?)", row)
        return "250 OK"


async def _main(port: int, path: str) -> None:
    handler = _Handler(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
