"""Lets one process of a test run at a time do what writes into this tree."""

from __future__ import annotations

import contextlib
import fcntl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[1]


@contextlib.contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Wait until no other process does `what` in this tree, and keep others from it until the context ends."""
    place = Path(tempfile.gettempdir()) / f"edgemail-tests-{what}-{_ROOT.stat().st_ino}.lock"
    with place.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
