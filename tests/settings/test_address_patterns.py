"""Patterns of addresses: what they match, and that no address makes matching slow."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.settings.address_patterns import WILDCARDS_MAX, Patterns, read_pattern


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("bob@a.example", ["bob@a.example"], ["xbob@a.example", "bob@a.example.org", "<>"]),
        ("Bob@A.Example", ["bob@a.example"], []),
        ('"bob"@a.example', ["bob@a.example"], []),
        (
            "*@spam.example",
            ["a@spam.example", '"a@b"@spam.example'],
            ["a@x.spam.example", "a@spam.example.org", "<>"],
        ),
        ("*@*.spam.example", ["a@x.spam.example"], ["a@spam.example", "a@xspam.example"]),
        ("news-*@*", ["news-1@a", "news-@b.example"], ["news@a", "anews-1@a"]),
        ("b?b@a", ["bob@a", "bib@a", "b?b@a"], ["bb@a", "boob@a"]),
        ("*", ["a@b", "postmaster", "<>"], []),
        ("<>", ["<>"], ["a@b"]),
        ("*@[192.0.2.*]", ["a@[192.0.2.1]"], ["a@1", "a@2", "a@[192.0.3.1]"]),
        ("a.c+*@x", ["a.c+1@x"], ["abc+1@x", "a.cc1@x"]),
        ("*@postmaster", ["a@postmaster"], ["postmaster"]),
        ("*ab*b@*", ["abb@x", "xabxb@x"], ["ab@x"]),
    ],
)
def test_a_pattern_matches_the_whole_address(pattern: str, matched: list[str], others: list[str]) -> None:
    """Only `*` and `?` are special, and case does not matter."""
    patterns = Patterns([read_pattern(pattern)])
    assert [address for address in matched + others if patterns.match(address)] == matched


@given(st.text("ab*?@.", min_size=1, max_size=12), st.text("ab@.", max_size=14))
def test_a_pattern_means_what_a_shell_means(glob: str, address: str) -> None:
    """It matches what the standard library's globs match, however its pieces overlap."""
    expected = re.fullmatch(fnmatch.translate(glob), address) is not None
    assert Patterns([glob]).match(address) == expected


def test_several_patterns_are_asked_together() -> None:
    """A list may have exact addresses, domains and globs."""
    patterns = Patterns(["a@b", "*@c", "d*@e", "f*@g"])
    assert [patterns.match(address) for address in ("a@b", "x@c", "dd@e", "ff@g", "x@b", "d@g")] == [True] * 4 + [
        False
    ] * 2
    assert patterns
    assert not Patterns([])


@pytest.mark.parametrize(
    "glob", ["*a" * (WILDCARDS_MAX // 2) + "*b@x", "*a?" * (WILDCARDS_MAX // 2) + "b", "*aa" * 20]
)
def test_no_address_makes_a_glob_go_back_and_forth(glob: str) -> None:
    """With backtracking, each `*` multiplies the time by the address's length: 250 to the power of ten steps."""
    pattern = Patterns([read_pattern(glob)])
    assert not pattern.match("a" * 250 + "c@")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a pattern"),
        ("spam.example", r"write \*@spam\.example"),
        ("<a@b.example>", "<> for the null sender"),
        ("a b@c.example", "is not an address"),
        ("a*\x00@b", "is not a pattern"),
        ("a*\u2028@b", "is not a pattern"),
        ("spam.exampl?", "since it has no @"),
        ("*" * (WILDCARDS_MAX + 1), "more than"),
        ("*" + "a" * 600, "is not a pattern"),
    ],
)
def test_what_matches_nothing_or_too_much_is_a_mistake(text: str, said: str) -> None:
    """The start fails, so that nobody relies on a pattern that matches nothing."""
    with pytest.raises(ValueError, match=said):
        read_pattern(text)
