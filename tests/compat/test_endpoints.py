"""Each endpoint of each API answers, none is left out of the list, and the tables in docs/how-to have them all."""

from __future__ import annotations

import http.client
import re
import smtplib
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import pytest
from scripts.write_compat_tables import PAGES, write_page
from starlette.routing import Route

from edgemail.http.compat.parts import CompatParts
from edgemail.http.compat.routes import list_routes
from edgemail.mailbox.inbox import Inbox
from edgemail.store.memory import MemoryStore
from tests.compat.endpoints import TOOLS, fill
from tests.compat.mailpit_answers import TIMEOUT_S, ask
from tests.compat.mailpit_samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.server_process import Process

    from edgemail.http.held_requests import HeldRequests
    from edgemail.policy.submission import Submitter
    from edgemail.system.metrics import SmtpCounters

WHOLE = next(sample for sample in SAMPLES if sample.name == "all parts")
ENDPOINTS = [(tool, endpoint) for tool, endpoints in TOOLS.items() for endpoint in endpoints]


@pytest.mark.parametrize("tool", TOOLS)
def test_each_endpoint_answers(server: Process, tool: str) -> None:
    """With the status of the list. Each tool has the message again, as some of them delete it."""
    for endpoint in TOOLS[tool]:
        ask(server.url, "DELETE", "/api/v1/messages")
        mail_id = send_whole(server)
        path = fill(endpoint, mail_id)
        answer = ask_once(server, endpoint.method, path, endpoint.body)
        assert answer == endpoint.status, (endpoint, path)


def send_whole(server: Process) -> int:
    with smtplib.SMTP(*server.smtp, timeout=TIMEOUT_S) as client:
        client.sendmail("bounce@shop.example", WHOLE.recipients, WHOLE.data)
    listed = ask(server.url, "GET", "/messages")["body"]
    return int(listed[-1]["id"])


def ask_once(server: Process, method: str, path: str, body: str | None) -> int:
    """Return the status of an answer, without going where it sends on to."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_list_has_every_endpoint() -> None:
    """Each route's methods, under its path."""
    inbox = Inbox(MemoryStore())
    parts = CompatParts(
        inbox,
        None,
        cast("Submitter", None),
        1,
        "",
        cast("Any", None),
        cast("SmtpCounters", None),
        None,
        None,
        checks_html=True,
    )
    served = {
        (method, shape(route.path))
        for route in list_routes(parts, cast("HeldRequests", None))
        if isinstance(route, Route)
        for method in cast("Any", route.endpoint).methods
    }
    listed = {(one.method, shape(one.path)) for _, one in ENDPOINTS}
    assert served == listed


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0])


@pytest.mark.parametrize(("page", "tools"), PAGES.items())
def test_the_tables_are_written(page: Path, tools: tuple[str, ...]) -> None:
    """`python -m scripts.write_compat_tables` writes them."""
    text = page.read_text(encoding="utf-8")
    assert text == write_page(text, tools)
