"""Draws the README's moving picture from what commands print: `python -m scripts.record_demo`.

It runs the commands with the program on its usual ports, 2525 and 8025, which must be free. The
picture is an SVG with CSS animations alone: no script, no font from elsewhere.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PICTURE: Final = Path(__file__).parents[1] / "docs" / "images" / "demo.svg"
SERVE: Final = "edgemail --db memory"
ASK: Final = (
    "edgemail send kim@example.org",
    "edgemail wait kim@example.org --code",
    "edgemail wait kim@example.org --link",
    "edgemail show 1 --text",
)
COMMAND_S: Final = 60.0
_START_LINES: Final = 3  # what the program prints at its start
_KEY_S, _PAUSE_S, _REST_S = 0.06, 0.9, 5.0
_TIMES: Final = 3
_CHAR_PX, _LINE_PX, _LEFT_PX, _TOP_PX = 8.4, 20, 18, 46
_COLUMNS: Final = 76
_STYLE: Final = """\
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; fill: #24292f }
.typed { font-weight: 600; fill: #0a5fa8 } .back { fill: #f6f8fa; stroke: #d0d7de } .bar { fill: #d0d7de }
.cover { fill: #f6f8fa } .key { fill: #24292f } .typing { opacity: 0 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .typed { fill: #79c0ff } .back { fill: #161b22; stroke: #30363d } .bar { fill: #30363d }
.cover { fill: #161b22 } .key { fill: #e6edf3 }
}
"""


@dataclass(frozen=True, slots=True)
class DemoStep:
    """A command, and the lines that it printed."""

    command: str
    lines: tuple[str, ...]


@contextmanager
def serving(folder: Path) -> Iterator[DemoStep]:
    """Run the server; yield its command with what it printed at its start."""
    command = [sys.executable, "-m", *shlex.split(SERVE)]
    with (
        (folder / "errors").open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            lines = tuple(process.stdout.readline().rstrip("\n") for _ in range(_START_LINES))
            if not all(lines):
                raise SystemExit((folder / "errors").read_text())
            yield DemoStep(f"{SERVE} &", lines)
        finally:
            process.terminate()


def ask(commands: Sequence[str], environ: dict[str, str]) -> Iterator[DemoStep]:
    """Run commands one after the other; yield each with what it printed."""
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)],
            env=os.environ | environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{command}: {done.stderr}")
        yield DemoStep(command, tuple((done.stdout + done.stderr).rstrip("\n").split("\n")))


def draw(steps: Sequence[DemoStep]) -> str:
    """Return the picture. Without animations it shows everything that was typed and printed."""
    shown, rules = [], []
    whole_s = sum(len(step.command) * _KEY_S + 2 * _PAUSE_S for step in steps) + _REST_S
    row, now_s = 0, 0.0
    for number, step in enumerate(steps):
        from_s, to_s = now_s, now_s + _PAUSE_S + len(step.command) * _KEY_S
        now_s = to_s + _PAUSE_S
        begin, first, last, end = (
            100 * at / whole_s for at in (from_s, from_s + _PAUSE_S, to_s, to_s + _PAUSE_S / 3)
        )
        y = _TOP_PX + row * _LINE_PX
        x = _LEFT_PX + 2 * _CHAR_PX
        moved = len(step.command) * _CHAR_PX
        shown.append(
            f'<g class="p{number}">{_text(row, "$ ")}{_text(row, step.command, column=2, kind="typed")}</g>'
            f'<g class="typing t{number}"><path class="cover" d="M{x:g} {y - 15}h{moved:g}v20H{x:g}z"/>'
            f'<path class="key" d="M{x:g} {y - 14}h8v18h-8z"/></g>'
        )
        printed = "".join(_text(row + 1 + offset, line) for offset, line in enumerate(step.lines) if line)
        shown.append(f'<g class="o{number}">{printed}</g>')
        rules += [
            _appear(f"p{number}", begin, whole_s),
            _appear(f"o{number}", end, whole_s),
            f"@keyframes t{number} {{ 0%, {begin:.2f}% {{ opacity: 0 }} {begin + 0.01:.2f}%, {first:.2f}% "
            f"{{ opacity: 1; transform: none; animation-timing-function: steps({len(step.command)}) }} "
            f"{last:.2f}% {{ opacity: 1; transform: translateX({moved:g}px) }} "
            f"{end:.2f}%, 100% {{ opacity: 0; transform: translateX({moved:g}px) }} }}\n"
            f".t{number} {{ animation: t{number} {whole_s:.1f}s linear {_TIMES} }}",
        ]
        row += 1 + len(step.lines)
    width, height = round(2 * _LEFT_PX + _COLUMNS * _CHAR_PX), _TOP_PX + row * _LINE_PX
    told = escape("\n".join(line for step in steps for line in (f"$ {step.command}", *step.lines)))
    moving = "\n".join(rules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-labelledby="title told">\n'
        f'<title id="title">edgemail in a terminal</title>\n<desc id="told">{told}</desc>\n'
        f"<style>\n{_STYLE}@media (prefers-reduced-motion: no-preference) {{\n{moving}\n}}\n</style>\n"
        f'<rect class="back" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>\n'
        f'<path class="bar" d="M14 16a5 5 0 1 0 10 0a5 5 0 1 0-10 0M30 16a5 5 0 1 0 10 0a5 5 0 1 0-10 0'
        'M46 16a5 5 0 1 0 10 0a5 5 0 1 0-10 0"/>\n' + "\n".join(shown) + "\n</svg>\n"
    )


def _text(row: int, line: str, column: int = 0, kind: str = "") -> str:
    """Return a line whose width does not depend on the reader's font."""
    if column + len(line) > _COLUMNS:
        raise SystemExit(f"too wide for the picture: {line}")
    x, y = _LEFT_PX + column * _CHAR_PX, _TOP_PX + row * _LINE_PX
    style = f' class="{kind}"' if kind else ""
    wide = f'textLength="{len(line) * _CHAR_PX:g}" lengthAdjust="spacingAndGlyphs"'
    return f'<text{style} x="{x:g}" y="{y}" {wide} xml:space="preserve">{escape(line)}</text>'


def _appear(name: str, at_percent: float, whole_s: float) -> str:
    return (
        f"@keyframes {name} {{ 0%, {at_percent:.2f}% {{ opacity: 0 }} "
        f"{at_percent + 0.01:.2f}%, 100% {{ opacity: 1 }} }}\n"
        f".{name} {{ animation: {name} {whole_s:.1f}s linear {_TIMES} }}"
    )


def main() -> None:
    """Record the commands and write the picture."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as started:
        PICTURE.write_text(draw([started, *ask(ASK, {})]), encoding="utf-8")


if __name__ == "__main__":
    main()
