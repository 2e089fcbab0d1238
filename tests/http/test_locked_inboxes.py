"""Locked inboxes over HTTP: on a public server each opens to its key alone, on every route."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest
import pytest_asyncio
from testkit.http_client import Answer, follow, inbox_path
from testkit.running_app import Program, resolved_in, running
from testkit.sample_mail import letter
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from edgemail.errors import InboxLocked
from edgemail.http.locked_inboxes import check_lock
from edgemail.model import Address
from edgemail.policy.inbox_lock import make_lock
from edgemail.settings import resolve
from tests.compat.endpoints import TOOLS
from tests.compat.endpoints import fill as fill_endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

_VECTORS: Final = json.loads((Path(__file__).parents[1] / "vectors" / "inbox-locks.json").read_text("utf-8"))
LOCAL, KEY = _VECTORS["locks"][0]["local"], _VECTORS["locks"][0]["key"]
LOCKED: Final = f"{LOCAL}@example.org"
EMPTY_LOCAL, EMPTY_KEY = make_lock("empty")
EMPTY: Final = f"{EMPTY_LOCAL}@example.org"
OPEN: Final = "open@example.org"
OPERATOR: Final = {"Authorization": "Bearer s3cret-of-the-operator"}
SECRET: Final = "zq-secret"
WRONG: Final[dict[str, dict[str, str]]] = {
    "none": {},
    "wrong": {"X-Inbox-Key": make_lock("shop")[1]},
    "another's": {"X-Inbox-Key": EMPTY_KEY},
    "upper case": {"X-Inbox-Key": KEY.upper()},
    "cut": {"X-Inbox-Key": KEY[:-1]},
    "empty": {"X-Inbox-Key": ""},
    "no text": {"X-Inbox-Key": "\xff\xfe"},
    "quoted": {"X-Inbox-Key": f'"{KEY}"'},
    "too many": {"X-Inbox-Key": ",".join([KEY] * 21)},
    "a login": {"Authorization": f"Bearer {KEY}"},
    "a wrong password": {"Authorization": "Bearer wrong"},
    "another field": {"X-Key": KEY},
    "a cookie": {"Cookie": f"X-Inbox-Key={KEY}"},
}
FILES: Final = letter(
    f"{SECRET} subject",
    f"--b\r\n\r\n{SECRET} text\r\n"
    "--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\nSubject: In\r\n\r\nIn.\r\n--b--",
    extra='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n',
)


def public_settings(folder: Path, **more: str) -> Any:
    passwords = folder / "passwords"
    passwords.write_text("root:s3cret-of-the-operator\n")
    passwords.chmod(0o600)
    rates = dict.fromkeys(
        ("read_rate", "wait_rate", "delete_rate", "event_rate", "miss_rate", "login_rate"), "10000"
    )
    return resolved_in(
        folder, domain="example.org", password_file=str(passwords), http_trusted_proxies="127.0.0.1", **rates | more
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def public(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    import_module("edgemail.http.api")  # before the clock of the first request runs: it takes long
    async with running(
        public_settings(
            tmp_path_factory.mktemp("public"),
            allowed_origin="https://a.example",
            compat_apis="on",
            html_check="on",
        )
    ) as program:
        yield program


async def ask(
    program: Program,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    source: str = "203.0.113.7",
) -> Answer:
    return await program.ask(path, method, {"X-Forwarded-For": source} | (headers or {}))


def with_key(key: str = KEY) -> dict[str, str]:
    return {"X-Inbox-Key": key}


async def send(program: Program, message: bytes, *to: str) -> int:
    """Send a message; return its id, which the operator alone can tell."""
    await asyncio.to_thread(program._send, (message,), to)
    answer = await program.ask(inbox_path(to[0], "/messages?limit=1"), headers=OPERATOR)
    mail_id: int = answer.json()["messages"][0]["id"]
    return mail_id


async def list_routes(program: Program) -> list[tuple[str, str]]:
    """Return the method and path of each documented route that has an address."""
    document = (await program.ask("/openapi.json", headers=OPERATOR)).json()
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if "{address}" in path
    ]


def fill(path: str, address: str, mail_id: int) -> str:
    number = "0"
    filled = path.format(address=quote(address, safe=""), id=mail_id, n=number)
    return f"{filled}?timeout=0&after=0" if path.endswith("/wait") else filled


@pytest.mark.parametrize("given", ["none", "another's"])
async def test_without_the_key_each_route_answers_as_if_nothing_had_come(public: Program, given: str) -> None:
    """By every method of the OpenAPI document, whether the inbox has mail or not, whichever id is asked for."""
    mail_id = await send(public, FILES, LOCKED)
    routes = await list_routes(public)
    assert len(routes) >= 12
    for method, path in routes:
        answers = [
            await ask(public, fill(path, address, number), method, WRONG[given])
            for address, number in ((LOCKED, mail_id), (LOCKED, 10**9), (EMPTY, mail_id))
            if address == LOCKED or given != "another's"
        ]
        for answer in answers:
            assert (answer.status, answer.body) == (404, answers[0].body), (method, path)
            names = {name for name in answer.headers if name != "date"}
            assert names == {name for name in answers[0].headers if name != "date"}
            assert answer.headers["cache-control"] == "no-store"
            assert SECRET.encode() not in answer.body
        if method != "HEAD":
            assert "X-Inbox-Key" in answers[0].json()["detail"]
    kept = await public.ask(inbox_path(LOCKED, f"/messages/{mail_id}"), headers=OPERATOR)
    assert kept.status == 200  # nothing was deleted


async def test_nothing_but_the_key_in_its_field_opens(public: Program) -> None:
    """All else is answered alike."""
    await send(public, FILES, LOCKED)
    path = inbox_path(LOCKED, "/messages")
    refused = await ask(public, path)
    for given, headers in WRONG.items():
        answer = await ask(public, path, headers=headers)
        assert (answer.status, answer.body) == (404, refused.body), given
    for headers in ({"x-inbox-key": KEY}, {"X-Inbox-Key": f" {KEY}\t"}, {"X-Inbox-Key": f"x,, {KEY}"}):
        assert (await ask(public, path, headers=headers)).status == 200, headers


async def test_with_its_key_each_route_opens(public: Program) -> None:
    """Reading first, deleting last."""
    mail_id = await send(public, FILES, LOCKED)
    routes = await list_routes(public)
    for method, path in sorted(routes, key=lambda route: (route[0] == "DELETE", route[1].count("/"))):
        if path.endswith("/events"):
            continue  # see below
        if method == "DELETE":
            mail_id = await send(public, FILES, LOCKED)
        answer = await ask(public, fill(path, LOCKED, mail_id), method, with_key())
        if path.endswith("-check") and answer.status == 404:
            why = b'"no-html"' if "html" in path else b'"not-here"'
            assert method == "HEAD" or why in answer.body, (method, path)
            continue
        assert answer.status in (200, 204), (method, path, answer.body)
        if path.endswith(("/messages", "/wait", "/{id}", "/raw")) and method == "GET":
            assert SECRET.encode() in answer.body, path
    assert (await ask(public, inbox_path(LOCKED, "/messages"), headers=with_key())).json()["messages"] == []


async def test_a_search_needs_the_key_too(public: Program) -> None:
    await send(public, FILES, LOCKED)
    path = inbox_path(LOCKED, "/messages?search=secret")
    assert (await ask(public, path)).status == 404
    assert SECRET.encode() in (await ask(public, path, headers=with_key())).body


@pytest.mark.parametrize(
    "address", [LOCKED.upper(), f" {LOCKED} ", f'"{LOCAL}"@example.org', f"{LOCAL}@example.org."]
)
async def test_whichever_way_an_address_is_written_it_is_the_same_inbox(public: Program, address: str) -> None:
    """In upper case, quoted, or with the dot of the root."""
    mail_id = await send(public, FILES, LOCKED)
    for rest in ("/messages", f"/messages/{mail_id}", "/wait?after=0&timeout=0", "/events"):
        assert (await ask(public, inbox_path(address, rest))).status == 404
    assert (await ask(public, inbox_path(address, f"/messages/{mail_id}"), headers=with_key())).status == 200


async def test_a_lock_holds_for_the_local_part_whatever_the_domain(public: Program) -> None:
    """The domain is no part of the hash."""
    address = f"{LOCAL}@sub.example.org"
    assert (await ask(public, inbox_path(address, "/messages"))).status == 404
    assert (await ask(public, inbox_path(address, "/messages"), headers=with_key())).status == 200


@pytest.mark.parametrize("local", [f"{LOCAL}+tag", f"{LOCAL}.", f"{LOCAL[:-1]}", f"x{LOCAL}"])
async def test_another_local_part_is_another_inbox(public: Program, local: str) -> None:
    """A `+tag` behind the lock makes an open inbox: `+` has no meaning here. Another name has another key."""
    answer = await ask(public, inbox_path(f"{local}@example.org", "/messages"), headers=with_key())
    assert answer.status == (404 if local.startswith("x") else 200)
    assert (await ask(public, inbox_path(f"{local}@example.org", "/messages"))).status == answer.status


async def test_the_operator_opens_everything(public: Program) -> None:
    """Without any key, or with a wrong one; under the address and without it."""
    mail_id = await send(public, FILES, LOCKED)
    for headers in (OPERATOR, OPERATOR | WRONG["wrong"]):
        for path in (inbox_path(LOCKED, f"/messages/{mail_id}"), f"/api/messages/{mail_id}", "/api/messages"):
            assert SECRET.encode() in (await public.ask(path, headers=headers)).body
    assert (await public.ask(inbox_path(LOCKED), "DELETE", OPERATOR)).json()["deleted"] >= 1


@pytest.mark.parametrize("path", [inbox_path(LOCKED, "/events?after=0"), f"/api/events?address={LOCKED}&after=0"])
async def test_a_stream_of_a_locked_inbox_needs_its_key(public: Program, path: str) -> None:
    await send(public, FILES, LOCKED)
    source = "X-Forwarded-For: 203.0.113.7\r\n"
    for headers in WRONG.values():
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value.isascii())
        async with follow(public.url, path, source + lines) as stream:
            assert stream.status == 404
    async with follow(public.url, path, f"{source}X-Inbox-Key: {KEY}\r\n") as stream:
        event = await stream.next()
    assert event is not None
    assert (event.data["subject"], event.data["recipients"]) == (f"{SECRET} subject", [LOCKED])


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ((), 404), ((KEY,), 404), ((EMPTY_KEY,), 404), ((KEY, KEY), 404),
        ((KEY, EMPTY_KEY), 200), ((EMPTY_KEY, KEY), 200), (("nothing", EMPTY_KEY, KEY), 200),
    ],
)  # fmt: skip
async def test_a_stream_of_several_inboxes_needs_the_key_of_each(
    public: Program, keys: tuple[str, ...], status: int
) -> None:
    """In any order, in one field or in several; an open inbox among them needs none."""
    path = f"/api/events?address={LOCKED}&address={OPEN}&address={EMPTY}"
    for lines in (f"X-Inbox-Key: {', '.join(keys)}\r\n", "".join(f"X-Inbox-Key: {key}\r\n" for key in keys)):
        async with follow(public.url, path, f"X-Forwarded-For: 203.0.113.7\r\n{lines}") as stream:
            assert stream.status == status


async def test_mail_to_a_locked_and_an_open_inbox_tells_neither_of_the_other(public: Program) -> None:
    """In a list, a message, a wait and a stream: each names its own address alone."""
    both = letter("Shared by both")
    mail_id = await send(public, both, LOCKED, OPEN)
    for address, other, headers in ((OPEN, LOCAL, {}), (LOCKED, OPEN, with_key())):
        for rest in ("/messages", f"/messages/{mail_id}", f"/messages/{mail_id}/raw", f"/wait?after={mail_id - 1}"):
            answer = await ask(public, inbox_path(address, rest), headers=headers)
            assert b"Shared by both" in answer.body
            assert other.encode() not in answer.body
    async with follow(public.url, f"/api/events?address={OPEN}&after={mail_id - 1}") as stream:
        event = await stream.next()
    assert event is not None
    assert event.data["recipients"] == [OPEN]


async def test_deleting_from_an_open_inbox_leaves_the_locked_one(public: Program) -> None:
    mail_id = await send(public, letter("Shared by both"), LOCKED, OPEN)
    assert (await ask(public, inbox_path(OPEN, f"/messages/{mail_id}"), "DELETE")).status == 204
    assert (await ask(public, inbox_path(LOCKED, f"/messages/{mail_id}"), headers=with_key())).status == 200


@pytest.mark.parametrize("tool", TOOLS)
async def test_other_tools_apis_are_the_operators_with_a_key_too(public: Program, tool: str) -> None:
    """They list, read and delete all mail, and ask for no address."""
    mail_id = await send(public, FILES, LOCKED)
    for endpoint in TOOLS[tool]:
        answer = await ask(public, fill_endpoint(endpoint, mail_id), endpoint.method, with_key())
        assert SECRET.encode() not in answer.body, endpoint.path
    assert (await public.ask(f"/api/messages/{mail_id}", headers=OPERATOR)).status == 200


async def test_a_websocket_is_the_operators_with_a_key_too(public: Program) -> None:
    """It tells of all mail."""
    url = public.url.replace("http://", "ws://") + "/api/events"
    for headers in ({}, with_key()):
        with pytest.raises(InvalidStatus, match="401"):
            await connect(url, proxy=None, additional_headers=headers)
    async with connect(url, proxy=None, additional_headers=OPERATOR):
        pass


async def test_a_key_in_the_url_is_no_key(public: Program) -> None:
    """URLs are logged: a parameter is refused as any other that is not known."""
    for name in ("key", "X-Inbox-Key", "inbox_key"):
        answer = await ask(public, inbox_path(LOCKED, f"/messages?{name}={KEY}"))
        assert answer.status == 422


async def test_without_the_key_the_store_is_not_asked(public: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal takes the same time whether mail has come or not."""
    mail_id = await send(public, FILES, LOCKED)
    asked: list[str] = []
    for name in ("list_page", "search", "wait", "last_id", "read", "read_raw", "read_attachment", "delete_from"):
        monkeypatch.setattr(public.app._inbox, name, lambda *_, _name=name, **__: asked.append(_name))
    for method, path in await list_routes(public):
        if method != "DELETE" or "{id}" in path:
            await ask(public, fill(path, LOCKED, mail_id), method, WRONG["wrong"])
    assert asked == []


