"""Writes the check of HTML as Mailpit does.

Mailpit takes texts for HTML here, so that they are escaped. Programs of which nothing is known count as
partial support in its lists; no share counts them.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from edgemail.checks.html_check import check_html
from edgemail.checks.html_support import load_html_support
from edgemail.mime.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.checks.html_check import HtmlWarning
    from edgemail.checks.html_support import SupportShares, TestedProgram

_SUPPORT: Final = {"yes": "yes", "no": "no", "partial": "partial", "unknown": "partial"}


def write_html_check(data: bytes) -> tuple[bool, Sequence[bytes]]:
    """Write the check of a message's HTML; False stands for a message without HTML."""
    html = Message(data).html or ""
    if not html.strip():
        return False, ()
    report = check_html(html)
    total = {"Tests": report.tests, "Nodes": report.nodes} | _write_shares(report.shares)
    warnings = [_write_warning(warning) for warning in report.warnings]
    return True, (to_json({"Warnings": warnings, "Platforms": _list_platforms(), "Total": total}),)


def _write_warning(warning: HtmlWarning) -> dict[str, Any]:
    feature = warning.feature
    return {
        "Slug": feature.slug,
        "Title": feature.title,
        "Description": escape(feature.description),
        "URL": feature.url,
        "Category": feature.category,
        "Tags": feature.tags,
        "Keywords": feature.keywords,
        "Results": [_write_result(tested) for tested in feature.tested],
        "NotesByNumber": {number: escape(note) for number, note in feature.notes.items()},
        "Score": {"Found": warning.found} | _write_shares(feature.shares),
    }


def _write_result(tested: TestedProgram) -> dict[str, str]:
    program = tested.program
    return {
        "Name": f"{program.name} {program.platform_name} ({program.version})",
        "Platform": program.platform,
        "Family": program.family,
        "Version": program.version,
        "Support": _SUPPORT[tested.support],
        "NoteNumber": tested.notes[-1] if tested.notes else "",
    }


def _write_shares(shares: SupportShares) -> dict[str, float]:
    return {"Supported": shares.supported, "Partial": shares.partial, "Unsupported": shares.unsupported}


def _list_platforms() -> dict[str, list[str]]:
    """Return the names of the programs of each platform."""
    platforms: dict[str, set[str]] = {}
    for program in load_html_support().programs:
        platforms.setdefault(program.platform, set()).add(program.name)
    return {platform: sorted(names) for platform, names in platforms.items()}
