"""Chooses the one code, link or file of a message that a test means, or says which ones there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from edgemail.testing.errors import MailError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

LISTED_MAX: Final = 10
"""The most candidates that a failure lists."""


def choose(title: str, wanted: str, found: Mapping[str, str], others: Sequence[str] = ()) -> str:
    """Return the only candidate of `found`, which has a reason for each.

    `title` names the message and `wanted` what is looked for. `others` are listed where there is none.

    Raises:
        MailError: there is none, or there are several.
    """
    __tracebackhide__ = True
    if len(found) == 1:
        return next(iter(found))
    lines = [f"{value}  {reason}".rstrip() for value, reason in found.items()]
    raise MailError(explain(title, wanted, len(found), lines or others))


def choose_code(title: str, codes: Sequence[Mapping[str, Any]]) -> str:
    """Return the only code of a message, as the API lists them.

    Raises:
        MailError: there is none, or there are several.
    """
    __tracebackhide__ = True
    return choose(title, "code", {each["code"]: each["reason"] for each in codes})


def explain(title: str, wanted: str, count: int, candidates: Sequence[str]) -> str:
    """Say that none or several were found, and list them, or where there is none what there is."""
    noun, _, rest = wanted.partition(" ")
    lines = [f"  {line}" for line in candidates[:LISTED_MAX]]
    if len(candidates) > LISTED_MAX:
        lines.append(f"  and {len(candidates) - LISTED_MAX} more")
    if count:
        return "\n".join([f"Several {f'{noun}s {rest}'.rstrip()} in {title}:", *lines])
    return "\n".join([f"No {wanted} in {title}.", *(["It has:"] if lines else []), *lines])


def write_title(mail_id: int, date: datetime, subject: str, sender: str) -> str:
    """Write a message on one line: when it came, by this machine's clock, its subject and its sender."""
    time = date.astimezone().strftime("%H:%M:%S.%f")[:12]
    return f"#{mail_id} {time}  {subject or '(no subject)'}   from {sender or '<>'}"


def quote(text: str, reason: str = "") -> str:
    """Write a link's text and the reason why it was taken for one, as far as there are any."""
    return ", ".join(part for part in (f'"{text}"' if text else "", reason) if part)