async def test_the_servers_description_says_whether_locks_hold(public: Program) -> None:
    """For the page and for programs; and the document of the API has the field."""
    assert (await public.ask("/api/server")).json()["locks"] is True
    assert (await public.ask("/config.json")).json()["server"]["locks"] is True
    document = (await public.ask("/openapi.json", headers=OPERATOR)).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            fields = [field["name"] for field in operation.get("parameters", ()) if field["in"] == "header"]
            takes_key = path.startswith("/api/inboxes/") or path == "/api/events"
            assert ("X-Inbox-Key" in fields) == takes_key, (method, path)
            assert not takes_key or "404" in operation["responses"]


async def test_an_allowed_origin_may_send_a_key(public: Program) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    preflight = await public.ask(
        inbox_path(LOCKED, "/messages"), "OPTIONS", asked | {"Access-Control-Request-Headers": "x-inbox-key"}
    )
    assert (preflight.status, "X-Inbox-Key" in preflight.headers["access-control-allow-headers"]) == (200, True)


async def test_a_wrong_key_counts_as_a_miss(tmp_path: Path) -> None:
    """Guesses end: past `miss_rate` a source has no answer, not even with the right key; another source has."""
    async with running(public_settings(tmp_path, miss_rate="3")) as program:
        mail_id = await send(program, FILES, LOCKED)
        for number, rest in enumerate(("/messages", f"/messages/{mail_id}", "/wait?timeout=0", "/events")):
            source = f"203.0.113.{number + 20}"
            tries = [
                await ask(program, inbox_path(LOCKED, rest), headers=WRONG["wrong"], source=source)
                for _ in range(4)
            ]
            assert [answer.status for answer in tries] == [404, 404, 404, 429], rest
            right = await ask(program, inbox_path(LOCKED, "/messages"), headers=with_key(), source=source)
            assert right.status == 429
        right = await ask(program, inbox_path(LOCKED, "/messages"), headers=with_key(), source="203.0.113.99")
        assert len(right.json()["messages"]) == 1


