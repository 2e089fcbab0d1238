"""Writes the report: one Markdown fragment of all measured sections, from their JSON."""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

from bench.results import Table

if TYPE_CHECKING:
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
_START, _END = "<!-- report -->", "<!-- /report -->"
_PLOT = re.compile(r"\(([\w.-]+\.svg)\)")


def load_sections(folder: Path) -> list[dict[str, Any]]:
    """Load the saved sections."""
    paths = [folder / f"{name}.json" for name in SECTIONS]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def write_report(folder: Path) -> str:
    """Write `report.md` of the saved sections; return its text."""
    sections = load_sections(folder)
    parts = []
    if sections:
        parts += [_write_machine(sections), _write_aims(sections)]
    for section in sections:
        parts.append(f"## {SECTIONS[section['name']]}\n")
        parts += [Table(**table).write() for table in section["tables"]]
        parts += [f"![{name}]({section['name']}-{name}.svg)\n" for name in section["plots"]]
    text = "\n".join(parts)
    (folder / "report.md").write_text(text, encoding="utf-8")
    return text


def write_into(page: Path, folder: Path, images: Path) -> None:
    """Put the report between a page's marks, and the plots beside the page's images.

    Raises:
        ValueError: the page has no marks.
    """
    text = page.read_text(encoding="utf-8")
    start, end = text.find(_START), text.find(_END)
    if not 0 <= start < end:
        raise ValueError(f"{page} has no {_START} and {_END}")
    report = write_report(folder)
    for old in images.glob("bench-*.svg"):
        old.unlink()
    for name in _PLOT.findall(report):
        shutil.copyfile(folder / name, images / f"bench-{name}")
    report = _PLOT.sub(rf"({os.path.relpath(images, page.parent)}/bench-\1)", report)
    page.write_text(f"{text[: start + len(_START)]}\n{report}{text[end:]}", encoding="utf-8")


def _write_machine(sections: list[dict[str, Any]]) -> str:
    lines = ["## The machine\n"]
    lines += [f"- {name}: {value}" for name, value in sections[0]["machine"].items()]
    for section in sections:
        form = "in full" if section["is_full"] else "in the short form"
        load = section.get("load_before")
        before = "load not noted" if load is None else f"load average before it {load:.1f}"
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
