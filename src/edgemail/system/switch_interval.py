"""Sets the interpreter's thread switch interval: how soon a thread must release the GIL.

The event loop and the committing thread wait for the GIL several times in each SMTP dialogue. With
Python's default of 5 ms this was most of a sender's waiting time while another thread parsed. A
shorter interval costs more CPU time.
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
    """Set the interval for a server."""
    sys.setswitchinterval(_USUAL_S)


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Set a shorter interval while a thread parses. Only one such context at a time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SHORT_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
