"""Behind a proxy: one that is trusted, one that is not, and nginx as it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import JSONResponse
from testkit.running_app import ANN, Program, resolved_in, running

from edgemail.http.forwarded import Forwarded
from edgemail.settings.parsing import read_network

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVER = "/api/server"
INBOX = f"/api/inboxes/{ANN}"
PROXIES = ("192.0.2.1", "10.0.0.0/8", "2001:db8::/64")


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    assert request.client is not None
    body = [request.client.host, request.url.scheme, request.headers["host"]]
    await JSONResponse(body)(scope, receive, send)


async def seen(peer: str, *headers: tuple[str, str]) -> list[str]:
    """Return which peer, scheme and host the application sees."""
    app = Forwarded(tell, tuple(read_network(network) for network in PROXIES))
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http", "client": (peer, 1),
        "headers": [(b"host", b"upstream"), *((name.lower().encode(), value.encode()) for name, value in headers)],
    }  # fmt: skip
    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        raise AssertionError

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message.get("body", b""))

    await app(scope, receive, send)
    answer: list[str] = json.loads(b"".join(sent))
    return answer


FOR, PROTO, HOST = "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"
CHAIN = 'for=1.1.1.1, for="[2001:db9::7]:80";proto=https;host=mail.example'
SAYS: list[tuple[str, list[tuple[str, str]], list[str]]] = [
    ("203.0.113.9", [(FOR, "198.51.100.1"), (HOST, "a")], ["203.0.113.9"]),
    ("192.0.2.1", [], ["192.0.2.1"]),
    ("192.0.2.1", [(FOR, "198.51.100.1")], ["198.51.100.1"]),
    ("::ffff:192.0.2.1", [(FOR, "::ffff:198.51.100.1")], ["198.51.100.1"]),
    ("192.0.2.1", [(FOR, "1.1.1.1, 198.51.100.1, 10.0.0.3")], ["198.51.100.1"]),
    ("192.0.2.1", [(FOR, "1.1.1.1"), (FOR, "2.2.2.2")], ["2.2.2.2"]),
    ("192.0.2.1", [(FOR, "10.0.0.2, 10.0.0.3")], ["10.0.0.2"]),
    ("192.0.2.1", [(FOR, "1.1.1.1, nonsense")], ["192.0.2.1"]),
    ("192.0.2.1", [(FOR, "198.51.100.1:4711")], ["198.51.100.1"]),
    ("192.0.2.1", [(FOR, "[2001:db9::1]:4711")], ["2001:db9::1"]),
    ("192.0.2.1", [(PROTO, "https"), (HOST, "evil, mail.example")], ["192.0.2.1", "https", "mail.example"]),
    ("192.0.2.1", [(PROTO, "javascript")], ["192.0.2.1"]),
    ("192.0.2.1", [("Forwarded", CHAIN)], ["2001:db9::7", "https", "mail.example"]),
    ("192.0.2.1", [("Forwarded", "for=_hidden;proto=https")], ["192.0.2.1", "https"]),
    ("192.0.2.1", [("Forwarded", 'for="1.1.1.1, for=2.2.2.2')], ["2.2.2.2"]),
]


@pytest.mark.parametrize(("peer", "headers", "expected"), SAYS, ids=range(len(SAYS)))
async def test_a_trusted_proxy_says_who_asks(
    peer: str, headers: list[tuple[str, str]], expected: list[str]
) -> None:
    """The last address that is no proxy's; what a peer wrote itself stands before that and does not count."""
    assert await seen(peer, *headers) == expected + [None, "http", "upstream"][len(expected) :]


