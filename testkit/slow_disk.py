"""A disk whose syncs wait until a test releases them."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@contextlib.contextmanager
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Block every os.fsync until the event is set."""
    go_on = threading.Event()
    sync = os.fsync

    def wait(descriptor: int) -> None:
        assert go_on.wait(PATIENCE_S)
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", wait)
        try:
            yield go_on
        finally:
            go_on.set()
