"""A public server seen by a stranger who knows one address: every route, and nothing of another's mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from testkit.http_client import Answer, follow, inbox_path
from testkit.running_app import Program, resolved_in, running
from testkit.sample_mail import letter

from tests.compat.endpoints import TOOLS, fill

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINE, OTHER = "mine@example.org", "zq-other@example.org"
SECRET = "zq-secret"
LEAKS = (b"zq-", OTHER.encode(), SECRET.encode())
BOTH = "Shared by both"
PARAMETERS = {"n": "0", "tag": "zq"}
OPERATOR = {"Authorization": "Bearer s3cret-of-the-operator"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def public(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    folder = tmp_path_factory.mktemp("public")
    passwords = folder / "passwords"
    passwords.write_text("root:s3cret-of-the-operator\n")
    passwords.chmod(0o600)
    settings = resolved_in(
        folder,
        domain="example.org",
        chaos_api="on",
        compat_apis="on",
        password_file=str(passwords),
        http_trusted_proxies="127.0.0.1",
        **dict.fromkeys(("read_rate", "wait_rate", "delete_rate", "miss_rate"), "10000"),
    )
    async with running(settings) as program:
        yield program


async def ask(program: Program, path: str, method: str = "GET") -> Answer:
    return await program.ask(path, method, {"X-Forwarded-For": "203.0.113.7"})


async def routes_of(program: Program) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    document = (await program.ask("/openapi.json", headers=OPERATOR)).json()
    return (
        (method.upper(), path.replace(":path", "").replace(":segment", ""), route.get("parameters", []))
        for path, routes in document["paths"].items()
        for method, route in routes.items()
    )


async def test_a_stranger_finds_nothing_of_anybody_else(public: Program) -> None:
    """On each route of the OpenAPI document, with every id, under the own address and without one."""
    (other,) = await public.send(letter(f"{SECRET} subject", f"{SECRET} text"), to=(OTHER,))
    (both,) = await public.send(letter(BOTH), to=(MINE, OTHER))
    (mine,) = await public.send(letter("Mine alone"), to=(MINE,))
    seen = set()
    for method, path, _ in await routes_of(public):
        for mail_id in (other, both, mine, 10**9):
            for address in (MINE, "nobody@example.org"):
                values = {"address": inbox_path(address).removeprefix("/api/inboxes/"), "id": str(mail_id)}
                if method == "DELETE" and address == MINE and mail_id != other:
                    continue  # what is one's own may be deleted
                if path.endswith("/events"):
                    continue  # see below: a stream does not end
                query = "?timeout=0&after=0" if path.endswith("/wait") else ""
                answer = await ask(public, path.format(**values, **PARAMETERS) + query, method)
                seen.add((method, path))
                assert answer.status < 500
                for leak in LEAKS:
                    assert leak not in answer.body, (method, path, address, mail_id)
                    assert leak.decode() not in str(answer.headers), (method, path)
                if mail_id == other and "{id}" in path:
                    never = await ask(public, path.format(**values | {"id": "1000000000"}, **PARAMETERS), method)
                    assert answer.status == never.status in (401, 404)
                    if method == "HEAD":
                        assert answer.body == b""
                        continue
                    expected = never.json()["detail"].replace("message 1000000000", f"message {other}")
                    assert answer.json()["detail"] == expected
    assert len(seen) >= 16
    whole = await public.ask(f"/api/messages/{other}", headers=OPERATOR)
    assert whole.json()["recipients"] == [OTHER]


@pytest.mark.parametrize("path", [inbox_path(MINE, "/events?after={}"), f"/api/events?address={MINE}&after={{}}"])
async def test_a_stream_has_the_own_mail_alone(public: Program, path: str) -> None:
    """What comes for another address is no event, and no comment."""
    newest = (await public.send(letter("Before"), to=(MINE,)))[0]
    headers = "X-Forwarded-For: 203.0.113.7\r\n"
    async with follow(public.url, path.format(newest), headers) as stream:
        assert await stream.line() == ": listening\n"
        await public.send(letter(f"{SECRET} subject"), to=(OTHER,))
        await public.send(letter(BOTH), to=(OTHER, MINE))
        event = await stream.next()
    assert event is not None
    assert (event.data["subject"], event.data["recipients"]) == (BOTH, [MINE])


async def test_the_operator_has_it_all(public: Program) -> None:
    """By id, with every recipient, and the program's internals."""
    (both,) = await public.send(letter(BOTH), to=(MINE, OTHER))
    for path in (f"/api/messages/{both}", "/docs/", "/openapi.json", "/metrics", "/api/chaos"):
        assert (await public.ask(path, headers=OPERATOR)).status == 200
        assert (await ask(public, path)).status == 401
    assert (await public.ask(f"/api/messages/{both}", headers=OPERATOR)).json()["recipients"] == [MINE, OTHER]
    assert (await public.ask(f"/api/messages/{both}", "DELETE", OPERATOR)).status == 204


