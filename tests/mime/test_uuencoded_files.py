"""Files that stand in a text as uuencoded lines."""

from __future__ import annotations

import pytest

from edgemail import mime
from edgemail.mime.uuencoded_files import split_uuencoded

FILE = b"begin 644 notes.txt\r\n#8V%T\r\n`\r\nend\r\n"
HEADER = b"From: ann@sender.example\r\nSubject: Probe\r\n"

TEXTS = {
    "no end": FILE.replace(b"end\r\n", b""),
    "no mode": FILE.replace(b" 644 ", b" "),
    "no name": FILE.replace(b"notes.txt", b""),
    "a line of another length": FILE.replace(b"#8V%T", b"M8V%T"),
    "a line of lower case": FILE.replace(b"#8V%T", b"#8v%t"),
    "quoted": FILE.replace(b"begin", b"> begin"),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_no_file_stays_text(text: bytes) -> None:
    """It takes a beginning with a name, a line as long as it says, and an end."""
    assert split_uuencoded(text, 0, len(text), 100) == []


def test_what_is_around_a_file_stays_text() -> None:
    """Blank pieces are dropped."""
    text = b"Hello\r\n" + FILE + b"\r\n" + FILE.replace(b"notes", b"more") + b"Bye"
    pieces = split_uuencoded(text, 0, len(text), 100)
    assert [piece.file_name for piece in pieces] == [None, b"notes.txt", b"more.txt", None]
    assert text[pieces[0].start : pieces[0].end] + text[pieces[-1].start :] == b"Hello\r\nBye"


def test_lines_may_have_a_checksum_and_blanks() -> None:
    """Some programs write one more character, others cut the blanks at the end of a line."""
    for line in (b"#8V%TA", b'"8V$'):
        text = FILE.replace(b"#8V%T", line)
        assert split_uuencoded(text, 0, len(text), 100)


def test_the_number_of_pieces_is_bounded() -> None:
    """What is behind the last one stays text."""
    text = FILE * 1_000
    pieces = split_uuencoded(text, 0, len(text), 50)
    assert len(pieces) <= 50
    assert pieces[-1].end == len(text)


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Disposition: attachment",
        b"Content-Type: text/plain; name=a.txt",
        b"Content-Type: text/html",
        b"Content-Transfer-Encoding: base64",
    ],
)
def test_a_file_is_not_taken_apart(field: bytes) -> None:
    """Only text that is shown has files within it."""
    read = mime.read(HEADER + field + b"\r\n\r\n" + FILE)
    assert "notes.txt" not in {file.name for file in read.summary.attachments}
