"""Writes the tables of what is compatible into docs/how-to, from the endpoints that the tests ask.

.venv/bin/python -m scripts.write_compat_tables
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.compat.endpoints import TOOLS

if TYPE_CHECKING:
    from tests.compat.endpoints import Endpoint

_DOCS: Final = Path(__file__).parent.parent / "docs" / "how-to"
PAGES: Final = {
    _DOCS / "switch-from-mailpit.md": ("Mailpit",),
    _DOCS / "switch-from-mailhog.md": ("MailHog",),
    _DOCS / "switch-from-other-catchers.md": ("MailDev", "MailCatcher", "Inbucket"),
}
_BEGIN: Final = "<!-- table of {tool}: written by scripts/write_compat_tables.py -->"
_END: Final = "<!-- end of the table -->"


def write_page(text: str, tools: tuple[str, ...]) -> str:
    """Put the tables of these tools in place of those before."""
    for tool in tools:
        begin = _BEGIN.format(tool=tool)
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition(_END)
        if not found or not ended:
            raise ValueError(f"the page has no place for the table of {tool}")
        text = f"{before}{begin}\n{_write_table(TOOLS[tool])}{_END}{after}"
    return text


def _write_table(endpoints: tuple[Endpoint, ...]) -> str:
    rows = [
        f"| {endpoint.method} | `{endpoint.path.partition('?')[0]}` | {endpoint.note or 'as there'} |"
        for endpoint in endpoints
    ]
    return "\n".join(["| | path | answer |", "| --- | --- | --- |", *rows, ""])


def main() -> None:
    """Write all pages."""
    for page, tools in PAGES.items():
        page.write_text(write_page(page.read_text(encoding="utf-8"), tools), encoding="utf-8")


if __name__ == "__main__":
    main()
