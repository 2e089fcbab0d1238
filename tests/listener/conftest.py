"""Each test runs on the loop that edgemail uses, and on asyncio's own, which it falls back to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import uvloop
from testkit.smtp_peer import Counter

from edgemail.listener import server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Name the loops."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def _quick_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the clock more often, so that what times out does so soon."""
    monkeypatch.setattr(server, "_SWEEP_S", 0.01)


@pytest.fixture
def counter() -> Counter:
    """Give a store that the test decides for."""
    return Counter()
