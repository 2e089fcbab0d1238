"""Checks the prose of the Markdown pages and of the docstrings: `make lint` runs it.

Without arguments it reads every page and every module of src/ that git knows; else the files named.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
MAX_COLUMNS: Final = 100
MAX_PAGE_LINES: Final = 200
MAX_SENTENCE_WORDS: Final = 40
GENERATED: Final = "<!-- Made from "
"""The comment of a generator, near the top of a page that may be as long as what it is made from."""

_CHANGELOG: Final = "CHANGELOG.md"
"""An item is one line there: a release's notes are made from it, where an end of line is shown as one."""

_PLAIN: Final = {
    r"whether what": "say what is compared",
    r"in order to": "to",
    r"utili[sz]e[sd]?": "use",
    r"mischief|deeds|entrance": "the standard term: faults, actions, acceptor",
    r"simply|obviously|of course|just works": "nothing: leave it out",
    r"leverag(?:e|es|ing)|seamless(?:ly)?|blazing(?:ly)?": "a figure, or nothing",
}
"""What not to write, and what to write instead."""

_UNPLAIN: Final = {re.compile(rf"\b(?:{found})\b", re.IGNORECASE): better for found, better in _PLAIN.items()}
_FENCE: Final = re.compile(r" *(`{3,}|~{3,})(.*)")
_LONG_WORD: Final = re.compile(r"\S{50}")
_SENTENCE_END: Final = re.compile(r"[.!?:][)\"”'*_]*(?=\s|$)(?<!e\.g\.)(?<!i\.e\.)")
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d+\.)\s+|#+ |> ?|")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its number from 1, its text, and whether it is code, of a table, or prose."""

    number: int
    text: str
    kind: str


def read_lines(text: str) -> Iterator[Line]:
    """Tell what each line of a page is: `fence`, `code`, `table`, `note` (a comment, front matter) or `prose`."""
    fence, is_note = "", text.startswith("---\n")
    for number, line in enumerate(text.splitlines(), 1):
        mark = _FENCE.fullmatch(line)
        if fence:
            is_end = mark is not None and mark[1].startswith(fence) and not mark[2].strip()
            yield Line(number, line, "code")
            fence = "" if is_end else fence
        elif is_note or line.startswith("<!--"):
            yield Line(number, line, "note")
            is_note = not ("-->" in line or (line == "---" and number > 1))
        elif mark is not None:
            fence = mark[1]
            yield Line(number, line, "fence")
        else:
            yield Line(number, line, "table" if line.lstrip().startswith("|") else "prose")


def check_page(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each thing to mend in a page, by its name in the repository."""
    lines = list(read_lines(text))
    if name.startswith("docs/") and len(lines) > MAX_PAGE_LINES and GENERATED not in text[:500]:
        yield len(lines), f"the page has {len(lines)} lines, at most are {MAX_PAGE_LINES}"
    for line in lines:
        if line.text != line.text.rstrip():
            yield line.number, "blanks at the end of the line"
        is_long = len(line.text) > MAX_COLUMNS and not _LONG_WORD.search(line.text)
        if line.kind == "prose" and is_long and name != _CHANGELOG:
            yield line.number, f"{len(line.text)} columns, at most are {MAX_COLUMNS}"
        if line.kind == "fence" and line.text.strip(" `~") == "":
            yield line.number, "a block of code without a language"
    yield from _check_headings(lines)
    yield from _check_blocks(_group_prose(lines))


def _check_headings(lines: list[Line]) -> Iterator[tuple[int, str]]:
    """Yield each second title, and each heading that is more than one level below the one before it."""
    headings = [
        (line.number, len(line.text) - len(line.text.lstrip("#")))
        for line in lines
        if line.kind == "prose" and re.match("#{1,6} ", line.text)
    ]
    titles = [number for number, level in headings if level == 1]
    if len(titles) != 1:
        yield (titles[1] if titles else 1), f"{len(titles)} titles (`# `), there must be one"
    for (_, above), (number, level) in pairwise(headings):
        if level > above + 1:
            yield number, f"a heading of level {level} below one of level {above}"


def _group_prose(lines: list[Line]) -> Iterator[tuple[int, str]]:
    """Yield paragraphs, items of lists and headings: where each begins, and its text on one line."""
    start, words = 0, ""
    for line in [*lines, Line(0, "", "prose")]:
        mark = _ITEM.match(line.text)
        is_new = line.kind != "prose" or not line.text.strip() or (mark is not None and mark[0].strip() != "")
        if is_new and words:
            yield start, words
            words = ""
        if line.kind == "prose" and line.text.strip():
            start = start if words else line.number
            words = f"{words} {line.text[mark.end() if mark else 0 :].strip()}".strip()


def check_module(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each thing to mend in a module's docstrings."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        docstring = ast.get_docstring(node)
        if docstring is not None:
            first = node.body[0].lineno
            if docstring.startswith("Whether "):
                yield first, "a docstring that begins with `Whether`: write `Return True if`"
            blocks = _check_blocks(_group_prose(list(read_lines(docstring))))
            yield from ((first + number - 1, fault) for number, fault in blocks)


def _check_blocks(blocks: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the faults of sentences: too many words, words that are not plain."""
    for number, block in blocks:
        prose = re.sub(r"\]\([^)]*\)", "]", re.sub(r"(`+).+?\1", "`code`", block))
        for sentence in _SENTENCE_END.split(prose):
            words = len(sentence.split())
            if words > MAX_SENTENCE_WORDS:
                yield (
                    number,
                    f"a sentence of {words} words, at most are {MAX_SENTENCE_WORDS}: {sentence.strip()[:40]}...",
                )
        for unplain, better in _UNPLAIN.items():
            if (found := unplain.search(prose)) is not None:
                yield number, f"`{found[0]}`: write {better}"


def check(path: Path) -> list[str]:
    """Return what is to mend in a file, each as `path:line: fault`."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
    text = path.read_text(encoding="utf-8")
    is_page = path.suffix == ".md"
    faults = check_page(text, name) if is_page else check_module(text)
    return [f"{name}:{line}: {fault}" for line, fault in sorted(faults)]


def find_files() -> list[Path]:
    """Return the pages and modules that git knows."""
    done = subprocess.run(
        ["git", "ls-files", "*.md", "src/*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def main() -> None:
    """Print the faults, and exit with 1 if there are any."""
    paths = [Path(name).resolve() for name in sys.argv[1:]] or find_files()
    faults = [fault for path in paths for fault in check(path)]
    print("\n".join([*faults, f"{len(paths)} files of prose, {len(faults)} faults"]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
