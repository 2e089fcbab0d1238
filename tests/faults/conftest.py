"""No test waits for ever."""

from __future__ import annotations

from testkit.bounds import bounded

__all__ = ["bounded"]
