"""A time limit for each test, and a server that the tests of a file share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.server_process import Process, serving
from testkit.time_limit import bound

if TYPE_CHECKING:
    from collections.abc import Iterator

TEST_S = 240


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Fail a test that takes too long."""
    with bound(TEST_S):
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program in dev mode, as people do for their tests."""
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "mail.db", url="memory", EDGEMAIL_CHAOS_API="on", EDGEMAIL_MAX_AGE="off") as process:
        yield process


@pytest.fixture(scope="module")
def public_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program as strangers meet it: it opens locked inboxes to their keys alone."""
    folder = tmp_path_factory.mktemp("public")
    settings = {"EDGEMAIL_MODE": "public", "EDGEMAIL_DOMAIN": "example.org", "EDGEMAIL_TLS": "off"}
    with serving(folder / "mail.db", **settings) as process:
        yield process
