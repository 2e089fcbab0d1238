"""What a search finds, and what it costs to make the words of a message."""

from __future__ import annotations

import json
import random
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail import mime
from edgemail.mime import summarize
from edgemail.mime.reader import TEXT_MAX
from edgemail.mime.search_words import WORDS_MAX, WORDS_READ, search_words
from edgemail.system.folding import fold

_CASES = json.loads((Path(__file__).parents[1] / "vectors" / "search.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["name"])
def test_a_term_finds_what_a_person_takes_for_the_same(case: dict[str, Any]) -> None:
    """The page is held to the same table."""
    assert (fold(case["term"]) in search_words(case["text"])) is case["found"]


@given(st.text())
def test_what_is_folded_can_be_stored_and_shows_no_control(text: str) -> None:
    """No lone surrogate, which no database takes, and nothing that a terminal would act upon."""
    folded = fold(text)
    folded.encode()
    assert all(character >= " " for character in folded)


def test_each_word_is_kept_once_and_the_first_ones_where_they_are_too_many() -> None:
    """The parts are looked at in their order."""
    assert search_words("Zwei eins", "eins", "ZWEI drei") == "zwei eins drei"
    many = search_words("first", " ".join(f"w{number:x}" for number in range(20_000)))
    assert many.startswith("first w0 w1 ")
    assert WORDS_MAX - 10 < len(many) <= WORDS_MAX
    assert "end" not in search_words("x" * WORDS_READ, "end")


def test_a_run_without_blanks_is_cut_and_not_dropped() -> None:
    """A page of Chinese is one word to a machine."""
    words = search_words("Subject", "确认" * WORDS_MAX)
    assert len(words) == WORDS_MAX


@pytest.mark.parametrize("line_end", ["\n", "\r\n", " \r\n  ", "\n> "])
def test_a_line_may_end_within_a_word_of_a_language_without_blanks(line_end: str) -> None:
    """Mail in ISO-2022-JP has short lines. Two paragraphs stay apart, and so do words with blanks between them."""
    assert "確認コード" in search_words(f"あなたの確認{line_end}コードは")
    assert "ยืนยัน" in search_words(f"รหัสยืน{line_end}ยันของคุณ")
    assert search_words(f"one{line_end}two").split()[-1] == "two"
    assert "確認コード" not in search_words("確認\n\nコード")


def test_a_message_is_found_by_what_a_person_sees_of_it() -> None:
    """Decoded subject and sender, text, HTML as text, and the names of attachments."""
    message = EmailMessage()
    message["Subject"] = "Bestätigung für Zürich"
    message["From"] = "Ångström <a@example.org>"
    message.set_content("See the page.")
    message.add_alternative("<p>Votre <b>v&eacute;ri</b>fication</p><style>.hidden{}</style>", subtype="html")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="Rechnung März.pdf")
    words = mime.summarize(message.as_bytes()).words
    for term in ("bestatigung", "ZURICH", "angstrom", "see", "verification", "März.pdf"):
        assert fold(term) in words
    assert "hidden" not in words


def test_a_word_far_down_is_found() -> None:
    """A long text keeps few words twice."""
    prose = "It is our pleasure to tell you once more what you have read above. " * 400
    assert "needle" in search_words("Subject", prose + "needle")


@pytest.mark.parametrize(
    "unit",
    [
        "a\u0300\u0323",
        "\u0e48\u0e38",
        "\u309a\u0e38",
        "\ufdfa",
        "確 \n",
        "確\n>",
        "\u1e69 ",
        "İ",
        "\u0344",
        "ﷺ\n確",
    ],
)
def test_hostile_text_takes_no_longer_than_its_length_asks_for(unit: str) -> None:
    """Long runs of combining marks are sorted, which takes the square of their length."""
    text = unit * WORDS_READ
    started = time.thread_time()
    assert len(search_words(text)) <= WORDS_MAX
    assert time.thread_time() - started < 0.5


def test_random_words_fold_within_their_bound() -> None:
    """Whatever the script."""
    chance = random.Random(1)
    text = " ".join(
        chr(chance.choice([0x41, 0xC0, 0x410, 0x4E00, 0xAC00, 0xFDFA]) + n % 60) * 9 for n in range(9_000)
    )
    started = time.thread_time()
    search_words(text)
    assert time.thread_time() - started < 0.3


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_the_words_are_those_of_the_whole_mail(kind: str) -> None:
    """What a summary shows comes from the beginning; a search finds what stands far behind it."""
    lines = "".join(f"line {number % 50} {'of the report ' * 4}<br>\r\n" for number in range(10_000))
    mail = f"Subject: Report\r\nContent-Type: text/{kind}\r\n\r\n{lines}the lastword\r\n".encode()
    assert len(mail) > 500_000
    words = summarize(mail).words.split()
    assert "lastword" in words
    assert len(words) < 100


def test_a_word_that_is_cut_where_a_summary_ends_is_found_whole() -> None:
    """The texts overlap."""
    text = "x " * (TEXT_MAX // 2 - 3) + "straddling " + "y " * 100
    assert "straddling" in summarize(f"Subject: a\r\n\r\n{text}".encode()).words.split()
