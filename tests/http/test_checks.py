"""The routes of checks: what they answer, and where they are off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from testkit.http_client import inbox_path
from testkit.running_app import ANN, resolved_in, running, settings_in
from testkit.webhook_receiver import answer, receiving

from edgemail.checks.html_support import load_html_support
from edgemail.http.check_models import HtmlCheckModel
from edgemail.settings import AccessSettings, CheckSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from testkit.running_app import Program

HTML = '<p>Hi</p>\n<p style="display: grid">\n<video></video>'
LETTER = (
    b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    + HTML.replace("\n", "\r\n").encode()
)
PLAIN = b"From: a@b.example\r\nSubject: x\r\n\r\nhttp://a.example/\r\n"


@pytest_asyncio.fixture
async def checking(tmp_path: Path) -> AsyncIterator[Program]:
    """Run a program that checks links, wherever they lead."""
    settings = replace(settings_in(tmp_path), checks=CheckSettings(links="on", private_links="on"))
    async with running(settings) as program:
        yield program


async def test_html_is_checked_under_its_address_and_by_its_id(program: Program) -> None:
    """Both say the same: features, lines, programs, and a score."""
    (mail_id,) = await program.send(LETTER)
    answers = [
        await program.ask(f"{path}/html-check")
        for path in (inbox_path(ANN, f"/messages/{mail_id}"), f"/api/messages/{mail_id}")
    ]
    assert [answer.status for answer in answers] == [200, 200]
    document = answers[0].json()
    assert document == answers[1].json()
    HtmlCheckModel.model_validate(document)
    found = {warning["slug"]: warning for warning in document["warnings"]}
    assert found.keys() == {"css-display", "css-display-grid", "html-video"}
    grid = found["css-display-grid"]
    assert (grid["lines"], grid["found"], grid["category"]) == ([2], 1, "css")
    assert grid["url"] == "https://www.caniemail.com/features/css-display-grid/"
    assert {client["support"] for client in grid["clients"]} <= {"no", "partial", "unknown"}
    assert {"family", "name", "platform", "version", "support", "note"} == set(grid["clients"][0])
    assert "outlook" in document["families"]
    assert (document["nodes"], document["truncated"]) == (3, False)
    assert sum(document["score"].values()) == pytest.approx(100, abs=0.1)
    assert document["data_version"] == load_html_support().version


async def test_a_message_without_html_has_no_check(program: Program) -> None:
    """The problem's type tells it from a message that is not there."""
    (mail_id,) = await program.send(PLAIN)
    answer_ = await program.ask(f"/api/messages/{mail_id}/html-check")
    assert (answer_.status, answer_.json()["type"]) == (404, "no-html")
    answer_ = await program.ask("/api/messages/999/html-check")
    assert (answer_.status, answer_.json()["type"]) == (404, "about:blank")
    other = await program.ask(inbox_path("bob@example.org", f"/messages/{mail_id}/html-check"))
    assert (other.status, other.json()["type"]) == (404, "about:blank")


async def test_what_is_off_is_not_here(tmp_path: Path) -> None:
    """And nothing is fetched then."""
    settings = replace(settings_in(tmp_path), checks=CheckSettings(html="off"))
    async with receiving(answer(200)) as server, running(settings) as program:
        (mail_id,) = await program.send(PLAIN.replace(b"http://a.example/", server.url.encode()))
        path = f"/api/messages/{mail_id}"
        for rest, method in (("html-check", "GET"), ("link-check", "POST")):
            answer_ = await program.ask(f"{path}/{rest}", method)
            assert (answer_.status, answer_.json()["type"]) == (404, "not-here")
        config = (await program.ask("/config.json")).json()
        assert (config["html_check"], config["link_check"]) == (False, False)
        old = await program.ask(f"/api/v1/message/{mail_id}/link-check")
        assert (old.status, old.body) == (400, b"link check is off: edgemail fetches nothing")
        old = await program.ask(f"/api/v1/message/{mail_id}/html-check")
        assert old.status == 400
    assert server.connects == 0


async def test_links_are_asked_only_on_post(checking: Program) -> None:
    """Reading, listing and waiting ask nothing, and neither does GET."""
    async with receiving() as server:
        server.planned += [answer(302, "Location: /b"), answer(200), answer(404)]
        links = f"http://127.0.0.1:{server.port}/a http://127.0.0.1:{server.port}/c"
        (mail_id,) = await checking.send(PLAIN.replace(b"http://a.example/", links.encode()))
        path = inbox_path(ANN, f"/messages/{mail_id}")
        await checking.ask(path)
        await checking.list_inbox()
        assert (await checking.ask(f"{path}/link-check")).status == 404
        assert server.connects == 0
        asked = await checking.ask(f"{path}/link-check", "POST")
        assert asked.status == 200
        base = f"http://127.0.0.1:{server.port}"
        document = asked.json()
        by_url: dict[str, Any] = {link["url"]: link for link in document["links"]}
        assert by_url.keys() == {f"{base}/a", f"{base}/c"}
        assert (document["errors"], document["left_out"], server.connects) == (1, 0, 3)
        statuses = sorted(link["status"] for link in document["links"])
        assert statuses == [200, 404]
        assert (await checking.ask(f"/api/messages/{mail_id}/link-check", "POST")).json() == document
        assert server.connects == 3
        config = (await checking.ask("/config.json")).json()
        assert (config["html_check"], config["link_check"]) == (True, True)


