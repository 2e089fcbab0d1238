"""No regular expression has what a supported Python matches wrongly."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
POSSESSIVE_GROUP = re.compile(r"(?<![\\(])\)(?:[*+?]|\{[0-9,]+\})\+")
CHARACTER_SET = re.compile(r"(?<!\\)\[\^?\]?(?:\\.|[^\]\\])*\]")


def list_strings(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [
        value if isinstance(value, str) else value.decode("latin-1")
        for value in values
        if isinstance(value, str | bytes)
    ]


def has_possessive_group(expression: str) -> bool:
    return POSSESSIVE_GROUP.search(CHARACTER_SET.sub("x", expression)) is not None


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5, as Debian 12 has it, goes wrong where what is inside can be matched in several ways.

    Only what is repeated as a whole: a possessive character or set is matched right.
    """
    found = [
        f"{file.relative_to(ROOT)}: {text}"
        for file in sorted((ROOT / "src").rglob("*.py"))
        for text in list_strings(file)
        if has_possessive_group(text)
    ]
    assert found == []


def test_the_rule_finds_such_groups() -> None:
    assert all(map(has_possessive_group, ["(?:a?b)*+", "(a|[)])++", "(?:a)?+", "(a){2,3}+"]))
    assert not any(map(has_possessive_group, ["[ab]*+", r"\s*+", "(?:a)*", r"[\)]?+", r"\)++", "[()*+]"]))
