"""Mailpit's API where it has rules of its own: listings, keys, errors, limits of what is asked."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from starlette.routing import Route
from testkit.running_app import resolved_in, running, settings_in
from testkit.sample_mail import letter
from testkit.waiting import until

from edgemail.errors import SettingsError
from edgemail.http.compat.mailpit.routes import list_routes

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.http_client import Answer
    from testkit.running_app import Program


async def change(program: Program, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    octets = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return await program.ask(f"/api/v1/{path}", method, headers, octets)


async def listing(program: Program, query: str = "") -> Any:
    answer = await program.ask(f"/api/v1/messages{query}")
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_listing_goes_past_its_pages(program: Program) -> None:
    """`limit=0` gives all mail, more than is read at a time; a limit and a start give a part."""
    await program.send(*[letter(str(number)) for number in range(205)])
    everything = await listing(program, "?limit=0&start=7")
    assert [message["Subject"] for message in everything["messages"]] == [str(n) for n in range(204, -1, -1)]
    assert (everything["total"], everything["count"], everything["start"]) == (205, 205, 7)
    part = await listing(program, "?limit=203&start=1")
    assert [message["Subject"] for message in part["messages"]] == [str(n) for n in range(203, 0, -1)]
    assert (await listing(program, "?limit=2&start=999"))["messages"] == []
    assert len((await listing(program))["messages"]) == 50
    found = (await program.ask("/api/v1/search?query=subject:20&limit=300&start=1")).json()
    assert [message["Subject"] for message in found["messages"]] == ["203", "202", "201", "200", "120", "20"]
    assert (found["messages_count"], found["count"], found["total"]) == (7, 6, 205)


async def test_a_listing_may_end_at_a_date(program: Program) -> None:
    """With the zone of who asks; a date that cannot be read is ignored."""
    await program.send_letter("One")
    for before, count in (("2020-01-01", 0), ("2100-01-01", 1), ("nonsense", 1), ('"', 1), ("", 1)):
        for path in (f"messages?before={quote(before)}", f"search?query=One&tz=Asia/Tokyo&before={quote(before)}"):
            found = (await program.ask(f"/api/v1/{path}")).json()
            assert len(found["messages"]) == count, path
    for zone in ("Mars/Olympus", "../../etc/passwd", "UTC", "x" * 5000):
        answer = await program.ask(f"/api/v1/search?query=after:2020-01-01&tz={quote(zone)}")
        assert answer.json()["messages_count"] == 1, zone


@pytest.mark.parametrize("key", ["IDs", "ids", "Ids", "iDS"])
async def test_keys_have_any_case(program: Program, key: str) -> None:
    """Read strictly, `ids` would be no ids, which deletes all mail."""
    first, second = await program.send_letter("One", "Two")
    assert (await change(program, "DELETE", "messages", {key: [str(first)], "unknown": 1})).body == b"ok"
    assert [message["ID"] for message in (await listing(program))["messages"]] == [str(second)]


@pytest.mark.parametrize("body", [None, b"", b"{}", b"null", b'{"IDs":[]}', b'{"IDs":null}', b' {"x":1}'])
async def test_without_ids_all_mail_is_deleted(program: Program, body: bytes | None) -> None:
    """Without a body nothing is answered: it may be MailHog's client, which reads an answer as JSON."""
    await program.send_letter("One", "Two")
    answer = await change(program, "DELETE", "messages", body)
    assert (answer.status, answer.body) == (200, b"ok" if body else b"")
    assert (await listing(program))["total"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"7",
        b'"IDs"',
        b'{"IDs":7}',
        b'{"IDs":[7]}',
        b'{"IDs":["1"',
        b"[" * 100_000,
        b'{"IDs":{}}',
        b"\xff",
    ],
)
async def test_what_cannot_be_read_deletes_nothing(program: Program, body: bytes) -> None:
    """Mailpit deletes all mail then."""
    await program.send_letter("One")
    for method in ("DELETE", "PUT"):
        answer = await change(program, method, "messages", body)
        assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    listed = await listing(program)
    assert (listed["total"], listed["unread"]) == (1, 1)


