"""The operator's mailbox: a Maildir for mail to reserved names, which the web page cannot read.

Certificate authorities send their proofs of control to admin@ and similar names. On a server where
everyone can read all mail, anyone could otherwise get a certificate for its domain.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import itertools
import logging
import os
import re
import secrets
import stat
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from edgemail.errors import MessageNotFound, StoreFull, StoreInvalid, StoreUnavailable
from edgemail.system.file_ownership import is_owned_by_another_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from edgemail.model import Envelope, MailId

_log = logging.getLogger(__name__)

MESSAGES_MAX = 1_000
BYTES_MAX = 100 * 2**20
_WAITING_MAX_BYTES = 64 * 2**20
_STALE_DRAFT_S = 36 * 3600
"""By convention, a file in a Maildir's tmp/ that is older than 36 hours is abandoned."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
# Names of files that edgemail wrote. The folder may also hold other mail, which is never deleted.
_OURS = re.compile(r"[0-9]+\.M[0-9]+P[0-9]+Q[0-9]+R[0-9a-f]+\.edgemail(?::2,.*)?")


@dataclass(frozen=True, slots=True)
class OperatorMail:
    """A message in the Maildir. Marking it as read keeps its id. `size` is in octets."""

    id: str
    path: Path
    date: datetime
    size: int

    @property
    def is_new(self) -> bool:
        """True if no mail program has seen the message yet."""
        return self.path.parent.name == "new"


class OperatorMailbox:
    """A bounded Maildir. Each message is synced before its sender gets the 250.

    Above `max_messages` or `max_bytes`, the oldest messages that edgemail wrote are deleted, but
    never the newest one.
    """

    def __init__(self, folder: Path, *, max_messages: int = MESSAGES_MAX, max_bytes: int = BYTES_MAX) -> None:
        self._folder = folder
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        # Messages that edgemail wrote, oldest first. A folder scan for each delivery is too slow.
        self._ours: deque[OperatorMail] = deque()
        self._bytes = 0
        self._waiting_bytes = 0
        self._count = itertools.count()
        self._writer = ThreadPoolExecutor(1, "edgemail-operator")

    def open(self) -> None:
        """Create the folder if it is missing, readable for its owner only.

        Raises:
            StoreInvalid: the folder cannot be created, or belongs to another user and lies in a
                directory that everyone may write to.
        """
        folder = self._folder
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            if is_owned_by_another_user(folder):
                raise StoreInvalid(
                    f"{folder} belongs to another user, who could read the mail; choose another folder"
                )
            for name in ("tmp", "new", "cur"):
                (folder / name).mkdir(0o700, exist_ok=True)
            _sync(folder)
            _sync(folder.parent)
            self._drop_stale_drafts()
            self._find_ours()
        except OSError as error:
            raise StoreInvalid(f"{folder} cannot be used as the operator's Maildir: {error.strerror}") from error
        _log.info("mail for reserved names goes to %s", folder)

    def deliver(self, envelope: Envelope) -> asyncio.Future[None]:
        """Write a message; the future is done once the message is synced.

        The future may raise:
            StoreUnavailable: the message was not kept; the sender may try again (451).
            StoreFull: the disk has no room (452).
        """
        loop = asyncio.get_running_loop()
        if self._waiting_bytes > _WAITING_MAX_BYTES:
            refused: asyncio.Future[None] = loop.create_future()
            refused.set_exception(StoreUnavailable("too much mail for the operator is waiting to be written"))
            return refused
        size = len(envelope.data)  # the spooler counts the octets of spools
        self._waiting_bytes += size
        future = loop.run_in_executor(self._writer, self._keep, envelope)
        future.add_done_callback(lambda _: self._release(size))
        return future

    def list_mail(self) -> list[OperatorMail]:
        """List the messages, oldest first."""
        found: list[tuple[int, OperatorMail]] = []
        for name in ("new", "cur"):
            with contextlib.suppress(FileNotFoundError), os.scandir(self._folder / name) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    with contextlib.suppress(FileNotFoundError):  # a mail program has just moved it
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(status.st_mode):
                            date = datetime.fromtimestamp(status.st_mtime, UTC)
                            path = self._folder / name / entry.name
                            mail = OperatorMail(_id_of(entry.name), path, date, status.st_size)
                            found.append((status.st_mtime_ns, mail))
        return [mail for _, mail in sorted(found, key=lambda pair: (pair[0], pair[1].path.name))]

    def find(self, wanted: str) -> OperatorMail:
        """Return the message with this id or file name.

        Raises:
            MessageNotFound: there is no such message.
        """
        by_name = _id_of(wanted.rpartition("/")[2])
        for mail in self.list_mail():
            if mail.id in {wanted, by_name}:
                return mail
        raise MessageNotFound(f"the operator has no message {wanted}")

    def close(self) -> None:
        """Wait for the writes under way, then stop the writer thread."""
        self._writer.shutdown()

    def _release(self, size: int) -> None:
        self._waiting_bytes -= size

    def _keep(self, envelope: Envelope) -> None:
        try:
            kept = self._write(envelope)
        except OSError as error:
            _log.exception("mail for the operator could not be kept in %s", self._folder)
            leaf = StoreFull if error.errno in _NO_ROOM else StoreUnavailable
            raise leaf("the operator's Maildir cannot be written") from error
        _log.info("kept a message for the operator", extra={"file": kept.path.name})
        try:
            self._make_room(kept)
        except OSError:
            _log.exception("old mail in %s could not be deleted", self._folder)

    def _write(self, envelope: Envelope) -> OperatorMail:
        """Write a message under a unique file name (tmp/, sync, rename to new/, sync)."""
        now_us = time.time_ns() // 1000
        unique = f"P{os.getpid()}Q{next(self._count)}R{secrets.token_hex(8)}"
        name = f"{now_us // 1_000_000}.M{now_us % 1_000_000}{unique}.edgemail"
        draft = self._folder / "tmp" / name
        # Return-Path: comes first (RFC 5321 section 4.4). Delivered-To: has reserved recipients.
        end = envelope.data.find(b"\r\n") + 2
        delivered_to = "".join(f"Delivered-To: {recipient}\r\n" for recipient in envelope.recipients).encode()
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                file.write(envelope.data[:end])
                file.write(delivered_to)
                file.write(memoryview(envelope.data)[end:])
                if envelope.spool is not None:
                    file.writelines(islice(envelope.read_pieces(), 1, None))
                file.flush()
                os.fsync(file.fileno())
            path = draft.rename(self._folder / "new" / name)
        except (OSError, StoreUnavailable):
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
        _sync(self._folder / "new")
        kept = OperatorMail(_id_of(name), path, envelope.accepted_at, envelope.size + len(delivered_to))
        self._ours.append(kept)
        self._bytes += kept.size
        return kept

    def _make_room(self, newest: OperatorMail) -> None:
        while len(self._ours) > 1 and (len(self._ours) > self._max_messages or self._bytes > self._max_bytes):
            oldest = self._ours.popleft()
            self._bytes -= oldest.size
            try:
                oldest.path.unlink()
            except FileNotFoundError:  # a mail program has moved or deleted it
                self._find_ours(newest.id)

    def _find_ours(self, newest: str = "") -> None:
        """List edgemail's messages anew. `newest` stays last even if the clock was set back."""
        ours = [mail for mail in self.list_mail() if _OURS.fullmatch(mail.path.name)]
        self._ours = deque(sorted(ours, key=lambda mail: mail.id == newest))
        self._bytes = sum(mail.size for mail in ours)

    def _drop_stale_drafts(self) -> None:
        """Delete partly written files that a killed process left behind."""
        for path in (self._folder / "tmp").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if _OURS.fullmatch(path.name) and path.stat().st_mtime < time.time() - _STALE_DRAFT_S:
                    path.unlink()


