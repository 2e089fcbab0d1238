import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.mime.finder import CODES_MAX, LINKS_MAX, find, html_to_text, visible
from edgemail.mime.finder.page import scan
from edgemail.model import Code, Link

_TABLE = Path(__file__).parents[2] / "vectors" / "finder" / "table.json"
_CASES = json.loads(_TABLE.read_text("utf-8"))["cases"]

_HOSTILE = [
    "<", "<a ", "<a href='", '="', "<a =", "<!--", "<script", "<script>", "1", "1 ", "1-", "code 1234 ", "A1B2C3 ",
    "https://", "https://a.b/()))", " ", "&#", "&#1;", "\u200d", " \u200d", ")", "A1-", "code\n", "1234\n", "-in",
]  # fmt: skip


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["name"])
def test_codes_and_links_are_those_of_the_table(case: dict[str, Any]) -> None:
    """Each with the reason that a reader is told."""
    found = find(case["subject"], "", case["text"], case["html"])
    assert found.codes == tuple(Code(**code) for code in case["codes"])
    assert found.links == tuple(Link(**link) for link in case["links"])


def test_half_of_the_table_has_no_code() -> None:
    """A wrong code is worse than none, so the table asks for silence as often as for an answer."""
    silent = sum(not case["codes"] for case in _CASES)
    assert len(_CASES) >= 80
    assert silent * 2 >= len(_CASES)


def test_names_in_the_table_are_unique() -> None:
    """A failing case is found by its name."""
    assert len({case["name"] for case in _CASES}) == len(_CASES)


@pytest.mark.parametrize("unit", _HOSTILE)
def test_hostile_text_takes_no_longer_than_its_length_asks_for(unit: str) -> None:
    """A megabyte of anything is looked at in linear time; quadratic would take hours."""
    text = unit * (1_000_000 // len(unit))
    started = time.thread_time()
    find(text, text, text, text)
    html_to_text(text)
    visible(text)
    assert time.thread_time() - started < 10


_NEAR_CODES = [
    "1234 ", "123456\n", "A1B2C3 ", "1 2 3 4 x ", "1234 kg ", "é1234 ", "验证码1234 ", "order 123456\n",
    "x 1234\ncode x\n", "is code 12345678 your otp ", "123456 is your code. ", "pin 1234 of ", "code 1234, ",
    "код 12345 ", "1234\npromo\n", ". 1234", "::::1234", "code::::::: 1234x ", "z.1234 ", "(1234)", "2 ",
]  # fmt: skip


@pytest.mark.parametrize("unit", _NEAR_CODES)
def test_near_codes_cost_some_milliseconds_and_hide_no_code_at_the_top(unit: str) -> None:
    """A listing of a hundred such messages took ten seconds."""
    text = "Your verification code is 481223.\n" + unit * (33_000 // len(unit))
    seconds = []
    for _ in range(3):
        started = time.thread_time()
        codes = find("Welcome", "", text, None).codes
        seconds.append(time.thread_time() - started)
        assert codes[0].code == "481223"
    assert min(seconds) < 0.05


def test_numbers_past_the_bound_are_not_looked_at() -> None:
    """The top of a message is where its code stands."""
    assert find("", "", "2,5; " * 2_000 + "\nYour verification code is 481223.", None).codes == ()


@given(st.text(), st.text())
def test_any_text_is_looked_at(subject: str, text: str) -> None:
    """Nothing raises, there are never more than so many codes, and each says why."""
    for found in (find(subject, text, text, text), find(subject, "", None, text), find(subject, "", text, None)):
        assert len(found.codes) <= CODES_MAX
        assert all(code.code and code.reason for code in found.codes)
        assert set(found.confirmations) <= set(found.links)


@given(st.from_regex(r"[0-9]{6}", fullmatch=True).filter(lambda code: not code.startswith(("19", "20"))))
def test_any_six_digits_after_the_word_are_a_code(digits: str) -> None:
    """No value of a code may hide it."""
    codes = find("", "", f"Your verification code is {digits}.", None).codes
    assert codes == (Code(digits, "next to “verification code”"),)


def test_a_tag_may_have_any_number_of_values() -> None:
    """The scanner goes on where one match of its expression must end."""
    page = scan(f'a<a {"x=y " * 1_000}href="https://a.example/verify">b</a><b {"=" * 1_000}>=c')
    assert [anchor.href for anchor in page.anchors] == ["https://a.example/verify"]
    assert page.text == "ab=c"


def test_links_are_capped() -> None:
    """A message of a thousand links does not make an answer of a thousand links."""
    text = " ".join(f"https://a.example/{number}" for number in range(1_000))
    links = find("", "", text, None).links
    assert len(links) == LINKS_MAX
    assert links[-1].url == f"https://a.example/{LINKS_MAX - 1}"


@given(
    st.lists(st.sampled_from(["<a href='https://a.example'>", "x", "</a>", "<p>", "&amp;", "<", '"', "=", "<!--"]))
)
def test_html_becomes_text_without_its_tags(pieces: list[str]) -> None:
    """Whatever the order of tags, none of a whole one is left."""
    page = scan("".join(pieces))
    assert "</a>" not in page.text
    assert all(anchor.href == "https://a.example" for anchor in page.anchors)


def test_the_text_of_a_link_that_names_another_address_is_kept() -> None:
    """A reader is warned by it; it is no link of its own, and a text that says more goes before it."""
    lie = '<p><a href="https://evil.example/x">https://bank.example/</a></p>'
    links = find("Hello", "", None, lie).links
    assert [(link.url, link.text) for link in links] == [("https://evil.example/x", "https://bank.example/")]
    links = find("Hello", "", None, lie + '<p><a href="https://evil.example/x">Open</a></p>').links
    assert [(link.url, link.text) for link in links] == [("https://evil.example/x", "Open")]