@pytest.mark.parametrize(
    "query",
    [
        *("after:nonsense", "larger:x", "before:", "-", '""'),
        "subject:one after:nonsense",
        " ".join(["one", *[f"larger:{number}" for number in range(16)]]),
    ],
)
async def test_a_search_for_nothing_changes_nothing(program: Program, query: str) -> None:
    """What cannot be read of a search is left out of it: it would find more, or with nothing left all mail."""
    await program.send_letter("One")
    assert (await change(program, "DELETE", f"search?query={quote(query)}")).status == 400
    assert (await change(program, "PUT", "messages", {"Search": query, "Read": True})).status == 400
    listed = await listing(program)
    assert (listed["total"], listed["unread"]) == (1, 1)


async def test_unknown_ids_are_passed_over(program: Program) -> None:
    (mail_id,) = await program.send_letter("One")
    ids = ["999999", "x", "-1", "0", "1e3", "９", str(2**63), "9" * 400]
    for method, path, body in (
        ("PUT", "messages", {"IDs": ids, "Read": True}),
        ("PUT", "tags", {"IDs": ids, "Tags": ["a"]}),
        ("DELETE", "messages", {"IDs": ids}),
    ):
        answer = await change(program, method, path, body)
        assert (answer.status, answer.body) == (200, b"ok")
    (listed,) = (await listing(program))["messages"]
    assert (listed["ID"], listed["Read"], listed["Tags"]) == (str(mail_id), False, [])
    for name in ("x", "0", "-1", "９", str(2**63), "9" * 400, "1.5"):
        for rest in ("", "/headers", "/raw", "/part/0"):
            answer = await program.ask(f"/api/v1/message/{quote(name)}{rest}")
            assert (answer.status, answer.body) == (404, b"404 page not found"), name


async def test_reading_is_noted(program: Program) -> None:
    """By opening, by a view, by ids, by a search, for all; headers, source and parts note nothing."""
    first, second = await program.send_letter("One", "Two")
    for path in (
        f"api/v1/message/{first}/headers",
        f"api/v1/message/{first}/raw",
        f"api/v1/message/{first}/part/0",
    ):
        await program.ask(f"/{path}")
    assert (await listing(program))["unread"] == 2
    await program.ask(f"/api/v1/message/{first}")
    await program.ask("/view/latest.txt")
    assert (await listing(program))["unread"] == 0
    for body, unread in (
        ({"Read": False}, 2),
        ({"Read": True, "IDs": [str(first)]}, 1),
        ({"Search": "subject:One"}, 2),
        ({"read": True}, 0),
    ):
        assert (await change(program, "PUT", "messages", body)).body == b"ok"
        assert (await listing(program))["unread"] == unread, body
    both = await change(program, "PUT", "messages", {"IDs": [str(second)], "Search": "x"})
    assert (both.status, both.body) == (400, b"You may specify either IDs or a search query, not both")


async def test_the_newest_message(program: Program) -> None:
    """Of all mail or of a search; there may be none."""
    for path in ("/api/v1/message/latest", "/view/latest.html", "/view/latest.txt", "/view/latest"):
        answer = await program.ask(path)
        assert (answer.status, answer.body) == (404, b"Message not found"), path
    first, second = await program.send_letter("One", "Two")
    assert (await program.ask("/api/v1/message/latest")).json()["ID"] == str(second)
    assert (await program.ask("/api/v1/message/latest?query=subject:One")).json()["ID"] == str(first)
    assert (await program.ask("/api/v1/message/latest?query=%20")).json()["ID"] == str(second)
    assert (await program.ask("/api/v1/message/latest/raw?dl=1&query=subject:One")).headers[
        "content-disposition"
    ] == f'attachment; filename="{first}.eml"'
    there = await program.ask("/view/latest?query=subject:One")
    assert (there.status, there.headers["location"]) == (302, f"/#/ann@example.org/{first}")


