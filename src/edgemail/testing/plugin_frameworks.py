"""Fixtures that have the program under test send its mail to the server.

A part of the plugin, so this imports as little as that does. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.testing.server import Server
    from edgemail.testing.smtp import Smtp


@pytest.fixture
def edgemail_env(edgemail_server: Server, edgemail_smtp: Smtp) -> Iterator[dict[str, str]]:
    """Set SMTP_HOST, EMAIL_URL and the like, without a login and TLS, while the test runs; give what was set.

    A program that reads its settings when it is imported must be imported later than this.
    """
    from edgemail.testing.variables import make_variables

    variables = make_variables(edgemail_smtp, edgemail_server.url)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@pytest.fixture
def edgemail_django(edgemail_smtp: Smtp) -> Iterator[None]:
    """Have Django send its mail to the test's server, whatever login and TLS the project has."""
    try:
        from edgemail.testing.django import sending_to
    except ImportError as error:
        pytest.fail(f"edgemail_django needs Django: {error}", pytrace=False)
    with sending_to(edgemail_smtp.host, edgemail_smtp.port):
        yield


@pytest.fixture
def edgemail_flask(app: Any, edgemail_smtp: Smtp) -> Iterator[None]:
    """Have Flask-Mail of the fixture `app` send to the test's server, whatever login and TLS the project has.

    Flask-Mail copies the app's configuration when it is initialised. So its copy is changed, and restored.
    """
    state = getattr(app, "extensions", {}).get("mail")
    if state is None:
        pytest.fail(
            "edgemail_flask: the app has no Flask-Mail. Call Mail(app) in the fixture `app`.", pytrace=False
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "server", edgemail_smtp.host)
        patch.setattr(state, "port", edgemail_smtp.port)
        for name in ("username", "password"):
            patch.setattr(state, name, None)
        for name in ("use_tls", "use_ssl", "suppress"):  # while TESTING is on, it suppresses all mail
            patch.setattr(state, name, False)
        yield
