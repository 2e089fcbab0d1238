"""Reads from a listed message what an agent needs to sign up: its code, its link, and who sent it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edgemail.http.mcp.documents import VerificationDocument
from edgemail.http.mcp.faults import ToolFault
from edgemail.mime.checked_forms import check_address, check_code, check_host, check_link, share_an_owner
from edgemail.mime.invisible import drop_invisible
from edgemail.store.message_json import write_date

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import ListedMail

_REASON_MAX: Final = 120
_ADDRESS: Final = re.compile(r"<([^<>]*)>$")
_NAMED_HOST: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)


def find_codes(listed: ListedMail) -> dict[str, str]:
    """Return the codes of a message that have the form of one, each with its reason, best first."""
    found: dict[str, str] = {}
    for code in listed.summary.codes:
        if check_code(code.code):
            found.setdefault(code.code, code.reason)
    return found


def check_wanted_host(text: str | None) -> str | None:
    """Return the host that links must lead to, as they have it; None for any.

    Raises:
        ToolFault: it is none, as a URL is.
    """
    if text is None:
        return None
    host = check_host(text.strip())
    if host is None:
        raise ToolFault("`host` is not a host; write one such as shop.example")
    return host


def find_links(listed: ListedMail, host: str | None = None) -> dict[tuple[str, str], str]:
    """Return the confirmation links of a message that are plainly links, as URL and host, with their reasons.

    With `host`, as `check_wanted_host` writes it, only those to it or below it.
    """
    found: dict[tuple[str, str], str] = {}
    for link in listed.summary.links:
        checked = check_link(link.url)
        if checked is None or (host is not None and not _is_at(checked[1], host)):
            continue
        found.setdefault(checked, link.reason)
    return found


def find_sender(listed: ListedMail) -> str | None:
    """Return the address in From:, None where it is not a plain one."""
    written = listed.summary.sender_name
    bracketed = _ADDRESS.search(written)
    return check_address(bracketed[1] if bracketed else written)


def match_sender(wanted: str | None) -> Callable[[ListedMail], bool]:
    """Return a test for mail from an address, from a domain or below it, or with a word in From:."""
    sought = (wanted or "").strip().casefold()
    if not sought:
        return lambda _: True

    def matches(listed: ListedMail) -> bool:
        addresses = [address.casefold() for address in (find_sender(listed), listed.mail.sender) if address]
        if "@" in sought.strip("@"):
            return any(address.strip("<>") == sought for address in addresses)
        name = sought.removeprefix("@")
        if _NAMED_HOST.fullmatch(name):
            return any(_is_at(address.strip("<>").rpartition("@")[2], name) for address in addresses)
        return sought in listed.summary.sender_name.casefold() or any(sought in address for address in addresses)

    return matches


def describe(
    listed: ListedMail, after: int, codes: dict[str, str], links: dict[tuple[str, str], str], *, wants_link: bool
) -> VerificationDocument:
    """Describe a message that has what was waited for."""
    code = next(iter(codes)) if len(codes) == 1 else None
    link, host = next(iter(links)) if len(links) == 1 else (None, None)
    sender = find_sender(listed)
    reasons, has_one = (links.values(), link) if wants_link else (codes.values(), code)
    matches = None if host is None or sender is None else share_an_owner(sender.rpartition("@")[2], host)
    return VerificationDocument(
        status="found",
        after=after,
        message_id=listed.mail.id,
        sender=sender,
        from_host_matches_link=matches,
        code=code,
        link=link,
        link_host=host,
        candidates=len(reasons),
        reason=_write_reason(next(iter(reasons), "")) if has_one else "there are several",
        received=write_date(listed.mail.date),
    )


def _write_reason(reason: str) -> str:
    return drop_invisible(reason)[0][:_REASON_MAX]


def _is_at(host: str, wanted: str) -> bool:
    return host == wanted or host.endswith(f".{wanted}")
