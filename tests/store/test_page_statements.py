"""The page queries the tables itself, with the store's own statements."""

from __future__ import annotations

import re
from pathlib import Path

from edgemail.store import schema

_STATEMENTS = Path(__file__).parents[2] / "web" / "src" / "database" / "statements.ts"


def test_the_page_lists_by_the_stores_own_statements() -> None:
    """Otherwise the page and the API would list different mail."""
    source = _STATEMENTS.read_text()
    texts = dict(re.findall(r"const (\w+) =\s+`([^`]*)`", source))

    def write_out(name: str) -> list[str]:
        return re.sub(r"\$\{(\w+)\}", lambda found: " ".join(write_out(found[1])), texts[name]).split()

    assert write_out("LIST_NEWEST_FIRST") == schema.LIST_NEWEST_FIRST.split()
    assert write_out("LIST_OLDEST_FIRST") == schema.LIST_OLDEST_FIRST.split()
    assert write_out("SEARCH") == schema.SEARCH.split()