async def test_mailpits_route_asks_links_too(checking: Program) -> None:
    """In Mailpit's form, with and without `follow`; no other site may send a reader there."""
    async with receiving() as server:
        server.planned += [answer(302, "Location: /b"), answer(302, "Location: /b"), answer(200)]
        link = f"http://127.0.0.1:{server.port}/a"
        (mail_id,) = await checking.send(PLAIN.replace(b"http://a.example/", link.encode()))
        path = f"/api/v1/message/{mail_id}/link-check"
        navigating = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert (await checking.ask(path, headers=navigating)).status == 403
        assert server.connects == 0
        asked = (await checking.ask(path)).json()
        assert asked == {"Errors": 0, "Links": [{"URL": link, "StatusCode": 302, "Status": "Found"}]}
        asked = (await checking.ask(f"{path}?follow=true")).json()
        assert asked == {"Errors": 0, "Links": [{"URL": link, "StatusCode": 200, "Status": "OK"}]}
    assert (await checking.ask("/api/v1/message/999/link-check")).status == 404


async def test_a_private_address_is_not_asked_unless_that_is_allowed(tmp_path: Path) -> None:
    """The default, in dev mode too; Mailpit says 451."""
    settings = replace(settings_in(tmp_path), checks=CheckSettings(links="on"))
    async with receiving(answer(200)) as server, running(settings) as program:
        text = f"http://127.0.0.1:{server.port}/ http://127.0.0.1/ http://localhost:80/x"
        (mail_id,) = await program.send(PLAIN.replace(b"http://a.example/", text.encode()))
        document = (await program.ask(f"/api/messages/{mail_id}/link-check", "POST")).json()
        assert [link["status"] for link in document["links"]] == [None] * 3
        assert document["errors"] == 3
        old = (await program.ask(f"/api/v1/message/{mail_id}/link-check")).json()
        assert {link["StatusCode"] for link in old["Links"]} == {451}
    assert server.connects == 0


async def test_a_stranger_may_not_have_links_checked_all_the_time(tmp_path: Path) -> None:
    """A rate of its own, as one request makes many."""
    settings = settings_in(tmp_path)
    smtp = replace(settings.smtp, trusted=())
    access = AccessSettings(link_check_rate=2)
    settings = replace(settings, smtp=smtp, access=access, checks=CheckSettings(links="on"))
    async with running(settings) as program:
        (mail_id,) = await program.send(PLAIN.replace(b"http://a.example/", b"no links"))
        path = f"/api/messages/{mail_id}/link-check"
        statuses = [(await program.ask(path, "POST")).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert (await program.ask(f"/api/messages/{mail_id}")).status == 200


async def test_mailpits_route_checks_html(program: Program) -> None:
    """In Mailpit's form, by the same check."""
    (mail_id,) = await program.send(LETTER)
    own = (await program.ask(f"/api/messages/{mail_id}/html-check")).json()
    theirs = (await program.ask("/api/v1/message/latest/html-check")).json()
    assert theirs.keys() == {"Warnings", "Platforms", "Total"}
    assert theirs["Total"].keys() == {"Tests", "Nodes", "Supported", "Partial", "Unsupported"}
    assert [warning["Slug"] for warning in theirs["Warnings"]] == [warning["slug"] for warning in own["warnings"]]
    assert theirs["Total"]["Supported"] == pytest.approx(own["score"]["supported"], abs=0.01)
    warning = theirs["Warnings"][0]
    assert warning.keys() == {
        *(
            "Slug",
            "Title",
            "Description",
            "URL",
            "Category",
            "Tags",
            "Keywords",
            "Results",
            "NotesByNumber",
            "Score",
        )
    }
    assert warning["Results"][0].keys() == {"Name", "Platform", "Family", "Version", "Support", "NoteNumber"}
    assert {result["Support"] for result in warning["Results"]} <= {"yes", "no", "partial"}
    assert warning["Score"].keys() == {"Found", "Supported", "Partial", "Unsupported"}
    assert "Outlook" in theirs["Platforms"]["windows"]


async def test_no_answer_of_a_check_is_a_miss(tmp_path: Path) -> None:
    """A stranger's message without HTML is there; only one that is not there counts."""
    settings = resolved_in(tmp_path, domain="example.org", miss_rate="3", html_check="on", trusted="192.0.2.1")
    async with running(settings) as program:
        (mail_id,) = await program.send(PLAIN)
        path = inbox_path(ANN, f"/messages/{mail_id}")
        for _ in range(6):
            assert (await program.ask(f"{path}/html-check")).json()["type"] == "no-html"
            assert (await program.ask(f"{path}/link-check", "POST")).json()["type"] == "not-here"
        assert (await program.ask(path)).status == 200
        for _ in range(3):
            await program.ask(inbox_path(ANN, "/messages/999/html-check"))
        assert (await program.ask(path)).status == 429
