"""The checks of spelling and prose in `make lint`: each fault is found, and nothing else is taken for one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from scripts.check_prose import MAX_PAGE_LINES, check_module, check_page
from testkit.clean_environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LONG = "A sentence of few words is read at once. " * 2 + "Here is another."
FEW = "ten words that go on and on to the next"
LINK = "https://docs.example/" + "x" * 60


def faults(text: str, name: str = "docs/how-to/a.md") -> list[tuple[int, str]]:
    return list(check_page(text, name))


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        (f"# A\n\n{LONG} More.\n", 3, "104 columns, at most are 100"),
        ("# A\n\nText. \n", 3, "blanks at the end of the line"),
        ("# A\n\n```\nmake\n```\n", 3, "a block of code without a language"),
        ("# A\n\n# B\n", 3, "2 titles (`# `), there must be one"),
        ("Text.\n", 1, "0 titles (`# `), there must be one"),
        ("# A\n\n### B\n", 3, "a heading of level 3 below one of level 1"),
        ("# A\n\nFirst.\n\nPress it in order to\nsend.\n", 5, "`in order to`: write to"),
        ("# A\n\n- One.\n- Use it in\n  order to send.\n", 4, "`in order to`: write to"),
        (f"# A\n\nOne.\n{FEW}\n{FEW}\n{FEW}\n{FEW}\nends.\n", 3, "a sentence of 41 words, at most are 40"),
        ("# A\n" + "\n" * MAX_PAGE_LINES, 201, "the page has 201 lines, at most are 200"),
    ],
)
def test_a_fault_of_a_page_is_found(text: str, line: int, fault: str) -> None:
    ((found_line, found),) = faults(text)
    assert (found_line, found[: len(fault)]) == (line, fault)


@pytest.mark.parametrize(
    "text",
    [
        f"# A\n\n{LONG}\n",
        f"# A\n\n[the reference of that program, which says more about it]({LINK})\n",
        f"# A\n\n| a | b |\n| --- | --- |\n| {LONG} | {LONG} |\n",
        f"# A\n\n```sh\n# in order to\n{LONG} {LONG}\n```\n",
        "# A\n\n````md\n```\ncode\n```\n````\n",
        "---\nname: a\ndescription: " + "word " * 50 + "word" + "\n---\n\n# A\n",
        "# A\n\n## B\n\n### C\n\n## D\n",
        "# A\n\n" + "One fact in a sentence of few words.\n" * 20,
        "# A\n\nThe flag `--in order to` is code.\n",
        "# A\n\n<!-- Made from the code -->\n" + "\n" * MAX_PAGE_LINES,
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert faults(text) == []


def test_only_pages_of_docs_are_short_and_an_item_of_the_changelog_is_a_line() -> None:
    assert faults("# A\n" + "\n" * MAX_PAGE_LINES, "README.md") == []
    assert faults(f"# A\n\n- {LONG} More.\n", "CHANGELOG.md") == []


def test_a_fault_of_a_docstring_is_found_and_code_is_not_read() -> None:
    module = '"""Counts."""\n\n\ndef is_open(at):\n    """Whether it is.\n\n    It is simply so.\n    """\n'
    module += '    return "in order to"\n'
    assert list(check_module(module)) == [
        (5, "a docstring that begins with `Whether`: write `Return True if`"),
        (7, "`simply`: write nothing: leave it out"),
    ]


@pytest.mark.parametrize(("text", "is_right"), [("A message is recieved.\n", False), ("An exmaple by nd.\n", True)])
def test_spelling_is_checked_with_our_own_words(tmp_path: Path, text: str, *, is_right: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    command = [".venv/bin/codespell", "--ignore-words", "scripts/known-words.txt", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is is_right, done.stdout + done.stderr
    assert is_right or "recieved ==> received" in done.stdout
