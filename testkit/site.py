"""A server on one machine, and applications on another one beside it."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from testkit.api_reader import PROGRAM_S
from testkit.server_process import THIS_PYTHON, Process, serving
from testkit.two_machines import Machine, two_machines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FETCH = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())"


@dataclass(frozen=True, slots=True)
class Site:
    """A server on one machine, and a machine beside it on which applications run."""

    server: Process
    here: Machine
    there: Machine
    folder: Path

    @property
    def port(self) -> str:
        return str(self.server.smtp[1])

    def run(self, *command: str, stdin: str = "") -> str:
        """Run an application on the other machine; return what it prints."""
        done = self.attempt(*command, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.there.prefix, *command],
            input=stdin,
            capture_output=True,
            timeout=PROGRAM_S,
            check=False,
            text=True,
        )

    def read_subjects(self, address: str) -> list[str]:
        """Read an inbox."""
        return [message["subject"] for message in json.loads(self.ask("list", address, "--json"))]

    def ask(self, *command: str) -> str:
        """Run edgemail's own command on the server's machine; return what it prints."""
        command = (*self.here.prefix, *THIS_PYTHON, *command, "--url", self.server.url)
        return subprocess.run(command, capture_output=True, timeout=PROGRAM_S, check=True, text=True).stdout

    def get(self, path: str) -> bytes:
        """Read from the server by HTTP."""
        command = (*self.here.prefix, THIS_PYTHON[0], "-c", _FETCH, self.server.url + path)
        return subprocess.run(command, capture_output=True, timeout=PROGRAM_S, check=True).stdout

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path))

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text(encoding="utf-8")


@contextmanager
def site_in(folder: Path, here: str = "10.77.0.1", there: str = "10.77.0.2", **environ: str) -> Iterator[Site]:
    """Run the server, which listens for SMTP on every address of its machine."""
    with two_machines(here, there) as (first, second):
        command = (*first.prefix, *THIS_PYTHON)
        with serving(folder / "mail.db", command, smtp="0.0.0.0:0", **environ) as process:
            yield Site(process, first, second, folder)
