"""The operator's passwords, as a request gives them; they are compared off the event loop."""

from __future__ import annotations

import base64
import binascii
from functools import partial
from typing import TYPE_CHECKING, Final

from edgemail.system.password_checks import PasswordChecks

if TYPE_CHECKING:
    from edgemail.system.password_file import StoredPasswords

_HEADER_MAX_BYTES: Final = 4096


class Passwords:
    """The operators' names and secrets."""

    def __init__(self, stored: StoredPasswords) -> None:
        self._stored = stored
        self._checks = PasswordChecks()

    def is_known(self, authorization: bytes) -> bool:
        """Return True if an Authorization header was right before."""
        return self._checks.is_known(authorization)

    async def check(self, authorization: bytes) -> bool:
        """Return True if an Authorization header has a right secret.

        Raises:
            TooManyLogins: too many wait for this already.
        """
        return await self._checks.check(authorization, partial(self._compare, authorization))

    def _compare(self, authorization: bytes) -> bool:
        given = read_credentials(authorization)
        return given is not None and self._stored.matches(*given)


def read_credentials(authorization: bytes) -> tuple[str | None, bytes] | None:
    """Read the name (`None` for a bearer) and the secret of an Authorization header (RFC 7617, RFC 6750)."""
    if len(authorization) > _HEADER_MAX_BYTES:
        return None
    scheme, _, rest = authorization.strip().partition(b" ")
    rest = rest.strip()
    if scheme.lower() == b"bearer" and rest:
        return None, rest
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, secret = base64.b64decode(rest, validate=True).partition(b":")
        return (name.decode(), secret) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None
