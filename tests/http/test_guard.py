"""The guard: Host, Origin, Sec-Fetch-Site, and the headers of every response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from testkit.running_app import Program, running, settings_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVER = "/api/server"
ALLOWED = "https://reader.example:8443"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """Give a program whose settings name a host, an origin and a domain."""
    settings = settings_in(
        tmp_path_factory.mktemp("open"),
        domains=("mail.example",),
        allowed_hosts=("inbox.example",),
        allowed_origins=(ALLOWED,),
    )
    async with running(settings) as started:
        yield started


SERVED = (
    "127.0.0.1",
    "127.0.0.1:8025",
    "10.1.2.3:80",
    "[::1]",
    "[::1]:8025",
    "localhost",
    "LOCALHOST:1",
    "localhost.:1",
    "app.localhost",
    "inbox.example",
    "Inbox.Example:8443",
    "mail.example",
    "www.mail.example",
    "mx.example.net",
)
NOT_SERVED = (
    "evil.example",
    "evil.example:8025",
    "inbox.example.evil.example",
    "xinbox.example",
    "sub.inbox.example",
    "evilmail.example",
    "mail.example.evil",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "[::1",
    "[evil.example]",
    "",
    " ",
    "localhost:port",
    "a/b",
)


@pytest.mark.parametrize("host", SERVED)
async def test_addresses_and_names_of_the_settings_are_served(open_program: Program, host: str) -> None:
    """IP addresses, localhost, allowed hosts, the server's name, and mail domains with subdomains."""
    assert (await open_program.ask(SERVER, headers={"Host": host})).status == 200


@pytest.mark.parametrize("host", NOT_SERVED)
async def test_other_names_are_not(open_program: Program, host: str) -> None:
    """A foreign name that resolves to this server (DNS rebinding) gets neither mail nor page."""
    for path in (SERVER, "/", "/config.json", "/openapi.json", "/nothing"):
        answer = await open_program.ask(path, headers={"Host": host})
        assert answer.status == 421
        assert answer.headers["content-type"] == "application/problem+json"
        assert b"allowed_host" in answer.body


async def test_a_request_without_a_host_is_not_served(open_program: Program) -> None:
    """HTTP/1.0 has no Host of its own."""
    at = urlsplit(open_program.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(b"GET /api/server HTTP/1.0\r\n\r\n")
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 421 ")


async def test_the_same_origin_may_ask(open_program: Program) -> None:
    """The page's own requests are served, also behind a proxy that terminates TLS."""
    at = urlsplit(open_program.url).netloc
    for headers in (
        {"Origin": open_program.url},
        {"Origin": f"https://{at}"},
        {"Origin": "https://inbox.example", "Host": "inbox.example"},
        {"Origin": "https://INBOX.example", "Host": "inbox.example"},
    ):
        assert (await open_program.ask(SERVER, headers=headers)).status == 200


OTHERS = (
    "null",
    "https://evil.example",
    "http://127.0.0.1:1",
    "http://reader.example:8443.evil.example",
    "https://reader.example",
    "http://[",
    "http://[x]:y",
    "",
    "//127.0.0.1",
)


@pytest.mark.parametrize("origin", OTHERS)
async def test_another_origin_may_not(open_program: Program, origin: str) -> None:
    """Any request is refused, without a header that lets the browser read the response."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    for method in ("GET", "DELETE", "OPTIONS", "POST"):
        answer = await open_program.ask("/api/inboxes/ann@mail.example", method, headers)
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers


async def test_the_pages_files_are_for_any_origin_that_can_read_them(open_program: Program) -> None:
    """Behind a proxy the page's own modules come with an Origin that is not in Host; others learn nothing."""
    for path in ("/", "/icon.svg"):
        answer = await open_program.ask(path, headers={"Origin": "https://mail.elsewhere.example"})
        assert answer.status == 200
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert (await open_program.ask("/", "POST", {"Origin": "https://mail.elsewhere.example"})).status == 403
    assert (await open_program.ask("/openapi.json", headers={"Origin": "https://evil.example"})).status == 403


async def test_an_allowed_origin_may_read_and_delete(open_program: Program) -> None:
    """The response names only this origin; the preflight lists the methods."""
    answer = await open_program.ask(SERVER, headers={"Origin": ALLOWED})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ALLOWED
    assert "access-control-allow-credentials" not in answer.headers
    asked = {"Origin": ALLOWED, "Access-Control-Request-Method": "DELETE"}
    preflight = await open_program.ask("/api/inboxes/ann@mail.example", "OPTIONS", asked)
    assert preflight.status == 200
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    asked["Access-Control-Request-Method"] = "TRACE"
    assert (await open_program.ask("/api/inboxes/ann@mail.example", "OPTIONS", asked)).status == 400


async def test_an_answer_that_depends_on_the_origin_says_so(open_program: Program) -> None:
    """A cache must not give one origin what was meant for another."""
    answer = await open_program.ask(SERVER, headers={"Origin": ALLOWED})
    assert "origin" in answer.headers["vary"].lower()


async def test_without_the_setting_nobody_is_told_anything(lasting: Program) -> None:
    """No response has a CORS header."""
    for headers in ({}, {"Origin": lasting.url}, {"Origin": ALLOWED}):
        answer = await lasting.ask(SERVER, headers=headers)
        assert answer.status == (403 if headers.get("Origin") == ALLOWED else 200)
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_other_sites_may_not_embed_the_api(open_program: Program, site: str) -> None:
    """<img> and <script> send no Origin, but Sec-Fetch-Site gives them away."""
    for mode in ("no-cors", "cors", "websocket"):
        answer = await open_program.ask(SERVER, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode})
        assert answer.status == 403


async def test_following_a_link_and_ones_own_requests_are_no_harm(open_program: Program) -> None:
    """Links from other sites to an attachment work, and so does the page itself."""
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    ):
        assert (await open_program.ask(SERVER, headers=headers)).status == 200


@pytest.mark.parametrize(
    "path", [SERVER, "/healthz", "/openapi.json", "/api/messages/999", "/api/none", "/", "/none"]
)
async def test_every_answer_keeps_to_its_place(open_program: Program, path: str) -> None:
    """Every response, errors too, forbids sniffing, framing, referrers and cross-origin reads."""
    answer = await open_program.ask(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", [SERVER, "/api/messages/999", "/readyz"])
async def test_the_api_runs_nothing_and_is_kept_by_nobody(open_program: Program, path: str) -> None:
    """A response that is opened as a page is sandboxed, and never cached."""
    answer = await open_program.ask(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert answer.headers["cache-control"] == "no-store"
