"""The operator's access: the password file, `private`, `deletion`, and what nobody needs a password for."""

from __future__ import annotations

import asyncio
import base64
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import bcrypt
import pytest
import pytest_asyncio
from testkit.http_client import follow, inbox_path
from testkit.running_app import ANN, Program, resolved_in, running
from testkit.sample_mail import letter

from edgemail.errors import SettingsError
from edgemail.http.passwords import Passwords
from edgemail.settings import resolve
from edgemail.system.password_checks import TooManyLogins
from edgemail.system.password_file import StoredPasswords, read_password_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

HASHED = bcrypt.hashpw(b"hashed secret", bcrypt.gensalt(4)).decode()
FILE = f"# the operators\n\nroot:plain:secret\nünï:grüße\nkim:{HASHED}\nlee:{HASHED.replace('$2b$', '$2y$')}\n"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


RIGHT = (
    basic("root", "plain:secret"),
    basic("ünï", "grüße"),
    basic("kim", "hashed secret"),
    basic("lee", "hashed secret"),
    bearer("plain:secret"),
    bearer("hashed secret"),
    {"Authorization": "bearer  plain:secret "},
)
WRONG: tuple[dict[str, str], ...] = (
    basic("root", "hashed secret"),
    basic("kim", "plain:secret"),
    basic("nobody", "plain:secret"),
    basic("nobody", "hashed secret"),
    basic("", ""),
    basic("kim", HASHED),
    basic("kim", "hashed secret\0more"),
    basic("kim", "x" * 100),
    bearer("root:plain:secret"),
    bearer("x" * 5000),
    {"Authorization": "Basic ***"},
    {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
    {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
    {"Authorization": "Digest plain:secret"},
    {"Authorization": "Bearer"},
    {},
)


def write_file(folder: Path, text: str = FILE, mode: int = 0o600) -> Path:
    file = folder / "passwords"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def public(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    folder = tmp_path_factory.mktemp("public")
    file = str(write_file(folder))
    async with running(
        resolved_in(
            folder, domain="example.org", password_file=file, login_rate="1000", allowed_origin="https://a.org"
        )
    ) as program:
        yield program


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def private(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    folder = tmp_path_factory.mktemp("private")
    settings = resolved_in(
        folder, private="on", deletion="off", password_file=str(write_file(folder)), login_rate="5",
        http_trusted_proxies="127.0.0.1", security_contact="sec@example.org", abuse_contact="https://a.org/abuse",
    )  # fmt: skip
    async with running(settings) as program:
        yield program


@pytest.mark.parametrize("headers", RIGHT, ids=range(len(RIGHT)))
async def test_the_operator_gives_a_name_and_a_secret_or_the_secret_alone(
    public: Program, headers: dict[str, str]
) -> None:
    """Plain or hashed, for people by Basic, for programs by Bearer; again from the cache."""
    for _ in range(2):
        assert (await public.ask("/openapi.json", headers=headers)).status == 200


@pytest.mark.parametrize("headers", WRONG, ids=range(len(WRONG)))
async def test_a_wrong_password_is_asked_for_again(public: Program, headers: dict[str, str]) -> None:
    """As a problem, with a challenge that browsers know; where none is needed it does no harm."""
    answer = await public.ask("/api/messages/1", headers=headers)
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    is_bearer = headers.get("Authorization", "").lower().startswith("bearer ")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="edgemail"' if is_bearer else "Basic ")
    assert (await public.ask(inbox_path(ANN, "/messages"), headers=headers)).status == 200


async def test_an_allowed_origin_may_send_a_password(public: Program) -> None:
    """A preflight has none, and is answered."""
    asked = {"Origin": "https://a.org", "Access-Control-Request-Method": "GET"}
    preflight = await public.ask(
        "/api/messages/1", "OPTIONS", asked | {"Access-Control-Request-Headers": "authorization"}
    )
    assert (preflight.status, "Authorization" in preflight.headers["access-control-allow-headers"]) == (200, True)
    refused = await public.ask("/api/messages/1", headers={"Origin": "https://a.org"})
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "https://a.org")


async def test_private_asks_everyone_but_the_probes(private: Program) -> None:
    """Page, API and streams; who has a password reads as ever."""
    (mail_id,) = await send(private)
    closed = ("/", "/config.json", "/api/server", "/metrics", "/docs/", inbox_path(ANN, "/messages"), "/none")
    for path in closed:
        assert (await private.ask(path)).status == 401, path
    assert (await private.ask(inbox_path(ANN), "DELETE")).status == 401
    async with follow(private.url, inbox_path(ANN, "/events")) as stream:
        assert stream.status == 401
    for path in ("/healthz", "/readyz", "/robots.txt", "/.well-known/security.txt"):
        assert (await private.ask(path)).status == 200, path
    for path in (*closed[:-1], f"/api/messages/{mail_id}"):
        assert (await private.ask(path, headers=RIGHT[0])).status == 200, path


async def send(program: Program) -> list[int]:
    """Hand a message over; the listing needs a password here."""
    await asyncio.to_thread(program._send, (letter(),), (ANN,))
    answer = await program.ask(inbox_path(ANN, "/messages?limit=1"), headers=RIGHT[0])
    return [message["id"] for message in answer.json()["messages"]]


async def test_without_deletion_only_the_operator_deletes(tmp_path: Path) -> None:
    """In every mode; the page is told, so that it shows no button."""
    settings = resolved_in(tmp_path, deletion="off", password_file=str(write_file(tmp_path)))
    async with running(settings) as program:
        (mail_id,) = await program.send(letter())
        assert (await program.ask("/api/server")).json()["deletion"] is False
        for path in (inbox_path(ANN), inbox_path(ANN, f"/messages/{mail_id}"), f"/api/messages/{mail_id}"):
            answer = await program.ask(path, "DELETE")
            assert (answer.status, "the setting deletion" in answer.json()["detail"]) == (403, True)
        assert (await program.ask(inbox_path(ANN), "DELETE", RIGHT[0])).json() == {"deleted": 1}


async def test_passwords_may_stand_in_the_environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """They count beside those of the file; a container has no other place for them."""
    folder = tmp_path_factory.mktemp("environment")
    file = str(write_file(folder, "kim:s3cret\n"))
    settings = resolved_in(folder, private="on", passwords="ann:p:w bob:other", password_file=file)
    async with running(settings) as program:
        for name, secret, status in (("ann", "p:w", 200), ("kim", "s3cret", 200), ("bob", "p:w", 401)):
            answer = await program.ask("/api/messages/1", headers=basic(name, secret))
            assert answer.status == (404 if status == 200 else status)
        assert (await program.ask("/readyz")).status == 200


async def test_guessing_passwords_ends_for_its_source(private: Program) -> None:
    """Then even a right one has to wait, but for one that was right before."""
    source = {"X-Forwarded-For": "203.0.113.5"}
    other = {"X-Forwarded-For": "10.9.9.9"}
    local = {"X-Forwarded-For": "10.1.1.1"}
    assert (await private.ask("/api/server", headers=RIGHT[0])).status == 200
    assert (await private.ask("/api/server", headers=RIGHT[0] | source)).status == 403  # dev: not its network
    answers = [await private.ask("/api/server", headers=basic("root", f"guess {n}") | local) for n in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "60"
    assert (await private.ask("/api/server", headers=basic("lee", "hashed secret") | local)).status == 429
    assert (await private.ask("/api/server", headers=RIGHT[0] | local)).status == 200
    assert (await private.ask("/api/server", headers=basic("lee", "hashed secret") | other)).status == 200


async def test_what_crawlers_and_researchers_look_for(private: Program, public: Program) -> None:
    """RFC 9309 and RFC 9116; without a contact there is no security.txt."""
    robots = await private.ask("/robots.txt")
    assert robots.headers["content-type"].startswith("text/plain")
    assert robots.body == b"# Abuse: https://a.org/abuse\nUser-agent: *\nDisallow: /\n"
    lines = (await private.ask("/.well-known/security.txt")).body.decode().splitlines()
    assert lines[0] == "Contact: mailto:sec@example.org"
    assert lines[1].startswith("Expires: 20")
    assert (await public.ask("/.well-known/security.txt")).status == 404
    assert (await private.ask("/api/server", headers=RIGHT[0])).json()["abuse_contact"] == "https://a.org/abuse"


async def test_hashes_are_compared_off_the_event_loop_and_not_too_many_at_once() -> None:
    """The loop goes on meanwhile; past a bound nobody waits."""
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def compare(secret: bytes, _: bytes) -> bool:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(30)
        return secret == b"right"

    passwords = Passwords(StoredPasswords({}, {"kim": b"hash"}, compare))
    waiting = [asyncio.create_task(passwords.check(f"Bearer {n}".encode())) for n in range(19)]
    waiting.append(asyncio.create_task(passwords.check(b"Bearer right")))
    await asyncio.sleep(0)
    with pytest.raises(TooManyLogins):
        await passwords.check(b"Bearer late")
    gate.set()
    assert await asyncio.gather(*waiting) == [False] * 19 + [True]
    assert passwords.is_known(b"Bearer right")
    assert not passwords.is_known(b"Bearer 0")


MISTAKES = {
    "": ['password_file: "{}" has no password; write lines name:secret'],
    "# nobody\n": ['password_file: "{}" has no password; write lines name:secret'],
    "root\n:x\nkim:\n": [f"password_file: {{}}, line {n}: is not name:secret" for n in (1, 2, 3)],
    "root:a\nroot:b\n": ["password_file: {}, line 2: gives a name again; write each name once"],
    "root:$2b$05$short\nkim:$apr1$x$y\n": [
        f"password_file: {{}}, line {n}: has a hash that is not bcrypt's; make one with `htpasswd -nB NAME`, "
        "or write the secret itself"
        for n in (1, 2)
    ],
    f"root:{HASHED.replace('$04$', '$31$')}\n": [
        "password_file: {}, line 1: has a bcrypt cost that is not 4 to 14"
    ],
    "root:a\x07b\n": ["password_file: {}, line 1: has a secret with a control character"],
    "".join(f"n{n}:s\n" for n in range(51)): ['password_file: "{}" has too many lines; write at most 50'],
}


@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
async def test_each_mistake_in_the_file_is_a_line(text: str, tmp_path: Path) -> None:
    """It says where, and never what the secret is."""
    file = write_file(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_password_file(file, "password_file")
    assert caught.value.mistakes == [mistake.format(file) for mistake in MISTAKES[text]]


async def test_a_file_that_others_may_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        read_password_file(write_file(tmp_path), "password_file")
        assert not caplog.records
        file = write_file(tmp_path, mode=0o644)
        read_password_file(file, "password_file")
    assert [record.getMessage() for record in caplog.records] == [
        f"other users of this machine may read {file}: chmod 600 it"
    ]


async def test_the_library_for_hashes_is_loaded_where_a_file_has_one(tmp_path: Path) -> None:
    for text, is_loaded in (("root:plain\n", "False"), (FILE, "True")):
        file = write_file(tmp_path, text)
        script = (
            "import sys, pathlib; from edgemail.system.password_file import read_password_file; "
            f"read_password_file(pathlib.Path({str(file)!r}), 'password_file'); print('bcrypt' in sys.modules)"
        )
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.strip() == is_loaded


NO_FILE = "cannot be read: No such file or directory; name a file with lines name:secret"
NO_PASSWORD = "nobody could read any mail without a password; set password_file as well"
NO_ORIGIN = "is not an origin; write a scheme and a host, such as https://mail.example.org"
STARTS = (
    (["--set", "password_file=/no/such"], f'password_file: "/no/such" {NO_FILE}'),
    (["--set", "private=on"], f"--set private: {NO_PASSWORD}"),
    (["--domain", "a.org", "--allowed-origin", "*"], f'--allowed-origin: "*" {NO_ORIGIN}'),
)


@pytest.mark.parametrize(("flags", "line"), STARTS, ids=range(len(STARTS)))
async def test_a_start_with_a_mistake_ends_with_78(flags: list[str], line: str, tmp_path: Path) -> None:
    """One line says which."""
    command = [sys.executable, "-m", "edgemail", "--db", str(tmp_path / "a.db"), "--smtp", "127.0.0.1:0"]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "--http", "127.0.0.1:0", *flags],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()) == (78, [line])


async def test_contacts_are_addresses_or_web_pages() -> None:
    for text in ("javascript:alert(1)", "http://a.org", "a b@c.org", "a@b@c", "https://", "<a@b.org>", "x"):
        with pytest.raises(SettingsError):
            resolve({}, {"EDGEMAIL_ABUSE_CONTACT": text})
