"""The page and the API below a path, behind a proxy that has other programs on the rest of its host."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest_asyncio
from testkit.http_client import ask, follow, inbox_path
from testkit.path_proxy import path_proxy
from testkit.running_app import ANN, Program, running, settings_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BASE = "/team/mail"


@pytest_asyncio.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    settings = settings_in(tmp_path)
    async with running(replace(settings, http=replace(settings.http, base_path=BASE))) as started:
        yield started


@pytest_asyncio.fixture
async def proxy(program: Program) -> AsyncIterator[str]:
    """Pass on what is below the path; strip nothing."""
    async with path_proxy(BASE, program.app.http_urls[0]) as url:
        assert (await ask(url, "/api/server")).body == b"another's 404"
        yield url


async def test_the_start_line_has_the_path(program: Program) -> None:
    """It is the URL of the page."""
    (url,) = program.app.http_urls
    assert url.endswith(f"{BASE}/")
    assert (await ask(url, urlsplit(url).path)).status == 200


async def test_the_page_finds_all_that_it_needs_below_the_path(proxy: str) -> None:
    """Its files, those of the files, its configuration, and the documentation with its own."""
    moved = await ask(proxy, BASE)
    assert (moved.status, moved.headers["location"]) == (308, f"{BASE}/")
    moved = await ask(proxy, f"{BASE}/docs")
    assert (moved.status, moved.headers["location"]) == (307, f"{BASE}/docs/")
    found = 0
    for page in (f"{BASE}/", f"{BASE}/docs/"):
        answer = await ask(proxy, page)
        assert answer.status == 200
        for name in re.findall(r'(?:href|src)="([^"]+)"', answer.body.decode()):
            assert (await ask(proxy, urljoin(page, name))).status == 200, name
            found += 1
    assert found >= 8
    manifest = (await ask(proxy, f"{BASE}/manifest.webmanifest")).json()
    assert urljoin(f"{BASE}/manifest.webmanifest", manifest["start_url"]) == f"{BASE}/"
    assert (await ask(proxy, f"{BASE}/config.json")).json()["source"] == "api"
    assert b"edgemail_build_info" in (await ask(proxy, f"{BASE}/metrics")).body


async def test_the_api_is_below_the_path(program: Program, proxy: str) -> None:
    """Its description says so, and a stream goes through."""
    description = (await ask(proxy, f"{BASE}/openapi.json")).json()
    assert description["servers"] == [{"url": BASE}]
    async with follow(proxy, BASE + inbox_path(ANN, "/events")) as stream:
        assert stream.status == 200
        (mail_id,) = await program.send_letter("Below a path")
        event = await stream.next()
        assert event is not None
        assert event.id == mail_id
    listing = (await ask(proxy, BASE + inbox_path(ANN, "/messages"))).json()
    assert [message["id"] for message in listing["messages"]] == [mail_id]
    raw = await ask(proxy, f"{BASE}/api/messages/{mail_id}/raw")
    assert (raw.status, "etag" in raw.headers) == (200, True)


async def test_who_asks_the_port_needs_no_path(program: Program) -> None:
    """Probes do, and a proxy that takes the path away."""
    url = program.app.http_urls[0]
    for path in ("/healthz", "/readyz", "/", "/api/server"):
        assert (await ask(url, path)).status == 200
    assert (await ask(url, f"{BASE}x/api/server")).status == 404
    assert (await ask(url, f"{BASE}/api/server", headers={"Host": "evil.example"})).status == 421