class ReservedNameRouter:
    """Sends mail for reserved names to the operator's mailbox, and all other mail to `deliver`."""

    def __init__(
        self,
        names: Iterable[str],
        mailbox: OperatorMailbox,
        deliver: Callable[[Envelope], asyncio.Future[MailId]],
    ) -> None:
        # An inbox name is in lower case, and in quotes if its +tag needs them.
        alternatives = "|".join(re.escape(name) for name in names)
        self._is_reserved = re.compile(rf'"?(?:{alternatives})(?:\+|@[^@]*\Z)').match
        self._mailbox = mailbox
        self._deliver = deliver
        self._tasks: set[asyncio.Task[Any]] = set()

    def deliver(self, envelope: Envelope) -> asyncio.Future[Any]:
        """Deliver to the operator, the store or both; the future is done once all is synced.

        The future raises as those of `OperatorMailbox.deliver` and `Mailbox.add` do.
        """
        for recipient in envelope.recipients:
            if self._is_reserved(recipient):
                return self._sort(envelope)
        return self._deliver(envelope)

    async def close(self) -> None:
        """Wait until every delivery is kept or refused, then close the operator's mailbox."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.to_thread(self._mailbox.close)

    def _sort(self, envelope: Envelope) -> asyncio.Future[Any]:
        reserved = tuple(inbox for inbox in envelope.recipients if self._is_reserved(inbox))
        ordinary = tuple(inbox for inbox in envelope.recipients if not self._is_reserved(inbox))
        kept = self._mailbox.deliver(envelope._replace(recipients=reserved))
        if not ordinary:
            return kept
        task = asyncio.create_task(self._deliver_to_store(kept, envelope._replace(recipients=ordinary)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver_to_store(self, kept: asyncio.Future[None], envelope: Envelope) -> MailId:
        """Deliver to the store once the operator's copy is kept.

        If the store fails, the sender tries again. Then only the operator gets a second copy.
        """
        await kept
        return await self._deliver(envelope)


def _id_of(name: str) -> str:
    """Return the id for a file name, without the flags after its colon, which may change."""
    return hashlib.sha256(os.fsencode(name.partition(":")[0])).hexdigest()[:10]


def _sync(folder: Path) -> None:
    """Sync a folder, so that its entries survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
