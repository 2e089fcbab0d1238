"""Mail for reserved names goes into the operator's Maildir, where readers cannot see it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import os
import smtplib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from testkit.running_app import Program, running
from testkit.sample_mail import envelope, letter
from testkit.slow_disk import slow_disk
from testkit.smtp_peer import Counter, Peer
from testkit.waiting import PATIENCE_S, until

from edgemail.errors import SettingsError, StoreFull
from edgemail.mailbox.operator import OperatorMailbox, ReservedNameRouter
from edgemail.model import Address
from edgemail.settings import resolve
from edgemail.settings.sections.operator import RESERVED

if TYPE_CHECKING:
    from edgemail.model import Envelope
    from edgemail.settings import Settings

ANN = "ann@example.org"
MESSAGE = letter("Proof of control")


def public_settings(folder: Path) -> Settings:
    """Return the settings of a server for one domain, with defaults otherwise."""
    flags = {"domain": ("example.org",), "smtp": ("127.0.0.1:0",), "http": ("127.0.0.1:0",)}
    return resolve(flags | {"db": str(folder / "mail.db")}, {}).settings


def send(program: Program, *recipients: str, message: bytes = MESSAGE) -> None:
    with smtplib.SMTP(*program.smtp, timeout=PATIENCE_S) as client:
        client.sendmail("ca@sender.example", recipients, message)


def refusal_of(program: Program, *recipients: str) -> int:
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(program, *recipients)
    return caught.value.smtp_code


def files_in(folder: Path) -> list[bytes]:
    return [mail.path.read_bytes() for mail in OperatorMailbox(folder / "mail.db.operator").list_mail()]


def recipients_in(db: Path) -> list[str]:
    """Return the recipients in the database, read from the file itself."""
    with contextlib.closing(sqlite3.connect(db)) as connection:
        rows = connection.execute("SELECT recipients FROM mail").fetchall()
        inboxes = connection.execute("SELECT address FROM inbox").fetchall()
    assert sorted(row for (row,) in inboxes) == sorted(
        part for (all_,) in rows for part in all_[1:-1].split(">, <")
    )
    return [row for (row,) in rows]


@pytest.mark.parametrize(
    ("to", "inbox"),
    [
        ("admin@example.org", "admin@example.org"),
        ("ADMIN+x@sub.Example.org", "admin+x@sub.example.org"),
        ("Mailer-Daemon@example.org", "mailer-daemon@example.org"),
        ('"abuse"@example.org', "abuse@example.org"),
        ('"security+a tag"@example.org', '"security+a tag"@example.org'),
        ("Postmaster", "postmaster@example.org"),
    ],
)
async def test_mail_for_a_reserved_name_is_the_operators_alone(tmp_path: Path, to: str, inbox: str) -> None:
    """It is kept octet for octet in the Maildir; neither the database nor the API has it."""
    async with running(public_settings(tmp_path)) as program:
        await asyncio.to_thread(send, program, to)
        (kept,) = files_in(tmp_path)
        return_path, delivered_to, *received, content = kept.split(b"\r\n", 5)
        assert return_path == b"Return-Path: <ca@sender.example>"
        assert delivered_to == f"Delivered-To: {inbox}".encode()
        assert received[0].startswith(b"Received: from ")
        assert b" with ESMTP id " in received[1]
        assert content == MESSAGE
        assert await program.list_inbox(inbox) == []
        assert (await program.ask("/api/server")).json()["reserved"] == list(RESERVED)
    assert recipients_in(tmp_path / "mail.db") == []


async def test_a_message_to_reserved_and_other_recipients_is_kept_for_both(tmp_path: Path) -> None:
    """Each copy names only the recipients of its place."""
    async with running(public_settings(tmp_path)) as program:
        await asyncio.to_thread(send, program, ANN, "root@example.org", "bob@example.org", "noc@a.example.org")
        (kept,) = files_in(tmp_path)
        assert kept.count(b"Delivered-To: ") == 2
        assert b"Delivered-To: root@example.org\r\nDelivered-To: noc@a.example.org\r\nReceived: " in kept
        assert ANN.encode() not in kept.split(b"From: ")[0]
        (listed,) = await program.list_inbox()
        assert listed["subject"] == "Proof of control"
        assert await program.list_inbox("root@example.org") == []
    assert recipients_in(tmp_path / "mail.db") == ["<ann@example.org>, <bob@example.org>"]


async def test_names_that_are_only_like_reserved_ones_are_anyones(tmp_path: Path) -> None:
    """A reserved name is the whole local part, up to a tag."""
    alike = ["admins@example.org", "admin.x@example.org", "x-admin@example.org", "x+admin@example.org"]
    alike += ["+admin@example.org", '"admin@x"@example.org', '"admin "@example.org', "ann@admin.example.org"]
    async with running(public_settings(tmp_path)) as program:
        await asyncio.to_thread(send, program, *alike)
        assert files_in(tmp_path) == []
    assert recipients_in(tmp_path / "mail.db") == [", ".join(f"<{recipient}>" for recipient in alike)]


async def test_with_no_reserved_names_postmaster_is_an_inbox_like_any_other(tmp_path: Path) -> None:
    """The mail is in the page, and no Maildir is created."""
    settings = public_settings(tmp_path)
    settings = dataclasses.replace(settings, operator=dataclasses.replace(settings.operator, reserved=()))
    async with running(settings) as program:
        await asyncio.to_thread(send, program, "postmaster@example.org")
        assert len(await program.list_inbox("postmaster@example.org")) == 1
    assert not (tmp_path / "mail.db.operator").exists()


async def test_250_comes_after_the_sync_and_nobody_else_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop is not blocked, and the message is in new/ only when it is complete."""
    async with running(public_settings(tmp_path)) as program, Peer.greeted(program.smtp[1]) as peer:
        with slow_disk(monkeypatch) as go_on:
            await peer.say(
                b"MAIL FROM:<>\r\nRCPT TO:<admin@example.org>\r\nRCPT TO:<ann@example.org>\r\n", 250, 250, 250
            )
            await peer.say(b"DATA\r\n", 354)
            peer.send(b"Hi.\r\n.\r\n")
            await until(lambda: any((tmp_path / "mail.db.operator" / "tmp").iterdir()))
            await program.send(MESSAGE, to=("bob@example.org",))
            assert await peer.is_quiet()
            assert files_in(tmp_path) == []
            assert await program.list_inbox() == []
            go_on.set()
            assert (await peer.reply())[:3] == "250"
        assert len(files_in(tmp_path)) == len(await program.list_inbox()) == 1


