"""A public server: nobody but the operator reads by POP3, and nobody learns anything before."""

from __future__ import annotations

import asyncio
import base64
import poplib
from functools import partial
from typing import TYPE_CHECKING

import pytest
from testkit.running_app import ANN

from edgemail.errors import SettingsError
from edgemail.settings import resolve
from tests.pop3_server.reading import (
    PUBLIC,
    address_of,
    connected,
    error_of,
    in_thread,
    logged_in,
    make_certificate,
    serving_pop3,
)

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from testkit.running_app import Program

OPERATOR = {"passwords": "root:s3cret kim:other", **PUBLIC}
BCRYPT = "root:$2b$04$1gtbqfablz2MomGLeNt0qO3jNbQdqOzAk0nMq25UVUvlpnmzPxoqW"


def try_login(program: Program, context: ssl.SSLContext, address: str, password: str) -> str:
    """Log in over TLS; return what the server says."""
    with connected(program) as client:
        client.stls(context)
        try:
            client.user(address)
            return client.pass_(password).decode()
        except poplib.error_proto as error:
            said: bytes = error.args[0]
            return said.decode()


async def test_no_user_and_no_auth_before_tls(tmp_path: Path) -> None:
    """Nor are they offered."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given, **OPERATOR) as program:
        await program.send_letter("one")

        def read() -> None:
            with connected(program) as client:
                assert {"USER", "SASL"}.isdisjoint(client.capa())
                assert error_of(lambda: client.user(ANN)).startswith("-ERR [SYS/PERM] use STLS first")
                assert error_of(lambda: client.pass_("s3cret")).startswith("-ERR [SYS/PERM] use STLS first")
                client.sock.sendall(b"AUTH PLAIN AGEAYg==\r\n")
                assert client.file.readline().startswith(b"-ERR [SYS/PERM] use STLS first")
                client.stls(context)
                client.user(ANN)
                client.pass_("s3cret")
                assert client.stat()[0] == 1

        await in_thread(read)


async def test_a_self_made_certificate_is_offered(tmp_path: Path) -> None:
    """Else nobody could log in to a server that was given none."""
    async with serving_pop3(tmp_path, **OPERATOR) as program:

        def read() -> dict[str, list[str]]:
            with connected(program) as client:
                return client.capa()

        assert "STLS" in await in_thread(read)


@pytest.mark.parametrize(
    ("passwords", "password"), [("root:s3cret kim:other", "other"), (BCRYPT, "s3cret")], ids=["plain", "bcrypt"]
)
async def test_the_operators_password_opens_any_inbox(tmp_path: Path, passwords: str, password: str) -> None:
    """One of `password_file`; an inbox without mail too."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given, **(OPERATOR | {"passwords": passwords})) as program:
        await program.send_letter("one")
        for address, said in ((ANN, "+OK 1 messages"), ("nobody@example.org", "+OK 0 messages")):
            heard = await in_thread(partial(try_login, program, context, address, password))
            assert heard.startswith(said)


async def test_a_stranger_learns_nothing_of_an_inbox(tmp_path: Path) -> None:
    """The same words whether it has mail, has none, or is at another domain; nothing is looked up."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given, **OPERATOR) as program:
        await program.send_letter("one")
        asked: list[object] = []
        program.app._store.list_inbox = lambda *names, **_: asked.append(names)  # type: ignore[method-assign,assignment]
        said = set()
        for address in (ANN, "nobody@example.org", "ann@elsewhere.example"):
            for password in ("", "x", "root"):
                said.add(await in_thread(partial(try_login, program, context, address, password)))
    assert said == {"-ERR [AUTH] the password is wrong"}
    assert asked == []


async def test_wrong_passwords_count_over_both_ports(tmp_path: Path) -> None:
    """Past `login_rate` HTTP takes no guess of this source either, not even a right one."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, login_rate="3", **given, **OPERATOR) as program:
        for _ in range(3):
            said = await in_thread(lambda: try_login(program, context, ANN, "wrong"))
            assert said.startswith("-ERR [AUTH]")
        assert (await in_thread(lambda: try_login(program, context, ANN, "s3cret"))).startswith(
            "-ERR [LOGIN-DELAY]"
        )
        answer = await program.ask("/api/messages", headers={"Authorization": "Bearer s3cret"})
        assert answer.status == 429


