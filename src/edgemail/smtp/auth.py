"""AUTH that accepts anything (RFC 4954): programs under test often need it. Nothing is kept."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from edgemail.smtp import replies

if TYPE_CHECKING:
    from edgemail.smtp.outputs import Reply

_CHALLENGES = {b"PLAIN": (replies.ASK_PLAIN,), b"LOGIN": (replies.ASK_USERNAME, replies.ASK_PASSWORD)}


class AuthExchange:
    """One AUTH command and the lines that answer its challenges."""

    __slots__ = ("_challenges",)

    def __init__(self) -> None:
        self._challenges: list[Reply] = []

    def start(self, argument: bytes) -> Reply:
        """Take the argument of AUTH; 334 asks for a line, any other reply ends the exchange."""
        mechanism, _, initial = argument.strip(b" ").partition(b" ")
        challenges = _CHALLENGES.get(mechanism.upper())
        if challenges is None:
            return replies.UNKNOWN_MECHANISM
        self._challenges = list(challenges)
        if not initial:
            return self._challenges[0]
        return self.answer(b"" if initial == b"=" else initial)

    def answer(self, line: bytes) -> Reply:
        """Take the peer's line: base64, or ``*`` to cancel."""
        if line == b"*":
            return replies.AUTH_CANCELLED
        try:
            base64.b64decode(line, validate=True)
        except binascii.Error:
            return replies.BAD_BASE64
        self._challenges.pop(0)
        return self._challenges[0] if self._challenges else replies.AUTHENTICATED
