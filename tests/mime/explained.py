"""Why other readers differ from what was built: each difference has its reason here."""

from __future__ import annotations

from typing import NamedTuple


class Explained(NamedTuple):
    """A kind of difference. `feature` is of the message, see `built_mail`."""

    reader: str
    fields: tuple[str, ...]
    feature: str
    reason: str


_ALL = ("subject", "from_name", "from_address", "text", "html", "attachments")
_BODY = ("text", "html")

_TEXT_FILE = "named text that is not an attachment"

EXPLAINED = (
    Explained("python", ("from_name",), "a name in a comment", "comments are dropped"),
    Explained("python", ("from_name",), "a name in several encoded words", "blanks between them are kept"),
    Explained("python", ("from_name",), "raw UTF-8", "left as surrogates"),
    Explained("python", ("error", *_ALL), "charset windows-874", "the codec is cp874 there; the label raises"),
    Explained("python", ("error", *_ALL), "charset iso-2022-jp", "a word cut by the parser raises"),
    Explained("python", ("error", *_ALL), "attached message", "written anew, not as it was sent; that may raise"),
    Explained("python", ("attachments",), "RFC 2231 in pieces", "each piece is decoded alone"),
    Explained("python", _ALL, "words cut inside a character", "each word is decoded alone"),
    Explained("mailparser", (*_BODY, "attachments"), _TEXT_FILE, "the file becomes a piece of the body"),
    Explained("mailparser", ("subject",), "raw UTF-8", "an octet A0 at the end is taken for a blank"),
    Explained("mailparser", ("attachments",), "a file of octets", "the type is guessed by the name"),
    Explained("postal-mime", (*_BODY, "attachments"), _TEXT_FILE, "the file becomes a piece of the body"),
    Explained("postal-mime", ("from_name",), "words cut inside a character", "in a comment it decodes each alone"),
    Explained("postal-mime", ("attachments",), "attached message", "its line ends become LF"),
    Explained("postal-mime", ("attachments",), "a file of text", "its line ends become LF"),
    Explained("postal-mime", _ALL, "charset windows-1252", "Node.js reads it as Latin-1"),
)


def explain(reader: str, field: str, features: frozenset[str]) -> Explained | None:
    """Return the reason for a difference, if the table has one."""
    for entry in EXPLAINED:
        if entry.reader == reader and field in entry.fields and entry.feature in features:
            return entry
    return None
