"""Writes the check of links as Mailpit does."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from edgemail.http.check_documents import write_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.checks.link_check import CheckedLink


def write_link_check(links: Sequence[CheckedLink]) -> dict[str, Any]:
    """Return the document. 0 stands for no answer, 451 for what must not be asked."""
    return {"Errors": sum(not link.works for link in links), "Links": [_write_link(link) for link in links]}


def _write_link(link: CheckedLink) -> dict[str, Any]:
    if link.error is None:
        status = link.status or 0
        return {"URL": link.url, "StatusCode": status, "Status": write_status(status)}
    code = HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS if link.is_refused else 0
    return {"URL": link.url, "StatusCode": int(code), "Status": link.error}
