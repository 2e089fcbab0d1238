"""The charset that octets are in, whatever their label says."""

from __future__ import annotations

import pytest

from edgemail.mime.charsets import decode_body, decode_header, find_codec

_LABELS = {
    "cp932": "cp932", "Shift_JIS": "cp932", "x-sjis": "cp932", "cp936": "gb18030", "GB2312": "gb18030",
    "cp949": "cp949", "uhc": "cp949", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "windows1252": "cp1252",
    "latin-1": "cp1252", "ISO-8859-1": "cp1252", "iso_8859-1": "cp1252", "koi8r": "koi8-r", "utf8": "utf-8",
    '"utf-8"': "utf-8", " UTF-8; ": "utf-8", "us-ascii": "ascii", "ansi_x3.4-1968": "ascii", "cp-1251": "cp1251",
    "x-unheard": None, "": None, "aliases": None, "dbcs": None, "utf\0-8": "utf-8",
    "\0": None, "../x": None, "%s": None, "é": None, "a" * 10_000: None,
    "unicode-1-1-utf-7": "utf-7", "iso-2022-jp": "iso2022_jp_ext", "iso-8859-8-i": "iso8859-8", "tis-620": "cp874",
}  # fmt: skip
"""What is no charset is no codec for text either."""

_NO_CHARSETS = [
    "idna", "punycode", "rot13", "rot_13", "zlib", "zip", "bz2", "hex", "base64", "uu", "quopri", "undefined",
    "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "base64_codec", "zlib-codec", "utf_8_sig",
]  # fmt: skip

