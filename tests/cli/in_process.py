"""Runs a command in this process, which takes a hundredth of the time, and a server that answers at once."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import urllib.request
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING
from unittest.mock import patch

from edgemail import cli
from tests.cli.test_serve import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

LOAD_S = 120.0


@contextmanager
def running_loaded(*arguments: str) -> Iterator[Running]:
    """Start the program and have it load its API: on a busy machine that takes longer than commands wait."""
    with running(*arguments) as server:
        urllib.request.urlopen(f"{server.url}api/server", timeout=LOAD_S).close()
        yield server


def run_here(url: str, *arguments: str, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command; return its status and what it printed."""
    env = {"PATH": os.environ["PATH"], "EDGEMAIL_URL": url} | environ
    output, errors = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, env, clear=True),
        patch.object(sys, "argv", ["edgemail", *arguments]),
        patch.object(sys, "stdin", io.StringIO(given)),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        status = cli._run()
    return subprocess.CompletedProcess(arguments, status, output.getvalue(), errors.getvalue())
