"""No test waits for ever."""

from __future__ import annotations

from support.bounds import bounded

__all__ = ["bounded"]
