"""A server of its own for each file, and a time limit for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.server_process import Process, serving
from testkit.time_limit import bound

if TYPE_CHECKING:
    from collections.abc import Iterator

TEST_S = 180


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Fail a test that takes too long."""
    with bound(TEST_S):
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program in dev mode."""
    with serving(tmp_path_factory.mktemp("mcp") / "mail.db") as process:
        yield process