_BODIES: dict[str, tuple[bytes, str, str]] = {
    "UTF-8 without a label": ("Grüße".encode(), "", "Grüße"),
    "UTF-8 labelled us-ascii": ("Größe: 5 €".encode(), "us-ascii", "Größe: 5 €"),
    "UTF-8 labelled Latin-1": ("Größe".encode(), "iso-8859-1", "Größe"),
    "UTF-8 labelled nonsense": ("Größe".encode(), "x-nonsense", "Größe"),
    "UTF-8 labelled GBK": ("中文".encode(), "gbk", "中文"),
    "Latin-1 labelled UTF-8": (b"Gr\xfc\xdfe", "utf-8", "Grüße"),
    "Latin-1 without a label": (b"Gr\xfc\xdfe", "", "Grüße"),
    "Windows-1252 labelled Latin-1": (b"5 \x80 \x96 \x9c", "iso-8859-1", "5 € – œ"),
    "GBK that is valid UTF-8 by chance": ("械".encode("gbk"), "gbk", "械"),
    "GBK labelled gb2312": ("测试 你好 镕".encode("gbk"), "gb2312", "测试 你好 镕"),
    "Shift_JIS of Windows": ("①髙".encode("cp932"), "shift_jis", "①髙"),
    "KOI8-R": ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
    "ISO-2022-JP": ("これはテスト".encode("iso2022_jp"), "iso-2022-jp", "これはテスト"),
    "ISO-2022-JP without a label": ("これはテスト".encode("iso2022_jp"), "", "これはテスト"),
    "ISO-2022-JP labelled us-ascii": ("これはテスト".encode("iso2022_jp"), "us-ascii", "これはテスト"),
    "ISO-2022-JP with characters of Windows": (b"\x1b$B-!%F%9%H-j\x1b(B ok", "iso-2022-jp", "①テスト㈱ ok"),
    "the same without a label": (b"\x1b$B-!%F%9%H\x1b(B", "", "①テスト"),
    "EUC-JP with characters of Windows": (b"\xad\xa1\xa5\xc6", "euc-jp", "①テ"),
    "Big5 of Windows": ("碁銹裏墻恒粧嫺".encode("cp950"), "big5", "碁銹裏墻恒粧嫺"),
    "ISO-2022-KR": ("한국어".encode("iso2022_kr"), "iso-2022-kr", "한국어"),
    "HZ": ("测试".encode("hz"), "hz-gb-2312", "测试"),
    "UTF-7": (b"Gr+APwA3w-e", "utf-7", "Grüße"),
    "plain text labelled UTF-7": (b"a + b = c", "utf-7", "a + b = c"),
    "UTF-16 with a mark": ("Grüße".encode("utf-16"), "utf-16", "Grüße"),
    "UTF-16 without a mark, big": ("Grüße".encode("utf-16-be"), "utf-16", "Grüße"),
    "UTF-16 without a mark, little": ("Grüße".encode("utf-16-le"), "utf-16", "Grüße"),
    "ASCII labelled UTF-16": (b"Hello!", "utf-16", "Hello!"),
    "a mark of UTF-8": (b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe", "iso-8859-1", "Grüße"),
    "a mark of UTF-16 and no label": ("Grüße".encode("utf-16"), "", "Grüße"),
    "one broken octet in UTF-8": ("Größe und Maß".encode() + b" \xff.", "utf-8", "Größe und Maß \ufffd."),
    "UTF-8 cut inside a character": ("Größe 5 €".encode()[:-1], "utf-8", "Größe 5 \ufffd"),
    "an escape that shifts nothing": (b"\x1b[31mred", "", "\x1b[31mred"),
    "octets without a character": (b"a\x81b", "windows-1252", "a\x81b"),
    "punycode": (b"bcher-kva", "punycode", "bcher-kva"),
    "empty": (b"", "utf-8", ""),
}

_PAGES: dict[str, tuple[bytes, str, str]] = {
    "meta http-equiv": (
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">Привет'.encode("cp1251"),
        "",
        "Привет",
    ),
    "meta charset": ("<META CHARSET='koi8-r'>Привет".encode("koi8-r"), "", "Привет"),
    "meta against us-ascii": ("<meta charset=koi8-r>Привет".encode("koi8-r"), "us-ascii", "Привет"),
    "a label against meta": ("<meta charset=koi8-r>Привет".encode("cp1251"), "windows-1251", "Привет"),
    "UTF-8 against meta": ("<meta charset=koi8-r>Привет".encode(), "", "Привет"),
    "meta against a wrong utf-8": ("<meta charset=koi8-r>Привет".encode("koi8-r"), "utf-8", "Привет"),
    "meta in a comment": (b"<!-- <meta charset=koi8-r> -->Gr\xfc\xdfe", "", "Grüße"),
    "an XML declaration": ('<?xml version="1.0" encoding="koi8-r"?>Привет'.encode("koi8-r"), "", "Привет"),
    "meta that is no charset": (b"<meta charset=rot13>Gr\xfc\xdfe", "", "Grüße"),
}

_HEADERS: dict[str, tuple[bytes, str, str]] = {
    "UTF-8": ("Grüße".encode(), "", "Grüße"),
    "UTF-8, the body's charset is another": ("señor".encode(), "euc-jp", "señor"),
    "the body's charset": ("测试邮件".encode("gbk"), "gb2312", "测试邮件"),
    "neither": (b"Gr\xfc\xdfe \x96 5 \x80", "utf-8", "Grüße – 5 €"),
    "ISO-2022-JP": ("件名".encode("iso2022_jp"), "", "件名"),
}


@pytest.mark.parametrize("label", _LABELS)
def test_labels_are_known_by_all_their_names(label: str) -> None:
    assert find_codec(label) == _LABELS[label]


@pytest.mark.parametrize("label", _NO_CHARSETS)
def test_codecs_that_are_no_charsets_are_never_used(label: str) -> None:
    """Some raise, some take time to a power, some unpack."""
    assert find_codec(label) is None
    assert decode_body(b"abc", label) == "abc"


@pytest.mark.parametrize("name", _BODIES)
def test_a_text_is_decoded(name: str) -> None:
    octets, label, text = _BODIES[name]
    assert decode_body(octets, label) == text


@pytest.mark.parametrize("name", _PAGES)
def test_html_may_name_its_charset(name: str) -> None:
    octets, label, text = _PAGES[name]
    assert decode_body(octets, label, is_html=True).endswith(text)


@pytest.mark.parametrize("name", _HEADERS)
def test_raw_octets_of_a_header_are_decoded(name: str) -> None:
    octets, label, text = _HEADERS[name]
    assert decode_header(octets, label) == text
