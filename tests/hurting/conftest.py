"""A public server with short deadlines, and a table of the honest sender's waiting times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from testkit.honest_sender import HonestSender
from testkit.hostile_peers import Target, count_descriptors, raise_own_limit
from testkit.server_process import Process, serving
from testkit.time_limit import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bounded"]

LIMITS = {
    "EDGEMAIL_TRUSTED": "127.0.0.9",  # everybody here is a stranger, who has to keep all limits
    "EDGEMAIL_SMTPS": "127.0.0.1:0",
    "EDGEMAIL_TLS": "self-made",  # so that there is STARTTLS too
    "EDGEMAIL_MAX_CONNECTIONS": "1500",
    "EDGEMAIL_IDLE_TIMEOUT": "3s",
    "EDGEMAIL_DATA_TIMEOUT": "3s",
    "EDGEMAIL_MIN_RATE_AFTER": "2s",
    "EDGEMAIL_SESSION_TIMEOUT": "5s",
    "EDGEMAIL_TLS_TIMEOUT": "2s",
    "EDGEMAIL_MAX_SPOOL": "512MiB",
}
WARM_UP = 100
FIGURES = pytest.StashKey[list[str]]()


@dataclass(frozen=True, slots=True)
class Server:
    """The server under attack, and its number of open files before it."""

    process: Process
    target: Target
    descriptors: int


@pytest.fixture(scope="session")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the program, and warm it up with honest mail."""
    raise_own_limit()
    with serving(tmp_path_factory.mktemp("hurting") / "mail.db", **LIMITS) as process:
        honest = HonestSender(process.smtp)
        for _ in range(WARM_UP):
            honest.send()
        pid = process.process.pid
        target = Target(process.smtp, process.smtps)
        yield Server(process, target, count_descriptors(pid))


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Return the lines that are printed at the end."""
    return pytestconfig.stash.setdefault(FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the honest sender's waiting times."""
    if lines := config.stash.get(FIGURES, []):
        terminalreporter.section("an honest sender beside attackers")
        terminalreporter.write("\n".join(lines) + "\n")
