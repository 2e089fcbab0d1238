"""What the test that runs has said it needs: `make test-core` must never meet a tool by surprise."""

from __future__ import annotations

_declared: frozenset[str] | None = None


def declare(needs: frozenset[str]) -> None:
    """Take the needs of the test that runs next, from its markers."""
    global _declared
    _declared = needs


def check(need: str) -> None:
    """Fail the test that runs if it has not said that it needs something; nothing else than tests has to."""
    assert _declared is None or need in _declared, f"mark this test with @pytest.mark.needs_{need}"
