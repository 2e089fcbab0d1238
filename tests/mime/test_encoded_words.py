"""Encoded words, wherever they stand and however they were cut."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.mime.encoded_words import decode_words, unfold

_CASES = {
    "Q": (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe_an_alle?=", "Grüße an alle"),
    "B": (b"=?UTF-8?b?R3LDvMOfZQ==?=", "Grüße"),
    "cut inside a character, Q": (b"=?utf-8?Q?=F0=9F?= =?utf-8?Q?=94=90_Code?=", "🔐 Code"),
    "cut inside a character, B": (b"=?utf-8?B?0J7QsdGJ0A==?= =?utf-8?B?tdGB0YLQstC+?=", "Общество"),
    "cut inside a character, B then Q": (b"=?utf-8?B?R3LD?= =?UTF-8?Q?=BC=C3=9Fe?=", "Grüße"),
    "cut inside a group of four": (b"=?utf-8?B?R3LDv?= =?utf-8?B?MOfZQ==?=", "Grüße"),
    "shift state over two words": (b"=?iso-2022-jp?B?GyRCJDMk?= =?iso-2022-jp?B?bBsoQg==?=", "これ"),
    "two charsets": (b"=?utf-8?Q?=C3=BC?= =?iso-8859-1?Q?=FC?=", "üü"),
    "in mid-word": (b"Re:=?utf-8?Q?Gr=C3=BC=C3=9Fe?=!", "Re:Grüße!"),
    "glued": (b"=?utf-8?Q?Gr=C3=BC?==?utf-8?Q?=C3=9Fe?=", "Grüße"),
    "text between": (b"=?utf-8?Q?=C3=BC?= and =?utf-8?Q?=C3=9F?=", "ü and ß"),
    "no padding": (b"=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
    "too much padding": (b"=?utf-8?B?R3LDvMOfZQ====?=", "Grüße"),
    "blanks inside B": (b"=?utf-8?B?R3LD vMOf ZQ==?=", "Grüße"),
    "blanks inside Q": (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe an alle?=", "Grüße an alle"),
    "blanks around the charset": (b"=? utf-8 ? Q ?Gr=C3=BC=C3=9Fe?=", "Grüße"),
    "a language": (b"=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
    "raw octets inside": (b"=?utf-8?Q?Gr\xc3\xbc\xc3\x9fe?=", "Grüße"),
    "an unknown charset": (b"=?x-unheard?Q?Gr=FC=DFe?=", "Grüße"),
    "an unknown charset, UTF-8": (b"=?x-unheard?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
    "no charset": (b"=??Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
    "an alias": (b"=?cp936?B?suLK1A==?=", "测试"),
    "Latin-1 with octets of Windows-1252": (b"=?iso-8859-1?Q?5_=80_=96_ja?=", "5 € – ja"),
    "UTF-8 labelled Latin-1": (b"=?iso-8859-1?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
    "Latin-1 labelled UTF-8": (b"=?utf-8?Q?Gr=FC=DFe?=", "Grüße"),
    "a question mark inside": (b"=?utf-8?Q?What? Now?=", "What? Now"),
    "an unknown encoding": (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    "no end": (b"=?utf-8?Q?abc", "=?utf-8?Q?abc"),
    "a word without an end before another": (b"=?utf-8?Q?abc =?utf-8?Q?=C3=BC?=", "=?utf-8?Q?abc ü"),
    "empty": (b"=?utf-8?Q??=x", "x"),
    "what cannot be base64": (b"=?utf-8?B?!!!?=", "!!!"),
    "raw octets outside": ("Grüße =?utf-8?Q?=C3=BC?=".encode("latin-1"), "Grüße ü"),
    "an underscore outside": (b"a_b =?utf-8?Q?c_d?=", "a_b c d"),
}


@pytest.mark.parametrize("name", _CASES)
def test_words_are_decoded(name: str) -> None:
    octets, text = _CASES[name]
    assert decode_words(octets) == text


def test_raw_octets_are_in_the_charset_of_the_body() -> None:
    assert decode_words(b"\xb2\xe2\xca\xd4", "gb2312") == "测试"
    assert decode_words("тест".encode("koi8-r"), "koi8-r") == "тест"


def test_folds_are_undone() -> None:
    assert decode_words(unfold(b" =?utf-8?Q?a?=\r\n =?utf-8?Q?b?=\r\n\tc\r\n")) == "ab\tc"
    assert decode_words(unfold(b" =?utf-8?b?w7zD\n vMO8?= x")) == "üüü x"


@given(st.text(min_size=1), st.integers(1, 20), st.sampled_from("BQ"))
def test_any_text_cut_anywhere_comes_back(text: str, length: int, encoding: str) -> None:
    """Words are cut by octets, as some mailers do."""
    octets = ("x" + text).encode("utf-8", "replace")
    words = []
    for start in range(0, len(octets), length):
        piece = octets[start : start + length]
        coded = base64.b64encode(piece) if encoding == "B" else quopri.encodestring(piece, header=True)
        coded = coded.replace(b"=\n", b"").replace(b"\n", b"=0A").replace(b"?", b"=3F")
        words.append(b"=?utf-8?%s?%s?=" % (encoding.encode(), coded))
    assert decode_words(b" ".join(words)) == octets.decode()
