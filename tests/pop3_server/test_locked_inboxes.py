"""Locked inboxes by POP3: on a public server the password is the inbox's key."""

from __future__ import annotations

import asyncio
import base64
import poplib
from functools import partial
from typing import TYPE_CHECKING

import pytest
from testkit.running_app import ANN
from testkit.sample_mail import letter

from edgemail.policy.inbox_lock import make_lock
from tests.pop3_server.reading import PUBLIC, connected, in_thread, make_certificate, serving_pop3

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from testkit.running_app import Program

LOCAL, KEY = make_lock("shop")
LOCKED = f"{LOCAL}@example.org"
WRONG = make_lock("shop")[1]
EMPTY_LOCAL, EMPTY_KEY = make_lock("empty")


def log_in(program: Program, context: ssl.SSLContext, address: str, password: str) -> str:
    """Log in over TLS; return what the server says."""
    with connected(program) as client:
        client.stls(context)
        client.user(address)
        try:
            return client.pass_(password).decode()
        except poplib.error_proto as error:
            said: bytes = error.args[0]
            return said.decode()


@pytest.mark.parametrize("passwords", ["", "root:s3cret"], ids=["no operator", "operator"])
async def test_a_locked_inbox_opens_to_its_key_and_to_the_operator(tmp_path: Path, passwords: str) -> None:
    """To nobody else, and with the same words; without an operator a public server serves locked inboxes alone."""
    given, context = make_certificate(tmp_path)
    operator = {"passwords": passwords} if passwords else {}
    async with serving_pop3(
        tmp_path, miss_rate="1000", login_rate="1000", **given, **PUBLIC, **operator
    ) as program:
        await asyncio.to_thread(program._send, (letter("One"),), (LOCKED, ANN))
        opens = partial(log_in, program, context)
        for address in (LOCKED, LOCKED.upper(), f'"{LOCAL}"@example.org'):
            assert (await in_thread(partial(opens, address, KEY))).startswith("+OK 1 messages")
        empty = f"{EMPTY_LOCAL}@example.org"
        assert (await in_thread(partial(opens, empty, EMPTY_KEY))).startswith("+OK 0 messages")
        said = set()
        for address, password in (
            (LOCKED, WRONG), (LOCKED, "x"), (LOCKED, KEY.upper()), (LOCKED, f"{KEY} "), (LOCKED, "\xff"),
            (ANN, KEY), (empty, KEY), (f"{LOCAL}+tag@example.org", KEY),
        ):  # fmt: skip
            said.add(await in_thread(partial(opens, address, password)))
        assert said == {"-ERR [AUTH] the password is wrong"}
        if passwords:
            assert (await in_thread(partial(opens, LOCKED, "s3cret"))).startswith("+OK 1 messages")


@pytest.mark.slow
async def test_auth_plain_takes_a_key_too(tmp_path: Path) -> None:
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given, **PUBLIC) as program:
        await asyncio.to_thread(program._send, (letter("One"),), (LOCKED,))

        def read(acts_for: str, name: str, secret: str) -> bytes:
            with connected(program) as client:
                client.stls(context)
                response = base64.b64encode(f"{acts_for}\0{name}\0{secret}".encode())
                client.sock.sendall(b"AUTH PLAIN " + response + b"\r\n")
                said: bytes = client.file.readline()
                return said

        assert (await in_thread(partial(read, "", LOCKED, KEY))).startswith(b"+OK 1 messages")
        assert (await in_thread(partial(read, LOCKED, "anybody", KEY))).startswith(b"+OK 1 messages")
        assert (await in_thread(partial(read, "", LOCKED, WRONG))).startswith(b"-ERR [AUTH]")


@pytest.mark.slow
async def test_who_has_the_key_deletes_from_the_locked_inbox_alone(tmp_path: Path) -> None:
    given, context = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given, **PUBLIC) as program:
        await asyncio.to_thread(program._send, (letter("One"),), (LOCKED, ANN))

        def delete() -> None:
            with connected(program) as client:
                client.stls(context)
                client.user(LOCKED)
                client.pass_(KEY)
                client.dele(1)
                client.quit()

        await in_thread(delete)
        assert len(await program.app._inbox.list_page(ANN, limit=5)) == 1
        assert await program.app._inbox.list_page(LOCKED, limit=5) == []


async def test_a_wrong_key_is_a_miss_of_its_source_and_a_right_one_is_not(tmp_path: Path) -> None:
    """Nor does a right one count as a wrong password of the operator."""
    given, context = make_certificate(tmp_path)
    settings = PUBLIC | {"passwords": "root:s3cret", "miss_rate": "2", "login_rate": "2"}
    async with serving_pop3(tmp_path, **given, **settings) as program:
        await asyncio.to_thread(program._send, (letter("One"),), (LOCKED,))
        for _ in range(4):
            assert (await in_thread(partial(log_in, program, context, LOCKED, KEY))).startswith("+OK 1")
        for _ in range(2):
            assert (await in_thread(partial(log_in, program, context, LOCKED, WRONG))).startswith("-ERR [AUTH]")
        said = await in_thread(partial(log_in, program, context, LOCKED, KEY))
        assert said.startswith("-ERR [LOGIN-DELAY]")


async def test_a_private_server_opens_to_the_operator_alone(tmp_path: Path) -> None:
    """`private` holds for locked inboxes too."""
    given, context = make_certificate(tmp_path)
    settings = PUBLIC | {"passwords": "root:s3cret", "private": "on"}
    async with serving_pop3(tmp_path, **given, **settings) as program:
        assert (await in_thread(partial(log_in, program, context, LOCKED, KEY))).startswith("-ERR [AUTH]")
        assert (await in_thread(partial(log_in, program, context, LOCKED, "s3cret"))).startswith("+OK")


@pytest.mark.slow
async def test_in_dev_mode_any_password_opens_it(tmp_path: Path) -> None:
    async with serving_pop3(tmp_path) as program:
        (_,) = await program.send(letter("One"), to=(LOCKED,))

        def read() -> int:
            with connected(program) as client:
                client.user(LOCKED)
                client.pass_("anything")
                return client.stat()[0]

        assert await in_thread(read) == 1