async def test_wrong_passwords_are_misses_of_their_source(tmp_path: Path) -> None:
    """So whoever guesses passwords by POP3 soon guesses no addresses over HTTP."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, miss_rate="2", **given, **OPERATOR) as program:
        assert (await program.ask("/api/inboxes/nobody@example.org/messages")).status == 200
        await in_thread(lambda: try_login(program, context, ANN, "wrong"))
        assert (await program.ask("/api/inboxes/nobody@example.org/messages")).status == 429
        assert (await in_thread(lambda: try_login(program, context, ANN, "s3cret"))).startswith(
            "-ERR [LOGIN-DELAY]"
        )


async def test_private_asks_for_a_password_in_dev_mode_too(tmp_path: Path) -> None:
    """`private` holds for every way to mail."""
    async with serving_pop3(tmp_path, private="on", passwords="root:s3cret") as program:

        def read() -> None:
            for password in ("x", "s3cret"):
                with connected(program) as client:
                    client.user(ANN)
                    if password == "x":
                        assert error_of(lambda: client.pass_("x")).startswith("-ERR [AUTH]")
                    else:
                        client.pass_(password)

        await in_thread(read)


async def test_addresses_without_mail_are_misses_of_a_stranger_in_dev_mode(tmp_path: Path) -> None:
    """Beyond private networks, as over HTTP."""
    async with serving_pop3(tmp_path, trusted="none", miss_rate="2") as program:

        def look(address: str) -> str:
            with connected(program) as client:
                client.user(address)
                try:
                    return client.pass_("x").decode()
                except poplib.error_proto as error:
                    return str(error.args[0].decode())

        for number in range(2):
            assert (await in_thread(partial(look, f"a{number}@example.org"))).startswith("+OK")
        assert (await in_thread(lambda: look(ANN))).startswith("-ERR [LOGIN-DELAY]")


async def test_a_network_that_is_not_answered(tmp_path: Path) -> None:
    """`allow_http_sources` holds here too."""
    async with serving_pop3(tmp_path, allow_http_sources="192.0.2.0/24") as program:
        reader, writer = await asyncio.open_connection(*address_of(program))
        assert b"does not answer your network" in await reader.read()
        writer.close()


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"domain": "example.org", "private": "on"}, "nobody could read any mail without a password"),
        ({"private": "on", "passwords": ""}, "nobody could read any mail without a password"),
        ({"domain": "example.org", "passwords": "a:b", "tls": "off"}, "nobody could log in without TLS"),
        ({"pop3s": "127.0.0.1:9995", "tls": "off"}, "pop3s: nobody could use TLS, as tls is off"),
        ({"http": "127.0.0.1:1110"}, "is taken by http"),
    ],
)
def test_settings_that_let_nobody_in_are_mistakes(given: dict[str, str], mistake: str) -> None:
    """They are told at the start."""
    environ = {f"EDGEMAIL_{name.upper()}": text for name, text in ({"pop3": "127.0.0.1:1110"} | given).items()}
    with pytest.raises(SettingsError) as caught:
        resolve({}, environ)
    assert mistake in str(caught.value).replace("EDGEMAIL_POP3S", "pop3s").replace("EDGEMAIL_POP3", "pop3")


async def test_many_logins_at_a_time_do_not_stop_the_loop(tmp_path: Path) -> None:
    """Hashes are compared in a thread, and a few of a source at a time."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given, **(OPERATOR | {"passwords": BCRYPT})) as program:
        tries = [in_thread(partial(try_login, program, context, ANN, f"x{n}")) for n in range(8)]
        said = await asyncio.gather(*tries)
        assert (await program.ask("/healthz")).status == 200
    assert all(line.startswith(("-ERR [AUTH]", "-ERR [SYS/TEMP]", "-ERR [LOGIN-DELAY]")) for line in said)


async def test_guesses_of_the_operators_password_are_bounded_where_anybody_may_read(tmp_path: Path) -> None:
    """Past `login_rate` a login is a stranger's, even with the right password; it is no refusal."""
    async with serving_pop3(tmp_path, deletion="off", passwords="root:s3cret", login_rate="2") as program:
        await program.send_letter("one")

        def may_delete(password: str) -> bool:
            with logged_in(program, password=password) as client:
                try:
                    client.dele(1)
                except poplib.error_proto:
                    return False
                return True

        for password, expected in (("a", False), ("b", False), ("s3cret", False)):
            assert await in_thread(partial(may_delete, password)) is expected


async def test_a_password_that_was_right_before_is_not_bounded(tmp_path: Path) -> None:
    """Someone in the same network who guesses does not lock the operator out."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, login_rate="2", **given, **OPERATOR) as program:
        for password, said in (("s3cret", "+OK"), ("a", "-ERR [AUTH]"), ("b", "-ERR [AUTH]"), ("s3cret", "+OK")):
            assert (await in_thread(partial(try_login, program, context, ANN, password))).startswith(said)


async def test_pop3_alone_is_something_to_do(tmp_path: Path) -> None:
    """Without SMTP and HTTP."""
    async with serving_pop3(tmp_path) as program:
        await program.send_letter("one")
    async with serving_pop3(tmp_path, smtp="off", http="off") as program:
        assert program.app.http_urls == []


async def test_over_implicit_tls_the_operator_logs_in_at_once(tmp_path: Path) -> None:
    """By USER, and by AUTH with a name of the file beside the inbox."""
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, pop3s="127.0.0.1:0", **given, **OPERATOR) as program:
        await program.send_letter("one")

        def read(name: str, secret: str) -> bytes:
            with connected(program, 1, context) as client:
                assert "SASL" in client.capa()
                response = base64.b64encode(f"{ANN}\0{name}\0{secret}".encode())
                client.sock.sendall(b"AUTH PLAIN " + response + b"\r\n")
                said: bytes = client.file.readline()
                return said

        assert (await in_thread(partial(read, "kim", "other"))).startswith(b"+OK 1 messages")
        assert (await in_thread(partial(read, "kim", "s3cret"))).startswith(b"-ERR [AUTH]")
