"""The pytest plugin: an address for each test, and a server that is started when the first test asks for one.

pytest loads this at every start: it imports nothing else before a fixture is asked for. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from edgemail.testing.plugin_frameworks import edgemail_django as edgemail_django
from edgemail.testing.plugin_frameworks import edgemail_env as edgemail_env
from edgemail.testing.plugin_frameworks import edgemail_flask as edgemail_flask

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from edgemail.testing.async_inbox import AsyncInbox
    from edgemail.testing.inbox import Inbox
    from edgemail.testing.inboxes import TestInboxes
    from edgemail.testing.mail_chaos import MailChaos
    from edgemail.testing.server import Server
    from edgemail.testing.smtp import Smtp

_INBOXES: pytest.StashKey[TestInboxes] = pytest.StashKey()
_SHARED: pytest.StashKey[Server] = pytest.StashKey()
_MARK = "edgemail(timeout=10): how long each wait for mail in this test may take, in seconds"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the settings of the ini file."""
    group = parser.getgroup("edgemail", "mail that tests send")
    group.addoption(
        "--edgemail-url", metavar="URL", help="use the edgemail that runs there (default: EDGEMAIL_URL)"
    )
    group.addoption("--edgemail-timeout", metavar="SECONDS", type=float, help="how long to wait for mail (10)")
    group.addoption(
        "--edgemail-shared", action="store_true", help="let all workers of pytest-xdist use one edgemail"
    )
    parser.addini("edgemail_url", "use the edgemail that runs there")
    parser.addini("edgemail_timeout", "how long to wait for mail, in seconds", default="10")
    parser.addini("edgemail_shared", "let all workers of pytest-xdist use one edgemail", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARK)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist of the server that all of them share."""
    config: pytest.Config = node.config
    if _find_url(config) or not (config.option.edgemail_shared or config.getini("edgemail_shared")):
        return
    if _SHARED not in config.stash:
        try:
            config.stash[_SHARED] = _start()
        except pytest.fail.Exception as error:  # no test has begun that could fail
            pytest.exit(str(error), pytest.ExitCode.USAGE_ERROR)
    server = config.stash[_SHARED]
    node.workerinput.update(edgemail_url=server.url, edgemail_smtp_url=server.smtp.url)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the server that workers have shared."""
    if _SHARED in config.stash:
        config.stash[_SHARED].stop()
        del config.stash[_SHARED]


@pytest.fixture(scope="session")
def edgemail_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """Return the server: one that was named, or one that is started now and ended with the session."""
    shared: dict[str, str] = getattr(pytestconfig, "workerinput", {})
    url = shared.get("edgemail_url") or _find_url(pytestconfig)
    smtp_url = shared.get("edgemail_smtp_url") or os.environ.get("EDGEMAIL_SMTP_URL", "")
    server = _join(url, smtp_url) if url else _start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def edgemail_smtp(edgemail_server: Server) -> Smtp:
    """Return where the program under test sends its mail: `host`, `port`, `url`."""
    return edgemail_server.smtp


@pytest.fixture
def _edgemail_inboxes(request: pytest.FixtureRequest, edgemail_server: Server) -> TestInboxes:
    """Return what makes this test's inboxes; the report of a failure shows them."""
    from edgemail.testing.inboxes import TestInboxes

    worker: str = getattr(request.config, "workerinput", {}).get("workerid", "")
    inboxes = TestInboxes(edgemail_server, request.node.nodeid, worker, _find_timeout(request))
    request.node.stash[_INBOXES] = inboxes
    return inboxes


@pytest.fixture
def mail_factory(_edgemail_inboxes: TestInboxes) -> Callable[..., Inbox]:
    """Return a function that makes inboxes: `(local=None, *, domain=None, locked=False)`."""
    return _edgemail_inboxes.make


@pytest.fixture
def edgemail_inbox(_edgemail_inboxes: TestInboxes) -> Inbox:
    """Return an inbox whose address nobody else has."""
    return _edgemail_inboxes.make()


@pytest.fixture
def mail(edgemail_inbox: Inbox) -> Inbox:
    """Return an inbox whose address nobody else has."""
    return edgemail_inbox


@pytest.fixture
def amail(edgemail_inbox: Inbox) -> AsyncInbox:
    """Return an inbox whose address nobody else has, to await."""
    from edgemail.testing.async_inbox import AsyncInbox

    return AsyncInbox(edgemail_inbox)


@pytest.fixture
def amail_factory(_edgemail_inboxes: TestInboxes) -> Callable[..., AsyncInbox]:
    """Return a function that makes inboxes to await: `(local=None, *, domain=None, locked=False)`."""
    from edgemail.testing.async_inbox import AsyncInbox

    def make(local: str | None = None, *, domain: str | None = None, locked: bool = False) -> AsyncInbox:
        return AsyncInbox(_edgemail_inboxes.make(local, domain=domain, locked=locked))

    return make


@pytest.fixture
def mail_chaos(edgemail_server: Server, _edgemail_inboxes: TestInboxes) -> Iterator[MailChaos]:
    """Return what refuses mail on purpose; it is taken back when the test ends."""
    from edgemail.testing.mail_chaos import MailChaos

    chaos = MailChaos(edgemail_server, _edgemail_inboxes.find_addresses)
    try:
        yield chaos
    finally:
        chaos.restore()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the mail of a test that failed."""
    report = yield
    if report.failed and _INBOXES in item.stash:
        from edgemail.testing.plugin_report import add_mail

        add_mail(report, item, call, item.stash[_INBOXES].all)
    return report


def _find_url(config: pytest.Config) -> str:
    given: str | None = config.option.edgemail_url
    ini: str = config.getini("edgemail_url")
    return given or os.environ.get("EDGEMAIL_URL") or ini


def _find_timeout(request: pytest.FixtureRequest) -> float:
    mark = request.node.get_closest_marker("edgemail")
    if mark is not None and "timeout" in mark.kwargs:
        return float(mark.kwargs["timeout"])
    given: float | None = request.config.option.edgemail_timeout
    return float(request.config.getini("edgemail_timeout")) if given is None else given


def _start() -> Server:
    """Start a server, or fail with what it says."""
    from edgemail.testing.errors import ServerNotFound
    from edgemail.testing.server import Server

    try:
        return Server.start()
    except ServerNotFound as error:
        pytest.fail(str(error), pytrace=False)


def _join(url: str, smtp_url: str) -> Server:
    """Use a server that runs, or fail with what to do about it."""
    from edgemail.testing.errors import ServerNotFound
    from edgemail.testing.server import Server

    try:
        return Server.join(url, smtp_url)
    except ServerNotFound as error:
        advice = "Start it, or leave --edgemail-url and EDGEMAIL_URL out: the plugin starts one."
        pytest.fail(f"{error} {advice}", pytrace=False)
