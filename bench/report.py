"""Writes the report: one Markdown fragment of all measured sections, from their JSON."""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

from bench.results import Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SECTIONS = {
    "throughput": "Messages a second",
    "peers": "Beside other mail catchers",
    "reading": "Reading",
    "waiting": "Waiting for a code in a test",
    "memory": "Memory and start",
    "start": "Quick start",
    "growth": "Growth",
    "retention": "Retention",
    "edge": "Edge mode",
    "web": "The page",
}
"""In report order; `make bench-start`, `make bench-edge` and `make bench-web` measure those by themselves."""
_QUIET_LOAD = 0.7
_MARKED = re.compile(r"(<!-- report: ([a-z ]+) -->\n).*?(<!-- /report -->)", re.DOTALL)
_PLOT = re.compile(r"\(([\w.-]+\.svg)\)")


def load_sections(folder: Path) -> list[dict[str, Any]]:
    """Load the saved sections."""
    paths = [folder / f"{name}.json" for name in SECTIONS]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def write_report(folder: Path) -> str:
    """Write `report.md` of the saved sections; return its text."""
    text = "\n".join(_write_parts(folder).values())
    (folder / "report.md").write_text(text, encoding="utf-8")
    return text


def write_into(pages: Iterable[Path], folder: Path, images: Path) -> list[Path]:
    """Put each part of the report between the marks of the page that names it; return the changed pages.

    A mark names its parts in order: `machine`, `aims`, and the sections. The plots go into `images`.

    Raises:
        ValueError: no page has a place for a part.
    """
    parts = _write_parts(folder)
    texts = {page: text for page in pages if _MARKED.search(text := page.read_text(encoding="utf-8"))}
    named = {name for text in texts.values() for mark in _MARKED.finditer(text) for name in mark[2].split()}
    if missing := [name for name in parts if name not in named]:
        raise ValueError(f"no page has a place for: {', '.join(missing)}")
    for old in images.glob("bench-*.svg"):
        old.unlink()
    for page, text in texts.items():
        to_images = os.path.relpath(images, page.parent)

        def fill(mark: re.Match[str], to_images: str = to_images) -> str:
            report = "\n".join(parts[name] for name in mark[2].split() if name in parts)
            for name in _PLOT.findall(report):
                shutil.copyfile(folder / name, images / f"bench-{name}")
            return mark[1] + _PLOT.sub(rf"({to_images}/bench-\1)", report) + mark[3]

        page.write_text(_MARKED.sub(fill, text), encoding="utf-8")
    return [*texts]


def _write_parts(folder: Path) -> dict[str, str]:
    """Return the parts of the report by their names, in order."""
    sections = load_sections(folder)
    parts = {"machine": _write_machine(sections), "aims": _write_aims(sections)} if sections else {}
    for section in sections:
        tables = [Table(**table).write() for table in section["tables"]]
        plots = [f"![{name}]({section['name']}-{name}.svg)\n" for name in section["plots"]]
        parts[section["name"]] = "\n".join([f"## {SECTIONS[section['name']]}\n", *tables, *plots])
    return parts


def _write_machine(sections: list[dict[str, Any]]) -> str:
    lines = ["## The machine\n"]
    lines += [f"- {name}: {value}" for name, value in sections[0]["machine"].items()]
    for section in sections:
        form = "in full" if section["is_full"] else "in the short form"
        load = section.get("load_before")
        before = "load not noted" if load is None else f"load before it {load:.1f}"
        lines.append(f"- {SECTIONS[section['name']]}: {form}, {section['at']}, {before}")
    return "\n".join(lines) + "\n"


def _doubt(section: dict[str, Any]) -> str:
    """Qualify a verdict if the machine had other work to do."""
    load = section.get("load_before")
    return "" if load is not None and load <= _QUIET_LOAD else ", but the machine may have been busy"


def _write_aims(sections: list[dict[str, Any]]) -> str:
    rows = [
        [aim["aim"], aim["figure"], ("reached" if aim["is_reached"] else "**not reached**") + _doubt(section)]
        for section in sections
        for aim in section["aims"]
    ]
    return "## Aims\n\n" + Table("", ["aim", "figure", ""], rows).write().removeprefix("### \n\n")
