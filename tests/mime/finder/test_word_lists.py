"""The lists of words are TOML that a simpler reader can read: the first mail waits for it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edgemail.mime.finder import word_lists
from edgemail.mime.finder.lexicon import marks
from edgemail.mime.finder.word_lists import read_lists

FILES = sorted(Path(word_lists.__file__).with_name("words").glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_language_is_read_as_toml_reads_it(file: Path) -> None:
    """Each list stands on a line of its own, in double quotes: write it otherwise, and this fails."""
    text = file.read_text("utf-8")
    assert dict(read_lists(text)) == tomllib.loads(text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_entry_is_found_in_a_text(file: Path) -> None:
    """A longer entry of another role may hide it; none is looked up in vain."""
    lists = dict(read_lists(file.read_text("utf-8")))
    lists.pop("tail", None)  # ends of compounds alone
    for words in lists.values():
        assert [word for word in words if not marks(word.removesuffix("*"))] == []