async def test_methods(program: Program) -> None:
    """405 for another one, with those that there are; 200 for OPTIONS."""
    for path, allowed in (("messages", "GET, PUT, DELETE"), ("send", "POST"), ("info", "GET")):
        answer = await change(program, "PATCH", path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
        assert (await change(program, "OPTIONS", path)).status == 200
    assert (await program.ask("/api/v1/messages", "HEAD")).status == 200
    assert (await program.ask("/livez")).body == b""


async def test_unknown_parameters_are_ignored_here(program: Program) -> None:
    """And these routes are no part of our own API's document."""
    assert (await program.ask("/api/v1/messages?nonsense=1")).status == 200
    paths = (await program.ask("/openapi.json")).json()["paths"]
    assert not [path for path in paths if path.startswith(("/api/v1", "/view", "/search", "/livez"))]


async def test_tags(program: Program) -> None:
    """Signs that no tag may have are dropped; a name can be renamed, and one that is nothing goes away."""
    (mail_id,) = await program.send_letter("One")
    await change(program, "PUT", "tags", {"ids": [str(mail_id)], "tags": ["a/b", "Z z", "<i>", ""]})
    assert (await program.ask("/api/v1/tags")).json() == ["ab", "i", "Z z"]
    await change(program, "PUT", "tags/Z%20z", {"Name": "new"})
    await change(program, "DELETE", "tags/i")
    assert (await program.ask("/api/v1/message/latest")).json()["Tags"] == ["ab", "new"]
    info = (await program.ask("/api/v1/info")).json()
    assert info["Tags"] == {"ab": 1, "new": 1}
    await change(program, "PUT", "tags", {"ids": [str(mail_id)]})
    assert (await program.ask("/api/v1/tags")).json() == []


async def test_tags_that_a_message_brings_along(program: Program) -> None:
    """They are there once its summary is."""
    mail = EmailMessage()
    mail["To"] = "ann+one+two@example.org, ben@example.org"
    mail["X-Tags"] = "three, =?utf-8?q?four?="
    mail.set_content("Tagged.\n")
    await program.send(mail.as_bytes())

    async def is_tagged() -> bool:
        return bool((await program.ask("/api/v1/tags")).json() == ["four", "one", "three", "two"])

    await until(is_tagged)


async def test_chaos_is_for_who_has_switched_it_on(tmp_path: Path, program: Program) -> None:
    """Triggers leave rules for single addresses in force."""
    answer = await change(program, "PUT", "chaos", {"Sender": {"Probability": 1}})
    assert (answer.status, answer.body) == (400, b"Chaos is not enabled")
    settings = resolved_in(tmp_path, chaos_api="on", chaos="rcpt:450:bob@*,rcpt:451")
    async with running(settings) as switched_on:
        triggers = (await switched_on.ask("/api/v1/chaos")).json()
        assert triggers["Recipient"] == {"ErrorCode": 451, "Probability": 100}
        assert (
            await change(switched_on, "PUT", "chaos", {"Sender": {"ErrorCode": 0, "Probability": 5}})
        ).status == 200
        rules = (await switched_on.ask("/api/chaos")).json()["rules"]
        assert [(rule["stage"], rule["code"], rule["percent"]) for rule in rules] == [
            ("rcpt", 450, 100),
            ("mail", 451, 5),
        ]
        for body in ({"Sender": 7}, {"Sender": {"ErrorCode": "x"}}, {"Sender": {"Probability": True}}):
            assert (await change(switched_on, "PUT", "chaos", body)).status == 400


async def test_a_server_that_only_reads_changes_nothing(tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)) as first:
        (mail_id,) = await first.send_letter("One")
    settings = resolved_in(tmp_path, smtp="off", mode="dev")
    async with running(settings) as reading:
        assert (await reading.ask(f"/api/v1/message/{mail_id}")).json()["Subject"] == "One"
        assert (await listing(reading))["unread"] == 1
        sent = {"From": {"Email": "a@example.org"}, "To": [{"Email": "b@example.org"}]}
        for method, path, body in (
            ("DELETE", "messages", {}),
            ("DELETE", "search?query=One", None),
            ("PUT", "messages", {"Read": True}),
            ("PUT", "tags", {"IDs": [str(mail_id)], "Tags": ["a"]}),
            ("POST", "send", sent),
        ):
            assert (await change(reading, method, path, body)).status == 403, path