@pytest.mark.parametrize("tool", TOOLS)
async def test_a_stranger_has_none_of_the_other_apis(public: Program, tool: str) -> None:
    """Not with any method, by any id: they ask for no address. What tells of no mail is for everybody."""
    (other,) = await public.send(letter(f"{SECRET} subject", f"{SECRET} text"), to=(OTHER,))
    for endpoint in TOOLS[tool]:
        is_open = endpoint.path in {"/livez", "/search", "/config", "/reloadMailsFromDirectory", "//view/{rest}"}
        for method in (endpoint.method, "HEAD", "GET", "DELETE", "OPTIONS"):
            for mail_id in (other, "latest", 10**9):
                answer = await ask(public, fill(endpoint, mail_id), method)
                if not is_open:
                    assert answer.status == 401, (method, endpoint.path)
                for leak in LEAKS:
                    assert leak not in answer.body, (method, endpoint.path)
    assert (await public.ask(f"/api/messages/{other}", headers=OPERATOR)).status == 200
    asked = await public.ask(fill(TOOLS[tool][0], other), headers=OPERATOR)
    assert asked.status in (200, 404)


async def test_without_deletion_the_other_apis_delete_nothing(tmp_path: Path) -> None:
    """Nor by POST; all else is done."""
    async with running(resolved_in(tmp_path, deletion="off", chaos_api="on")) as program:
        (mail_id,) = await program.send(letter("Kept"), to=("kim@example.org",))
        for endpoint in (endpoint for endpoints in TOOLS.values() for endpoint in endpoints):
            is_deletion = endpoint.method == "DELETE" or endpoint.path.endswith("/email/delete")
            if is_deletion and "jim" not in endpoint.path and "tags" not in endpoint.path:
                answer = await program.ask(
                    fill(endpoint, mail_id), endpoint.method, {}, b'{"ids":["%d"]}' % mail_id
                )
                assert (answer.status, "the setting deletion" in answer.json()["detail"]) == (403, True), endpoint
        assert (await program.ask(f"/email/{mail_id}")).status == 200
        assert (await program.ask(f"/api/v1/mailbox/kim/{mail_id}", "PATCH", {}, b'{"seen":true}')).status == 200


async def test_another_site_has_none_of_the_other_apis(tmp_path: Path) -> None:
    """Neither a page's script, nor a form of it, nor an image."""
    async with running(resolved_in(tmp_path)) as program:
        (mail_id,) = await program.send(letter("Kept"), to=("kim@example.org",))
        for endpoint in (endpoint for endpoints in TOOLS.values() for endpoint in endpoints):
            path = fill(endpoint, mail_id)
            for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
                answer = await program.ask(path, endpoint.method, headers, (endpoint.body or "").encode())
                if endpoint.method != "GET" or _is_of_mail(endpoint.path):
                    assert answer.status == 403, (endpoint, headers)
            if _is_of_mail(endpoint.path):
                headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
                assert (await program.ask(path, endpoint.method, headers)).status == 403, endpoint
        assert (await program.ask(f"/email/{mail_id}")).status == 200


def _is_of_mail(path: str) -> bool:
    return path.startswith(("/api/", "/view/", "/email", "/messages", "/serve/"))


async def test_a_label_of_a_metric_is_nobodys(public: Program) -> None:
    """Neither an address nor a network of who was refused."""
    metrics = (await public.ask("/metrics", headers=OPERATOR)).body
    assert b"203.0.113" not in metrics
    assert not any(leak in metrics for leak in LEAKS)
