"""A message while it is read: in memory if it is small, else in a file without a name."""

from __future__ import annotations

import codecs
import re
import threading
from tempfile import SpooledTemporaryFile
from typing import Final

_IN_MEMORY_MAX_BYTES: Final = 2**20
_LONE_LF: Final = re.compile(rb"(?<!\r)\n")


class TemporaryMail:
    """Takes the octets of a message, then gives them back; what is left of it from `start` on is a `model.Spool`.

    If the first line ends in LF alone, as in files that a Unix program wrote, each line end becomes
    CRLF. Else all octets are kept as they are. Beyond `max_bytes` nothing more is kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY_MAX_BYTES)  # noqa: SIM115 - `discard` closes it
        self._max_bytes = max_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._has_lf_lines: bool | None = None
        self._last = b""
        self._lock = threading.Lock()
        self._length = 0
        self.start = 0
        """Where the part begins that `size` and `read` are about."""
        self.is_text = True
        self.is_too_large = False

    def write(self, octets: bytes) -> None:
        """Add octets to the end."""
        if self.is_too_large or not octets:
            return
        if self._has_lf_lines is None and (place := octets.find(b"\n")) >= 0:
            self._has_lf_lines = not (self._last + octets[:place]).endswith(b"\r")
        last, self._last = self._last, octets[-1:]
        if self._has_lf_lines:
            before = b"\r" if last == b"\r" else b""
            octets = _LONE_LF.sub(b"\r\n", before + octets)[len(before) :]
        self._length += len(octets)
        if self._length > self._max_bytes:
            self.is_too_large = True
            self._file.close()
            return
        if self.is_text:
            self._check_text(octets)
        self._file.write(octets)

    def drop_last(self) -> None:
        """Take the last octet away again."""
        self._length -= 1

    @property
    def size(self) -> int:
        """The number of octets from `start` on."""
        return self._length - self.start

    async def flush(self) -> None:
        """Do nothing: all octets can be read at once."""

    def read(self, offset: int, size: int) -> bytes:
        """Read up to `size` octets, `offset` octets behind `start`."""
        with self._lock:
            self._file.seek(self.start + offset)
            return self._file.read(max(min(size, self.size - offset), 0))

    def discard(self) -> None:
        """Free the octets."""
        self._file.close()

    def _check_text(self, octets: bytes) -> None:
        try:
            self._decoder.decode(octets)
        except UnicodeDecodeError:
            self.is_text = False
        if b"\0" in octets:
            self.is_text = False
