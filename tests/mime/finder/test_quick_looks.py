"""What is looked for first, because it is quick, is in everything that is looked for after it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edgemail.mime.finder import labels, shapes
from edgemail.mime.finder.labels import lines_of
from edgemail.mime.finder.page import scan

_PIECES = st.lists(st.sampled_from([*"AZaz09-./wW é", "abc", "ABC", "www.", "123"]), max_size=14).map("".join)


@settings(max_examples=1_000)
@given(_PIECES)
def test_every_word_like_a_code_and_every_web_address_has_what_is_looked_for_first(text: str) -> None:
    if shapes._WORDLIKE.search(text):
        assert shapes._UNLIKE_PROSE.search(text)
    if labels._WEB.search(text):
        assert labels._WEB_SIGN.search(text)


def test_addresses_are_left_out_of_the_lines() -> None:
    text = (
        "a https://a.example/1 HTTP://b.example ftp://c.example xhttp://d http\n://e www.f.example g.example/1 h/i"
    )
    assert lines_of(text) == ["a … … ftp… x… http", "… … … h/i"]


def test_an_end_tag_has_no_attributes() -> None:
    (anchor,) = scan("<a href='https://a.example'>b</img alt='c'><img alt='d'></a>").anchors
    assert anchor.label == "d"


def test_a_style_is_told_by_its_ascii_letters() -> None:
    """A long s is another letter to a browser."""
    assert scan("<p style='diſplay:none'>a</p><p style='DISPLAY: none'>b</p>").text == "a"
