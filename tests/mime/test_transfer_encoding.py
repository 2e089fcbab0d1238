"""Transfer encodings, labelled and used in many ways."""

from __future__ import annotations

import base64
import binascii
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.mime.transfer_encoding import (
    decode,
    decode_base64,
    decode_quoted_printable,
    decode_text,
    decode_uuencode,
    read_encoding,
)

_LABELS = {
    "base64": "base64", "BASE64": "base64", " base64 ": "base64", "base64;": "base64", '"base64"': "base64",
    "base64 (a comment)": "base64", "(a comment) base64": "base64", "base-64": "base64", "base64, x": "base64",
    "quoted-printable;": "quoted-printable", "'Quoted-Printable'": "quoted-printable",
    "quoted printable": "quoted-printable", "<quoted-printable>": "quoted-printable",
    "x-uuencode": "uuencode", "uuencode": "uuencode",
    "7bit": "", "8BIT": "", "binary": "", "": "", "x-squeezed": "", "base65": "",
}  # fmt: skip

_BASE64 = {
    "as it should be": (b"SGVsbG8gV29y\r\nbGQh\r\n", b"Hello World!"),
    "padded": (b"aGVsbG8=", b"hello"),
    "no padding": (b"aGVsbG8", b"hello"),
    "too much padding": (b"aGVsbG8===", b"hello"),
    "one character too many": (b"SGVsbG8gV29ybGQhA=", b"Hello World!"),
    "stray characters": (b"aG*Vs\tbG8=", b"hello"),
    "blanks in a line": (b"aGVs bG8=", b"hello"),
    "a stray character first": (b"!aGVs\nbG8=", b"hello"),
    "two files": (b"aGVsbG8=\nd29ybGQ=\n", b"helloworld"),
    "a footer behind padding": (b"aGVsbG8=\n-- \nthe list\n", b"hello"),
    "a footer without padding": (b"aGVsbG8h\n_______\nthe list of lists\n", b"hello!"),
    "a footer of one word": (b"aGVsbG8=\nunsubscribe\n", b"hello"),
    "a footer between signs": (b"aGVsbG8h\n!footer!\n", b"hello!"),
    "a sentence": (b"This is no base64 at all.", b"This is no base64 at all."),
    "empty": (b"", b""),
    "blank": (b" \r\n", b""),
    "padding alone": (b"====", b"===="),
}

_QUOTED = {
    "as it should be": (b"Gr=C3=BC=C3=9Fe=\r\n!\r\n", b"Gr\xc3\xbc\xc3\x9fe!\r\n"),
    "lower case": (b"Gr=c3=bc", b"Gr\xc3\xbc"),
    "raw octets": (b"Gr\xc3\xbc=C3=9F", b"Gr\xc3\xbc\xc3\x9f"),
    "no code": (b"a =ZZ =1 =", b"a =ZZ =1 "),
    "a line end after a blank": (b"a= \t\r\nb", b"ab"),
    "a carriage return alone": (b"a=\rb=\r\nc", b"abc"),
    "LF": (b"a=\nb\nc", b"ab\nc"),
    "an underscore": (b"a_b", b"a_b"),
    "nothing encoded": (b"a b\r\n", b"a b\r\n"),
}


@pytest.mark.parametrize("label", _LABELS)
def test_labels_are_read(label: str) -> None:
    assert read_encoding(label) == _LABELS[label]


@pytest.mark.parametrize("name", _BASE64)
def test_base64_is_decoded_as_far_as_it_goes(name: str) -> None:
    encoded, octets = _BASE64[name]
    assert decode_base64(encoded) == octets


@pytest.mark.parametrize("name", _QUOTED)
def test_quoted_printable_is_decoded(name: str) -> None:
    encoded, octets = _QUOTED[name]
    assert decode_quoted_printable(encoded) == octets


@pytest.mark.parametrize("text", [b"Hello", b"Hello Bob", b"code 481223", b"HelloBob!", b"481223"])
def test_a_text_that_is_labelled_base64_and_is_not_stays(text: bytes) -> None:
    """A wrong decode must never look like content."""
    assert decode_text(text, "base64", "utf-8") == text


def test_base64_of_a_text_in_another_charset_is_decoded() -> None:
    encoded = base64.b64encode("Grüße".encode("latin-1"))
    assert decode_text(encoded, "base64", "utf-8") == "Grüße".encode("latin-1")
    assert decode_text(encoded.rstrip(b"="), "base64", "iso-8859-1") == "Grüße".encode("latin-1")


def test_uuencoded_lines_are_decoded() -> None:
    lines = b"".join(binascii.b2a_uu(piece) for piece in (b"hello " * 7, b"world"))
    encoded = b"See below.\nbegin 644 a.txt\n" + lines + b"`\nend\nBye\n"
    assert decode_uuencode(encoded) == b"hello " * 7 + b"world"
    assert decode_uuencode(encoded.replace(b"\n", b"\r\n")) == b"hello " * 7 + b"world"
    assert decode_uuencode(b"begin 666 a\n%:&5L;&\\*\n \nend\n") == b"hello"
    assert decode_uuencode(b"begin 666 a\n%:&5\nMx\nend\n") == b"he"
    assert decode_uuencode(b"no such thing") == b"no such thing"


@given(st.binary(), st.integers(1, 80), st.sampled_from([b"\n", b"\r\n", b" \r\n"]))
def test_octets_come_back_whatever_the_lines(octets: bytes, length: int, line_end: bytes) -> None:
    encoded = base64.b64encode(octets)
    lines = [encoded[start : start + length] for start in range(0, len(encoded), length)]
    assert decode_base64(line_end.join(lines)) == octets


def test_large_files_are_decoded_in_pieces() -> None:
    octets = bytes(range(256)) * 4_000
    for extra in range(4):
        content = octets + b"x" * extra
        assert decode(base64.encodebytes(content).replace(b"\n", b"\r\n"), "base64") == content
        assert decode(binascii.b2a_qp(content, istext=False), "quoted-printable") == content


@given(st.binary())
def test_any_octets_are_taken(octets: bytes) -> None:
    for encoding in ("base64", "quoted-printable", "uuencode", ""):
        decode(octets, encoding)
        decode_text(octets, encoding, "utf-8")


@pytest.mark.parametrize(
    "unit", ["=", "= ", "=\r", "=4", "A\n", "A=", "!\r\n", "! ", "A A A\n", "-- \n", "M\n", "begin 644 a\n", "\t"]
)
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "uuencode"])
def test_hostile_octets_take_no_longer_than_their_length_asks_for(unit: str, encoding: str) -> None:
    octets = b"begin 644 a\n" * (encoding == "uuencode") + unit.encode() * (1_000_000 // len(unit))
    started = time.thread_time()
    decode(octets, encoding)
    assert time.thread_time() - started < 2
