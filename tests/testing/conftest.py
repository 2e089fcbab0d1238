"""One server for all tests in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgemail.testing import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Server]:
    with Server.start() as started:
        yield started
