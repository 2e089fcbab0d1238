"""What holds for every route of the API, whichever is added: unknown parameters, HEAD, and ETags."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from email.message import EmailMessage
from typing import TYPE_CHECKING

from testkit.http_client import inbox_path
from testkit.running_app import ANN, running, settings_in
from testkit.waiting import PATIENCE_S, until

from edgemail.settings import PolicySettings

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.running_app import Program


def _letter() -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "Files"
    mail.set_content("See below.\n")
    mail.add_attachment(b"octets", maintype="application", subtype="pdf", filename="a.pdf")
    return mail.as_bytes()


async def _list_routes(program: Program) -> list[tuple[str, str]]:
    """Return the method and path of each documented route, for a stored message."""
    (mail_id,) = await program.send(_letter())
    paths = (await program.ask("/openapi.json")).json()["paths"]
    values = {"{address}": ANN.replace("@", "%40"), "{id}": str(mail_id), "{n}": "0", "{tag}": "a"}
    routes = []
    for path, methods in paths.items():
        filled = path
        for name, value in values.items():
            filled = filled.replace(name, value)
        assert "{" not in filled, "the test has no value for a parameter of this path"
        routes += [(method.upper(), filled) for method in methods]
    return routes


async def test_no_route_ignores_a_parameter_that_it_does_not_have(tmp_path: Path) -> None:
    """A misspelled `limit` would give another answer than was asked for, and a misspelled `from` the wrong mail."""
    settings = replace(settings_in(tmp_path), policy=PolicySettings(min_free=None, chaos_api="on"))
    async with running(settings) as program:
        routes = await _list_routes(program)
        assert len(routes) >= 12
        for method, path in routes:
            answer = await program.ask(f"{path}?limt=3", method)
            assert answer.status == 422, (method, path)
            if method == "HEAD":
                continue
            assert answer.json()["detail"].startswith("limt: is not a parameter here; there is "), (method, path)
        assert len(await program.list_inbox()) == 1  # nothing was deleted


async def test_the_document_has_what_is_answered_in_front_of_the_routes(program: Program) -> None:
    """On every route: what the port refuses, HEAD wherever there is GET, and 304 wherever there is an ETag."""
    paths = (await program.ask("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        assert ("head" in operations) == ("get" in operations), path
        for method, operation in operations.items():
            responses = operation["responses"]
            assert responses.keys() >= {"408", "413", "414", "429", "431", "503"}, (method, path)
            for status in ("429", "503"):
                assert responses[status]["headers"]["Retry-After"]["required"], (method, path)
            is_immutable = path.endswith(("/raw", "/attachments/{n}")) and method != "delete"
            assert ("304" in responses) == is_immutable, (method, path)
            assert ("ETag" in responses.get("200", {}).get("headers", {})) == is_immutable, (method, path)
            if method == "head":
                assert not any("content" in response for response in responses.values()), path
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(set(names)) == len(names)


async def test_head_is_get_without_the_content(program: Program) -> None:
    """On a stream too: the headers, then the end, and nobody listens any more."""
    routes = [path for method, path in await _list_routes(program) if method == "GET"]
    before = asyncio.all_tasks()
    async with asyncio.timeout(PATIENCE_S):
        for path in [*routes, "/", "/config.json", "/metrics", "/openapi.json", "/no/such/page"]:
            asked = f"{path}?address={ANN}" if path == "/api/events" else path
            head = await program.ask(asked, "HEAD")
            assert head.body == b"", path
            if path.endswith("/events"):
                assert (head.status, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
                continue
            get = await program.ask(path)
            assert head.status == get.status, path
            for name in ("content-type", "content-disposition", "etag", "content-security-policy", "cache-control"):
                assert head.headers[name] == get.headers[name], (path, name)
            if path.endswith(("/raw", "/attachments/0")):
                assert int(head.headers["content-length"]) == len(get.body)
    await until(lambda: asyncio.all_tasks() <= before)


async def test_immutable_content_is_not_sent_twice(program: Program) -> None:
    """304 where the ETag matches, all of it where it does not, and 404 once the message is gone."""
    (mail_id,) = await program.send(_letter())
    etags = []
    for rest in ("raw", "attachments/0"):
        path = f"/api/messages/{mail_id}/{rest}"
        whole = await program.ask(path)
        etag = whole.headers["etag"]
        etags.append(etag)
        for asked in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = await program.ask(path, headers={"If-None-Match": asked})
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag), asked
            assert (await program.ask(path, "HEAD", {"If-None-Match": asked})).status == 304
        answer = await program.ask(path, headers={"If-None-Match": '"other"'})
        assert (answer.status, answer.body) == (200, whole.body)
    assert len(set(etags)) == 2
    assert (await program.ask(inbox_path(ANN, "/messages"))).headers["etag"] is None
    await program.ask(f"/api/messages/{mail_id}", "DELETE")
    gone = await program.ask(f"/api/messages/{mail_id}/raw", headers={"If-None-Match": etags[0]})
    assert (gone.status, gone.headers["etag"]) == (404, None)
