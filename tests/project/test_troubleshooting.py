"""What the page on troubleshooting quotes is what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/troubleshoot.md"
WORDS = re.compile(r"`(?:[:]25 |[0-9]{3} (?:[0-9]\.[0-9]\.[0-9] )?)?([A-Z]?[a-z][^`]* [^`]*)`")


def read_sources() -> str:
    """Return all of the program's text in one line, without the breaks that long strings have."""
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "web/src").rglob("*.ts")]
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text() for file in files))


def list_quotes() -> list[str]:
    """Return the messages in the first column of the tables of what edgemail and senders say."""
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return [quote for row in rows for quote in WORDS.findall(row)]


def test_there_are_quotes() -> None:
    assert len(list_quotes()) >= 10


@pytest.mark.parametrize("quote", list_quotes())
def test_a_quote_is_what_the_program_says(quote: str) -> None:
    assert quote in read_sources()
