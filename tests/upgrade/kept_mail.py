"""The mail that each kept database has, and what people had done with it."""

from __future__ import annotations

import gzip
import sqlite3
from dataclasses import dataclass
from pathlib import Path

DATABASES = Path(__file__).parent / "databases"
"""A database of each version of the tables, made by the program of that time and packed by gzip."""

SENDER = "shop@sender.example"


@dataclass(frozen=True)
class Letter:
    """A message that was sent to an old program."""

    subject: str
    recipients: tuple[str, ...]
    body: bytes
    head: bytes = b""

    @property
    def data(self) -> bytes:
        """Return the octets that were sent."""
        start = f"From: Shop <{SENDER}>\r\nTo: <{self.recipients[0]}>\r\nSubject: {self.subject}\r\n".encode()
        return start + self.head + b"\r\n" + self.body


PDF = b"%PDF-1.4 not a real one"
_MIXED = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
_PARTS = (
    b"--b\r\nContent-Type: text/plain\r\n\r\nThe invoice is attached.\r\n"
    b'--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="invoice.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQgbm90IGEgcmVhbCBvbmU=\r\n--b--\r\n"
)
_LATIN_1 = (
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n"
)
_UTF_8 = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"

LETTERS = (
    Letter("Confirm your address", ("ann@example.org",), b"Your code is 481 223.\r\n"),
    Letter("Octets above 127", ("ann@example.org",), "Grüße aus Köln.\r\n".encode("latin-1"), _LATIN_1),
    Letter("Zażółć gęślą jaźń", ("bob@example.org",), "Привет, 世界.\r\n".encode(), _UTF_8),
    Letter("Invoice", ("ann@example.org", "bob@example.org", "carol@example.org"), _PARTS, _MIXED),
    Letter("A comma in the name", ('"a,b"@example.org',), b"Hello.\r\n"),
    Letter("A long one", ("carol@example.org",), b"x" * 70 + b"\r\n" + b"..\r\n" + b"The last line.\r\n"),
)
"""Their ids are 1, 2, and so on."""

DELETED = Letter("Deleted long ago", ("carol@example.org",), b"Bye.\r\n")
"""It came after them, and was deleted. Its id is not given to another message."""
READ = 1
TAGGED, TAG = 2, "kept"
"""What was marked, where the program of that time could."""


def unpack(name: str, folder: Path) -> Path:
    """Copy a kept database into a folder."""
    path = folder / "mail.db"
    path.write_bytes(gzip.decompress((DATABASES / f"{name}.db.gz").read_bytes()))
    return path


def had_marks(path: Path) -> bool:
    """Return True if the program of that time could mark mail."""
    connection = sqlite3.connect(path)
    try:
        return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'read_mail'").fetchall())
    finally:
        connection.close()
