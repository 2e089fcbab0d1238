"""The reference of the tools for agents says what the code does."""

from __future__ import annotations

from scripts.write_agent_tools import PAGE, make_tools, write_page


def test_the_reference_says_what_the_code_does() -> None:
    """`python -m scripts.write_agent_tools` writes it again."""
    assert PAGE.read_text(encoding="utf-8") == write_page(make_tools())
