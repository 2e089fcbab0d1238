"""A time limit for every test."""

from __future__ import annotations

from testkit.time_limit import bounded

__all__ = ["bounded"]