async def test_a_long_chain_is_not_followed_to_its_end() -> None:
    chain = ", ".join(["1.1.1.1", *["10.0.0.1"] * 10_000])
    assert await seen("192.0.2.1", ("X-Forwarded-For", chain)) == ["10.0.0.1", "http", "upstream"]
    for hostile in ('for="' * 5000, ',"' * 50_000, ";" * 50_000):
        assert (await seen("192.0.2.1", ("Forwarded", f"{hostile}, for=2.2.2.2")))[0] == "2.2.2.2"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def named(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """Give a program that knows its name, behind a proxy that it does not trust."""
    folder = tmp_path_factory.mktemp("named")
    async with running(resolved_in(folder, domain="example.org", allowed_host="inbox.example")) as program:
        yield program


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nameless(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    async with running(resolved_in(tmp_path_factory.mktemp("nameless"))) as program:
        yield program


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        ("https://inbox.example", "same-origin", 200),
        ("https://inbox.example", None, 200),
        ("http://inbox.example", None, 200),
        ("https://www.example.org", "same-origin", 200),
        ("https://inbox.example:8443", "same-origin", 200),
        ("https://inbox.example:8443", None, 403),
        ("https://www.example.org", None, 403),
        ("https://inbox.example", "same-site", 403),
        ("https://www.example.org", "cross-site", 403),
        ("https://evil.example", "same-origin", 403),
        ("https://evil.example", None, 403),
        ("http://localhost", "same-origin", 403),
        ("http://127.0.0.2", "same-origin", 403),
        ("null", "same-origin", 403),
        ("ftp://inbox.example", "same-origin", 403),
    ],
)
async def test_behind_nginx_as_it_comes_the_own_page_works(
    named: Program, origin: str, site: str | None, status: int
) -> None:
    """Its Host is the upstream's: an origin counts that is a name of the settings, and the page's own."""
    headers = {"Origin": origin} | ({} if site is None else {"Sec-Fetch-Site": site})
    assert (await named.ask(INBOX, "DELETE", headers)).status == status


async def test_a_refusal_says_what_to_set(nameless: Program) -> None:
    """For an origin that may be this server's own, and for an upstream's name in Host."""
    origin = {"Origin": "https://mail.example", "Sec-Fetch-Site": "same-origin"}
    detail = (await nameless.ask(INBOX, "DELETE", origin)).json()["detail"]
    assert "set allowed_host = mail.example" in detail
    assert "proxy_set_header Host $host;" in detail
    detail = (await nameless.ask("/", headers={"Host": "backend.example:8025"})).json()["detail"]
    assert "set allowed_host = backend.example" in detail
    assert "proxy_set_header Host $host;" in detail


async def test_a_browser_gets_the_refusal_as_a_page(nameless: Program) -> None:
    """In place of a blank one; nothing of the request can become markup or runs."""
    for host in ("backend.example", "<script>alert(1)</script>", 'a"b', "$(x)"):
        answer = await nameless.ask("/", headers={"Host": host, "Accept": "text/html,*/*"})
        assert answer.status == 421
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert b"allowed_host" in answer.body
        assert b"<script" not in answer.body
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


async def test_a_trusted_proxys_host_counts(tmp_path: Path) -> None:
    """It is checked as Host is, and the page's origin is compared with it."""
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        for forwarded, status in (("example.org", 200), ("evil.example", 421)):
            assert (await program.ask(SERVER, headers={"X-Forwarded-Host": forwarded})).status == status
        headers = {"X-Forwarded-Host": "example.org", "Origin": "https://example.org"}
        assert (await program.ask(INBOX, "DELETE", headers)).status == 200


@pytest.mark.parametrize("says", [{"X-Forwarded-Host": "example.org"}, {"Forwarded": "host=example.org"}])
async def test_a_trusted_proxys_host_opens_no_other_name(tmp_path: Path, says: dict[str, str]) -> None:
    """A page whose own name points here may say so itself, and a proxy that passes it on is no proof."""
    settings = resolved_in(tmp_path, domain="example.org", allowed_host="backend", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        for own, status in (("backend", 200), ("evil.example", 421)):
            assert (await program.ask(SERVER, headers={"Host": own} | says)).status == status