async def test_without_the_setting_there_is_nothing(tmp_path: Path) -> None:
    """Neither routes nor websockets."""
    async with running(resolved_in(tmp_path, compat_apis="off")) as program:
        await program.send_letter("One")
        for path in ("/api/v1/messages", "/view/latest.html", "/livez", "/api/v1/info"):
            assert (await program.ask(path)).status == 404, path
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        answer = await program.ask("/api/events?address=a%40example.org", "HEAD", upgrade)
        assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        {"Host": "evil.example"},
    ],
)
async def test_a_page_of_another_origin_changes_nothing(program: Program, headers: dict[str, str]) -> None:
    """These bodies need no Content-Type, so a browser asks for no leave before it sends them."""
    (mail_id,) = await program.send_letter("One")
    sent = {"From": {"Email": "a@example.org"}, "To": [{"Email": "b@example.org"}]}
    for method, path, body in (
        ("DELETE", "messages", {}),
        ("DELETE", "search?query=One", None),
        ("PUT", "messages", {"Read": True}),
        ("PUT", "tags", {"IDs": [str(mail_id)], "Tags": ["a"]}),
        ("PUT", "chaos", {}),
        ("POST", "send", sent),
        ("POST", f"message/{mail_id}/release", {}),
    ):
        answer = await change(program, method, path, body, **headers)
        assert answer.status == (421 if "Host" in headers else 403), (method, path)
    listed = await listing(program)
    assert (listed["total"], listed["unread"], listed["tags"]) == (1, 1, [])


async def test_an_allowed_origin_may_use_it(tmp_path: Path) -> None:
    """Its browser asks first."""
    origin = "https://tests.example"
    async with running(settings_in(tmp_path, allowed_origins=(origin,))) as program:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        preflight = await change(program, "OPTIONS", "send", None, **asked)
        assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (200, origin)
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert method in preflight.headers["access-control-allow-methods"]
        assert (await change(program, "DELETE", "messages", {}, Origin=origin)).status == 200


async def test_deletion_may_be_the_operators(tmp_path: Path) -> None:
    async with running(resolved_in(tmp_path, deletion="off")) as program:
        await program.send_letter("One")
        for path in ("messages", "search?query=One"):
            assert (await change(program, "DELETE", path, None)).status == 403
        assert (await listing(program))["total"] == 1


async def test_who_guesses_ids_is_bounded(tmp_path: Path) -> None:
    """As with our own API: a stranger that asks for what is not there is refused after a while."""
    settings = resolved_in(tmp_path, trusted="10.0.0.0/8", miss_rate="5")
    async with running(settings) as program:
        statuses = [(await program.ask(f"/view/{number}.html")).status for number in range(1, 8)]
        assert statuses == [404] * 5 + [429] * 2


@pytest.mark.parametrize("mode", ["dev", "public"])
async def test_the_setting_follows_the_mode(tmp_path: Path, mode: str) -> None:
    """On in dev mode; in public mode it is switched on with a password, as its routes give all mail."""
    assert resolved_in(tmp_path, mode=mode).access.compat_apis == ("on" if mode == "dev" else "off")
    assert resolved_in(tmp_path, mode=mode, all_mail="operator").access.compat_apis == "off"
    if mode == "public":
        with pytest.raises(SettingsError, match="COMPAT_APIS: nobody could use these APIs without a password"):
            resolved_in(tmp_path, mode=mode, compat_apis="on")


async def test_in_public_mode_every_route_is_the_operators(tmp_path: Path) -> None:
    """Whichever is added: a stranger reads, changes and deletes nothing by any of them."""
    (tmp_path / "passwords").write_text("ann:a long enough secret\n")
    (tmp_path / "passwords").chmod(0o600)
    public = {"domain": "example.org", "trusted": "127.0.0.9", "miss_rate": "100000", "compat_apis": "on"}
    routes = list_routes(Mock(max_message_bytes=1), Mock())
    tells_nothing = {"/search", "/livez", "//view/{rest:path}"}
    paths = [route.path for route in routes if isinstance(route, Route) and route.path not in tells_nothing]
    assert len(paths) >= 20
    async with running(resolved_in(tmp_path, **public, password_file=str(tmp_path / "passwords"))) as program:
        for path in paths:
            asked = path.replace("{id}", "1").replace("{part}", "0").replace("{tag}", "a")
            assert "{" not in asked, "the test has no value for a parameter of this path"
            for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"):
                assert (await program.ask(asked, method)).status == 401, (method, path)
