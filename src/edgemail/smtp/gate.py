"""What a session asks before it takes something: who may send, to whom, and whether there is room just now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import Address
    from edgemail.smtp.outputs import Reply


class Gate(Protocol):
    """One connection's. Each answer is `None` to go on, or the reply to refuse with; a 421 also closes.

    Asked once the grammar, the order and the `Rules` have nothing against it. None of them may wait.
    """

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """Judge a MAIL."""
        ...

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:
        """Judge a RCPT, for an inbox that the transaction does not have yet."""
        ...

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:
        """Judge a DATA, or the first BDAT of a message, before its octets come."""
        ...
