"""Runs a proxy in front of a server, as a process of its own."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from testkit.relay import wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@contextmanager
def running_proxy(
    command: Sequence[str | Path], port: int, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a proxy that will listen on a port of 127.0.0.1; yield its URL once it does."""
    with (
        log.open("wb") as said,
        subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as process,
    ):
        try:
            wait_for_port(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
