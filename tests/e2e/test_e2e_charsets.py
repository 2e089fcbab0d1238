"""A page that reads a database decodes each charset as the server does, by the codecs of Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgemail.mime.charsets import decode_labelled, find_codec
from edgemail.mime.codec_repairs import decode_repaired
from tests.e2e.test_e2e_mime_vectors import bundle

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

SINGLE_OCTETS = (
    *(f"iso-8859-{number}" for number in range(1, 17) if number != 12),
    *(f"windows-{number}" for number in (874, *range(1250, 1259))),
    *("koi8-r", "koi8-u", "cp866", "cp437", "cp850", "cp852", "cp855", "cp858", "macintosh", "x-mac-cyrillic"),
)
SEVERAL_OCTETS = ("shift_jis", "euc-jp", "gb2312", "gb18030", "big5", "euc-kr")

DIFFERENT = {
    b"\xa2A": "a slash for fractions in browsers, a wide one in the standard library",
    b"\xa2B": "a small backslash in browsers, a wide one in the standard library",
}
"""Characters of Big5 that differ, and why."""

LABELS = {
    "a number behind the name": ("iso-8859-5:1988", "iso885915", "iso_8859-2:1987", "csisolatin9", "latin9", "l10"),
    "other signs": ("utf\0-8", "koi8-r\0", "windows_1251", "simplified chinese", "shift jis", "ks_x_1001"),
    "a prefix": ("x-mac-japanese", "x-sjis", "cseuckr", "csksc56011987", "x-windows-949", "csunicode"),
    "a number alone": ("1251", "850", "936", "950", "932", "949"),
    "no charset": ("x-user-defined", "nonsense", "unknown-8bit", "iso-8859-99"),
}

DECODE_ALL = "(all) => all.map(([octets, label]) => charsets.decodeLabelled(octets, label))"

Text = tuple[bytes, str]
"""Octets and a label."""


async def test_a_character_of_one_octet_is_the_same(browser: Browser) -> None:
    """Octets that mean nothing are the same too."""
    texts = [(b"x%cy" % octet, label) for label in SINGLE_OCTETS for octet in range(128, 256)]
    assert await find_different(browser, texts) == []


async def test_a_character_of_two_octets_is_the_same(browser: Browser) -> None:
    """A row at a time."""
    texts = [(row, label) for label in SEVERAL_OCTETS for row in list_rows(label)]
    assert len(texts) > 500
    assert await find_different(browser, texts) == []
    differing = await find_different(browser, [(pair * 2, "big5") for pair in DIFFERENT])
    assert len(differing) == len(DIFFERENT)


async def test_japanese_by_escapes_is_the_same(browser: Browser) -> None:
    """Windows' characters among them, which the standard does not have."""
    texts = [
        (b"".join(b"x\x1b$B%c%c\x1b(By\n" % (row, cell) for cell in range(0x21, 0x7F)), "iso-2022-jp")
        for row in (*range(0x21, 0x29), 0x2D, *range(0x30, 0x74), *range(0x79, 0x7D))
    ]
    assert await find_different(browser, texts) == []


@pytest.mark.parametrize("kind", LABELS)
async def test_a_label_names_the_same_charset(browser: Browser, kind: str) -> None:
    """Spelt in odd ways, as in mail."""
    octets = (b"x\xc0\xe1\xd2\xb3\xe9", b"x\xb0\xa1\xb1\xa2", b"\0a\0b")
    assert await find_different(browser, [(each, label) for label in LABELS[kind] for each in octets]) == []


async def find_different(browser: Browser, texts: list[Text]) -> list[tuple[Text, str, str]]:
    """Return the texts that the server and the page decode in two ways, with both."""
    page = await browser.new_page()
    await page.add_script_tag(content=bundle("src/database/mime/charsets.ts", "charsets"))
    decoded = await page.evaluate(DECODE_ALL, [[octets.decode("latin-1"), label] for octets, label in texts])
    await page.close()
    at_server = [decode_labelled(octets, label) for octets, label in texts]
    return [each for each in zip(texts, at_server, decoded, strict=True) if each[1] != each[2]]


def list_rows(label: str) -> list[bytes]:
    """Return the characters of two octets, those with one first octet together."""
    codec = find_codec(label) or ""
    rows = []
    for first in range(0x81, 0xFF):
        pairs = [bytes((first, second)) for second in range(0x40, 0xFF)]
        known = [pair for pair in pairs if len(text := decode_repaired(pair, codec)) == 1 and text != "\ufffd"]
        if known := [pair for pair in known if label != "big5" or pair not in DIFFERENT]:
            rows.append(b"\n".join(known))
    return rows
