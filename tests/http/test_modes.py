"""Each row of the modes that concerns HTTP, in each mode: its default, and what it does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from testkit.http_client import Answer, ask, follow, inbox_path
from testkit.running_app import ANN, Program, resolved_in, running
from testkit.sample_mail import letter
from testkit.waiting import until

from edgemail.app import warn_of_readers
from edgemail.settings import resolve
from edgemail.settings.values import EVERYWHERE, PRIVATE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEN = "ben@example.org"
PROXY = {"http_trusted_proxies": "127.0.0.1"}
"""The tests ask from this machine; as a trusted proxy it can ask for anybody."""
INTERNALS = ("/docs/", "/docs/index.html", "/openapi.json", "/metrics", "/api/chaos")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dev(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    settings = resolved_in(tmp_path_factory.mktemp("dev"), chaos_api="on", **PROXY)
    assert settings.access.mode == "dev"
    async with running(settings) as program:
        yield program


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def public(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    settings = resolved_in(
        tmp_path_factory.mktemp("public"),
        domain="example.org",
        allowed_host="inbox.example",
        chaos_api="on",
        **PROXY,
    )
    assert settings.access.mode == "public"
    async with running(settings) as program:
        yield program


async def ask_from(ip: str, program: Program, path: str, method: str = "GET", **headers: str) -> Answer:
    return await program.ask(path, method, {"X-Forwarded-For": ip} | headers)


def access_of(**flags: str) -> Any:
    return resolve(flags, {}).settings.access


async def test_each_default_follows_the_mode() -> None:
    """Whatever decides the mode; and each can be set by itself."""
    dev, public = access_of(), access_of(domain="example.org")
    assert (dev.mode, dev.all_mail, dev.internals, dev.http_names) == ("dev", "everyone", "everyone", "loopback")
    assert dev.allow_http_sources == PRIVATE
    assert access_of(http="0.0.0.0:8025").http_names == "local"
    assert access_of(http="localhost:8025").http_names == "loopback"
    for other in (public, access_of(smtp="0.0.0.0:25"), access_of(smtp="off", db="https://db.example.org")):
        assert (other.mode, other.all_mail, other.internals) == ("public", "operator", "operator")
        assert (other.http_names, other.allow_http_sources) == ("public", EVERYWHERE)
    assert access_of(domain="example.org", mode="dev") == dev
    given = resolve({}, {"EDGEMAIL_DOMAIN": "example.org", "EDGEMAIL_ALL_MAIL": "everyone"}).settings.access
    assert (given.all_mail, given.internals) == ("everyone", "operator")


async def test_dev_a_message_is_read_by_its_id_or_under_its_address(dev: Program) -> None:
    """By everyone who reaches the port."""
    (mail_id,) = await dev.send(letter("Both ways"))
    for path in (f"/api/messages/{mail_id}", inbox_path(ANN, f"/messages/{mail_id}")):
        assert (await dev.ask(path)).json()["subject"] == "Both ways"


async def test_public_a_message_is_read_under_its_address_only(public: Program) -> None:
    """Its id alone finds what an id that never was finds, whoever's it is."""
    (mail_id,) = await public.send(letter("One way"))
    assert (await public.ask(inbox_path(ANN, f"/messages/{mail_id}"))).json()["subject"] == "One way"
    unknown = await public.ask("/api/nothing")
    for rest in ("", "/raw", "/structure", "/attachments/0", "/attachments/0/message", "/"):
        for number in (mail_id, 10**9):
            answer = await public.ask(f"/api/messages/{number}{rest}")
            assert (answer.status, answer.body) == (404, unknown.body)
            assert "www-authenticate" not in answer.headers
    assert (await public.ask(f"/api/messages/{mail_id}", "DELETE")).status == 404
    assert (await public.ask(inbox_path(ANN, f"/messages/{mail_id}"))).status == 200


async def test_dev_everyone_sees_the_internals(dev: Program) -> None:
    for path in INTERNALS:
        assert (await dev.ask(path)).status == 200


async def test_public_nobody_sees_the_internals_without_a_password_file(public: Program) -> None:
    """Whatever way the path is written in."""
    for path in (
        *INTERNALS,
        "/docs",
        "/./docs/index.html",
        "/x/../docs/index.html",
        "//docs/index.html",
        "/docs//",
    ):
        assert (await public.ask(path)).status == 404, path
    assert (await public.ask("/api/chaos", "DELETE")).status == 404
    for path in ("/", "/api/server", "/config.json", "/healthz", "/readyz", "/robots.txt"):
        assert (await public.ask(path)).status == 200, path


async def test_public_a_route_that_is_not_known_to_be_safe_is_the_operators(public: Program) -> None:
    """What a later release adds is closed until somebody opens it."""
    for path in ("/api/messages", "/api/v1/messages", "/api/search?query=x", "/api"):
        assert (await public.ask(path)).status == 404


