"""Finds messages in files and folders, and reads one after the other."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from edgemail.archive.envelope_fields import HEAD_MAX_BYTES, read_envelope
from edgemail.archive.mbox import MboxEnd, Separator, is_mbox, read_mbox
from edgemail.archive.temporary_mail import TemporaryMail
from edgemail.errors import AddressError
from edgemail.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from edgemail.archive.mbox import Quoting

_PIECE_BYTES: Final = 256 * 1024
_SNIFFED_BYTES: Final = 2048
_MAILDIR: Final = ("cur", "new", "tmp")
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class ArchivedMail:
    """A message that was found. Whoever takes it discards `content`."""

    place: str
    """The file, with the number of the message in it for an mbox file."""
    sender: Address | None
    knows_sender: bool
    recipients: tuple[str, ...]
    date: datetime | None
    """When it was received, as far as the file tells."""
    content: TemporaryMail
    """The message itself, without the fields that are for the envelope alone."""


@dataclass(frozen=True, slots=True)
class BadMail:
    """Something that cannot be read as a message."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    is_named: bool
    """True if the user named it: then it may be a link."""
    is_message: bool
    """True if it is one message whatever it looks like, as in a Maildir."""


class MailSource:
    """The messages of some files and folders, in the order of the names."""

    def __init__(self, paths: Sequence[Path], *, max_bytes: int, quoting: Quoting = "mboxrd") -> None:
        """A message may have `max_bytes`; in mbox files, lines are quoted as `quoting` says."""
        self._paths = paths
        self._max_bytes = max_bytes
        self._quoting = quoting
        self.done_bytes = 0
        """The number of octets that were read, for a progress bar."""

    def measure(self) -> int:
        """Return the size of all files in octets."""
        total = 0
        for found in self._list_files():
            if isinstance(found, _File):
                with contextlib.suppress(OSError):
                    total += found.path.stat(follow_symlinks=found.is_named).st_size
        return total

    def __iter__(self) -> Iterator[ArchivedMail | BadMail]:
        """Read the messages. What cannot be read is named, and the next one follows."""
        for found in self._list_files():
            if isinstance(found, BadMail):
                yield found
                continue
            before = self.done_bytes
            try:
                with _open(found) as file:
                    size = os.fstat(file.fileno()).st_size
                    yield from self._read_file(found, file, before)
            except OSError as error:
                yield BadMail(str(found.path), error.strerror or str(error))
            else:
                self.done_bytes = before + size

    def _read_file(self, found: _File, file: BinaryIO, before: int) -> Iterator[ArchivedMail | BadMail]:
        head = file.read(_SNIFFED_BYTES)
        file.seek(0)
        if not found.is_message and is_mbox(head):
            yield from self._read_mbox(found.path, file, before)
        elif found.path.suffix.lower() == ".mbox" and head:
            yield BadMail(str(found.path), "is not an mbox file: it does not begin with a line From SENDER DATE")
        elif found.is_message or found.is_named or found.path.suffix.lower() == ".eml":
            content = TemporaryMail(self._max_bytes)
            while (octets := file.read(_PIECE_BYTES)) and not content.is_too_large:
                content.write(octets)
            date = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            yield self._finish(str(found.path), content, Separator("", date), b"")

    def _read_mbox(self, path: Path, file: BinaryIO, before: int) -> Iterator[ArchivedMail | BadMail]:
        items, number = read_mbox(file, self._quoting), 0
        while isinstance(separator := next(items, None), Separator):
            content, number = TemporaryMail(self._max_bytes), number + 1
            held = bytearray()  # lines are short, and to write each costs more than to read it
            while isinstance(item := next(items), bytes):
                held += item
                if len(held) >= _PIECE_BYTES:
                    content.write(bytes(held))
                    held.clear()
            content.write(bytes(held))
            blank_line = item.blank_line if isinstance(item, MboxEnd) else b""
            self.done_bytes = before + file.tell()
            yield self._finish(f"{path}, message {number}", content, separator, blank_line)

    def _finish(
        self, place: str, content: TemporaryMail, separator: Separator, blank_line: bytes
    ) -> ArchivedMail | BadMail:
        """Take the envelope off a message that has been read to its end."""
        if content.is_too_large:
            content.discard()
            return BadMail(place, f"is larger than {self._max_bytes} bytes")
        if not content.size:
            content.discard()
            return BadMail(place, "is empty")
        envelope = read_envelope(content.read(0, HEAD_MAX_BYTES))
        if envelope.is_own and blank_line == b"\r\n":  # how `write_end` marks a message without a last line end
            content.drop_last()
        content.start = envelope.length
        sender, knows_sender = envelope.sender, envelope.knows_sender
        if not knows_sender and separator.sender:
            with contextlib.suppress(AddressError):
                sender, knows_sender = Address.parse(separator.sender), True
        return ArchivedMail(place, sender, knows_sender, envelope.recipients, separator.date, content)

    def _list_files(self) -> Iterator[_File | BadMail]:
        for path in self._paths:
            if path.is_dir():
                yield from _list_folder(path)
            elif path.is_file() or not path.exists():
                yield _File(path, is_named=True, is_message=False)
            else:
                yield BadMail(str(path), "is neither a file nor a folder")


def _list_folder(top: Path) -> Iterator[_File | BadMail]:
    """List the messages of a folder and of all folders in it. Links are named, not followed."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted((entry.name, _kind_of(entry)) for entry in entries)
        except OSError as error:
            yield BadMail(str(folder), error.strerror or str(error))
            continue
        folders = [name for name, kind in listed if kind == "folder"]
        is_maildir = {"cur", "new"}.issubset(folders)
        if is_maildir:
            yield from _list_maildir(folder)
            folders = [name for name in folders if name not in _MAILDIR]
        for name, kind in listed:
            if kind in {"link", "other"}:
                reason = "is a link; name what it leads to" if kind == "link" else "is not a file"
                yield BadMail(str(folder / name), reason)
            elif kind == "file" and not is_maildir:
                yield _File(folder / name, is_named=False, is_message=False)
        waiting += [folder / name for name in reversed(folders)]


def _list_maildir(folder: Path) -> Iterator[_File | BadMail]:
    """List the messages of a Maildir in the order of their names, which begin with the time."""
    found: list[tuple[str, str, str]] = []
    for box in ("cur", "new"):
        try:
            with os.scandir(folder / box) as entries:
                found += [(entry.name, box, _kind_of(entry)) for entry in entries if not entry.name.startswith(".")]
        except OSError as error:
            yield BadMail(str(folder / box), error.strerror or str(error))
    for name, box, kind in sorted(found):
        path = folder / box / name
        if kind == "file":
            yield _File(path, is_named=False, is_message=True)
        elif kind == "link":
            yield BadMail(str(path), "is a link; name what it leads to")
        else:
            yield BadMail(str(path), "is not a file")


def _kind_of(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def _open(found: _File) -> BinaryIO:
    """Open a regular file. A pipe that was put in its place meanwhile is not waited for."""
    flags = os.O_RDONLY | _NO_WAITING | (0 if found.is_named else _NO_LINKS) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(found.path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "is not a file")
    return open(descriptor, "rb")  # noqa: PTH123 - it is open already
