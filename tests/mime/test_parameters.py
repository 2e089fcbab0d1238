"""Parameters as they were meant."""

from __future__ import annotations

import time

import pytest

from edgemail.mime.parameters import Parameters

_VALUES = {
    b"text/plain": "text/plain",
    b" TEXT/HTML ; charset=x": "text/html",
    b'"text/html"; charset=x': "text/html",
    b"text / html; charset=x": "text/html",
    b"text (a) / plain (b); charset=x": "text/plain",
    b"text/plain charset=utf-8": "text/plain",
    b"text/plain, charset=utf-8": "text/plain",
    b"text": "text",
    b"": "",
    b'a/b"><b>': 'a/b"',
    b"attachment; filename=x": "attachment",
    b"filename=x": "",
}

_NAMES: dict[str, tuple[bytes, str]] = {
    "a token": (b"a; filename=a.pdf", "a.pdf"),
    "a quoted string": (b'a; filename="a b.pdf"', "a b.pdf"),
    "a semicolon in quotes": (b'a; filename="a;b.pdf"; x=y', "a;b.pdf"),
    "an escaped quote": (b'a; filename="a\\"b.pdf"; x=y', 'a"b.pdf'),
    "an escaped backslash": (b'a; filename="a\\\\b.pdf"', "a\\b.pdf"),
    "an escaped letter": (b'a; filename="a\\b.pdf"', "ab.pdf"),
    "a path of Windows": (b'a; filename="C:\\temp\\a.pdf"', "C:\\temp\\a.pdf"),
    "quotes within quotes": (b'a; filename="a "b" c.pdf"; x=y', 'a "b" c.pdf'),
    "a quote that is not closed": (b'a; filename="a b.pdf; size=3', "a b.pdf"),
    "no semicolon between": (b'a; filename="a.pdf" size=3', "a.pdf"),
    "no quotes around blanks": (b"a; filename=my own report.pdf; size=3", "my own report.pdf"),
    "no quotes, and no semicolon": (b"a; filename=my report.pdf size=3", "my report.pdf"),
    "brackets without quotes": (b"a; filename=a (1).pdf", "a (1).pdf"),
    "a fold within quotes": (b'a; filename="a long\t name.pdf"', "a long\t name.pdf"),
    "blanks around =": (b"a; filename = a.pdf ; x=y", "a.pdf"),
    "upper case": (b"a; FileName=a.pdf", "a.pdf"),
    "several semicolons": (b"a;;; ; filename=a.pdf;;", "a.pdf"),
    "given twice": (b"a; filename=a.pdf; filename=b.pdf", "a.pdf"),
    "words without =": (b"a; b c; filename=a.pdf", "a.pdf"),
    "empty": (b"a; filename=", ""),
    "RFC 2231": (b"a; filename*=utf-8''M%C3%A4rz.pdf", "März.pdf"),
    "RFC 2231 in another charset": (b"a; filename*=iso-8859-1'de'M%E4rz.pdf", "März.pdf"),
    "RFC 2231 in quotes": (b"a; filename*=\"utf-8''M%C3%A4rz.pdf\"", "März.pdf"),
    "RFC 2231 without a charset": (b"a; filename*=''M%C3%A4rz.pdf", "März.pdf"),
    "RFC 2231 without its quotes": (b"a; filename*=M%C3%A4rz.pdf", "März.pdf"),
    "RFC 2231 with a wrong charset": (b"a; filename*=us-ascii''M%C3%A4rz.pdf", "März.pdf"),
    "RFC 2231 with a broken escape": (b"a; filename*=utf-8''100%.pdf", "100%.pdf"),
    "pieces": (b"a; filename*0=a; filename*1=b.pdf", "ab.pdf"),
    "pieces cut inside a character": (b"a; filename*0*=utf-8''M%C3; filename*1*=%A4rz.pdf", "März.pdf"),
    "pieces, some encoded": (b"a; filename*0*=utf-8''M%C3%A4; filename*1=rz%20.pdf", "März%20.pdf"),
    "pieces out of order": (b"a; filename*1=b.pdf; filename*0=a", "ab.pdf"),
    "a piece missing": (b"a; filename*0=a; filename*2=c", "a"),
    "pieces from one": (b"a; filename*1=a; filename*2=b.pdf", "ab.pdf"),
    "filename* before filename": (b"a; filename*=utf-8''M%C3%A4rz.pdf; filename=Maerz.pdf", "März.pdf"),
    "filename before filename*": (b"a; filename=Maerz.pdf; filename*=utf-8''M%C3%A4rz.pdf", "März.pdf"),
    "an encoded word": (b'a; filename="=?utf-8?Q?M=C3=A4rz.pdf?="', "März.pdf"),
    "an encoded word without quotes": (b"a; filename==?utf-8?Q?M=C3=A4rz.pdf?=; x=y", "März.pdf"),
    "two encoded words without quotes": (b"a; filename==?utf-8?Q?M=C3?= =?utf-8?Q?=A4rz.pdf?=; x=y", "März.pdf"),
    "a semicolon in a word without quotes": (b"a; filename==?utf-8?Q?a;b.pdf?=; x=y", "a;b.pdf"),
    "an encoded word within RFC 2231": (b"a; filename*==?utf-8?Q?M=C3=A4rz.pdf?=", "März.pdf"),
    "an encoded word over pieces": (b'a; filename*0="=?utf-8?Q?M=C3"; filename*1="=A4rz.pdf?="', "März.pdf"),
    "RFC 2231 within quotes": (b"a; filename=\"utf-8''M%C3%A4rz.pdf\"", "März.pdf"),
    "RFC 2231 within an encoded word": (b"a; filename=\"=?utf-8?Q?utf-8''M=25C3=25A4rz.pdf?=\"", "März.pdf"),
    "raw UTF-8": ("a; filename=März.pdf".encode(), "März.pdf"),
    "raw Latin-1": ('a; filename="März.pdf"'.encode("latin-1"), "März.pdf"),
    "percent signs of its own": (b"a; filename=100%25.pdf", "100%25.pdf"),
}


@pytest.mark.parametrize("octets", _VALUES)
def test_the_value_is_found(octets: bytes) -> None:
    assert Parameters(octets).value == _VALUES[octets]


@pytest.mark.parametrize("name", _NAMES)
def test_a_file_name_is_read(name: str) -> None:
    octets, text = _NAMES[name]
    assert Parameters(octets).text("filename") == text


def test_words_and_octets_are_parameters_too() -> None:
    parameters = Parameters(b'multipart/mixed; boundary="=_a b\xff"; charset=UTF-8 (x); format=Flowed')
    assert parameters.octets("boundary") == b"=_a b\xff"
    assert parameters.word("charset") == "utf-8"
    assert parameters.word("format") == "flowed"
    assert parameters.word("none") == ""
    assert "boundary" in parameters
    assert "none" not in parameters


@pytest.mark.parametrize("unit", ['";', 'a="x', ';a="', ';a="x', '\\"', '" ', "\t", ";a*0=x", "'", ";a*=''%", "=?"])
def test_hostile_parameters_take_no_longer_than_their_length_asks_for(unit: str) -> None:
    octets = b"a; b" + unit.encode() * (1_000_000 // len(unit))
    started = time.thread_time()
    Parameters(octets).text("a")
    assert time.thread_time() - started < 0.5
