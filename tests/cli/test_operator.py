"""`edgemail operator`: reads the Maildir of reserved names."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import envelope

from edgemail.mailbox.operator import OperatorMailbox
from tests.cli.test_client import run
from tests.cli.test_mail import HOSTILE, run_on_terminal

if TYPE_CHECKING:
    from pathlib import Path

TRACE = b"Return-Path: <ca@sender.example>\r\nReceived: from a\r\n\tby b;\r\n\tdate\r\n"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Return a database's path, with two messages for the operator beside it."""
    mailbox = OperatorMailbox(tmp_path / "mail.db.operator")
    mailbox.open()

    async def fill() -> None:
        for subject in ("Your certificate", f"Evil {HOSTILE}"):
            head = f"From: CA <ca@sender.example>\r\nDelivered-To: forged@a.example\r\nSubject: {subject}\r\n"
            data = TRACE + f"{head}\r\nThe code is 481223.\r\n{HOSTILE}\r\n".encode()
            await mailbox.deliver(envelope("admin@example.org", "root@example.org", data=data))

    asyncio.run(fill())
    return tmp_path / "mail.db"


def first_id(db: Path) -> str:
    return run("", "operator", "list", "--db", str(db)).stdout.splitlines()[-1].split()[0]


def test_list_has_a_line_for_each_message_newest_first(db: Path) -> None:
    """The recipients come from edgemail's own fields, not from the sender's."""
    listed = run("", "operator", "list", "--db", str(db))
    assert (listed.returncode, listed.stderr) == (0, "")
    newest, oldest = listed.stdout.splitlines()
    assert re.fullmatch(
        r"[0-9a-f]{10} \* \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  CA <ca@sender.example> +"
        r"admin@example.org, root@example.org  Your certificate",
        oldest,
    )
    assert "Evil" in newest
    assert "\x1b" not in listed.stdout
    assert "forged" not in listed.stdout


def test_the_maildir_is_found_as_the_server_finds_it(db: Path, tmp_path: Path) -> None:
    """The environment, the file, or the Maildir's own setting names it."""
    config = tmp_path / "edgemail.toml"
    config.write_text(f'domain = "example.org"\ndb = "{db}"\n', encoding="utf-8")
    expected = run("", "operator", "list", "--db", str(db)).stdout
    for arguments, environ in [
        ((), {"EDGEMAIL_DB": str(db)}),
        (("--config", str(config)), {}),
        (("--operator-maildir", f"{db}.operator"), {}),
        (("--set", f"operator_maildir={db}.operator"), {}),
    ]:
        assert run("", "operator", "list", *arguments, **environ).stdout == expected


def test_show_has_the_message_by_id_or_by_file(db: Path) -> None:
    """The output is the same as that of `edgemail show`."""
    (name,) = [mail.path.name for mail in OperatorMailbox(db.with_name("mail.db.operator")).list_mail()][:1]
    shown = run("", "operator", "show", first_id(db), "--db", str(db))
    assert shown.returncode == 0
    for line in ("From:     CA <ca@sender.example>", "To:       admin@example.org, root@example.org"):
        assert line in shown.stdout.splitlines()
    assert "Subject:  Your certificate" in shown.stdout
    assert "The code is 481223." in shown.stdout
    assert run("", "operator", "show", name, "--db", str(db)).stdout == shown.stdout


def test_mail_that_names_no_sender_has_the_envelopes(db: Path) -> None:
    """A mail that proves control of a domain may have no From:."""
    mailbox = OperatorMailbox(db.with_name("mail.db.operator"))

    async def deliver() -> None:
        await mailbox.deliver(envelope("admin@example.org", data=TRACE + b"Subject: Bare\r\n\r\nHi.\r\n"))

    asyncio.run(deliver())
    newest = run("", "operator", "list", "--db", str(db)).stdout.splitlines()[0]
    assert re.search(r"Z  <ca@sender\.example> +admin@example\.org  Bare$", newest)
    shown = run("", "operator", "show", newest.split()[0], "--db", str(db)).stdout
    assert shown.startswith("From:     <ca@sender.example>\n")


def test_raw_is_octet_for_octet_in_a_pipe(db: Path) -> None:
    """The output is the file, with the fields that edgemail added."""
    shown = run("", "operator", "show", first_id(db), "--raw", "--db", str(db))
    first = OperatorMailbox(db.with_name("mail.db.operator")).list_mail()[0]
    assert shown.stdout == first.path.read_text(encoding="utf-8")  # both with universal newlines


def test_no_mail_drives_the_terminal(db: Path) -> None:
    """Escape sequences are shown as text in a listing, a message and its octets."""
    wanted = first_id(db)
    for arguments in (["list"], ["show", wanted], ["show", wanted, "--raw"]):
        shown = run_on_terminal("", "operator", *arguments, "--db", str(db))
        assert "certificate" in shown
        assert "\x1b]" not in shown
        assert "\x1b[2J" not in shown


def test_what_is_not_there_is_one_line(db: Path, tmp_path: Path) -> None:
    """Reading creates no folder. An empty one is named with the setting that it comes from."""
    missing = run("", "operator", "show", "0123456789", "--db", str(db))
    assert (missing.returncode, missing.stderr) == (1, "the operator has no message 0123456789\n")
    other = tmp_path / "other.db"
    for command in (["list"], ["list", "--json"], ["show", "0123456789"]):
        nowhere = run("", "operator", *command, "--db", str(other))
        assert (nowhere.returncode, nowhere.stdout) == (1, "")
        assert nowhere.stderr == (
            f"there is no folder {other}.operator (operator_maildir: default, from db; db: flag --db): give the "
            "server's own settings with --config, --db or --operator-maildir; a server makes the folder when it "
            "starts\n"
        )
    assert not (tmp_path / "other.db.operator").exists()
    OperatorMailbox(tmp_path / "empty").open()
    empty = run("", "operator", "list", "--operator-maildir", str(tmp_path / "empty"))
    assert (empty.returncode, empty.stdout) == (0, "")
    assert empty.stderr == (
        f"no mail for the operator in {tmp_path}/empty (operator_maildir: flag --operator-maildir) yet\n"
    )
    other.write_text("")
    in_the_way = run("", "operator", "list", "--operator-maildir", str(other))
    assert (in_the_way.returncode, in_the_way.stderr) == (1, f"{other}/new cannot be read: Not a directory\n")
    remote = run("", "operator", "list", "--db", "libsql://mail.example.org")
    assert (remote.returncode, len(remote.stderr.splitlines())) == (1, 1)
    assert "--operator-maildir" in remote.stderr


def test_without_settings_it_says_that_the_defaults_were_used(tmp_path: Path) -> None:
    """Someone who forgets --config on the server must not take it for an empty folder."""
    command = [sys.executable, "-m", "edgemail", "operator", "list"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "db: default" in ended.stderr
    assert "--config" in ended.stderr
