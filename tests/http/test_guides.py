"""What programs and agents read first: `/llms.txt`, `/skill.md`, and the guides as Markdown."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.http_client import ask
from testkit.running_app import Program, resolved_in, running, settings_in

if TYPE_CHECKING:
    from testkit.http_client import Answer

ROOT = Path(__file__).parents[2]
LLMS_MAX_OCTETS = 2_000


def find_links(answer: Answer) -> list[str]:
    return re.findall(r"^- \[[^\]]+\]\(([^)\s]+)\): \S", answer.body.decode(), re.MULTILINE)


async def test_llms_txt_links_to_what_is_there(program: Program) -> None:
    """A heading, a quote of one line, then links, of which each is served."""
    answer = await program.ask("/llms.txt")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    first, _, second, *_ = answer.body.decode().splitlines()
    assert first == "# edgemail"
    assert second.startswith("> ")
    assert len(answer.body) < LLMS_MAX_OCTETS
    links = find_links(answer)
    assert {"/skill.md", "/docs/reference/api.md", "/docs/README.md", "/openapi.json"} <= set(links)
    for link in links:
        if link != "/mcp":  # it takes POST alone
            assert (await program.ask(link)).status == 200, link


async def test_the_links_are_below_the_base_path(tmp_path: Path) -> None:
    """As whoever comes through the proxy asks for them."""
    settings = settings_in(tmp_path)
    async with running(replace(settings, http=replace(settings.http, base_path="/team/mail"))) as program:
        root = program.url.removesuffix("/team/mail")
        for asked in ("/team/mail/llms.txt", "/llms.txt"):
            answer = await ask(root, asked)
            links = find_links(answer)
            assert len(links) >= 3
            assert all(link.startswith("/team/mail/") for link in links)
            assert b"`GET /team/mail/api/inboxes/ADDRESS/wait`" in answer.body
        for link in links:
            if not link.endswith("/mcp"):
                assert (await ask(root, link)).status == 200, link


async def test_public_the_closed_documents_are_not_linked(tmp_path: Path) -> None:
    """A stranger gets the skill, and no link that ends in a 404."""
    async with running(resolved_in(tmp_path, domain="example.org", mode="public")) as program:
        answer = await program.ask("/llms.txt")
        assert answer.status == 200
        assert find_links(answer) == ["/skill.md"]
        assert (await program.ask("/skill.md")).status == 200
        api = "/docs/reference/api.md"
        for path in (api, "/docs/how-to/add-a-route.md", f"/{api}", f"/x/..{api}"):
            assert (await program.ask(path)).status == 404, path


async def test_private_nothing_is_open(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("kim:s3cret\n")
    passwords.chmod(0o600)
    async with running(resolved_in(tmp_path, private="on", password_file=str(passwords))) as program:
        for path in ("/llms.txt", "/skill.md", "/docs/reference/api.md"):
            assert (await program.ask(path)).status == 401, path


async def test_only_served_names_get_them(program: Program) -> None:
    for path in ("/llms.txt", "/skill.md", "/docs/reference/api.md"):
        assert (await program.ask(path, headers={"Host": "evil.example"})).status == 421, path


async def test_the_guides_are_those_of_the_repository(program: Program) -> None:
    """As Markdown that no browser runs."""
    for path, name in (
        ("/skill.md", "skills/edgemail/SKILL.md"),
        ("/docs/reference/api.md", "docs/reference/api.md"),
        ("/docs/how-to/add-a-route.md", "docs/how-to/add-a-route.md"),
    ):
        answer = await program.ask(path)
        assert (answer.status, answer.body) == (200, (ROOT / name).read_bytes())
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in (answer.headers["content-security-policy"] or "")
        head = await program.ask(path, "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert (await program.ask(path, "POST")).status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/docs/none.md",
        "/docs/.md",
        "/docs/api.md",
        "/docs/how-to/README.md",
        "/docs/../README.md",
        "/docs/..%2fREADME.md",
        "/docs/%2e%2e/README.md",
        "/docs/how-to/../../README.md",
        "/docs//etc/passwd.md",
        "/docs/a%00.md",
        "/docs/explanation/decisions/0002-dependencies.md",
        "/docs/" + "a" * 2_000 + ".md",
        "/docs/a%0a.md",
    ],
)
async def test_no_other_file_is_given_out(program: Program, path: str) -> None:
    assert (await program.ask(path)).status == 404


async def test_the_page_of_the_api_is_still_there(program: Program) -> None:
    assert (await program.ask("/docs/")).headers["content-type"] == "text/html; charset=utf-8"
