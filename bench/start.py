"""`make bench-start`: measures how soon a start takes and shows mail, and what it takes of memory."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import smtplib
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.figures import Spread
from bench.results import Aim, Section, Table
from bench.servers import NotStartedError, free_port, running

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

_HOST: Final = "127.0.0.1"
_ADDRESS: Final = "kim@example.org"
_MAIL: Final = "Subject: Your code\r\n\r\nYour verification code is 551208.\r\n"
_IDLE_S: Final = 1.0
_WAIT_S: Final = 30
_AIMS: Final = (
    ("greeting_s", "From the command to the first 220", 0.25, "s"),
    ("http_s", "From the command to the first answer by HTTP", 0.7, "s"),
    ("idle_mib", "Resident memory after the start", 45.0, "MiB"),
)


@dataclass(frozen=True, slots=True)
class StartFigures:
    """One start. Times are in seconds since the command."""

    greeting_s: float
    http_s: float
    idle_mib: float
    """Resident, one second after the first answer by HTTP."""
    code_s: float
    """From sending the first mail to its code, read by a request that waits for it."""
    read_mib: float
    """Resident, after that mail was read."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table and save the figures."""
    parser = argparse.ArgumentParser(prog="make bench-start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, metavar="N", help="starts of each; default: 11")
    parser.add_argument(
        "--beside", metavar="PYTHON", help="the interpreter of another environment with an edgemail, in turns"
    )
    parser.add_argument("--db", choices=["memory", "file"], default="memory", help="default: memory")
    parser.add_argument("--out", type=Path, default=Path("bench/results"), metavar="DIR", help="for the JSON")
    chosen = parser.parse_args(arguments)
    section = measure(chosen.rounds, chosen.beside, chosen.db)
    for table in section.tables:
        print(table.write())
    for aim in section.aims:
        print(f"{'reached    ' if aim.is_reached else 'NOT REACHED'}  {aim.aim}: {aim.figure}")
    section.save(chosen.out)


def measure(rounds: int, beside: str | None, db: str) -> Section:
    """Start each program `rounds` times, in turns."""
    section = Section("start", is_full=True, load_before=os.getloadavg()[0])
    programs = {"this": sys.executable} | ({} if beside is None else {"beside": beside})
    found: dict[str, list[StartFigures]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        for number in range(rounds + 1):
            for name, python in programs.items():
                where = db if db == "memory" else str(Path(folder, f"{name}{number}.db"))
                figures = _time_start(python, where, Path(folder))
                if number:  # the first start of each fills the disk's cache
                    found[name].append(figures)
    section.figures = {name: [_as_dict(start) for start in starts] for name, starts in found.items()}
    section.tables.append(_write_table(found))
    for field, aim, most, unit in _AIMS:
        median = statistics.median(_list_of(found["this"], field))
        section.aims.append(Aim(f"{aim}: at most {most:g} {unit}", f"{median:.2f} {unit}", median <= most))
    return section


def _write_table(found: Mapping[str, Sequence[StartFigures]]) -> Table:
    rows = []
    for field, text in (
        ("greeting_s", "from the command to the first 220, s"),
        ("http_s", "from the command to the first answer by HTTP, s"),
        ("idle_mib", "resident memory after the start, MiB"),
        ("code_s", "from sending the first mail to its code, s"),
        ("read_mib", "resident memory after the first mail was read, MiB"),
    ):
        spreads = [Spread.of(_list_of(several, field)) for several in found.values()]
        cells = [f"{spread.median:.3g} ({spread.low:.3g} to {spread.high:.3g})" for spread in spreads]
        ratio = [f"{spreads[0].median / spreads[1].median:.2f} x"] if len(spreads) > 1 else []
        rows.append([text, *cells, *ratio])
    return Table("Start", ["", *found, *(["ratio"] if len(found) > 1 else [])], rows, "Medians, lowest to highest.")


def _time_start(python: str, db: str, folder: Path) -> StartFigures:
    smtp, http = free_port(), free_port()
    command = [python, "-m", "edgemail", "serve", "--db", db, "--smtp", f"{_HOST}:{smtp}"]
    command += ["--http", f"{_HOST}:{http}"]
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}  # as an installed program is
    began = time.perf_counter()
    with running(command, log=folder / "start.log", environment=compiled) as process:
        with _connect(smtp, process) as peer:
            if not peer.recv(100).startswith(b"220"):
                raise NotStartedError("it greets without 220")
            greeting_s = time.perf_counter() - began
        with _connect(http, process):
            pass
        _ask(http, "/healthz")
        http_s = time.perf_counter() - began
        time.sleep(_IDLE_S)
        idle_mib = _measure_resident(process)
        sent = time.perf_counter()
        with smtplib.SMTP(_HOST, smtp, timeout=_WAIT_S) as client:
            client.sendmail("shop@example.net", [_ADDRESS], _MAIL)
            found = _ask(http, f"/api/inboxes/{_ADDRESS}/wait?timeout={_WAIT_S}")
            code_s = time.perf_counter() - sent
        if b"551208" not in found:
            raise NotStartedError(f"it has no code of the mail: {found!r}")
        return StartFigures(greeting_s, http_s, idle_mib, code_s, _measure_resident(process))


def _connect(port: int, process: subprocess.Popen[str]) -> socket.socket:
    """Connect as soon as the port is bound."""
    while process.poll() is None:
        with contextlib.suppress(OSError):
            return socket.create_connection((_HOST, port), timeout=_WAIT_S)
        time.sleep(0.001)
    raise NotStartedError(f"edgemail ended with status {process.returncode}")


def _ask(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection(_HOST, port, timeout=2 * _WAIT_S)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise NotStartedError(f"{path} is answered with {answer.status}")
        return body


def _measure_resident(process: subprocess.Popen[str]) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _as_dict(figures: StartFigures) -> dict[str, float]:
    return {name: getattr(figures, name) for name in StartFigures.__slots__}


def _list_of(several: Sequence[StartFigures], field: str) -> list[float]:
    return [getattr(figures, field) for figures in several]


if __name__ == "__main__":
    main()
