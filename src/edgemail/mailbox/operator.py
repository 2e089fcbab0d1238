"""The operator's mailbox: mail for reserved names rests in a Maildir on disk, where no reader of the page comes.

Certificate authorities mail their proofs of control to admin@ and its like. Whoever could read that on a server
where everyone reads everything could get a certificate for its domain.
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
"""After so long the Maildir convention takes a file in tmp/ for one that nobody writes to any more."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
# What we wrote; the folder may be one that its owner has other mail in, which is never deleted.
_OURS = re.compile(r"[0-9]+\.M[0-9]+P[0-9]+Q[0-9]+R[0-9a-f]+\.edgemail(?::2,.*)?")


@dataclass(frozen=True, slots=True)
class OperatorMail:
    """A message in the Maildir. Its id stays the same when a mail program marks it as read; `size` is in octets."""

    id: str
    path: Path
    date: datetime
    size: int

    @property
    def is_new(self) -> bool:
        """Whether no mail program has taken notice of it."""
        return self.path.parent.name == "new"


class OperatorMailbox:
    """A Maildir: bounded, and each message in it synced before its sender is told.

    Past `max_messages` or `max_bytes` the oldest messages go, of those that were delivered here, but never the
    one that has just come.
    """

    def __init__(self, folder: Path, *, max_messages: int = MESSAGES_MAX, max_bytes: int = BYTES_MAX) -> None:
        self._folder = folder
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        # What was delivered here, oldest first: to look through the folder for each message would take too long.
        self._ours: deque[OperatorMail] = deque()
        self._bytes = 0
        self._waiting_bytes = 0
        self._count = itertools.count()
        self._writer = ThreadPoolExecutor(1, "edgemail-operator")

    def open(self) -> None:
        """Make the folder where it is missing, for its owner alone.

        Raises:
            StoreInvalid: it cannot be made, or someone else prepared it in a directory that everyone may write to.
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
        """Keep a message: the future is done once it is synced, and not before.

        The future may raise:
            StoreUnavailable: the sender may try again (451).
            StoreFull: no room (452).
        """
        loop = asyncio.get_running_loop()
        if self._waiting_bytes > _WAITING_MAX_BYTES:
            refused: asyncio.Future[None] = loop.create_future()
            refused.set_exception(StoreUnavailable("too much mail waits to be written for the operator"))
            return refused
        size = len(envelope.data)  # spools are their maker's to count
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
                            one = OperatorMail(_id_of(entry.name), path, date, status.st_size)
                            found.append((status.st_mtime_ns, one))
        return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].path.name))]

    def find(self, wanted: str) -> OperatorMail:
        """Return the message of an id or of a file's name.

        Raises:
            MessageNotFound: there is none.
        """
        by_name = _id_of(wanted.rpartition("/")[2])
        for one in self.list_mail():
            if one.id in {wanted, by_name}:
                return one
        raise MessageNotFound(f"the operator has no message {wanted}")

    def close(self) -> None:
        """Return once nothing is being written any more."""
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
        """Write a message, under a name that no other has."""
        now_us = time.time_ns() // 1000
        unique = f"P{os.getpid()}Q{next(self._count)}R{secrets.token_hex(8)}"
        name = f"{now_us // 1_000_000}.M{now_us % 1_000_000}{unique}.edgemail"
        draft = self._folder / "tmp" / name
        # Return-Path: comes first (RFC 5321 section 4.4); the other recipients are none of the operator's business.
        end = envelope.data.find(b"\r\n") + 2
        delivered_to = "".join(f"Delivered-To: {one}\r\n" for one in envelope.recipients).encode()
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
        """Look what there is; a clock that was set back does not make the newest message an old one."""
        ours = [one for one in self.list_mail() if _OURS.fullmatch(one.path.name)]
        self._ours = deque(sorted(ours, key=lambda one: one.id == newest))
        self._bytes = sum(one.size for one in ours)

    def _drop_stale_drafts(self) -> None:
        """Delete what a program that was killed has left half written."""
        for path in (self._folder / "tmp").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if _OURS.fullmatch(path.name) and path.stat().st_mtime < time.time() - _STALE_DRAFT_S:
                    path.unlink()


class Sorter:
    """Sends mail for reserved names to the operator's mailbox and all other mail on to `deliver`."""

    def __init__(
        self,
        names: Iterable[str],
        mailbox: OperatorMailbox,
        deliver: Callable[[Envelope], asyncio.Future[MailId]],
    ) -> None:
        # An inbox's name is in lower case, and in quotes where its tag needs them.
        either = "|".join(re.escape(one) for one in names)
        self._is_reserved = re.compile(rf'"?(?:{either})(?:\+|@[^@]*\Z)').match
        self._mailbox = mailbox
        self._deliver = deliver
        self._tasks: set[asyncio.Task[Any]] = set()

    def deliver(self, envelope: Envelope) -> asyncio.Future[Any]:
        """Keep a message wherever it belongs: the future is done once all of that is synced.

        It raises as `OperatorMailbox.deliver` and `MailStore.add` do.
        """
        for one in envelope.recipients:
            if self._is_reserved(one):
                return self._sort(envelope)
        return self._deliver(envelope)

    async def close(self) -> None:
        """Return once all that was handed over is kept, or its sender told otherwise."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.to_thread(self._mailbox.close)

    def _sort(self, envelope: Envelope) -> asyncio.Future[Any]:
        reserved = tuple(one for one in envelope.recipients if self._is_reserved(one))
        others = tuple(one for one in envelope.recipients if not self._is_reserved(one))
        kept = self._mailbox.deliver(envelope._replace(recipients=reserved))
        if not others:
            return kept
        task = asyncio.create_task(self._deliver_others(kept, envelope._replace(recipients=others)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver_others(self, kept: asyncio.Future[None], envelope: Envelope) -> MailId:
        """Go on to the store once the operator's copy is kept.

        Where the store fails, the sender tries again: then that copy is there twice, and no other is.
        """
        await kept
        return await self._deliver(envelope)


def _id_of(name: str) -> str:
    """Return the id of a file's name, of which a mail program may change what follows the colon."""
    return hashlib.sha256(os.fsencode(name.partition(":")[0])).hexdigest()[:10]


def _sync(folder: Path) -> None:
    """Make the names in a folder last."""
    if os.name == "nt":  # where folders cannot be opened, and need not be
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
