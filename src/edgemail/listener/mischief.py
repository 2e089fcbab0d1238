"""What chaos says to a session."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from edgemail.listener import replies
from edgemail.patterns import NULL
from edgemail.smtp import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.chaos import Chaos, Stage
    from edgemail.model import Address


class Mischief:
    """Refuses what the rules of chaos choose."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """See `Gate.judge_sender`."""
        return self._refuse("mail", (NULL if sender is None else sender.inbox,)) if self._chaos.rules else None

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """See `Gate.judge_recipient`."""
        return self._refuse("rcpt", (inbox,)) if self._chaos.rules else None

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:  # noqa: ARG002 - see above
        """See `Gate.judge_message`."""
        return self._refuse("data", inboxes) if self._chaos.rules else None

    def _refuse(self, stage: Stage, names: Iterable[str]) -> Reply | None:
        rule = self._chaos.choose(stage, names)
        return None if rule is None else _write(rule.code)


@cache
def _write(code: int) -> Reply:
    """Write a refusal; there are two hundred codes at most."""
    if code == replies.CHAOS.code:
        return replies.CHAOS
    return Reply.of(code, f"{code // 100}.0.0 Chaos: refused on purpose", reason=replies.CHAOS.reason)
