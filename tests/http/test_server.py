"""Health, server description, OpenAPI, documentation and the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from testkit.running_app import running, settings_in

import edgemail

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.running_app import Program

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES = {
    ("get", "/api/chaos"),
    ("post", "/api/chaos"),
    ("put", "/api/chaos"),
    ("delete", "/api/chaos"),
    ("get", "/api/refusals"),
    ("get", "/api/messages"),
    ("patch", "/api/messages"),
    ("delete", "/api/messages"),
    ("get", "/api/counts"),
    ("get", "/api/wait"),
    ("get", "/api/tags"),
    ("put", "/api/tags/{tag}"),
    ("delete", "/api/tags/{tag}"),
    ("get", "/api/inboxes/{address}/messages"),
    ("get", "/api/inboxes/{address}/wait"),
    ("get", "/api/inboxes/{address}/events"),
    ("get", "/api/events"),
    ("delete", "/api/inboxes/{address}"),
    ("get", "/api/inboxes/{address}/messages/{id}"),
    ("delete", "/api/inboxes/{address}/messages/{id}"),
    ("get", "/api/inboxes/{address}/messages/{id}/raw"),
    ("get", "/api/inboxes/{address}/messages/{id}/structure"),
    ("get", "/api/inboxes/{address}/messages/{id}/attachments/{n}"),
    ("get", "/api/inboxes/{address}/messages/{id}/attachments/{n}/message"),
    ("get", "/api/inboxes/{address}/messages/{id}/html-check"),
    ("get", "/api/messages/{id}/html-check"),
    ("post", "/api/inboxes/{address}/messages/{id}/link-check"),
    ("post", "/api/messages/{id}/link-check"),
    ("get", "/api/messages/{id}"),
    ("delete", "/api/messages/{id}"),
    ("get", "/api/messages/{id}/raw"),
    ("get", "/api/messages/{id}/structure"),
    ("get", "/api/messages/{id}/attachments/{n}"),
    ("get", "/api/messages/{id}/attachments/{n}/message"),
    ("get", "/api/server"),
    ("get", "/healthz"),
    ("get", "/readyz"),
}
FOREIGN = re.compile(
    rb"""(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""", re.IGNORECASE
)


async def test_the_program_and_its_store_answer(lasting: Program) -> None:
    """/healthz and /readyz answer 200."""
    for path in ("/healthz", "/readyz"):
        answer = await lasting.ask(path)
        assert (answer.status, answer.json()) == (200, {"status": "ok"})


async def test_who_asks_for_the_head_alone_gets_it(lasting: Program) -> None:
    """HEAD works, as some monitoring programs use it."""
    for path in ("/healthz", "/readyz"):
        answer = await lasting.ask(path, "HEAD")
        assert (answer.status, answer.body) == (200, b"")


async def test_openapi_describes_errors_as_they_are(lasting: Program) -> None:
    """OpenAPI describes problems, so that generated clients can read them."""
    document = (await lasting.ask("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status.startswith(("4", "5")) and method != "head":
                    schema = answer["content"]["application/problem+json"]["schema"]
                    assert schema["required"] == ["title", "status", "detail"], (path, method, status)
                    assert len(answer["content"]) == 1, (path, method, status)


async def test_the_server_tells_its_limits(tmp_path: Path) -> None:
    """Domains, limits, retention, version and where SMTP listens, as the settings have them."""
    settings = settings_in(tmp_path, domains=("example.org",))
    async with running(settings) as program:
        assert (await program.ask("/api/server")).json() == {
            "name": "edgemail",
            "version": edgemail.__version__,
            "domains": ["example.org"],
            "reserved": [],
            "limits": {
                "message_bytes": settings.smtp.max_message_bytes,
                "recipients": settings.smtp.max_recipients,
            },
            "retention": {"max_age_s": None, "max_messages": None, "max_bytes": None},
            "smtp": ["{}:{}".format(*program.smtp)],
            "read_only": False,
            "deletion": True,
            "all_mail": True,
            "locks": False,
            "abuse_contact": None,
        }


async def test_the_page_is_told_to_read_from_here(lasting: Program) -> None:
    """The same page may be hosted elsewhere, with another config.json. It says what the page asks first."""
    answer = await lasting.ask("/config.json")
    assert answer.json() == {
        "source": "api",
        "server": (await lasting.ask("/api/server")).json(),
        "html_check": True,
        "link_check": False,
    }


async def test_openapi_lists_every_route(lasting: Program) -> None:
    """OpenAPI has exactly these routes and HEAD for each GET, each with summary, description and tag."""
    document = (await lasting.ask("/openapi.json")).json()
    found = {
        (method, path): route for path, routes in document["paths"].items() for method, route in routes.items()
    }
    heads = {("head", path) for method, path in ROUTES if method == "get"}
    assert {(method, path.replace(":path", "")) for method, path in found} == ROUTES | heads
    assert all(route["summary"] and route["description"] and route["tags"] for route in found.values())
    assert document["info"] == {
        "title": "edgemail",
        "version": edgemail.__version__,
        "description": document["info"]["description"],
    }


async def test_openapi_names_fields_as_they_are_sent(lasting: Program) -> None:
    """Fields have their public names: `from`, not `sender_name`."""
    schemas = (await lasting.ask("/openapi.json")).json()["components"]["schemas"]
    assert "from" in schemas["Message"]["properties"]
    assert "sender_name" not in schemas["Message"]["properties"]
    assert {"headers", "text", "html"} <= set(schemas["WholeMessage"]["properties"])


async def test_the_documentation_needs_nobody_else(lasting: Program) -> None:
    """/docs works without the network: no script, style or picture from elsewhere."""
    answer = await lasting.ask("/docs/")
    assert answer.status == 200
    assert not FOREIGN.search(answer.body)
    parts = [path.decode() for path in re.findall(rb'(?:src|href)="([^"#]+)"', answer.body)]
    assert parts
    for part in parts:
        path = part if part.startswith("/") else f"/docs/{part}"
        assert (await lasting.ask(path)).status == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert (await lasting.ask("/docs")).headers["location"].endswith("/docs/")


async def test_the_page_is_served_under_its_policy(lasting: Program) -> None:
    """The policy allows only its own scripts; only hashed files are cached."""
    page = await lasting.ask("/")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "require-trusted-types-for 'script'" in policy
    assert not FOREIGN.search(page.body)
    scripts = [path.decode() for path in re.findall(rb'<script[^>]+src="/?(?:\./)?([^"]+)"', page.body)]
    assert scripts
    for path in scripts:
        script = await lasting.ask(f"/{path}")
        assert (script.status, script.headers["content-type"].split(";")[0]) == (200, "text/javascript")
        assert ("immutable" in script.headers["cache-control"]) == path.startswith("assets/")


async def test_nothing_beside_the_page_is_served(lasting: Program) -> None:
    """No path leads out of the page's folder."""
    for path in (
        "/../app.py",
        "/..%2fapp.py",
        "/%2e%2e/app.py",
        "/assets/..%2f..%2fapp.py",
        "//etc/passwd",
        "/docs/../../app.py",
    ):
        answer = await lasting.ask(path)
        assert answer.status == 404, path
        assert b"import" not in answer.body
