"""The fixtures of the HTTP tests."""

from __future__ import annotations

from tests.http.conftest import bounded, lasting, program

__all__ = ["bounded", "lasting", "program"]
