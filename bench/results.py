"""The results of a section: figures, tables, plots, and aims reached or missed; saved as JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import textwrap
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

_COLUMNS = 100
_PACKAGES = ("apsw", "uvloop", "uvicorn", "fastapi", "aiosmtpd")


@dataclass(frozen=True)
class Aim:
    """An aim, the measured figure, and True if the aim was reached."""

    aim: str
    figure: str
    is_reached: bool


@dataclass(frozen=True)
class Table:
    """A table; `note` is a sentence below it."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""

    def write(self) -> str:
        """Return it as Markdown, the first column left-aligned and the rest right-aligned."""
        rules = ["---", *["--:"] * (len(self.columns) - 1)]
        lines = [f"| {' | '.join(row)} |" for row in (self.columns, rules, *self.rows)]
        note = ["", textwrap.fill(self.note, _COLUMNS, break_long_words=False)] if self.note else []
        return "\n".join([f"### {self.title}", "", *lines, *note]) + "\n"


@dataclass
class Section:
    """A section of the report."""

    name: str
    is_full: bool
    tables: list[Table] = field(default_factory=list)
    plots: dict[str, str] = field(default_factory=dict)
    """SVG by name."""
    aims: list[Aim] = field(default_factory=list)
    load_before: float | None = None
    """The machine's load average over a minute, before the measurement."""
    figures: dict[str, Any] = field(default_factory=dict)
    """All figures, for other programs."""

    def save(self, folder: Path) -> None:
        """Write `NAME.json` and `NAME-PLOT.svg`."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{self.name}-*.svg"):
            old.unlink()
        for name, svg in self.plots.items():
            (folder / f"{self.name}-{name}.svg").write_text(svg, encoding="utf-8")
        content = asdict(self) | {"plots": sorted(self.plots), "at": datetime.now(UTC).isoformat(" ", "minutes")}
        content["machine"] = describe_machine()
        (folder / f"{self.name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def describe_machine() -> dict[str, str]:
    """Describe the machine."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{len(cpu) or os.cpu_count()} x {cpu[0].partition(': ')[2] if cpu else platform.machine()}",
        "memory": f"{memory:.0f} GiB",
        "system": platform.platform(),
        "disk": _describe_disk(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: _version_of(name) for name in _PACKAGES},
        "Postfix": _say("/usr/sbin/postconf", "-d", "-h", "mail_version"),
        "Node.js": _say("node", "--version"),
    }


def _describe_disk() -> str:
    return " ".join(_say("df", "--output=fstype,source", ".").splitlines()[-1].split()) or "unknown"


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _say(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
    except OSError:
        return "missing"
