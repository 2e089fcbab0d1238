"""A database of each earlier version opens, and its mail is read, searched, listed and deleted."""

from __future__ import annotations

import asyncio
import json
import re
import smtplib
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from testkit.http_client import ask, inbox_path
from testkit.server_process import THIS_PYTHON, serving
from testkit.sqld import Sqld
from testkit.waiting import PATIENCE_S, until

from edgemail.store.remote.commit import transaction
from edgemail.store.remote.hrana import HranaClient, Step
from edgemail.store.sqlite.file import open_database
from tests.upgrade.kept_mail import DATABASES, LETTERS, PDF, READ, SENDER, TAG, TAGGED, had_marks, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testkit.server_process import Process

_ALL = sorted(path.name.removesuffix(".db.gz") for path in DATABASES.glob("*.db.gz"))
NEWEST = "0.2.0"
"""It has the tables of now."""
IN_A_HURRY = ("0.1.0", "2026-11-28-webhooks")
"""What `make test` tries; it leaves the other versions to `make test-all`."""
KEPT = [name if name in IN_A_HURRY else pytest.param(name, marks=pytest.mark.slow) for name in _ALL]
IDS = list(range(1, len(LETTERS) + 1))
OPTIONS = {"EDGEMAIL_MAX_AGE": "off"}
"""The mail is as old as the program that took it."""


@pytest.mark.parametrize("name", KEPT)
async def test_all_mail_of_an_older_version_is_there(name: str, tmp_path: Path) -> None:
    """The program is started on a copy of the file, and asked as its users ask."""
    path = unpack(name, tmp_path)
    marked = had_marks(path)
    with serving(path, **OPTIONS) as server:
        await use(server, marked=marked)
        server.process.terminate()
        assert server.wait() == 0
    upgraded, fresh = tmp_path / "mail.db", tmp_path / "fresh.db"
    open_database(fresh).close()
    assert schema_of(upgraded) == schema_of(fresh)


def test_the_tables_are_those_of_the_newest_kept_database(tmp_path: Path) -> None:
    """Whoever changes them raises `schema.VERSION`, and keeps a database by scripts/keep_database.py."""
    fresh = tmp_path / "fresh.db"
    open_database(fresh).close()
    assert schema_of(unpack(NEWEST, tmp_path)) == schema_of(fresh)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sqld]:
    running = Sqld(tmp_path / "sqld")
    running.start()
    yield running
    running.kill()


@pytest.mark.parametrize("name", IN_A_HURRY)
async def test_all_mail_of_an_older_version_is_there_on_a_server(name: str, tmp_path: Path, server: Sqld) -> None:
    """The tables are changed by Hrana there."""
    path = unpack(name, tmp_path)
    marked = had_marks(path)
    with sqlite3.connect(path) as connection:
        script = list(connection.iterdump())
    connection.close()
    steps = [Step(statement) for statement in script if not statement.startswith(("BEGIN", "COMMIT"))]
    async with HranaClient(server.url, server.token()) as client:
        await client.run(transaction(steps), timeout_s=PATIENCE_S)
    with serving(tmp_path / "none", url=server.url, LIBSQL_CLIENT_TOKEN=server.token(), **OPTIONS) as program:
        await use(program, marked=marked)


async def use(server: Process, *, marked: bool) -> None:
    """List, read, search and delete the mail, and add to it."""

    async def get(path: str, method: str = "GET") -> Any:
        answer = await ask(server.url, path, method)
        assert answer.status in (200, 204), (path, answer.body)
        return json.loads(answer.body) if answer.body else None

    async def list_ids(address: str) -> list[int]:
        return [message["id"] for message in (await get(inbox_path(address, "/messages")))["messages"]]

    async def search(text: str) -> list[int]:
        found = await get(f"/api/messages?search={quote(text)}")
        return [message["id"] for message in found["messages"]]

    listed = (await get("/api/messages"))["messages"]
    assert [(message["id"], message["subject"]) for message in reversed(listed)] == [
        (mail_id, letter.subject) for mail_id, letter in zip(IDS, LETTERS, strict=True)
    ]
    states = {message["id"]: (message["read"], message["tags"]) for message in listed}
    nothing: tuple[bool, list[str]] = (False, [])
    assert states == dict.fromkeys(IDS, nothing) | ({READ: (True, []), TAGGED: (False, [TAG])} if marked else {})
    for mail_id, letter in zip(IDS, LETTERS, strict=True):
        raw = (await ask(server.url, f"/api/messages/{mail_id}/raw")).body
        assert raw.endswith(letter.data)
        assert (await get(f"/api/messages/{mail_id}"))["recipients"] == list(letter.recipients)
        for recipient in letter.recipients:
            assert mail_id in await list_ids(recipient)
    assert (await ask(server.url, "/api/messages/4/attachments/0")).body == PDF
    assert [code["code"] for code in (await get("/api/messages/1"))["codes"]] == ["481223"]
    await until(lambda: finds(search, "from:sender.example", [*reversed(IDS)]))
    assert await search("Grüße") == [2]
    assert await search("zazolc") == [3]
    assert await search("has:attachment") == [4]
    found = await get(inbox_path("bob@example.org", f"/messages?search={quote('世界')}"))
    assert [message["id"] for message in found["messages"]] == [3]
    assert await ask_by_command(server, "list", "ann@example.org", "--json") == [4, 2, 1]
    await get(inbox_path("bob@example.org", "/messages/4"), "DELETE")
    assert await list_ids("bob@example.org") == [3]
    assert await list_ids("carol@example.org") == [6, 4]
    await get("/api/messages/6", "DELETE")
    await asyncio.to_thread(send, server)
    new = len(LETTERS) + 2  # a message had come after these, and was deleted
    assert await list_ids("carol@example.org") == [new, 4]
    assert (await get("/api/counts"))["messages"] == len(LETTERS)
    await until(lambda: finds(search, "postscript", [new]))


async def finds(search: Any, text: str, expected: list[int]) -> bool:
    """Return True once a search finds what it should."""
    return bool(await search(text) == expected)


def send(server: Process) -> None:
    """Send another message."""
    with smtplib.SMTP(*server.smtp, timeout=PATIENCE_S) as client:
        client.sendmail(SENDER, ["carol@example.org"], b"Subject: Postscript\r\n\r\nHello again.\r\n")


async def ask_by_command(server: Process, *arguments: str) -> list[int]:
    """Return the ids that a command prints."""
    command = [*THIS_PYTHON, *arguments, "--url", server.url]
    said = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=PATIENCE_S * 2)
    return [message["id"] for message in json.loads(said.stdout)]


def schema_of(path: Path) -> list[tuple[object, ...]]:
    """Return the tables, indexes and triggers without their comments, and their number."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
        parts = [(kind, name, " ".join(re.sub("--.*", "", sql or "").split())) for kind, name, sql in rows]
        return [*parts, *connection.execute("PRAGMA user_version")]
    finally:
        connection.close()
