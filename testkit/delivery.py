"""Whether mail has arrived, octet for octet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from testkit.api_reader import listing, raw, wait_for
from testkit.smtp_peer import drop_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from testkit.server_process import Process
    from testkit.unusual_mail import UnusualMail

LEAST = 100
"""How many odd messages a program has to bring, at the least."""


def assert_delivered(
    server: Process, mail: Iterable[UnusualMail], rewrite: Callable[[UnusualMail, bytes], bytes] | None = None
) -> None:
    """Check that each message is there once, for all its recipients, as it was.

    `rewrite` says what a program makes of a message, knowing what came of it.
    """
    wrong = []
    count = 0
    for one in mail:
        count += 1
        wait_for(server, one.recipients[0])
        found = listing(server, one.recipients[0])
        if len(found) != 1:
            wrong.append(f"{one.name}: {len(found)} times")
            continue
        (listed,) = found
        if listed["sender"].lower() != one.sender.lower():
            wrong.append(f"{one.name}: from {listed['sender']}")
        if sorted(listed["recipients"]) != sorted(_as_listed(recipient) for recipient in one.recipients):
            wrong.append(f"{one.name}: to {listed['recipients']}")
        kept = drop_trace(raw(server, listed["id"]))
        sent = one.content if rewrite is None else rewrite(one, kept)
        if kept != sent:
            at = next((n for n, pair in enumerate(zip(kept, sent, strict=False)) if pair[0] != pair[1]), len(sent))
            wrong.append(
                f"{one.name}: at {at} of {len(sent)}, {kept[at - 20 : at + 30]!r} for {sent[at - 20 : at + 30]!r}"
            )
    assert wrong == [], "\n".join(wrong)
    assert count >= LEAST


def _as_listed(recipient: str) -> str:
    """In lower case, and without quotes that nothing asks for: dots may stand anywhere."""
    return re.sub(r'^"([a-z.]+)"@', r"\1@", recipient.lower())
