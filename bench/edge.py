"""`make bench-edge`: mail into sqld, and out of its replicas into a browser, near and far."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import edge_lock, edge_reading
from bench.load import Load, send
from bench.servers import Server, run_edgemail
from edgemail.store.hrana import HranaClient
from support.sqld import Sqld

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECTIONS = (1, 10, 50)
_SECONDS = 5.0
_BODY_OCTETS = 4000
_COUNT = "SELECT coalesce(max(batch), 0), (SELECT messages FROM usage) FROM writer"


def main() -> None:
    """Measure, and print tables; progress goes to the standard error."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        _measure_ingest(Path(folder))
        _measure_lock(Path(folder))
        _measure_reading(Path(folder))


def _measure_ingest(folder: Path) -> None:
    print(f"Messages of {_BODY_OCTETS} octets into sqld on this machine, sent by smtp-source -d.\n")
    print("| connections | messages/s | messages in a commit | CPU us/message |")
    print("| --: | --: | --: | --: |")
    with (
        _run_sqld(folder / "ingest") as primary,
        run_edgemail(folder, primary.url, EDGEMAIL_DB_TOKEN=primary.token()) as server,
    ):
        for connections in _CONNECTIONS:
            _say(f"ingest, {connections} connections")
            _print_ingest(primary, server, connections)


def _measure_lock(folder: Path) -> None:
    print("\nWhat is left while others hold the write lock in a loop, with read-only tokens.")
    print(f"{edge_lock.SENDERS} senders for {edge_lock.SECONDS:.0f} s; the answers in seconds.\n")
    print("| held by | kept/s | told 451 | answered in p50 | at most |")
    print("| --- | --: | --: | --: | --: |")
    with (
        _run_sqld(folder / "lock") as primary,
        _run_sqld(folder / "lock-replica", primary) as replica,
        run_edgemail(folder, primary.url, EDGEMAIL_DB_TOKEN=primary.token()) as server,
    ):
        for ingest in edge_lock.measure(primary, replica, server, _say):
            print(ingest.row(), flush=True)


def _measure_reading(folder: Path) -> None:
    with _run_sqld(folder / "primary") as primary, _run_sqld(folder / "replica", primary) as replica:
        edge_reading.seed(primary, _say)
        edge_reading.wait_for_replica(replica)
        (folder / "site").mkdir()
        readings = edge_reading.measure(primary, replica, folder / "site", _say)
    print(
        f"\nAn inbox of {edge_reading.INBOX_MESSAGES} messages among {edge_reading.MESSAGES:,}, opened in Chromium."
    )
    print("Milliseconds: the request for the list, and from the address bar to the list on the screen.\n")
    print("| read | request p50 | p95 | visible p50 | p95 |")
    print("| --- | --: | --: | --: | --: |")
    for reading in readings:
        print(reading.row())


def _print_ingest(primary: Sqld, server: Server, connections: int) -> None:
    first = send(server, Load(_BODY_OCTETS, connections), 20 * connections)
    commits, before = _count(primary)
    messages = max(10 * connections, int(first.messages_s * _SECONDS))
    figure = send(server, Load(_BODY_OCTETS, connections), messages)
    more_commits, more_messages = _count(primary)
    in_a_commit = (more_messages - before) / (more_commits - commits)
    print(f"| {connections} | {figure.messages_s:,.0f} | {in_a_commit:.1f} | {figure.cpu_us:.0f} |", flush=True)


def _count(primary: Sqld) -> tuple[int, int]:
    async def ask() -> tuple[int, int]:
        async with HranaClient(primary.url, primary.token()) as client:
            ((commits, messages),) = await client.query(_COUNT)
            return commits, messages

    return asyncio.run(ask())


@contextlib.contextmanager
def _run_sqld(folder: Path, primary: Sqld | None = None) -> Iterator[Sqld]:
    server = Sqld(folder) if primary is None else Sqld(folder, primary=primary, key=primary.key)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
