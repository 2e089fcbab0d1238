"""AUTH (RFC 4954): PLAIN, LOGIN and CRAM-MD5, from the command to a name and what proves it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from edgemail.smtp import replies
from edgemail.smtp.outputs import Reply


@dataclass(frozen=True, slots=True)
class Login:
    """The name that a peer gives itself, and what proves it. Empty where the response has no such thing.

    `secret` is the password; with a `challenge` it is the answer to it: the HMAC-MD5 of the challenge,
    keyed with the password, in hexadecimal (RFC 2195). What is not UTF-8 in the name is surrogates.
    """

    name: str
    secret: bytes = field(repr=False)
    challenge: bytes = b""


class AuthExchange:
    """One AUTH command and the lines that answer its challenges."""

    __slots__ = ("_answers", "_asks", "_challenge", "_mechanism")

    def __init__(self, challenge: bytes | None) -> None:
        """`challenge` is for CRAM-MD5, and never the same twice; without one the mechanism is not known."""
        self._challenge = challenge
        self._mechanism = b""
        self._asks: list[Reply] = []
        self._answers: list[bytes] = []

    def start(self, argument: bytes) -> Reply | Login:
        """Take the argument of AUTH; 334 asks for a line, any other reply ends the exchange."""
        mechanism, _, initial = argument.strip(b" ").partition(b" ")
        self._mechanism = mechanism.upper()
        if self._mechanism == b"PLAIN":
            self._asks = [replies.ASK_PLAIN]
        elif self._mechanism == b"LOGIN":
            self._asks = [replies.ASK_USERNAME, replies.ASK_PASSWORD]
        elif self._mechanism == b"CRAM-MD5" and self._challenge is not None:
            self._asks = [Reply.of(334, base64.b64encode(self._challenge).decode())]
            if initial:
                return replies.BAD_INITIAL_RESPONSE
        else:
            return replies.UNKNOWN_MECHANISM
        if not initial:
            return self._asks[0]
        return self.answer(b"" if initial == b"=" else initial)

    def answer(self, line: bytes) -> Reply | Login:
        """Take the peer's line: base64, or ``*`` to cancel."""
        if line == b"*":
            return replies.AUTH_CANCELLED
        try:
            self._answers.append(base64.b64decode(line, validate=True))
        except binascii.Error:
            return replies.BAD_BASE64
        if len(self._answers) < len(self._asks):
            return self._asks[len(self._answers)]
        return self._read()

    def _read(self) -> Login:
        """Read the responses; what is not of their form is a login without a name."""
        if self._mechanism == b"LOGIN":
            name, secret = self._answers
            return Login(_decode(name), secret)
        (response,) = self._answers
        if self._mechanism == b"PLAIN":
            # RFC 4616: for whom it acts, who it is, its password. Nobody may act for another one.
            acts_for, _, rest = response.partition(b"\0")
            name, _, secret = rest.partition(b"\0")
            return Login(_decode(name), secret) if acts_for in (b"", name) else Login("", b"")
        name, _, digest = response.rpartition(b" ")
        return Login(_decode(name), digest, self._challenge or b"")


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
