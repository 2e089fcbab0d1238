"""Locked inboxes on the command line and in other people's tests, against a public server."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from edgemail.policy.inbox_lock import find_lock, make_lock
from edgemail.testing import Inbox, MailError, Server
from tests.cli.in_process import run_here as run
from tests.cli.in_process import running_loaded
from tests.cli.test_mail import deliver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.test_serve import Running

LOCKED_FORM = r"{}[a-z2-9]{{12}}-k[a-z2-7]{{16}}@example\.org"
REFUSAL = "this inbox is locked, and nothing is there for who does not give its key (X-Inbox-Key)\n"
WRONG = make_lock("shop")[1]


@pytest.fixture(scope="module")
def public() -> Iterator[Running]:
    options = ("--domain", "example.org", "--reserved", "none", "--max-age", "off", "--set", "miss_rate=10000")
    with running_loaded("--db", "memory", *options) as started:
        yield started


def test_a_locked_address_comes_with_its_key(public: Running) -> None:
    """Each on a line, or in one document."""
    ended = run(public.url, "address", "--locked", "--label", "shop")
    address, key = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(LOCKED_FORM.format("shop-"), address)
    made = json.loads(run(public.url, "address", "--locked", "--json").stdout)
    assert re.fullmatch(LOCKED_FORM.format(""), made["address"])
    for one, its_key in ((address, key), (made["address"], made["key"])):
        lock = find_lock(one.partition("@")[0])
        assert lock is not None
        assert lock.opens_by([its_key])


def test_each_command_takes_the_key(public: Running) -> None:
    """As an option, or in the environment, where there may be several; without it nothing is there."""
    made = json.loads(run(public.url, "address", "--locked", "--json").stdout)
    address, key = made["address"], made["key"]
    deliver(public, address, "Your verification code is 481223.")
    listed = json.loads(run(public.url, "list", address, "--json", "--key", key).stdout)
    mail_id = str(listed[0]["id"])
    commands: tuple[tuple[str, ...], ...] = (
        ("list", address),
        ("show", mail_id, "--address", address),
        ("show", mail_id, "--address", address, "--json"),
        ("wait", address, "--code", "--timeout", "1"),
        ("delete", mail_id, "--address", address, "--yes"),
        ("delete", address, "--yes"),
    )
    for command in commands:
        for ended in (
            run(public.url, *command),
            run(public.url, *command, "--key", WRONG),
            run(public.url, *command, EDGEMAIL_INBOX_KEY=WRONG),
        ):
            assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", REFUSAL), command
    for place, command in enumerate(commands):
        given = {"EDGEMAIL_INBOX_KEY": f"{WRONG},{key}"} if place % 2 else {}
        ended = run(public.url, *command, *(() if given else ("--key", key)), **given)
        assert ended.returncode == 0, (command, ended.stderr)


@pytest.mark.parametrize("text", ["short", "A" * 21, "A" * 129, "", "a,", f"{'a' * 26} x"])
def test_what_is_no_key_is_told_before_anything_is_asked(text: str) -> None:
    ended = run("http://127.0.0.1:1", "list", "a@example.org", "--key", text)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("--key: a key has 26 characters of a-z and 2-7")
    if text:
        ended = run("http://127.0.0.1:1", "list", "a@example.org", EDGEMAIL_INBOX_KEY=text)
        assert ended.stderr.startswith("EDGEMAIL_INBOX_KEY: a key has 26 characters")


def test_a_test_has_a_locked_inbox_on_a_public_server(public: Running) -> None:
    """It gives its key with each request; nobody without the key sees its mail."""
    with Server.join(public.url, f"smtp://{public.smtp}") as server:
        inbox = server.inbox(locked=True)
        assert inbox.key is not None
        deliver(public, inbox.address, "Your verification code is 481223.")
        assert inbox.code() == "481223"
        (message,) = inbox.messages()
        assert b"481223" in message.raw
        assert inbox.page == f"{server.url}#/{inbox.address}?key={inbox.key}"
        for key in (None, WRONG):
            with pytest.raises(MailError, match="404"):
                Inbox(server, inbox.address, key=key).messages()
        inbox.clear()
        assert inbox.messages() == []