async def test_in_dev_mode_locks_are_open(tmp_path: Path) -> None:
    """There everyone may list all mail anyway. A key does no harm."""
    async with running(resolved_in(tmp_path)) as program:
        (mail_id,) = await program.send(FILES, to=(LOCKED,))
        for headers in WRONG.values():
            assert (await program.ask(inbox_path(LOCKED, f"/messages/{mail_id}"), headers=headers)).status == 200
        assert (await program.ask("/api/server")).json()["locks"] is False


async def test_locks_hold_where_mail_is_not_everybodys() -> None:
    """On a public server, unless everyone may read all mail there."""

    def has_locks(**flags: str) -> bool:
        return resolve(flags, {}).settings.access.has_locks

    assert has_locks(domain="example.org")
    assert has_locks(smtp="off", db="https://db.example.org")
    assert not has_locks()
    assert not has_locks(all_mail="operator")
    assert not has_locks(domain="example.org", all_mail="everyone")


async def test_who_is_not_known_to_open_everything_does_not() -> None:
    """A request that nothing has judged is a stranger's."""
    address = Address.parse(LOCKED)
    with pytest.raises(InboxLocked):
        check_lock({"type": "http", "headers": []}, address)
    check_lock({"type": "http", "headers": [(b"x-inbox-key", KEY.encode())]}, address)
    check_lock({"type": "http", "headers": []}, Address.parse(OPEN))