DEV_NAMES = ("localhost", "app.localhost", "mail.test", "host.docker.internal", "127.0.0.1", "10.1.2.3", "[::1]")
LOCAL_NAMES = ("mailbox", "edgemail:8025", "mail.internal", "my-mac.local")
FOREIGN = ("evil.example", "localhost.evil.example", "a b", "evil.example.", "x.local.evil.example", "-_.")


async def statuses(program: Program, hosts: tuple[str, ...]) -> set[int]:
    return {(await program.ask("/api/server", headers={"Host": host})).status for host in hosts}


async def test_dev_on_loopback_serves_names_of_this_machine(dev: Program) -> None:
    assert await statuses(dev, DEV_NAMES) == {200}
    assert await statuses(dev, (*LOCAL_NAMES, *FOREIGN, "example.org")) == {421}


async def test_dev_beyond_loopback_serves_names_of_its_network_too(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = resolved_in(tmp_path_factory.mktemp("local"), http_names="local")
    async with running(settings) as program:
        assert await statuses(program, (*DEV_NAMES, *LOCAL_NAMES)) == {200}
        assert await statuses(program, FOREIGN) == {421}


async def test_public_serves_its_domains_and_its_allowed_hosts(public: Program) -> None:
    names = ("example.org", "www.example.org", "inbox.example", "127.0.0.1", "192.0.2.1:80", "[2001:db8::1]")
    assert await statuses(public, names) == {200}
    assert await statuses(public, ("localhost", "a.localhost", "mail.test", *LOCAL_NAMES, *FOREIGN)) == {421}


async def test_dev_answers_loopback_and_private_networks_alone(
    dev: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """Others get 403 and one line a minute in the log, however often they ask."""
    for ip in (
        "127.0.0.1",
        "10.0.0.9",
        "172.20.0.3",
        "192.168.1.2",
        "::1",
        "fd00::7",
        "fe80::1",
        "::ffff:10.0.0.1",
    ):
        assert (await ask_from(ip, dev, "/api/server")).status == 200, ip
    for ip in ("203.0.113.9", "172.32.0.1", "2001:db8::1"):
        for path in ("/api/server", "/", inbox_path(ANN, "/messages")):
            answer = await ask_from(ip, dev, path)
            assert (answer.status, "allow_http_sources" in answer.json()["detail"]) == (403, True)
    assert [record.getMessage() for record in caplog.records if "allow_http_sources" in record.getMessage()] == [
        "an HTTP request from 203.0.113.9 was refused: allow_http_sources does not have its address"
    ]
    assert b'edgemail_http_denied_total{reason="source_denied"} 9.0' in (await dev.ask("/metrics")).body


async def test_public_answers_everyone(public: Program) -> None:
    for ip in ("203.0.113.9", "10.0.0.9", "2001:db8::1"):
        assert (await ask_from(ip, public, "/api/server")).status == 200


async def test_the_metrics_port_answers_the_same_networks(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A port of their own has no password, so it is for whoever reaches it from these."""
    for sources, status in (("127.0.0.1", 200), ("192.0.2.1", 403)):
        folder = tmp_path_factory.mktemp("metrics")
        settings = resolved_in(folder, domain="example.org", metrics="127.0.0.1:0", allow_http_sources=sources)
        async with running(settings) as program:
            assert program.app.metrics_url is not None
            elsewhere = program.app.metrics_url.removesuffix("/metrics")
            assert (await ask(elsewhere, "/metrics")).status == status
            assert (await program.ask("/metrics")).status != 200


RATES = {"read_rate": "3", "wait_rate": "3", "event_rate": "3", "delete_rate": "3", "miss_rate": "3"}
BOUNDED: Mapping[str, tuple[str, str]] = {
    "reads": ("GET", inbox_path(ANN, "/messages")),
    "waits": ("GET", inbox_path(ANN, "/wait?timeout=0&after=0")),
    "deletes": ("DELETE", inbox_path(ANN, "/messages/{}")),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bounded_program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    folder = tmp_path_factory.mktemp("bounded")
    async with running(resolved_in(folder, domain="example.org", **PROXY, **RATES)) as program:
        yield program


@pytest.mark.parametrize("kind", BOUNDED)
async def test_public_a_source_asks_only_so_often(
    bounded_program: Program, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Of each kind; another source, a trusted one and the probes are not in its way."""
    mail_ids = await bounded_program.send(*[letter(f"{n}") for n in range(6)])
    method, path = BOUNDED[kind]
    ip = f"203.0.113.{len(kind)}"
    answers = [await ask_from(ip, bounded_program, path.format(mail_id), method) for mail_id in mail_ids[:5]]
    assert [answer.status // 100 for answer in answers] == [2, 2, 2, 4, 4]
    assert (answers[4].status, answers[4].headers["retry-after"]) == (429, "60")
    assert answers[4].headers["content-type"] == "application/problem+json"
    assert (await ask_from("198.51.100.1", bounded_program, inbox_path(ANN, "/messages"))).status == 200
    assert (await ask_from(ip, bounded_program, "/healthz")).status == 200
    for _ in range(5):
        assert (await bounded_program.ask(inbox_path(ANN, "/messages"))).status == 200
    assert len([record for record in caplog.records if f"{kind[:-1]}_rate" in record.getMessage()]) <= 1


async def test_public_a_source_opens_only_so_many_event_streams(bounded_program: Program) -> None:
    path = inbox_path(ANN, "/events")
    seen = []
    for _ in range(4):
        async with follow(bounded_program.url, path, "X-Forwarded-For: 203.0.113.77\r\n") as stream:
            seen.append(stream.status)
    assert seen == [200, 200, 200, 429]


async def test_public_guessing_ids_and_addresses_ends(bounded_program: Program) -> None:
    """A message that is not there and an address without mail count; each address once an hour."""
    (mail_id,) = await bounded_program.send(letter("There"))
    there = inbox_path(ANN, f"/messages/{mail_id}/raw")
    for ip, guesses in {
        "203.0.113.50": [inbox_path(ANN, f"/messages/{10**9 + n}") for n in range(4)],
        "203.0.113.51": [inbox_path(f"guess{n}@example.org", "/messages") for n in range(4)],
        "203.0.113.52": [inbox_path(f"guess{n}@example.org", "/wait?timeout=0") for n in range(4)],
        "203.0.113.55": [f"/api/messages/{mail_id + n}" for n in range(4)],
    }.items():
        answers = [await ask_from(ip, bounded_program, path) for path in guesses]
        assert [answer.status == 429 for answer in answers] == [False, False, False, True]
        assert (await ask_from(ip, bounded_program, there)).status == 429
    for _ in range(3):
        answer = await ask_from("203.0.113.53", bounded_program, inbox_path("same@example.org", "/messages"))
        assert (answer.status, answer.json()["messages"]) == (200, [])
    assert (await ask_from("203.0.113.54", bounded_program, there)).status == 200


async def test_public_the_log_says_how_to_be_the_operator(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a `password_file` the operator's routes are 404 for the operator, too."""
    async with running(resolved_in(tmp_path, domain="example.org", **PROXY)) as program:
        assert (await ask_from("203.0.113.56", program, "/docs/")).status == 404
    (line,) = [record.getMessage() for record in caplog.records if "203.0.113.56" in record.getMessage()]
    assert line.endswith("set password_file")


@pytest.mark.parametrize("rest", ["/events", "/events?after=0", "/wait", "/wait?after=0"])
async def test_public_guessing_addresses_ends_for_those_who_hang_up(bounded_program: Program, rest: str) -> None:
    """Who listens or waits learns of stored mail at once, and need not stay for the answer's end."""
    (mail_id,) = await bounded_program.send(letter("There"))
    ip = f"203.0.113.{60 + len(rest)}"
    there = inbox_path(ANN, f"/messages/{mail_id}/raw")
    url = urlsplit(bounded_program.url)

    def listeners() -> object:
        return bounded_program.app._inbox._notifier._subscriptions

    for n in range(3):
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        path = inbox_path(f"hung-up{n}@example.org", rest)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nX-Forwarded-For: {ip}\r\n\r\n".encode())
        if "events" in rest:
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        else:
            await until(lambda: bool(listeners()))
        writer.close()
        await until(lambda: not listeners())
    assert (await ask_from(ip, bounded_program, there)).status == 429


async def test_public_a_whole_network_of_ipv6_is_one_source(bounded_program: Program) -> None:
    """Whoever has one address of a /64 has all of them."""
    path = inbox_path(ANN, "/messages")
    answers = [await ask_from(f"2001:db8:1:2::{n}", bounded_program, path) for n in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert (await ask_from("2001:db8:1:3::1", bounded_program, path)).status == 200


async def test_many_requests_at_once_are_counted_each(bounded_program: Program) -> None:
    path = inbox_path(ANN, "/messages")
    answers = await asyncio.gather(*[ask_from("203.0.113.99", bounded_program, path) for _ in range(12)])
    assert sorted(answer.status for answer in answers) == [200] * 3 + [429] * 9


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"http": "127.0.0.1:8025"}, []),
        ({"http": "127.0.0.1:8025", "allowed_origin": "*"}, ["any web page"]),
        ({"http": "10.0.0.1:8025"}, ["can read and delete all mail", "names without a dot"]),
        ({"http": "10.0.0.1:8025", "deletion": "off"}, ["can read all mail", "names without a dot"]),
        ({"http": "10.0.0.1:8025", "http_names": "loopback"}, ["can read and delete all mail"]),
        ({"http": "10.0.0.1:8025", "private": "on", "password_file": "p"}, []),
        ({"http": "10.0.0.1:8025", "domain": "example.org"}, []),
    ],
)
async def test_a_start_beyond_loopback_says_who_can_read_what(
    given: dict[str, str],
    said: list[str],
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line for each rule that is wider than on this machine alone."""
    warn_of_readers(resolved_in(tmp_path_factory.mktemp("warned"), **given), ["http://10.0.0.1:8025/"])
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == len(said)
    assert all(words in line for words, line in zip(said, lines, strict=True))
