"""Measures the CPU time and the memory of all processes of a server."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_S = 0.2
_STILL_S = 0.25
_STILL_TICKS = 2
_UNREADABLE = (FileNotFoundError, ProcessLookupError, PermissionError)


class ProcessTree:
    """A process and all its descendants."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def pids(self) -> list[int]:
        """List the pids of the living processes."""
        children: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(*_UNREADABLE):
                children.setdefault(int(_fields(path)[1]), []).append(int(path.parent.name))
        found = [self.pid]
        for pid in found:  # the list grows meanwhile
            found += children.get(pid, ())
        return found

    def cpu_s(self) -> float:
        """Return the CPU seconds so far, user and system, including children that have ended."""
        ticks = 0
        for pid in self.pids():
            with contextlib.suppress(*_UNREADABLE):
                ticks += sum(map(int, _fields(Path(f"/proc/{pid}/stat"))[11:15]))
        return ticks / _TICKS

    def memory_bytes(self) -> int:
        """Return the memory in octets, with shared pages divided among their processes (PSS)."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(*_UNREADABLE):
                found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
                total += int(found[1]) * 1024 if found else 0
        return total

    def settle(self, patience_s: float = 10.0) -> None:
        """Wait until the processes are idle: some still work on mail that has its 250."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            before = self.cpu_s()
            time.sleep(_STILL_S)
            if (self.cpu_s() - before) * _TICKS <= _STILL_TICKS:
                return


class PeakMemory:
    """Samples the memory of process trees, and keeps the peak of each."""

    def __init__(self, *trees: ProcessTree) -> None:
        self._trees = trees
        self.peak_bytes = {tree.pid: tree.memory_bytes() for tree in trees}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._is_over.wait(_SAMPLE_S):
            self._look()

    def _look(self) -> None:
        for tree in self._trees:
            self.peak_bytes[tree.pid] = max(self.peak_bytes[tree.pid], tree.memory_bytes())


def _fields(path: Path) -> list[str]:
    """Split a stat file behind the program's name, which may have spaces and brackets."""
    return path.read_text().rpartition(")")[2].split()
