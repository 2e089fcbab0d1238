"""The tree of parts of whole and of broken multiparts."""

from __future__ import annotations

import base64
import time

import pytest

from edgemail.mime.structure import LEVELS_MAX, PARTS_MAX, MailPart, read_structure

_Tree = str | tuple[str, list["_Tree"]]
"""A leaf is its type and what is in it; a multipart is its kind and its parts."""


def _multipart(body: str, kind: str = "multipart/mixed", boundary: str = "boundary=bb") -> bytes:
    return f"Content-Type: {kind}; {boundary}\r\n\r\n".encode() + body.replace("\n", "\r\n").encode()


def _tree(part: MailPart) -> _Tree:
    if part.children:
        return part.type, [_tree(child) for child in part.children]
    return f"{part.type}: {part.octets[part.start : part.end].decode('latin-1')}"


_A = "--bb\nContent-Type: text/plain\n\nA\n"
_B = "--bb\nContent-Type: text/html\n\nB\n"
_END = "--bb--\n"
_AB: _Tree = ("multipart/mixed", ["text/plain: A", "text/html: B"])

_CASES: dict[str, tuple[bytes, _Tree]] = {
    "no multipart": (b"Content-Type: text/html\r\n\r\nA", "text/html: A"),
    "no type": (b"Subject: x\r\n\r\nA", "text/plain: A"),
    "a type that does not parse": (b"Content-Type: text/\r\n\r\nA", "text/plain: A"),
    "two parts": (_multipart(_A + _B + _END), _AB),
    "LF": (_multipart(_A + _B + _END).replace(b"\r\n", b"\n"), _AB),
    "preamble and epilogue": (_multipart("Old programs see this.\n" + _A + _B + _END + "and this\n"), _AB),
    "quotes around the boundary": (_multipart(_A + _B + _END, boundary='boundary="bb"'), _AB),
    "a blank at the boundary's end": (_multipart(_A + _B + _END, boundary='boundary="bb "'), _AB),
    "blanks behind delimiters": (_multipart((_A + _B + _END).replace("--bb\n", "--bb \t\n")), _AB),
    "no final delimiter": (_multipart((_A + _B).rstrip("\n")), _AB),
    "no boundary": (_multipart(_A + _B + _END, boundary="x=y"), _AB),
    "another boundary": (_multipart(_A + _B + _END, boundary="boundary=cc"), _AB),
    "no header in a part": (_multipart("--bb\n\nA\n" + _B + _END), _AB),
    "the first delimiter missing": (_multipart("Content-Type: text/plain\n\nA\n" + _B + _END), _AB),
    "a kind that is no word": (_multipart(_A + _B + _END, kind="multipart/*"), _AB),
    "no kind": (_multipart(_A + _B + _END, kind="multipart"), _AB),
    "encoded as a whole": (
        b"Content-Type: multipart/mixed; boundary=bb\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes((_A + _B + _END).encode()),
        _AB,
    ),
    "said to be encoded": (
        _multipart(_A + _B + _END).replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1),
        _AB,
    ),
    "the boundary is the beginning of another": (
        _multipart("--bbb\n\nno\n" + _A + "--bb-x\n" + _B + _END),
        ("multipart/mixed", ["text/plain: A\r\n--bb-x", "text/html: B"]),
    ),
    "the boundary in a line": (_multipart("--bb\n\nA --bb\n" + _END), ("multipart/mixed", ["text/plain: A --bb"])),
    "nested": (
        _multipart("--bb\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nA\n--b--\n\n" + _B + _END),
        ("multipart/mixed", [("multipart/alternative", ["text/plain: A"]), "text/html: B"]),
    ),
    "nested, not closed": (
        _multipart("--bb\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nA\n" + _B + _END),
        ("multipart/mixed", [("multipart/alternative", ["text/plain: A"]), "text/html: B"]),
    ),
    "nested with the same boundary": (
        _multipart("--bb\nContent-Type: multipart/alternative; boundary=bb\n\n" + _A + _END + _B + _END),
        ("multipart/mixed", ["text/plain: ", "text/plain: A", "text/html: B"]),
    ),
    "the final delimiter first": (_multipart(_END + _A + _END), ("multipart/mixed", ["text/plain: A"])),
    "parts behind the final delimiter": (_multipart(_A + _END + _B + _END), ("multipart/mixed", ["text/plain: A"])),
    "no parts": (_multipart("The text."), "text/plain: The text."),
    "no parts, but HTML": (_multipart("<html>x"), "text/html: <html>x"),
    "no parts, but an end": (_multipart("The text.\n" + _END), "text/plain: The text.\r\n"),
    "empty parts behind a text": (_multipart("The text.\n--bb\n--bb--\n"), "text/plain: The text.\r\n"),
    "a digest": (
        _multipart("--bb\n\nSubject: x\n\ny\n" + _END, kind="multipart/digest"),
        ("multipart/digest", ["message/rfc822: Subject: x\r\n\r\ny"]),
    ),
    "a message in a message": (
        _multipart("--bb\nContent-Type: message/rfc822\n\nContent-Type: multipart/x; boundary=i\n\n--i\n" + _END),
        ("multipart/mixed", ["message/rfc822: Content-Type: multipart/x; boundary=i\r\n\r\n--i"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_the_tree_is_as_it_was_meant(name: str) -> None:
    octets, tree = _CASES[name]
    assert _tree(read_structure(octets)) == tree


def test_levels_are_bounded() -> None:
    """What lies deeper is shown as the text that it is."""
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_000))
    root = read_structure(head + b"\r\nend")
    depth, part = 0, root
    while part.children:
        depth, part = depth + 1, part.children[0]
    assert depth == LEVELS_MAX
    assert part.type == "text/plain"


def test_parts_are_bounded() -> None:
    assert len(read_structure(_multipart("--bb\n\n" * 30_000)).children) == PARTS_MAX
    wide = _multipart("--bb\nContent-Type: multipart/mixed; boundary=c\n\n" + "--c\n\n" * 200 + "\n")
    nested = wide[: wide.index(b"--bb")] + wide[wide.index(b"--bb") :] * 200
    assert sum(1 for _ in read_structure(nested).walk()) <= PARTS_MAX + 2


@pytest.mark.parametrize(
    "unit",
    [
        "--bb\n", "--bb--\n", "--bb", "--bbx\n", "--c\n\n", "--c\ncontent-", "\n--", "--bb\nX\n", "--bb\na:b\n",
        "--bb\nContent-Type: multipart/mixed; boundary=bb\n\n", "--bb\nContent-Type: multipart/mixed\n\n--x\n\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("boundary", ["boundary=bb", "x=y"])
def test_hostile_multiparts_take_no_longer_than_their_length_asks_for(unit: str, boundary: str) -> None:
    octets = _multipart(unit * (2_000_000 // len(unit)), boundary=boundary)
    started = time.thread_time()
    read_structure(octets)
    assert time.thread_time() - started < 4
