"""Puts what the site is built from into build/: `make docs` runs it, then Zensical.

Pages are found by folder: all of docs/, and the Markdown files at the root of the repository. Links
from page to page stay; links to other files of the repository lead to it on the web.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tomllib
import urllib.request
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from edgemail.app import App
from edgemail.settings import resolve

ROOT: Final = Path(__file__).parents[1]
BUILD: Final = ROOT / "build"
PAGES: Final = BUILD / "pages"
_API: Final = "reference/openapi"
_FIRST_PARTS: Final = ("tutorial", "how-to", "reference", "explanation")
_LINK: Final = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
_CODE: Final = re.compile(r"^(`{3,}|~{3,}).*?^\1`*$|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE)


def find_pages(root: Path = ROOT) -> dict[Path, str]:
    """Return the pages: where each is in the repository, and where in the site."""
    pages = {root / "README.md": "index.md"}
    pages |= {path: f"project/{path.stem.lower()}.md" for path in root.glob("*.md") if path.stem != "README"}
    docs = root / "docs"
    for path in sorted(docs.rglob("*.md")):
        name = path.relative_to(docs).as_posix()
        pages[path] = "contents.md" if name == "README.md" else re.sub(r"\bREADME\.md$", "index.md", name)
    return pages


def rewrite_links(text: str, page: Path, pages: dict[Path, str], repository: str, root: Path = ROOT) -> str:
    """Return a page's text with its links changed to where things are in the site, or in the repository."""
    here = Path(pages[page]).parent

    def rewrite(found: re.Match[str]) -> str:
        path, mark, anchor = found[1].partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return found[1]
        target = (page.parent / path).resolve()
        inside = pages.get(target)
        if inside is None and target.is_relative_to(root / "docs/images"):
            inside = target.relative_to(root / "docs").as_posix()
        if inside is not None:
            return os.path.relpath(inside, here) + mark + anchor
        kind = "tree" if target.is_dir() else "blob"
        return f"{repository}/{kind}/main/{target.relative_to(root).as_posix()}{mark}{anchor}"

    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_LINK.sub(rewrite, text[end : code.start()]), code[0]]
        if text.startswith("|", text.rfind("\n", 0, code.start()) + 1):
            parts[-1] = code[0].replace(r"\|", "|")  # in a table: GitHub wants the backslash, the site shows it
        end = code.end()
    return "".join([*parts, _LINK.sub(rewrite, text[end:])])


def make_nav(titles: dict[str, str], folder: str = "") -> list[dict[str, Any]]:
    """Return the tree of pages below a folder of the site: pages by their titles, then folders as sections."""

    def by_title(path: str) -> tuple[bool, int, str]:
        number = re.match(r"\d+", titles[path])
        return not path.endswith("index.md"), int(number[0]) if number else 0, titles[path]

    below = [path for path in titles if path.startswith(folder)]
    pages = [path for path in below if "/" not in path[len(folder) :]]
    folders = {path[len(folder) :].partition("/")[0] for path in below if "/" in path[len(folder) :]}
    nav: list[dict[str, Any]] = [{titles[path]: path} for path in sorted(pages, key=by_title)]
    return nav + [
        {name.replace("-", " ").capitalize(): make_nav(titles, f"{folder}{name}/")}
        for name in sorted(folders, key=_order)
    ]


def _order(name: str) -> tuple[int, str]:
    """Sort a folder by where its kind stands in `_FIRST_PARTS`, others after these."""
    places = [place for place, part in enumerate(_FIRST_PARTS) if name.startswith(part)]
    return (places[0] if places else len(_FIRST_PARTS), name)


def read_title(text: str) -> str:
    """Return the first heading of a page, without marks."""
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return re.sub(r"[`*]", "", heading[1]) if heading else "Untitled"


async def read_openapi() -> bytes:
    """Start the server on a free port, and return the OpenAPI document that it serves."""
    environ = {"EDGEMAIL_DB": "memory", "EDGEMAIL_SMTP": "127.0.0.1:0", "EDGEMAIL_HTTP": "127.0.0.1:0"}
    app = await App.start(resolve({}, environ).settings)
    try:
        return await asyncio.to_thread(_fetch, f"{app.http_urls[0].rstrip('/')}/openapi.json")
    finally:
        await app.stop()


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        document: bytes = answer.read()
    return document


def stage() -> None:
    """Write build/pages and build/mkdocs.yml."""
    shutil.rmtree(PAGES, ignore_errors=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pages = find_pages()
    titles = {_API + "/index.html": "OpenAPI"}
    for page, name in pages.items():
        text = page.read_text(encoding="utf-8")
        titles[name] = read_title(text)
        target = PAGES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(rewrite_links(text, page, pages, project["urls"]["Homepage"]), encoding="utf-8")
    shutil.copytree(ROOT / "docs/images", PAGES / "images")
    client = Path(str(files("edgemail"))) / "client"
    shutil.copy(client / "icon.svg", PAGES)
    shutil.copy(client / "icon.svg", PAGES / "reference")
    shutil.copytree(client / "docs", PAGES / _API)
    (PAGES / "reference/openapi.json").write_bytes(asyncio.run(read_openapi()))
    settings = {"INHERIT": "../mkdocs.yml", "docs_dir": "pages", "site_dir": "site", "nav": make_nav(titles)}
    (BUILD / "mkdocs.yml").write_text(json.dumps(settings, indent=1), encoding="utf-8")


if __name__ == "__main__":
    stage()
