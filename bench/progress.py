"""A progress bar on standard error; plain lines if that is no terminal."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Self

_BAR = 24


class Progress:
    """Counts a known number of steps."""

    def __init__(self, name: str, steps: int) -> None:
        self._name = name
        self._steps = max(steps, 1)
        self._done = 0
        self._started = time.monotonic()

    def step(self, text: str) -> None:
        """Show the next step; the step before it is done."""
        share = min(self._done / self._steps, 1.0)
        self._done += 1
        took_s = time.monotonic() - self._started
        line = f"{self._name:<10} {share:4.0%} {took_s:4.0f} s  {text}"
        if sys.stderr.isatty():
            bar = "#" * round(share * _BAR)
            line = f"[{bar:.<{_BAR}}] {line}"[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[K{line}")
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
