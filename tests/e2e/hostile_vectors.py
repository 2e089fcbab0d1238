"""Mail that tries to run, to fetch and to navigate, as letters to be read.

Each vector is named after its attack and has a number, which every deed of it carries: it is in each address that
the vector asks for, and in what a script leaves on the page. Well-formed vectors share letters; the others, and
those that take a whole document, have one each. In their text stands:

- `{c}`: where its requests are counted, for example `https://127.0.0.1:4430/170`; `{h}`: the same without a scheme;
- `{run}`: a script that marks the page that holds the frame, fetches, and opens a dialog; no double quotes in it;
- `{mark}`: a script that marks the page alone; no quotes, spaces or angle brackets in it;
- `{n}`: the number.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from tests.e2e.hostile_fetches import FETCHES, FRAMES, NAVIGATIONS, WHOLE_DOCUMENTS
from tests.e2e.hostile_mutations import MUTATIONS
from tests.e2e.hostile_pictures import PICTURES, REWRITTEN
from tests.e2e.hostile_scripts import HANDLERS, LEAVING, PRESSED, SVG
from tests.e2e.hostile_styles import STYLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARK = "(top.ran=top.ran||[]).push({n})"
RUN = MARK + ";fetch('{c}/ran');alert({n})"
END = "<p>the end of it</p>"

VECTORS = (
    HANDLERS
    | SVG
    | PRESSED
    | LEAVING
    | MUTATIONS
    | FETCHES
    | FRAMES
    | STYLES
    | REWRITTEN
    | PICTURES
    | WHOLE_DOCUMENTS
    | NAVIGATIONS
)
_NUMBERS = {name: number for number, name in enumerate(VECTORS, 100)}
_NAMES = {number: name for name, number in _NUMBERS.items()}


def _share(kind: str, vectors: Mapping[str, str], size: int) -> dict[str, list[str]]:
    """Divide vectors into letters of `size` vectors each."""
    names = iter(vectors)
    shared = iter(lambda: list(islice(names, size)), [])
    return {f"{kind} {number}": some for number, some in enumerate(shared, 1)}


def _part(vectors: Iterable[str]) -> dict[str, list[str]]:
    return {name: [name] for name in vectors}


RUNNING = (
    _share("handlers", HANDLERS, 18)
    | _share("svg", SVG, 18)
    | _share("pressed", PRESSED, 15)
    | _part(LEAVING)
    | _part(MUTATIONS)
    | _part(NAVIGATIONS)
)
"""Letters by subject, with the names of their vectors, which run scripts or navigate."""
ASKING = (
    _share("fetches", FETCHES, 16)
    | _share("frames", FRAMES, 16)
    | _share("styles", STYLES, 18)
    | _share("rewritten", REWRITTEN, 8)
    | _part(PICTURES)
    | _part(WHOLE_DOCUMENTS)
)
"""Letters whose vectors fetch, which a sandbox alone does not stop."""
LETTERS = RUNNING | ASKING


def write_letter(subject: str, origins: list[str]) -> str:
    """Return a letter's HTML, each vector of it aimed at each origin in turn, for example `https://127.0.0.1:4430`."""
    return "".join(write_out(name, origin) for name in LETTERS[subject] for origin in origins) + END


def write_out(name: str, origin: str) -> str:
    """Return a vector aimed at an origin."""
    number = str(_NUMBERS[name])
    text = VECTORS[name].replace("{run}", RUN).replace("{mark}", MARK)
    text = text.replace("{c}", f"{origin}/{number}").replace("{h}", f"{origin.partition('//')[2]}/{number}")
    return text.replace("{n}", number)


def name_of(deed: str | int) -> str:
    """Return the name of the vector that a deed's number belongs to; `deed` is a request's path, or the number."""
    number = re.fullmatch(r"/?(\d{3})(?:/.*)?", str(deed))
    return _NAMES[int(number[1])] if number else str(deed)
