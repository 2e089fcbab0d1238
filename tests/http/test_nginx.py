"""Behind the real nginx: with the lines that the guide gives, and with `proxy_pass` alone."""

from __future__ import annotations

import asyncio
import http.client
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from testkit.http_client import Answer, ask, follow, inbox_path
from testkit.nginx import running_nginx
from testkit.running_app import ANN, Program, resolved_in, running
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.needs_nginx

GUIDE = Path(__file__).parents[2] / "docs" / "deploy.md"
PAGE = {"Origin": "https://mail.example.org", "Sec-Fetch-Site": "same-origin"}
"""What a browser sends with a request of the page's own."""


def lines_of_the_guide(program: Program) -> str:
    (lines,) = re.findall(r"^```nginx\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert lines.count("http://127.0.0.1:8025;") == 1
    return str(lines.replace("http://127.0.0.1:8025;", f"{program.url};"))


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
    assert [one["subject"] for one in listed.json()["messages"]] == ["Before"]
    async with follow(url, inbox_path(ANN, f"/events?after={before}"), "Accept: text/event-stream\r\n") as stream:
        assert await stream.line() == ": listening\n"
        await program.send_letter("Beside")
        event = await stream.next()
    assert event is not None
    assert event.data["subject"] == "Beside"
    deleted = await ask(url, inbox_path(ANN), "DELETE", headers | PAGE)
    assert (deleted.status, deleted.json()) == (200, {"deleted": 2})


async def test_all_works_with_the_lines_of_the_guide(tmp_path: Path) -> None:
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        with running_nginx(tmp_path / "nginx", lines_of_the_guide(program)) as url:
            await use_all(program, url, "mail.example.org")


async def test_nginx_says_who_asks(tmp_path: Path) -> None:
    """Whoever connects to it counts, and not whom a client names itself."""
    settings = resolved_in(
        tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1", allow_http_sources="127.0.0.3"
    )
    forged = {"X-Forwarded-For": "127.0.0.3", "Forwarded": "for=127.0.0.3"}
    async with running(settings) as program:
        with running_nginx(tmp_path / "nginx", lines_of_the_guide(program)) as url:
            for source, headers, status in (
                ("127.0.0.3", {}, 200),
                ("127.0.0.2", {}, 403),
                ("127.0.0.2", forged, 403),
            ):
                assert (await ask_from(source, url, "/api/server", headers)).status == status


async def test_all_works_with_proxy_pass_alone(tmp_path: Path) -> None:
    """The Host is then the upstream's; the page's own name is of the domain."""
    async with running(resolved_in(tmp_path, domain="example.org")) as program:
        with running_nginx(tmp_path / "nginx", f"location / {{ proxy_pass {program.url}; }}") as url:
            await use_all(program, url, "mail.example.org")


async def test_what_proxy_pass_alone_breaks_says_what_to_set(tmp_path: Path) -> None:
    """For an upstream that has a name, and for a page whose name no setting has."""
    async with running(resolved_in(tmp_path, domain="example.org")) as program:
        upstream = f"upstream edgemail {{ server {urlsplit(program.url).netloc}; }}"
        with running_nginx(tmp_path / "named", "location / { proxy_pass http://edgemail; }", upstream) as url:
            page = await ask(url, "/", headers={"Accept": "text/html"})
            assert (page.status, page.headers.get_content_type()) == (421, "text/html")
            assert b"set allowed_host = edgemail" in page.body
        with running_nginx(tmp_path / "bare", f"location / {{ proxy_pass {program.url}; }}") as url:
            headers = PAGE | {"Origin": "https://inbox.example"}
            refused = await ask(url, inbox_path(ANN), "DELETE", headers)
            assert refused.status == 403
            assert "set allowed_host = inbox.example" in refused.json()["detail"]
