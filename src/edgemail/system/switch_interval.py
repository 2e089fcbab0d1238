"""How soon one thread lets another have the interpreter.

The event loop, and the thread that commits, wait for it several times in each dialogue. Python's own interval of
5 ms was most of what a sender waited for while another thread parsed; a short one takes more of the processor.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL_S = 0.0005
_SHORT_S = 0.0001


def set_switch_interval() -> None:
    """Set the usual interval, for a server."""
    sys.setswitchinterval(_USUAL_S)


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Set a shorter one for as long as a thread works hard; one such context at a time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SHORT_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
