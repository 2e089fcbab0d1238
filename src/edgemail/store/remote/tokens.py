"""Read tokens for a libSQL server: JWTs (RFC 7519) signed with Ed25519.

The claim `a` is `ro` or `rw`, and limits what the bearer may do; a token without it allows
everything.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edgemail.errors import TokenError

_MAX_FILE_BYTES: Final = 65_536
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Permit:
    """What a token claims. The signature has not been verified."""

    access: str | None
    """The claim `a`; None where it is missing, and everything is allowed."""
    has_rules: bool
    """True if the token has a claim `p`, which replaces `a`."""
    issued_at: datetime | None
    expires_at: datetime | None

    @property
    def may_only_read(self) -> bool:
        """Return True if the token allows no writing."""
        return self.access == "ro" and not self.has_rules

    def is_expired(self, now: datetime) -> bool:
        """Return True if the token has expired."""
        return self.expires_at is not None and self.expires_at <= now


def read_token_file(path: str) -> str:
    """Read the token that a file holds.

    Raises:
        TokenError: it cannot be read, or holds no token; the text begins with the path.
    """
    try:
        with Path(path).open("rb") as file:
            octets = file.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise TokenError(f'"{path}" cannot be read: {error.strerror or error}; name a file with a token') from error
    text = octets.decode("ascii", "replace").strip()
    if not text:
        raise TokenError(f'"{path}" is empty; put a token into it')
    if not _TOKEN.fullmatch(text):
        raise TokenError(f'"{path}" holds something other than one token; put the token alone into it')
    return text


def is_open_to_others(path: str) -> bool:
    """Return True if other users of this machine may read or change a file."""
    return bool(Path(path).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def read_permit(token: str) -> Permit:
    """Read a token's claims, without verifying its signature.

    Raises:
        TokenError: it is not a JWT, or its claims are malformed.
    """
    import jwt  # it takes a tenth of a second to load, and most commands do not need it

    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError) as error:
        raise TokenError("is not a token: it is not of a JWT's form") from error
    access = claims.get("a")
    if access is not None and not isinstance(access, str):
        raise TokenError("is not a token for a libSQL server: its claim a is not a text")
    return Permit(access, "p" in claims, _read_time(claims, "iat"), _read_time(claims, "exp"))


def _read_time(claims: dict[str, object], name: str) -> datetime | None:
    """Read a NumericDate (RFC 7519 section 2)."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError(f"is not a token: its claim {name} is not a time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise TokenError(f"is not a token: its claim {name} is not a time") from error
