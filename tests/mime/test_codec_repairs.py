"""What the standard library's codecs refuse, or read in another way than browsers and Windows."""

from __future__ import annotations

import pytest

from edgemail.mime.codec_repairs import decode_repaired

CASES = {
    "an octet that means nothing": ("cp1251", b"\xcf\x98\xf0", "П\x98р"),
    "an octet that means nothing, above the controls": ("cp1253", b"\xc1\xaa\xc1", "Α\ufffdΑ"),
    "a Japanese name that Windows added": ("euc_jp", b"\xfc\xe2\xb6\xb6", "髙橋"),
    "a circled number": ("euc_jp", b"\xad\xa1", "①"),
    "a wave dash": ("euc_jp", b"\xa1\xc1", "～"),
    "three octets of which the last is broken": ("euc_jp", b"\x8f\xa1\xffx", "\ufffdx"),
    "an octet that no Shift_JIS has": ("cp932", b"x\xa0y", "x\ufffdy"),
    "two octets that are no character": ("cp932", b"\x81\xadx", "\ufffdx"),
    "a first octet before ASCII": ("cp932", b"\x87=x", "\ufffd=x"),
    "a first octet at the end": ("cp932", b"x\x87", "x\ufffd"),
    "a dot of Big5": ("big5hkscs", b"\xa1E", "‧"),
    "a character of Hong Kong of 2008": ("big5hkscs", b"\x87z\xfeR", "㡵猪"),
    "a character of Windows in Big5": ("big5hkscs", b"\xa3\xe1", "€"),
    "the euro of GBK": ("gb18030", b"\x805", "€5"),
    "a wide blank of GBK": ("gb18030", b"\xa3\xa0", "\u3000"),
    "the letter of Belarus": ("koi8-u", b"\xae\xbe", "ўЎ"),
}


@pytest.mark.parametrize(("codec", "octets", "text"), CASES.values(), ids=CASES)
def test_a_repair(codec: str, octets: bytes, text: str) -> None:
    """One character for what is broken, and what follows is not drawn into it."""
    assert decode_repaired(octets, codec) == text


def test_repairs_are_bounded() -> None:
    """Each is a call; a text of nothing else is read without them, and is as long."""
    assert decode_repaired(b"\xad\xa1" * 40_000, "euc_jp") == "①" * 40_000
    assert "①" not in decode_repaired(b"\xad\xa1" * 60_000, "euc_jp")
    assert decode_repaired(b"\xad\xa1", "euc_jp") == "①"
