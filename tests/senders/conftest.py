"""A public server with a certificate, and a time limit for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.server_process import Process, serving
from testkit.time_limit import bound

from edgemail.system.certificate import create_self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator

TEST_S = 180
"""The time for a hundred processes of swaks on a busy machine."""


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Fail a test that takes too long."""
    with bound(TEST_S):
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program, with STARTTLS for all and a port with implicit TLS."""
    folder = tmp_path_factory.mktemp("senders")
    cert = create_self_signed(folder / "cert.pem", ["mx.example.com"])
    with serving(folder / "mail.db", EDGEMAIL_SMTPS="127.0.0.1:0", EDGEMAIL_TLS_CERT=str(cert)) as process:
        yield process
