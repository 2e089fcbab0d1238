"""Two machines on one network, made of Linux network namespaces: what containers, pods and CI jobs see.

Neither reaches the real network, so a server may listen on every address there. It takes root, or a user namespace.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from testkit import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S = 30.0
_STAY = "ip link set lo up && echo up && exec cat"
"""Ends with the test, whose end of the pipe `cat` reads."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine: its IP address, and the process that keeps its network."""

    address: str
    pid: int

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command that shall run on this machine begins with."""
        user = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
        return ("nsenter", "--target", str(self.pid), *user, "--net")

    def run(self, *command: str) -> None:
        """Run a command on this machine; raise if it fails."""
        subprocess.run([*self.prefix, *command], check=True, timeout=_START_S)


def can_make_machines() -> bool:
    """Return True if this user may make network namespaces, and iproute2 is there."""
    command = (*_unshare(), "sh", "-c", "ip link add v0 type veth peer name v1")
    try:
        return subprocess.run(command, capture_output=True, timeout=_START_S, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def two_machines(server: str = "10.77.0.1", client: str = "10.77.0.2") -> Iterator[tuple[Machine, Machine]]:
    """Make two machines with these addresses, in one network of 24 bits; take them away at the end."""
    needs.check("two_machines")
    with ExitStack() as stack:
        first = Machine(server, stack.enter_context(_keeping(_unshare())))
        second = Machine(client, stack.enter_context(_keeping((*first.prefix, "unshare", "--net"))))
        first.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(second.pid))
        for machine in (first, second):
            machine.run("ip", "address", "add", f"{machine.address}/24", "dev", "wire")
            machine.run("ip", "link", "set", "wire", "up")
        yield first, second


def _unshare() -> tuple[str, ...]:
    return ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


@contextmanager
def _keeping(unshare: tuple[str, ...]) -> Iterator[int]:
    """Make a network, and yield the process that keeps it."""
    command = (*unshare, "sh", "-c", _STAY)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "up\n"
        yield keeper.pid
