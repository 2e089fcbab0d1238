"""How a limit on open files is raised, and shared out where it is too low."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

CODE = """
import resource
from edgemail.system.descriptor_limit import share_descriptors
said = []
share = share_descriptors({smtp}, 2000, 128, lambda text, *values: said.append(text % values))
print(share, resource.getrlimit(resource.RLIMIT_NOFILE)[0], *said)
"""


def run(soft: int, hard: int, smtp: int) -> str:
    """Share out a limit in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(smtp=smtp)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("soft", "needed"), [(1024, 4256), (4256, 4256), (5000, 5000)])
def test_the_limit_is_raised_as_far_as_needed(soft: int, needed: int) -> None:
    """Two for each SMTP connection, one for each HTTP connection, and what is in reserve."""
    assert run(soft, 6000, 1000) == f"2000 {needed}"


def test_http_gives_way_first() -> None:
    """SMTP and the store keep theirs; one line says so."""
    said = run(1024, 4000, 1000)
    assert said.startswith("1744 4000 only 4000 files can be open")
    assert "HTTP takes 1744 connections" in said
    assert "max_connections to" not in said


def test_http_keeps_an_eighth() -> None:
    """Where SMTP alone may need more than there is, the line says how many connections are possible."""
    said = run(1024, 1024, 1000)
    assert said.startswith("128 1024 only 1024 files can be open")
    assert said.endswith("or set max_connections to 320")
    assert run(1024, 1024, 0).startswith("768 1024")
