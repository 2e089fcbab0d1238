"""The messages of tests/vectors/mime."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "vectors" / "mime"


@dataclass(frozen=True, slots=True)
class Vector:
    """A message and what is expected of it."""

    name: str
    octets: bytes
    expect: dict[str, Any]


def read_vectors() -> Iterator[Vector]:
    """Yield every message, by file and place."""
    for path in sorted(FOLDER.glob("*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            text = case.get("line_end", "\r\n").join(case["lines"])
            octets = text.encode("utf-8", "surrogateescape")
            yield Vector(f"{path.stem}: {case['id']}", octets, case["expect"])