async def test_a_maildir_that_cannot_be_written_is_451_and_trying_again_loses_nothing(tmp_path: Path) -> None:
    """The database keeps nothing of it either, so that a retry makes no duplicate."""
    new = tmp_path / "mail.db.operator" / "new"
    async with running(public_settings(tmp_path)) as program:
        new.rmdir()
        new.write_text("in the way")
        assert await asyncio.to_thread(refusal_of, program, "admin@example.org") == 451
        assert await asyncio.to_thread(refusal_of, program, "admin@example.org", ANN) == 451
        assert await program.list_inbox() == []
        assert list(new.with_name("tmp").iterdir()) == []
        new.unlink()
        new.mkdir()
        await asyncio.to_thread(send, program, "admin@example.org", ANN)
        assert len(files_in(tmp_path)) == len(await program.list_inbox()) == 1


async def test_a_full_disk_is_452(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply is the same as for a full database disk."""

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with running(public_settings(tmp_path)) as program:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            assert await asyncio.to_thread(refusal_of, program, "admin@example.org") == 452
        assert files_in(tmp_path) == []
        assert list((tmp_path / "mail.db.operator" / "tmp").iterdir()) == []


async def test_where_the_database_fails_only_the_operators_copy_can_come_twice(tmp_path: Path) -> None:
    """The operator's copy is written first: a duplicate is better than a loss."""
    mailbox, store = OperatorMailbox(tmp_path), Counter()
    mailbox.open()
    sorter = ReservedNameRouter(["admin"], mailbox, store.deliver)
    mixed = envelope("admin@example.org", ANN)
    for error in (StoreFull("no room"), None):
        count = len(store.envelopes)
        outcome = sorter.deliver(mixed)
        await store.arrival(count + 1)
        assert len(mailbox.list_mail()) == count + 1
        assert not outcome.done()
        if error is None:
            store.keep(count)
            await outcome
        else:
            store.futures[count].set_exception(error)
            with pytest.raises(StoreFull):
                await outcome
    assert [kept.recipients for kept in store.envelopes] == [(ANN,), (ANN,)]
    await sorter.close()


async def test_mail_without_reserved_recipients_takes_no_detour(tmp_path: Path) -> None:
    """The future is the store's own, without a task or a thread in between."""
    store = Counter()
    sorter = ReservedNameRouter(["admin"], OperatorMailbox(tmp_path), store.deliver)
    mail = envelope(ANN, "bob@example.org")
    assert sorter.deliver(mail) is store.futures[0]
    assert store.envelopes[0] is mail


async def test_closing_waits_for_what_was_handed_over(tmp_path: Path) -> None:
    """A message that is kept by the operator only is delivered to the store before the stop."""
    mailbox, store = OperatorMailbox(tmp_path), Counter()
    mailbox.open()
    sorter = ReservedNameRouter(["admin"], mailbox, store.deliver)
    outcomes = [sorter.deliver(envelope("admin@example.org", ANN)), sorter.deliver(envelope("admin@example.org"))]
    closing = asyncio.create_task(sorter.close())
    await store.arrival()
    assert not (await asyncio.wait([closing], timeout=0.05))[0]
    store.keep(0)
    await closing
    assert len(mailbox.list_mail()) == 2
    await asyncio.gather(*outcomes)


class Nowhere(OperatorMailbox):
    """A mailbox that counts its messages and keeps none."""

    def __init__(self, outcome: asyncio.Future[None]) -> None:
        super().__init__(Path())
        self.outcome = outcome

    def deliver(self, envelope: Envelope) -> asyncio.Future[None]:
        return self.outcome


@given(
    name=st.sampled_from([*RESERVED, "ann", ""]),
    is_upper=st.booleans(),
    rest=st.one_of(st.just(""), st.text(st.sampled_from('+@" .\\xäſK'), max_size=5)),
)
def test_whatever_is_written_the_local_part_up_to_its_tag_decides(name: str, is_upper: bool, rest: str) -> None:
    """Quotes, backslashes and capitals in an address do not bypass the rule."""
    local = (name.upper() if is_upper else name) + rest
    assume(local)
    written = local.replace("\\", "\\\\").replace('"', '\\"')
    inbox = Address.parse(f'"{written}"@example.org').inbox
    loop = asyncio.new_event_loop()
    to_operator, to_store = loop.create_future(), loop.create_future()
    loop.close()
    outcome = ReservedNameRouter(RESERVED, Nowhere(to_operator), lambda _: to_store).deliver(envelope(inbox))
    assert (outcome is to_operator) == (local.lower().partition("+")[0] in RESERVED)
    assert (outcome is to_store) == (outcome is not to_operator)


@pytest.mark.parametrize(
    ("flags", "in_force"),
    [
        ({}, False),
        ({"smtp": ("0.0.0.0:2525",)}, False),
        ({"domain": ("example.org",)}, True),
        ({"smtp": ("0.0.0.0:25",)}, True),
        ({"domain": ("example.org",), "reserved": ("none",)}, False),
    ],
)
def test_names_are_reserved_where_the_internet_can_send(flags: dict[str, tuple[str, ...]], in_force: bool) -> None:
    """A public server reserves names; a server on a laptop shows admin@ in the page."""
    reserved = resolve(flags, {}).settings.operator.reserved
    assert reserved == (RESERVED if in_force else ())
    (origin,) = [origin for origin in resolve(flags, {}).origins if origin.setting.name == "reserved"]
    assert origin.text == (",".join(RESERVED) if in_force else "none")


def test_reserved_names_may_be_chosen_and_none_stands_alone() -> None:
    """They replace the defaults, in any case of letters; an address is no name."""
    assert resolve({}, {"EDGEMAIL_RESERVED": "Admin, root"}).settings.operator.reserved == ("admin", "root")
    for wrong in ("admin,none", "admin@example.org", "admin+x", '"a b"'):
        with pytest.raises(SettingsError) as caught:
            resolve({}, {"EDGEMAIL_RESERVED": wrong})
        (mistake,) = caught.value.mistakes
        assert mistake.startswith("EDGEMAIL_RESERVED: ")


def test_the_operators_maildir_is_beside_the_database() -> None:
    """It is named after the file; an empty name is a mistake."""
    assert resolve({"db": "a/mail.db"}, {}).settings.operator.maildir == "a/mail.db.operator"
    with pytest.raises(SettingsError, match=r"^--operator-maildir: "):
        resolve({"operator_maildir": ""}, {})


@pytest.mark.parametrize("db", ["libsql://mail.example.org", "memory"])
def test_beside_a_database_that_is_no_file_there_is_no_place_for_the_operators_maildir(db: str) -> None:
    """On a server or in memory: then somebody has to name the folder."""
    remote = {"db": db}
    assert resolve(remote, {}).settings.operator.maildir is None
    advice = "--operator-maildir, give --reserved none, or --mode dev to test programs"
    with pytest.raises(SettingsError, match=f"^operator_maildir: is not given.*{advice}"):
        resolve(remote | {"domain": ("example.org",)}, {})
    assert resolve(remote | {"domain": ("a.org",), "operator_maildir": "b"}, {}).settings.operator.maildir == "b"
