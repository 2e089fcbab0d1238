"""Marks each test with what it needs; the Makefile selects its tiers by these markers.

A test that takes long has the marker `slow`, by hand. `needs_...` names what a test uses beside Python and
Node.js: most tests get it here, by their folder or a fixture, the others by hand. A test without any is `core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit import needs
from testkit.tools import BY_NPM, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ("pytester",)  # which runs tests of a pytest plugin

NEED = "needs_"
BROWSER = "tests/e2e/"


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    config.addinivalue_line("markers", "slow: takes long; `make test` leaves it to `make test-all`")
    config.addinivalue_line("markers", "core: needs nothing beside Python and Node.js; set in conftest.py")
    for name, title in [*((tool.name, tool.title) for tool in TOOLS), *BY_NPM.items()]:
        config.addinivalue_line("markers", f"{NEED}{name}: needs {title}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what each test needs."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        for name in needs_of(item, path):
            item.add_marker(NEED + name)
        if not needs_marked(item):
            item.add_marker(pytest.mark.core)
    # What takes longest begins first, so that no process waits long for another one at the end.
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSER))


def needs_of(item: pytest.Item, path: str) -> Iterator[str]:
    """Find what a test needs by where it is, by the fixtures that it uses, and by a store that it names."""
    if path.startswith(BROWSER):
        yield from ("chromium", "openssl", "sqld")
    fixtures = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]
    if any("Sqld" in str(found[-1].func.__annotations__.get("return")) for found in fixtures):
        yield "sqld"
    callspec = getattr(item, "callspec", None)
    if callspec is not None and callspec.params.get("kind") == "sqld":
        yield "sqld"


def needs_marked(item: pytest.Item) -> frozenset[str]:
    """Return what a test's markers say it needs."""
    return frozenset(mark.name.removeprefix(NEED) for mark in item.iter_markers() if mark.name.startswith(NEED))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hold a test to its markers: without the one for sqld it starts none."""
    needs.declare(needs_marked(item))
