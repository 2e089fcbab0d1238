"""Loads modules without collecting garbage: they leave none, and each collection looks at all objects again."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_under_way = 0


@contextmanager
def without_collection() -> Iterator[None]:
    """Collect no garbage until the last such context of all threads has ended. Use it for less than a second."""
    global _under_way
    with _lock:
        _under_way += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _under_way -= 1
            if not _under_way:
                gc.enable()
