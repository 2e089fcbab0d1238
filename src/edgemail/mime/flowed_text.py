"""Text whose lines the sender's program has broken -> the lines that were typed (RFC 3676)."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def join_flowed(text: str, *, delete_blanks: bool) -> str:
    """Join the lines that end in a blank with the next ones of the same quote depth.

    With `delete_blanks` (the parameter DelSp) that blank is no part of the text.
    """
    joined = StringIO()
    depth, flows = -1, False
    for line in _split_lines(text):
        content = line.lstrip(">")
        quotes = len(line) - len(content)
        content = content.removeprefix(" ")
        if not flows or quotes != depth:
            joined.write("" if depth < 0 else "\r\n")
            joined.write(">" * quotes + " " * (quotes > 0))
        depth = quotes
        flows = content.endswith(" ") and content != "-- "
        joined.write(content[:-1] if flows and delete_blanks else content)
    return joined.getvalue()


def _split_lines(text: str) -> Iterator[str]:
    """Yield the lines one by one: a list of many short ones would take far more memory than the text."""
    place = 0
    for end in _LINE_END.finditer(text):
        yield text[place : end.start()]
        place = end.end()
    yield text[place:]
