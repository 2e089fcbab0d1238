"""Draws plots as SVG: bar charts, and line charts with linear or logarithmic axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLOURS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#64748b", "#0891b2", "#b91c1c")
_WIDTH, _HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 20, 44, 56
_BAR, _GAP, _NAMES = 20, 10, 190
_STEPS = (1, 2, 2.5, 5, 10)
_MARKS_MAX = 30


def bar_chart(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    *,
    unit: str = "",
    ranges: Sequence[tuple[float, float]] = (),
    highlight: str = "",
) -> str:
    """Draw a bar for each label, with its range as a thin line; one label is highlighted."""
    height = _TOP + len(labels) * (_BAR + _GAP) + 10
    most = max([*values, *(high for _, high in ranges)], default=0.0) or 1.0
    scale = (_WIDTH - _NAMES - 110) / most
    parts = []
    for row, (label, value) in enumerate(zip(labels, values, strict=True)):
        top, end = _TOP + row * (_BAR + _GAP), _NAMES + value * scale
        colour = _COLOURS[0] if label == highlight or not highlight else _COLOURS[5]
        parts.append(_text(_NAMES - 8, top + 15, label, "end"))
        parts.append(f'<rect x="{_NAMES}" y="{top}" width="{value * scale:.1f}" height="{_BAR}" fill="{colour}"/>')
        if ranges:
            low, high = (_NAMES + edge * scale for edge in ranges[row])
            parts.append(_line(low, top + _BAR / 2, high, top + _BAR / 2, "#111827", 2))
            end = max(end, high)
        parts.append(_text(end + 6, top + 15, f"{write_number(value)} {unit}".strip()))
    return _document(title, height, parts)


def line_chart(
    title: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """Draw a line for each series of points (x, y). Logarithmic axes need positive values."""
    points = [point for line in series.values() for point in line]
    xs, ys = (
        _Axis([x for x, _ in points], is_log=log_x),
        _Axis([y for _, y in points], is_log=log_y, from_zero=True),
    )
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + xs.share(x) * (right - _LEFT), bottom - ys.share(y) * (bottom - _TOP - 18)

    parts = []
    for tick in ys.ticks():
        level = place(xs.low, tick)[1]
        parts += [
            _line(_LEFT, level, right, level, "#e5e7eb"),
            _text(_LEFT - 6, level + 4, write_number(tick), "end"),
        ]
    for tick in xs.ticks():
        across = place(tick, ys.low)[0]
        parts.append(_line(across, bottom, across, bottom + 5, "#6b7280"))
        parts.append(_text(across, bottom + 18, write_number(tick), "middle"))
    parts.append(_line(_LEFT, bottom, right, bottom, "#6b7280"))
    parts += [_text((_LEFT + right) / 2, _HEIGHT - 16, x_label, "middle"), _text(8, _TOP, y_label)]
    across = float(right)
    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        marked = placed if len(placed) <= _MARKS_MAX else []
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in marked]
        parts.append(_text(across, _TOP, name, "end", colour))
        across -= 7 * len(name) + 18
    return _document(title, _HEIGHT, parts)


def write_number(value: float) -> str:
    """Return a number in a short readable form."""
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= factor:
            return f"{value / (1e3 if letter == 'k' else factor):.3g}{letter}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


class _Axis:
    def __init__(self, values: Sequence[float], *, is_log: bool, from_zero: bool = False) -> None:
        self._is_log = is_log
        self.low, self.high = min(values, default=0.0), max(values, default=1.0)
        if is_log and self.low <= 0:
            raise ValueError("a logarithmic axis has no place for 0 and below")
        if from_zero:
            self.low = 10 ** math.floor(math.log10(self.low)) if is_log else 0.0
        if self.high <= self.low:
            self.high = self.low + 1

    def share(self, value: float) -> float:
        """Return the position of a value on the axis, from 0 to 1."""
        low, high, at = (math.log(number) if self._is_log else number for number in (self.low, self.high, value))
        return (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Choose round values: powers of ten, or about five even steps."""
        if self._is_log and self.high / self.low >= 10:
            powers = range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1)
            return [float(10**power) for power in powers]
        rough = (self.high - self.low) / 5
        power = 10 ** math.floor(math.log10(rough))
        step = next(step * power for step in _STEPS if step * power >= rough * 0.999)
        return [
            step_number * step
            for step_number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)
        ]


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#111827") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int = 1) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{colour}" stroke-width="{width}"/>'


def _document(title: str, height: float, parts: Sequence[str]) -> str:
    heading = f'<text x="8" y="20" font-size="14" font-weight="bold" fill="#111827">{escape(title)}</text>'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
        'font-family="system-ui, sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        heading,
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
