"""The garbage collector rests while modules load, in whichever threads."""

from __future__ import annotations

import gc
import threading

import pytest

from edgemail.system.loading import without_collection


def test_the_collector_goes_on_after_the_last_load() -> None:
    """Loads may overlap, and fail."""
    begun, go_on = threading.Event(), threading.Event()

    def load() -> None:
        with without_collection():
            begun.set()
            assert go_on.wait(10)

    assert gc.isenabled()
    thread = threading.Thread(target=load)
    with without_collection():
        thread.start()
        assert begun.wait(10)
        assert not gc.isenabled()
    assert not gc.isenabled()
    go_on.set()
    thread.join()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), without_collection():
        raise ZeroDivisionError
    assert gc.isenabled()
