"""Stops the program when its standard input ends."""

from __future__ import annotations

import os
import signal
import threading

_STDIN = 0
_PIECE_OCTETS = 4096


def stop_on_eof() -> None:
    """Send this process SIGTERM when its standard input ends, as it does when whoever holds it is gone.

    A pipe's other end is closed even where its program was killed.
    """
    threading.Thread(target=_watch, name="stdin", daemon=True).start()


def _watch() -> None:
    try:
        while os.read(_STDIN, _PIECE_OCTETS):
            pass
    except OSError:  # it is closed
        pass
    os.kill(os.getpid(), signal.SIGTERM)
