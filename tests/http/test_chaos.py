"""The chaos API: what it changes, and that it is off unless a setting allows it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from testkit.running_app import Program, running, settings_in
from testkit.smtp_peer import Peer, message

from edgemail.settings.chaos_rules import read_rule

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

JSON = {"Content-Type": "application/json"}
SLOW = {"stage": "rcpt", "code": 451, "percent": 100.0, "times": None, "glob": "*@slow.example"}


@pytest_asyncio.fixture
async def open_program(tmp_path: Path) -> AsyncIterator[Program]:
    settings = settings_in(tmp_path, allowed_origins=("https://tests.example",))
    policy = dataclasses.replace(settings.policy, chaos_api="on", chaos=(read_rule("mail:452:<>"),))
    async with running(dataclasses.replace(settings, policy=policy)) as started:
        yield started


def body(*rules: object) -> bytes:
    return json.dumps({"rules": rules}).encode()


async def put(program: Program, *rules: object) -> Any:
    answer = await program.ask("/api/chaos", "PUT", JSON, body(*rules))
    assert answer.status == 200, answer.body
    return answer.json()


async def test_rules_are_in_force_from_the_next_command_on(open_program: Program) -> None:
    """New rules apply to open connections too; the response has the rules in force."""
    async with Peer.greeted(open_program.smtp[1]) as peer:
        assert (await open_program.ask("/api/chaos")).json() == {
            "rules": [{"stage": "mail", "code": 452, "percent": 100.0, "times": None, "glob": "<>"}]
        }
        await peer.say(b"MAIL FROM:<>\r\n", 452)
        assert await put(open_program, SLOW, {"stage": "data", "code": 554}) == {
            "rules": [SLOW, {"stage": "data", "code": 554, "percent": 100.0, "times": None, "glob": "*"}]
        }
        await peer.say(b"MAIL FROM:<>\r\n", 250)
        await peer.say(b"RCPT TO:<a@slow.example>\r\nRCPT TO:<a@quick.example>\r\nDATA\r\n", 451, 250, 554)
        assert (await open_program.ask("/api/chaos", "DELETE")).status == 204
        assert (await open_program.ask("/api/chaos")).json() == {"rules": []}
        await peer.say(b"MAIL FROM:<>\r\nRCPT TO:<a@slow.example>\r\nDATA\r\n", 250, 250, 354)


async def test_a_rule_with_a_number_of_times_is_gone_behind_the_last(open_program: Program) -> None:
    """The response has how often it will still refuse: a test sees that its program has tried again."""
    async with Peer.greeted(open_program.smtp[1]) as peer:
        rule = {"stage": "data", "code": 451, "percent": 100.0, "times": 2, "glob": "*"}
        assert (await put(open_program, rule))["rules"] == [rule]
        await peer.say(b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n", 250, 250, 451)
        assert (await open_program.ask("/api/chaos")).json() == {"rules": [rule | {"times": 1}]}
        await peer.say(message(), 250, 250, 451, 500, 500)
        assert (await open_program.ask("/api/chaos")).json() == {"rules": []}
        await peer.say(message(), 250, 250, 354, 250)


async def test_rules_are_added_and_taken_back_without_those_of_others(open_program: Program) -> None:
    """Several tests use one server: each adds its own before those in force, and takes back by their globs."""
    settings_rule = {"stage": "mail", "code": 452, "percent": 100.0, "times": None, "glob": "<>"}
    fast = {"stage": "rcpt", "code": 550, "percent": 100.0, "times": 2, "glob": "*@fast.example"}
    for rule, left in ((SLOW, [SLOW, settings_rule]), (fast, [fast, SLOW, settings_rule])):
        answer = await open_program.ask("/api/chaos", "POST", JSON, body(rule))
        assert (answer.status, answer.json()) == (200, {"rules": left})
    for query, left in (
        ("?glob=*@SLOW.example&glob=*@none.example", [fast, settings_rule]),
        ("?glob=%3C%3E", [fast]),
        ("?glob=spam.example", [fast]),
    ):
        assert (await open_program.ask(f"/api/chaos{query}", "DELETE")).status == (422 if "spam" in query else 204)
        assert (await open_program.ask("/api/chaos")).json() == {"rules": left}


async def test_no_more_rules_are_added_than_there_may_be(open_program: Program) -> None:
    """Each command is checked against all of them."""
    answer = await open_program.ask("/api/chaos", "POST", JSON, body(*[SLOW] * 100))
    assert answer.status == 422
    assert "100" in answer.json()["detail"]
    assert (await open_program.ask("/api/chaos", "POST", JSON, body(*[SLOW] * 99))).status == 200


async def test_refusals_are_counted_by_code_and_reason(open_program: Program) -> None:
    """A test that misses its mail sees that it was refused."""
    assert (await open_program.ask("/api/refusals")).json() == {"refusals": []}
    await put(open_program, SLOW)
    async with Peer.greeted(open_program.smtp[1]) as peer:
        await peer.say(
            b"MAIL FROM:<a@b.example>\r\nRCPT TO:<a@slow.example>\r\nRCPT TO:<b@slow.example>\r\n", 250, 451, 451
        )
        await peer.say(b"RCPT TO:<\r\n", 501)
    counts = (await open_program.ask("/api/refusals")).json()["refusals"]
    assert counts == [
        {"code": 451, "about": "recipient", "reason": "chaos", "count": 2},
        {"code": 501, "about": "", "reason": "bad_path", "count": 1},
    ]


async def test_logins_are_refused_on_purpose(open_program: Program) -> None:
    """By the name, whatever the password, once the credentials have come; then the login is taken."""
    await put(open_program, {"stage": "auth", "code": 535, "times": 1, "glob": "ann*"})
    async with Peer.greeted(open_program.smtp[1]) as peer:
        await peer.say(b"AUTH PLAIN AGFubgB4\r\n", 535)
        await peer.say(b"AUTH PLAIN AGFubgB4\r\n", 235)


async def test_what_a_rule_says_is_in_the_form_of_the_settings(open_program: Program) -> None:
    """The response has globs in lower case, and addresses without needless quotes."""
    found = await put(open_program, {"stage": "mail", "code": 421, "percent": 0.5, "glob": '"Bob"@Ex.org'})
    assert found["rules"][0]["glob"] == "bob@ex.org"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "JSON"),
        (b"[]", "an object"),
        (b'{"rules": [', "JSON"),
        (body({"stage": "helo", "code": 451}), "rules.0.stage"),
        (body({"stage": "mail", "code": 250}), "rules.0.code"),
        (body({"stage": "mail", "code": 600}), "rules.0.code"),
        (body({"stage": "mail", "code": 451, "percent": 0}), "rules.0.percent"),
        (b'{"rules": [{"stage": "mail", "code": 451, "percent": NaN}]}', "percent"),
        (body({"stage": "mail", "code": 451, "glob": "spam.example"}), "write *@spam.example"),
        (body({"stage": "mail", "code": 451, "glob": "*" * 300}), "rules.0.glob"),
        (body({"stage": "mail", "code": 451, "share": 3}), "rules.0.share"),
        (body({"stage": "mail", "code": 451, "times": 0}), "rules.0.times"),
        (body({"stage": "mail", "code": 451, "times": 10**9 + 1}), "rules.0.times"),
        (body({"stage": "mail", "code": 451, "times": 1.5}), "rules.0.times"),
        (body(*[SLOW] * 101), "100"),
    ],
)  # fmt: skip
async def test_a_mistake_changes_nothing(open_program: Program, sent: bytes, said: str) -> None:
    """The response is 422, with the place of the mistake."""
    answer = await open_program.ask("/api/chaos", "PUT", JSON, sent)
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert len((await open_program.ask("/api/chaos")).json()["rules"]) == 1


async def test_a_body_without_end_is_not_read_to_it(open_program: Program) -> None:
    """The response is 413, long before the body fills the memory."""
    answer = await open_program.ask("/api/chaos", "PUT", JSON, b" " * 200_000)
    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_it_is_shut_unless_a_setting_opens_it(program: Program, method: str) -> None:
    """The response is 404, and names the setting."""
    answer = await program.ask("/api/chaos", method, JSON, body(SLOW) if method in ("PUT", "POST") else None)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "chaos_api" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://tests.example"}, 200),
    ],
)
async def test_foreign_pages_change_nothing(open_program: Program, headers: dict[str, str], status: int) -> None:
    """The guard refuses foreign origins, unless a setting allows them."""
    answer = await open_program.ask("/api/chaos", "PUT", JSON | headers, body())
    assert answer.status == status
    assert len((await open_program.ask("/api/chaos")).json()["rules"]) == (0 if status == 200 else 1)


async def test_a_browser_of_an_allowed_origin_is_told_that_it_may(open_program: Program) -> None:
    """The preflight request for PUT with JSON succeeds."""
    asked = {
        "Origin": "https://tests.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    assert (await open_program.ask("/api/chaos", "OPTIONS", asked)).status == 200


async def test_it_is_in_the_documentation(program: Program) -> None:
    """The OpenAPI document has the routes and the schema of the body, also while the API is off."""
    document = (await program.ask("/openapi.json")).json()
    put_ = document["paths"]["/api/chaos"]["put"]
    assert put_["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Rules"}
    assert {"stage", "code", "percent", "times", "glob"} <= set(
        document["components"]["schemas"]["Rule"]["properties"]
    )
