"""Which tests may run beside each other: two processes share them."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests together, which share what the file starts, and all that need a browser."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        name = "browser" if path.startswith("tests/e2e/") else path
        item.add_marker(pytest.mark.xdist_group(name))
