"""The operator's Maildir by itself: synced, bounded, private."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import envelope
from testkit.slow_disk import slow_disk
from testkit.waiting import PATIENCE_S

from edgemail.errors import MessageNotFound, StoreInvalid, StoreUnavailable
from edgemail.mailbox.operator import OperatorMailbox

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


async def test_file_and_folder_are_synced_in_that_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced before its name is, so that a name always has a complete message."""
    mailbox = OperatorMailbox(tmp_path / "operator")
    mailbox.open()
    synced: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    await mailbox.deliver(envelope("root@example.org"))
    (kept,) = mailbox.list_mail()
    folder = (tmp_path / "operator").resolve()
    assert synced == [str(folder / "tmp" / kept.path.name), str(folder / "new")]
    assert kept.is_new


async def fill(mailbox: OperatorMailbox, bodies: Iterable[bytes]) -> list[bytes]:
    """Deliver messages one by one; return the bodies that are kept, oldest first."""
    for body in bodies:
        await mailbox.deliver(envelope("root@example.org", data=b"Return-Path: <>\r\n\r\n" + body))
    return [mail.path.read_bytes().rpartition(b"\r\n")[2] for mail in mailbox.list_mail()]


async def test_past_so_many_messages_the_oldest_go(tmp_path: Path) -> None:
    """Messages that are read, or older than the start, count too."""
    mailbox = OperatorMailbox(tmp_path, max_messages=3)
    mailbox.open()
    assert await fill(mailbox, [b"1", b"2", b"3"]) == [b"1", b"2", b"3"]
    second = mailbox.list_mail()[1].path
    second.rename(tmp_path / "cur" / f"{second.name}:2,S")
    again = OperatorMailbox(tmp_path, max_messages=3)
    again.open()
    assert await fill(again, [b"4"]) == [b"2", b"3", b"4"]
    assert await fill(again, [b"5", b"6"]) == [b"4", b"5", b"6"]
    fourth, fifth = (mail.path for mail in again.list_mail()[:2])
    fourth.rename(tmp_path / "cur" / f"{fourth.name}:2,S")
    fifth.unlink()
    assert await fill(again, [b"7"]) == [b"4", b"6", b"7"]
    assert await fill(again, [b"8"]) == [b"6", b"7", b"8"]


async def test_a_clock_that_is_set_back_does_not_cost_the_newest_message(tmp_path: Path) -> None:
    """The newest message stays, although its file has the oldest date."""
    mailbox = OperatorMailbox(tmp_path, max_messages=2)
    mailbox.open()
    await fill(mailbox, [b"1", b"2"])
    for age, mail in enumerate(mailbox.list_mail()):
        os.utime(mail.path.rename(tmp_path / "cur" / mail.path.name), (4_000_000_000 + age,) * 2)
    assert await fill(mailbox, [b"3"]) == [b"3", b"2"]


async def test_past_so_many_octets_the_oldest_go_and_the_newest_stays(tmp_path: Path) -> None:
    """The message that just got its 250 is kept, even if it alone exceeds the limit."""
    mailbox = OperatorMailbox(tmp_path, max_bytes=310)
    mailbox.open()
    assert await fill(mailbox, [b"a" * 50, b"b" * 100]) == [b"a" * 50, b"b" * 100]
    assert await fill(mailbox, [b"c" * 100]) == [b"b" * 100, b"c" * 100]
    assert await fill(mailbox, [b"d" * 1000]) == [b"d" * 1000]
    assert await fill(mailbox, [b"e"]) == [b"e"]


async def test_other_mail_in_the_folder_is_never_deleted(tmp_path: Path) -> None:
    """Only files that edgemail wrote are deleted."""
    mailbox = OperatorMailbox(tmp_path, max_messages=1)
    mailbox.open()
    foreign = [tmp_path / "new" / "1.M2P3.mx.example.com", tmp_path / "cur" / "4.M5P6.mx.example.com:2,S"]
    for path in foreign:
        path.write_bytes(b"Subject: Dear\n\nHi.\n")
        os.utime(path, (1, 1))
    await fill(mailbox, [b"1", b"2"])
    assert all(path.exists() for path in foreign)
    assert len(mailbox.list_mail()) == 3


async def test_too_much_mail_that_waits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail that waits for a slow disk is bounded."""
    mailbox = OperatorMailbox(tmp_path)
    mailbox.open()
    large = envelope("root@example.org", data=b"Return-Path: <>\r\n" + bytes(33 * 2**20))
    with slow_disk(monkeypatch):
        first, second, third = (mailbox.deliver(large) for _ in range(3))
        with pytest.raises(StoreUnavailable):
            await third
    await asyncio.gather(first, second)
    await mailbox.deliver(envelope("root@example.org"))
    assert len(mailbox.list_mail()) == 3


def test_the_folder_and_its_mail_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Folders and files are readable for their owner only."""
    folder = tmp_path / "a" / "operator"
    mailbox = OperatorMailbox(folder)
    mailbox.open()
    asyncio.run(asyncio.wait_for(deliver_one(mailbox), PATIENCE_S))
    assert {path.name for path in folder.iterdir()} == {"tmp", "new", "cur"}
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())} == {0o700}
    assert mailbox.list_mail()[0].path.stat().st_mode & 0o777 == 0o600


async def deliver_one(mailbox: OperatorMailbox) -> None:
    await mailbox.deliver(envelope("root@example.org"))


def test_a_path_that_can_be_no_maildir_is_said_at_the_start(tmp_path: Path) -> None:
    """An unusable path fails the start, instead of each delivery."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreInvalid, match=r"file cannot be used as the operator's Maildir"):
        OperatorMailbox(tmp_path / "file").open()


def test_a_folder_that_another_user_prepared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's folder in /tmp is refused, as that user could read the mail."""
    tmp_path.chmod(0o1777)
    (tmp_path / "operator").mkdir()
    someone_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone_else)
    with pytest.raises(StoreInvalid, match="belongs to another user"):
        OperatorMailbox(tmp_path / "operator").open()


async def test_half_written_mail_of_a_killed_program_goes_after_a_while(tmp_path: Path) -> None:
    """Only edgemail's own stale drafts are deleted."""
    mailbox = OperatorMailbox(tmp_path)
    mailbox.open()
    await deliver_one(mailbox)
    name = mailbox.list_mail()[0].path.name
    stale, fresh, foreign = (tmp_path / "tmp" / name_ for name_ in (f"1{name}", f"2{name}", "1.M2P3.mx"))
    for path, is_old in ((stale, True), (fresh, False), (foreign, True)):
        path.write_text("")
        if is_old:
            os.utime(path, (1, 1))
    OperatorMailbox(tmp_path).open()
    assert [stale.exists(), fresh.exists(), foreign.exists()] == [False, True, True]


async def test_a_message_is_found_by_its_id_and_by_its_file_wherever_it_is_now(tmp_path: Path) -> None:
    """Marking a message as read changes its file name, but not its id."""
    mailbox = OperatorMailbox(tmp_path)
    mailbox.open()
    await deliver_one(mailbox)
    (kept,) = mailbox.list_mail()
    moved = kept.path.rename(tmp_path / "cur" / f"{kept.path.name}:2,S")
    for wanted in (kept.id, kept.path.name, moved.name, str(moved)):
        assert mailbox.find(wanted).path == moved
    for wanted in ("", "x", "../../etc/passwd"):
        with pytest.raises(MessageNotFound):
            mailbox.find(wanted)
