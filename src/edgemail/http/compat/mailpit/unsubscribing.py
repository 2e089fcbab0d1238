"""The List-Unsubscribe field (RFC 2369), and what is wrong with it."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

_VALUE_MAX: Final = 8 * 1024
_LINKS_MAX: Final = 2
_COMMENT: Final = re.compile(r"\([^()]*\)")
_LINK: Final = re.compile(r"<([^<>]*)>")
_BETWEEN: Final = re.compile(r">([^<>]*)<")


def read_list_unsubscribe(value: str, post: str) -> dict[str, Any]:
    """Read the field, and List-Unsubscribe-Post beside it."""
    if not value:
        return {"Header": "", "Links": [], "Errors": "", "HeaderPost": ""}
    links, errors = _read_links(_COMMENT.sub("", value[:_VALUE_MAX]).strip())
    return {"Header": value, "Links": links, "Errors": ", ".join(errors), "HeaderPost": post}


def _read_links(value: str) -> tuple[list[str], list[str]]:
    """Return the links that can be used, and a text for each mistake."""
    found = _LINK.findall(value)
    if not found:
        return [], [f'"{value}" no valid unsubscribe links found']
    if value[0] != "<" or value[-1] != ">":
        return [], [f'"{value}" should be enclosed in <>']
    if len(found) > _LINKS_MAX:
        return [], [f'"{value}" should include a maximum of one email and one HTTP link']
    if any(between.strip() != "," for between in _BETWEEN.findall(value)):
        return [], [f'"{value}" <> should be split with a comma and optional spaces']
    links: dict[str, str] = {}
    errors: list[str] = []
    for link in found:
        kind = _find_kind(link)
        if re.search(r"\s", link):
            errors.append(f'"{link}" should not contain spaces')
        elif kind is None:
            errors.append(f'"{link}" should start with either http(s):// or mailto:')
        elif kind in links:
            errors.append(f'"{link}" should only contain one {"mailto:" if kind == "mail" else "HTTP link"}')
        else:
            links[kind] = link
    return list(links.values()), errors


def _find_kind(link: str) -> str | None:
    """Return whether a link sends mail or opens a page; None for one that does neither."""
    if re.match(r"mailto:[A-Za-z0-9]", link):
        return "mail"
    if re.match(r"https?://[A-Za-z0-9]", link, re.IGNORECASE):
        try:
            urlsplit(link)
        except ValueError:
            return None
        return "page"
    return None
