"""Writes the results of checks as JSON, in worker threads. `check_models` describes it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json, to_json

from edgemail.checks.html_check import check_html
from edgemail.checks.html_support import load_html_support
from edgemail.checks.link_list import list_links
from edgemail.mime.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.checks.html_check import HtmlWarning
    from edgemail.checks.html_support import SupportShares
    from edgemail.mailbox.results import Result

_STATUSES: Final = frozenset(HTTPStatus)


def write_status(status: int | None) -> str:
    """Return what a status means, "" for one that nobody knows."""
    return HTTPStatus(status).phrase if status in _STATUSES else ""


def write_link_list(data: bytes) -> tuple[None, Sequence[bytes]]:
    """Write the links of a message; `read_link_list` reads them."""
    return None, (to_json(list_links(data)),)


async def read_link_list(written: Result[None]) -> tuple[list[str], int]:
    """Return the links of a message, and how many more it has."""
    links, left_out = from_json(b"".join([piece async for piece in written.read_pieces()]))
    return links, left_out


def write_html_check(data: bytes) -> tuple[bool, Sequence[bytes]]:
    """Write the check of a message's HTML; False stands for a message without HTML."""
    html = Message(data).html or ""
    if not html.strip():
        return False, ()
    report, known = check_html(html), load_html_support()
    return True, (
        to_json(
            {
                "score": _write_shares(report.shares),
                "nodes": report.nodes,
                "tests": report.tests,
                "families": known.families,
                "warnings": [_write_warning(warning) for warning in report.warnings],
                "truncated": report.is_cut,
                "data_version": known.version,
                "data_date": known.date[:10],
            }
        ),
    )


def _write_warning(warning: HtmlWarning) -> dict[str, Any]:
    feature = warning.feature
    return {
        "slug": feature.slug,
        "title": feature.title,
        "description": feature.description or None,
        "url": feature.url,
        "category": feature.category,
        "lines": warning.lines,
        "found": warning.found,
        "score": _write_shares(feature.shares),
        "clients": [
            {
                "family": tested.program.family,
                "name": tested.program.name,
                "platform": tested.program.platform,
                "version": tested.program.version,
                "support": tested.support,
                "note": " ".join(feature.notes[number] for number in tested.notes if number in feature.notes)
                or None,
            }
            for tested in feature.tested
            if tested.support != "yes"
        ],
    }


def _write_shares(shares: SupportShares) -> dict[str, float]:
    return {
        "supported": round(shares.supported, 2),
        "partial": round(shares.partial, 2),
        "unsupported": round(shares.unsupported, 2),
    }
