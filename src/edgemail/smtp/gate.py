"""What a session asks before it accepts a command: who may send, to whom, and whether now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import Address
    from edgemail.smtp.outputs import Reply


class Gate(Protocol):
    """One connection's policy. A judge returns `None` to accept, or a refusal; a 421 also closes.

    It is asked once grammar, order and `SessionRules` accept the command. To judge changes
    nothing, but that a refusal on purpose may be the last of its rule. No method waits.
    """

    def judge_login(self, name: str) -> Reply | None:
        """Judge a login by the name that a peer gives itself, before the password is compared."""
        ...

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """Judge a MAIL."""
        ...

    def judge_size(self, size_octets: int) -> Reply | None:
        """Judge a MAIL by the size that it declares, which is not 0."""
        ...

    def spend_message(self) -> None:
        """Count a MAIL that was accepted against the limits that its source has."""
        ...

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:
        """Judge a RCPT, for an inbox that the transaction does not have yet."""
        ...

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:
        """Judge a DATA, or the first BDAT of a message, before its octets come."""
        ...
