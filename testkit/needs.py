"""Checks that a test declares the tools it needs, so that `make test-core` meets none."""

from __future__ import annotations

_declared: frozenset[str] | None = None


def declare(needs: frozenset[str]) -> None:
    """Set the needs of the next test, from its markers."""
    global _declared
    _declared = needs


def check(need: str) -> None:
    """Fail if the running test has not declared a need. Outside tests nothing is checked."""
    assert _declared is None or need in _declared, f"mark this test with @pytest.mark.needs_{need}"
