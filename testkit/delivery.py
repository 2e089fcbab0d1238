"""Checks that mail has arrived, octet for octet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from testkit.api_reader import listing, raw, recipients_of, wait_for
from testkit.smtp_peer import drop_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from testkit.server_process import Process
    from testkit.unusual_mail import UnusualMail

LEAST = 100
"""The fewest unusual messages that a program must deliver."""


def assert_delivered(
    server: Process, mail: Iterable[UnusualMail], rewrite: Callable[[UnusualMail, bytes], bytes] | None = None
) -> None:
    """Check that each message arrived once, for all its recipients, unchanged.

    `rewrite` returns what a program turns a message into, given the message and what was stored.
    """
    wrong = []
    count = 0
    for message in mail:
        count += 1
        wait_for(server, message.recipients[0])
        found = listing(server, message.recipients[0])
        if len(found) != 1:
            wrong.append(f"{message.name}: {len(found)} times")
            continue
        (listed,) = found
        if listed["sender"].lower() != message.sender.lower():
            wrong.append(f"{message.name}: from {listed['sender']}")
        recipients = recipients_of(server, listed["id"])
        if sorted(recipients) != sorted(_as_listed(recipient) for recipient in message.recipients):
            wrong.append(f"{message.name}: to {recipients}")
        kept = drop_trace(raw(server, listed["id"]))
        sent = message.content if rewrite is None else rewrite(message, kept)
        if kept != sent:
            at = next((n for n, pair in enumerate(zip(kept, sent, strict=False)) if pair[0] != pair[1]), len(sent))
            around = slice(max(0, at - 20), at + 30)
            wrong.append(f"{message.name}: at {at} of {len(sent)}, {kept[around]!r} for {sent[around]!r}")
    assert wrong == [], "\n".join(wrong)
    assert count >= LEAST


def _as_listed(recipient: str) -> str:
    """Return a recipient in lower case, without needless quotes: dots may stand anywhere."""
    return re.sub(r'^"([a-z.]+)"@', r"\1@", recipient.lower())
