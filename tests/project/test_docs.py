"""The Markdown pages: their links lead somewhere, and each of docs is found from the index."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from testkit.clean_environment import ROOT, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [ROOT / name for name in run("git", "ls-files", "*.md").split()]
DOCS = [page for page in PAGES if page.is_relative_to(ROOT / "docs")]
INDEX = ROOT / "docs" / "README.md"
MAX_PICTURE_OCTETS = 100_000
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)


@cache
def read_prose(page: Path) -> str:
    """Read a page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def find_anchors(page: Path) -> set[str]:
    """Return the names by which a page's headings are linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", read_prose(page), re.MULTILINE)
    texts = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


def find_links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield each link to a file of the repository, the file and the name of the heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", read_prose(page)):
        path, _, anchor = link.partition("#")
        if not re.match(r"[a-z]+:", link):
            yield link, (page.parent / path).resolve() if path else page, anchor


def find_dead_links(page: Path) -> Iterator[str]:
    """Find the links of a page whose file or heading is missing."""
    for link, target, anchor in find_links(page):
        is_found = target.exists() and (not anchor or target.suffix != ".md" or anchor in find_anchors(target))
        if not is_found:
            yield link


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(find_dead_links(page)) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A `heading`\n[a](page.md#a-heading) [b](#b) [c](none.md) [d](https://x.example/#d)\n```\n[e](e)\n```\n"
    )
    assert list(find_dead_links(page)) == ["#b", "none.md"]


def test_each_page_of_the_docs_is_found_from_the_index() -> None:
    """By links alone, through other pages of the docs too."""
    found = {INDEX}
    ahead = [INDEX]
    while ahead:
        new = {target for _, target, _ in find_links(ahead.pop()) if target in DOCS} - found
        found |= new
        ahead += new
    assert [name(page) for page in DOCS if page not in found] == []


def test_each_picture_is_shown_and_small() -> None:
    shown = {target for page in PAGES for _, target, _ in find_links(page)}
    pictures = [path for path in (ROOT / "docs" / "images").iterdir() if path.is_file()]
    assert [name(path) for path in pictures if path not in shown] == []
    assert [name(path) for path in pictures if path.stat().st_size > MAX_PICTURE_OCTETS] == []
