"""Writes messages into a folder of .eml files, a Maildir or an mbox file. Nothing that exists is overwritten."""

from __future__ import annotations

import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from edgemail.archive.mbox import MboxQuoter, write_separator
from edgemail.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edgemail.model import StoredMail

Format = Literal["eml", "mbox", "maildir"]

_OWNER_ONLY: Final = 0o600


class ArchiveWriter(ABC):
    """Writes an archive beside its target, and gives it its name once it is whole."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.part = target.with_name(f"{target.name}.part")

    def open(self) -> None:
        """Begin the archive.

        Raises:
            ArchiveError: there is something at its place already, or no place for it.
        """
        if (
            self.target.is_symlink()
            or self.target.is_file()
            or (self.target.is_dir() and any(self.target.iterdir()))
        ):
            raise ArchiveError(f"{self.target} is there already, and nothing is overwritten; name another place")
        try:
            self._make()
        except FileExistsError:
            raise ArchiveError(f"{self.part} is left of an export that did not end; delete it first") from None
        except OSError as error:
            raise ArchiveError(f"{self.target} cannot be written: {error.strerror}") from error

    @abstractmethod
    def add(self, mail: StoredMail) -> contextlib.AbstractContextManager[Callable[[bytes], object]]:
        """Begin a message, whose octets are given to the function; an error in the context takes it back."""

    def finish(self) -> None:
        """Give the archive its name.

        Raises:
            ArchiveError: something has got that name meanwhile.
        """
        try:
            self._publish()
        except OSError as error:
            raise ArchiveError(f"{self.target} cannot be made of {self.part}: {error.strerror}") from error

    @abstractmethod
    def abandon(self) -> None:
        """Delete what was written."""

    @abstractmethod
    def _make(self) -> None: ...

    @abstractmethod
    def _publish(self) -> None: ...


class _FolderWriter(ArchiveWriter):
    """An archive with a file for each message."""

    def abandon(self) -> None:
        """See `ArchiveWriter.abandon`."""
        shutil.rmtree(self.part, ignore_errors=True)

    def _make(self) -> None:
        self.part.mkdir(0o700, parents=False)

    def _publish(self) -> None:
        if os.name == "nt" and self.target.is_dir():
            self.target.rmdir()
        self.part.rename(self.target)  # fails where the target is a file, or a folder that is not empty

    @contextlib.contextmanager
    def _write_file(self, path: Path, mail: StoredMail) -> Iterator[Callable[[bytes], object]]:
        try:
            with _create(path) as file:
                yield file.write
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        received = mail.date.timestamp()
        os.utime(path, (received, received))


class EmlFolderWriter(_FolderWriter):
    """Files such as ``0000000012.eml``; the number is the message's id."""

    def add(self, mail: StoredMail) -> contextlib.AbstractContextManager[Callable[[bytes], object]]:
        """See `ArchiveWriter.add`."""
        return self._write_file(self.part / f"{mail.id:010}.eml", mail)


class MaildirWriter(_FolderWriter):
    """A Maildir with all messages in new/."""

    def add(self, mail: StoredMail) -> contextlib.AbstractContextManager[Callable[[bytes], object]]:
        """See `ArchiveWriter.add`."""
        return self._write_file(self.part / "new" / f"{int(mail.date.timestamp())}.Q{mail.id:010}.edgemail", mail)

    def _make(self) -> None:
        super()._make()
        for name in ("cur", "new", "tmp"):
            (self.part / name).mkdir(0o700)


class MboxWriter(ArchiveWriter):
    """One file with all messages, quoted as mboxrd."""

    _file: BinaryIO

    @contextlib.contextmanager
    def add(self, mail: StoredMail) -> Iterator[Callable[[bytes], object]]:
        """See `ArchiveWriter.add`."""
        start = self._file.tell()
        try:
            self._file.write(write_separator(mail.sender, mail.date))
            quoter = MboxQuoter(self._file.write)
            yield quoter.add
            quoter.end()
            self._file.write(b"\n" if quoter.last == b"\n" else b"\n\r\n")
        except BaseException:
            self._file.seek(start)
            self._file.truncate()
            raise

    def abandon(self) -> None:
        """See `ArchiveWriter.abandon`."""
        self._file.close()
        self.part.unlink(missing_ok=True)

    def _make(self) -> None:
        self._file = _create(self.part)

    def _publish(self) -> None:
        self._file.close()
        try:
            os.link(self.part, self.target)  # a rename would overwrite
        except FileExistsError:
            raise
        except OSError:  # on a file system without links
            if self.target.exists():
                raise FileExistsError(0, "something is there now") from None
            self.part.rename(self.target)
        else:
            self.part.unlink()


WRITERS: Final[dict[Format, type[ArchiveWriter]]] = {
    "eml": EmlFolderWriter,
    "mbox": MboxWriter,
    "maildir": MaildirWriter,
}


def _create(path: Path) -> BinaryIO:
    """Create a file that its owner alone can read.

    Raises:
        FileExistsError: it is there.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return open(os.open(path, flags, _OWNER_ONLY), "wb")  # noqa: PTH123
