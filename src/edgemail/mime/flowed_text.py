"""Text whose lines the sender's program has broken -> the lines that were typed (RFC 3676)."""

from __future__ import annotations

import re
from typing import Final

_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_QUOTES: Final = re.compile(r">*")


def join_flowed(text: str, *, delete_blanks: bool) -> str:
    """Join the lines that end in a blank with the next ones of the same quote depth.

    With `delete_blanks` (the parameter DelSp) that blank is no part of the text.
    """
    joined: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in _LINE_END.split(text):
        quotes = len(_QUOTES.match(line)[0])  # type: ignore[index]
        content = line[quotes:].removeprefix(" ")
        if paragraph and quotes != depth:
            joined.append(_write(paragraph, depth))
            paragraph = []
        depth = quotes
        is_flowed = content.endswith(" ") and content != "-- "
        paragraph.append(content[:-1] if is_flowed and delete_blanks else content)
        if not is_flowed:
            joined.append(_write(paragraph, depth))
            paragraph = []
    if paragraph:
        joined.append(_write(paragraph, depth))
    return "\r\n".join(joined)


def _write(paragraph: list[str], depth: int) -> str:
    return ">" * depth + " " * (depth > 0) + "".join(paragraph)
