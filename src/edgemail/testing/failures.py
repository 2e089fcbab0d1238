"""Says what came instead of the mail that a test expects."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from edgemail.testing.candidates import LISTED_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edgemail.testing.inbox import Inbox
    from edgemail.testing.matching import Match
    from edgemail.testing.message import Message

TEXT_MAX: Final = 2000
"""The most characters of a message's text in a report."""

_OF_A_TEST: Final = re.compile(r"t-(?:[a-z0-9]+-)?[0-9a-f]{6}-[0-9a-f]{8}")


def explain_missing(
    inbox: Inbox, match: Match, timeout_s: float, count: int = 1, found: Sequence[Message] = ()
) -> str:
    """Say that too few messages came, which ones came, and what may be the reason."""
    what = f" {inbox.address}{match.describe()} within {timeout_s:g} s"
    lines = [f"No mail to{what}." if not found else f"{len(found)} of {count} mails came to{what}."]
    lines += _describe_list(found)
    wanted = {message.id for message in found}
    others = [message for message in inbox.messages() if message.id not in wanted]
    if others:
        lines.append(f"{len(others)} other{'s' * (len(others) > 1)} came to this address:")
        lines += _describe_list(others, inbox.is_seen)
    lines += _describe_surroundings(inbox)
    return "\n".join(lines)


def explain_unwanted(inbox: Inbox, match: Match, found: Sequence[Message], count: int) -> str:
    """Say that more messages came than the `count` that should have."""
    number = f"{len(found)} mails" if len(found) > 1 else "A mail"
    expected = f", and not {count}" if count else ", and none should"
    lines = [f"{number} came to {inbox.address}{match.describe()}{expected}:", *_describe_list(found)]
    return "\n".join([*lines, f"Page: {inbox.page}"])


def describe_inbox(messages: Sequence[Message]) -> str:
    """Write an inbox for a report: each message with its codes, links and the beginning of its text."""
    return "\n\n".join(_describe_whole(message) for message in messages[-LISTED_MAX:]) or "No mail came."


def _describe_whole(message: Message) -> str:
    lines = [message.title]
    lines += [f"  code {code}" for code in message.codes]
    lines += [f"  link {link.url}" for link in message.links[:LISTED_MAX]]
    text = message.text.strip() or message.html.strip()
    lines += [f"  | {line}" for line in text[:TEXT_MAX].splitlines()]
    return "\n".join(lines)


def _describe_list(messages: Sequence[Message], is_seen: Callable[[int], bool] = lambda _: False) -> list[str]:
    listed = messages[-LISTED_MAX:]
    lines = [f"  {message.title}{'   (returned before)' * is_seen(message.id)}" for message in listed]
    return ([f"  ({len(messages) - LISTED_MAX} before them)"] if len(messages) > LISTED_MAX else []) + lines


def _describe_surroundings(inbox: Inbox) -> Iterator[str]:
    """Say what else happened since the inbox was made, and where to look."""
    others = _find_mail_of_others(inbox)
    if others:
        listed = ", ".join(f"#{mail_id} to {', '.join(recipients)}" for mail_id, recipients in others[-LISTED_MAX:])
        yield f"Meanwhile {len(others)} came to others: {listed}"
    refused = _describe_refusals(inbox)
    yield f"{refused}   Page: {inbox.page}" if refused else f"Page: {inbox.page}"
    if _has_django_outbox():
        yield "Hint: Django keeps mail in memory in tests; add the fixture edgemail_django."


def _find_mail_of_others(inbox: Inbox) -> list[tuple[int, list[str]]]:
    """Return what came to other addresses since, but for those of other tests: ids and recipients."""
    newest = inbox.baseline.newest_id
    if newest is None:
        return []
    page = inbox.server.api.get("api/messages", limit=200)
    found: list[tuple[int, list[str]]] = []
    for listed in reversed(page["messages"]):
        recipients: list[str] = listed["recipients"]
        is_of_others = inbox.address not in recipients and not all(
            _is_of_another_test(inbox, to) for to in recipients
        )
        if listed["id"] > newest and is_of_others:
            found.append((listed["id"], recipients))
    return found


def _is_of_another_test(inbox: Inbox, recipient: str) -> bool:
    """Return True if the plugin gave the address to another test; this one's with a wrong domain is not."""
    name = _OF_A_TEST.match(recipient)
    return name is not None and not inbox.address.startswith(name[0])


def _describe_refusals(inbox: Inbox) -> str:
    """Say what SMTP has refused since, by code and reason; empty for nothing."""
    before = inbox.baseline.refusals
    if before is None:
        return ""
    now = inbox.server.count_refusals() or {}
    rises = {name: count - before.get(name, 0) for name, count in now.items() if count > before.get(name, 0)}
    if not rises:
        return ""
    return f"Refused: {sum(rises.values())} ({'; '.join(sorted(rises))})"


def _has_django_outbox() -> bool:
    """Return True if Django has kept mail in this process."""
    django_mail = sys.modules.get("django.core.mail")
    return bool(getattr(django_mail, "outbox", None))
