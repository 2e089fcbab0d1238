"""Uses a program through a proxy in front of it, as a browser does and as a stranger may."""

from __future__ import annotations

import asyncio
import http.client
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from testkit.http_client import Answer, ask, follow, inbox_path
from testkit.running_app import ANN, Program
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "mail.example.org"
PAGE = {"Origin": f"https://{HOST}", "Sec-Fetch-Site": "same-origin"}
"""What a browser sends with a request of the page's own."""

FORGED = {
    "X-Forwarded-For": "127.0.0.3",
    "Forwarded": f"for=127.0.0.3;host={HOST};proto=https",
    "X-Forwarded-Host": HOST,
    "X-Forwarded-Proto": "https",
    "X-Real-IP": "127.0.0.3",
}
"""What a client says of itself that only a proxy may say."""


async def ask_from(source: str, url: str, path: str, headers: Mapping[str, str]) -> Answer:
    """Make a request from one of this machine's addresses."""

    def work() -> Answer:
        connection = http.client.HTTPConnection(
            urlsplit(url).netloc, timeout=PATIENCE_S, source_address=(source, 0)
        )
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    return await asyncio.to_thread(work)


async def use_all(program: Program, url: str, host: str) -> None:
    """Load the page and its files, list, follow and empty an inbox, as a browser does."""
    headers = {"Host": host}
    page = await ask(url, "/", headers=headers | {"Accept": "text/html"})
    assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    files = re.findall(r'(?:src|href)="(?:\./)?(assets/[^"]+)"', page.body.decode())
    assert files
    for file in files:
        assert (await ask(url, f"/{file}", headers=headers | PAGE)).status == 200
    (before,) = await program.send_letter("Before")
    listed = await ask(url, inbox_path(ANN, "/messages"), headers=headers)
    assert [message["subject"] for message in listed.json()["messages"]] == ["Before"]
    events = inbox_path(ANN, f"/events?after={before}")
    async with follow(url, events, "Accept: text/event-stream\r\n", host) as stream:
        assert await stream.line() == ": listening\n"
        await program.send_letter("Beside")
        event = await stream.next()
    assert event is not None
    assert event.data["subject"] == "Beside"
    deleted = await ask(url, inbox_path(ANN), "DELETE", headers | PAGE)
    assert (deleted.status, deleted.json()) == (200, {"deleted": 2})


async def check_who_asks(url: str) -> None:
    """Check that 127.0.0.3 alone is answered, whoever a client says that it is."""
    assert (await ask_from("127.0.0.3", url, "/api/server", {"Host": HOST})).status == 200
    for headers in ({}, FORGED):
        answer = await ask_from("127.0.0.2", url, "/api/server", {"Host": HOST} | headers)
        assert answer.status == 403, headers


async def check_names(url: str, others: str) -> None:
    """Check that a client's own X-Forwarded-Host does not count; `others` is where other names are served."""
    for headers in ({"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}):
        assert (await ask(url, "/api/server", headers={"Host": HOST} | headers)).status == 200, headers
    evil = {"Host": "evil.example"}
    for forged in ({}, FORGED, {"X-Forwarded-Host": HOST}, {"Forwarded": f"host={HOST}"}):
        assert (await ask(others, "/api/server", headers=evil | forged)).status == 421, forged
