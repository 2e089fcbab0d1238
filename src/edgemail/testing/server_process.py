"""Runs `edgemail serve` in a process of its own, which never outlives this one."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO, Final, NoReturn
from urllib.parse import urlsplit

from edgemail.testing.errors import ServerNotFound
from edgemail.testing.smtp import Smtp

START_S: Final = 60.0
"""How long a start may take on a machine that is busy."""
_STOP_S: Final = 10.0
_FOREIGN: Final = ("EDGEMAIL_", "LIBSQL_", "MP_", "COV_CORE_", "COVERAGE_PROCESS_")
"""The beginnings of variables that would change the server's settings, or measure its code with the tests'."""
_ARGUMENTS: Final = (
    *("serve", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--db", "memory"),
    *("--set", "mode=dev", "--set", "chaos_api=on", "--stop-on-eof"),
)
_ERRORS_MAX_OCTETS: Final = 4000


class ServerProcess:
    """A server on free ports that keeps its mail in memory.

    Its standard input is a pipe that closes when this process ends, even by a signal: then it stops.
    It has a session of its own, so that Ctrl-C leaves it to answer what a failing test asks.
    """

    def __init__(self) -> None:
        """Start it, and wait for nothing."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        environ.pop("PYTHONWARNINGS", None)  # what is an error in the tests need not be one in the server
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - `stop` closes it
        self._process = subprocess.Popen(  # noqa: S603 - it is this program
            # -P: a module of the project under test must not stand in for one of the standard library
            [sys.executable, "-P", "-m", "edgemail", *_ARGUMENTS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environ,
            start_new_session=True,
        )
        self._deadline = time.monotonic() + START_S
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._said: dict[str, str] = {}
        self._reader = threading.Thread(target=self._read_lines, name="edgemail", daemon=True)
        self._reader.start()

    def read_smtp(self) -> Smtp:
        """Wait until SMTP is open; return where.

        Raises:
            ServerNotFound: the server ended, or took too long.
        """
        at = urlsplit(self._read("SMTP"))
        return Smtp(at.hostname or "", at.port or 0)

    def read_url(self) -> str:
        """Wait until HTTP answers; return its URL.

        Raises:
            ServerNotFound: the server ended, or took too long.
        """
        return self._read("Web")

    def stop(self) -> None:
        """End the server, and wait for its end."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read_lines(self) -> None:
        """Pass on the lines of the standard output; None at its end."""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        for line in self._process.stdout:
            self._lines.put(line.decode(errors="replace"))
        self._lines.put(None)

    def _read(self, name: str) -> str:
        """Wait for the line that begins with a word; return the rest of it."""
        while name not in self._said:
            try:
                line = self._lines.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                self._fail(f"was not ready within {START_S:g} s")
            if line is None:
                self._fail(f"ended with exit status {self._process.wait()}")
            word, _, rest = line.partition(" ")
            self._said.setdefault(word, rest.strip())
        return self._said[name]

    def _fail(self, what: str) -> NoReturn:
        """End the server, and say what it said last."""
        self._process.kill()
        self._process.wait()
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _ERRORS_MAX_OCTETS))
        said = self._errors.read().decode(errors="replace").strip()
        self.stop()
        raise ServerNotFound(f"edgemail {what}:\n{said}" if said else f"edgemail {what}.")
