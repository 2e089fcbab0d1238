"""`--json`: every command has it, prints one JSON value, and keeps its exit status."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from testkit.sample_mail import envelope

from edgemail import cli
from edgemail.mailbox.operator import OperatorMailbox
from tests.cli.in_process import run_here, running_loaded
from tests.cli.test_client import run
from tests.cli.test_mail import deliver, newest_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.test_serve import Running

WITHOUT = {
    "serve": "runs until it is stopped; --log-format json is for its log",
    "web preview": "runs until it is stopped",
    "sendmail": "takes sendmail's own flags, and prints nothing",
    "init": "asks, and writes files for people",
    "skill": "prints a text for a file",
    "completion": "prints a script for a shell",
    "mcp": "speaks a protocol of its own on the standard output",
}
"""Commands that have no --json, each with the reason."""
DOCS = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")


def find_commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from find_commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(find_commands(cli.cli))


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running_loaded("--db", "memory") as started:
        yield started


def ask(url: str, *arguments: str, status: int = 0, **environ: str) -> Any:
    ended = run_here(url, *arguments, "--json", **environ)
    assert ended.returncode == status, ended.stderr
    return json.loads(ended.stdout)


def test_every_command_has_json_or_a_reason() -> None:
    assert len(COMMANDS) > 15
    having = {
        name for name, command in COMMANDS.items() if any("--json" in option.opts for option in command.params)
    }
    assert set(COMMANDS) - having == set(COMMANDS) & set(WITHOUT)


def test_the_page_of_commands_has_every_command_and_its_json() -> None:
    """The first table names all commands, the table of JSON those that have it."""
    table, json_table = DOCS.partition("\n## ")[0], DOCS.partition("\n## JSON\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \[`([a-z ]+?)(?: [A-Z].*?)?`\]", table, re.MULTILINE)
    assert set(rows) == set(COMMANDS)
    described = set(re.findall(r"^\| `([a-z ]+)`", json_table, re.MULTILINE))
    assert described - {"wait --code"} == set(COMMANDS) - set(WITHOUT)
    for name in set(WITHOUT) & set(COMMANDS):
        assert f"`{name}`" in json_table.rpartition("|\n")[2], name


def test_send_and_delete(server: Running) -> None:
    sent = ask(server.url, "send", "json@a.org", "--count", "3", "--smtp", server.smtp)
    assert sent == {"sent": 3, "to": "json@a.org", "url": f"{server.url}#/json@a.org"}
    mail_id = newest_id(server, "json@a.org")
    assert ask(server.url, "delete", mail_id, "--yes") == {"deleted": 1}
    assert ask(server.url, "delete", "json@a.org", "--yes") == {"deleted": 2}
    assert ask(server.url, "delete", "json@a.org", "--yes") == {"deleted": 0}
    kept = run_here(server.url, "delete", "json@a.org", "--json", given="n\n")
    assert (kept.returncode, kept.stdout) == (1, "")


def test_readyz(server: Running) -> None:
    """What is wrong stands in both outputs."""
    assert ask(server.url, "readyz") == {"ready": True, "url": server.url.rstrip("/")}
    ended = run_here("http://127.0.0.1:1", "readyz", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {"ready": False, "reason": ended.stderr.strip()}
    assert ended.stderr.startswith("no edgemail answers at ")


def test_import_and_export(server: Running, tmp_path: Path) -> None:
    """A file that cannot be imported is counted, and named on the standard error."""
    mails = tmp_path / "mails"
    mails.mkdir()
    (mails / "a.eml").write_bytes(b"X-Envelope-To: a@a.org\r\nSubject: A\r\n\r\nA\r\n")
    (mails / "b.eml").write_bytes(b"Subject: B\r\n\r\nB\r\n")
    db = str(tmp_path / "mail.db")
    ended = run_here("", "import", str(mails), "--db", db, "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {"imported": 1, "failed": 1, "skip": None}
    assert ended.stderr.startswith(f"{mails}/b.eml: ")
    again = ask("", "import", str(mails), "--db", db, "--to", "b@a.org")
    assert again == {"imported": 2, "failed": 0, "skip": None}
    out = str(tmp_path / "out.mbox")
    assert ask("", "export", out, "--db", db) == {"exported": 3, "db": db, "out": out}
    later = ask("", "import", out, "--smtp", "127.0.0.1:1", "--timeout", "0", status=75)
    assert later == {"imported": 0, "failed": 0, "skip": 0}


def test_the_operators_mail(tmp_path: Path) -> None:
    mailbox = OperatorMailbox(tmp_path / "mail.db.operator")
    mailbox.open()
    head = b"Return-Path: <ca@sender.example>\r\nReceived: from a\r\n\tby b;\r\n\tdate\r\n"
    data = head + b"From: CA <ca@sender.example>\r\nSubject: Yours\r\nContent-Type: text/html\r\n\r\n<b>Hi</b>\r\n"

    async def deliver_one() -> None:
        await mailbox.deliver(envelope("admin@example.org", data=data))

    asyncio.run(deliver_one())
    db = str(tmp_path / "mail.db")
    (listed,) = ask("", "operator", "list", "--db", db)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", listed["date"])
    expected = {
        "new": True,
        "from": "CA <ca@sender.example>",
        "recipients": ["admin@example.org"],
        "subject": "Yours",
    }
    assert {name: listed[name] for name in expected} == expected
    shown = ask("", "operator", "show", listed["id"], "--db", db)
    assert {name: shown[name] for name in listed} == listed
    assert (shown["text"], shown["html"].strip(), shown["attachments"]) == (None, "<b>Hi</b>", [])
    assert {"words", "source", "sender_name"} & set(shown) == set()
    text = run_here("", "operator", "show", listed["id"], "--db", db).stdout
    assert text.endswith("\n\n(HTML only: see it with --raw)\n")
    both = run_here("", "operator", "show", listed["id"], "--db", db, "--raw", "--json")
    assert (both.returncode, both.stdout) == (2, "")
    OperatorMailbox(tmp_path / "none.db.operator").open()
    assert ask("", "operator", "list", "--db", str(tmp_path / "none.db")) == []


def test_keys_and_tokens(tmp_path: Path) -> None:
    """The token is in the JSON; warnings stay on the standard error."""
    keys = tmp_path / "keys"
    made = ask("", "token", "keygen", "--out", str(keys))
    assert made == {"private": f"{keys}/private.pem", "public": f"{keys}/public.pem"}
    minted = ask("", "token", "mint", "--key", made["private"], "--read-only", "--expires", "1d")
    (tmp_path / "ro.jwt").write_text(minted.pop("token"))
    assert ask("", "token", "show", str(tmp_path / "ro.jwt")) == minted
    assert (minted["access"], minted["expired"], minted["verified"]) == ("ro", False, False)
    assert minted["may"] == "read the whole database, and write nothing"
    assert minted["issued"] < minted["expires"]
    ended = run_here("", "token", "mint", "--key", made["private"], "--read-write", "--expires", "never", "--json")
    assert json.loads(ended.stdout)["expires"] is None
    assert "never expires" in ended.stderr


def test_a_published_page(tmp_path: Path) -> None:
    keys, out, token = tmp_path / "keys", tmp_path / "site", tmp_path / "ro.jwt"
    ask("", "token", "keygen", "--out", str(keys))
    minted = ask("", "token", "mint", "--key", f"{keys}/private.pem", "--read-only")
    token.write_text(minted["token"])
    ended = run_here(
        "", "web", "export", "--json", "--out", str(out), "--db-url", "https://near.example.org",
        "--token-file", str(token), "--domain", "example.org",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    written = json.loads(ended.stdout)
    assert written == {"out": str(out), "origins": ["https://near.example.org"], "token_expires": minted["expires"]}
    assert "everyone who can load the page can read the whole database" in ended.stderr


def test_json_cannot_drive_the_terminal(server: Running) -> None:
    """Whatever a stranger writes, and whatever a command is asked for."""
    deliver(server, "hostile@a.org", "text", subject="\u202eevil")
    for command in ("wait", "list"):
        shown = run_here(server.url, command, "hostile@a.org", "--json").stdout
        assert "evil" in shown
        assert "\u202e" not in shown


def test_a_process_prints_the_same() -> None:
    """The tests above run commands in this process."""
    for arguments in (("readyz", "--json"), ("wait", "a@a.org"), ("skill",)):
        apart, here = (way("http://127.0.0.1:1", *arguments) for way in (run, run_here))
        assert (apart.returncode, apart.stdout, apart.stderr) == (here.returncode, here.stdout, here.stderr)
