"""Read tokens for a libSQL server: JWTs (RFC 7519) signed with Ed25519.

A claim `a` of `ro` or `rw` says what the bearer may do with the database; without it he may do all.
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
    """What a token says of itself. Nobody has verified it."""

    access: str | None
    """The claim `a`; None where there is none, and then everything is allowed."""
    has_rules: bool
    """Whether a claim `p` is there, which takes the place of `a`."""
    issued_at: datetime | None
    expires_at: datetime | None

    @property
    def may_only_read(self) -> bool:
        """Whether nothing can be written with it."""
        return self.access == "ro" and not self.has_rules

    def is_expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
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
    """Tell whether other users of this machine may read or change a file."""
    return bool(Path(path).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def read_permit(token: str) -> Permit:
    """Read what a token says of itself, without verifying it.

    Raises:
        TokenError: it is no JWT, or its claims are not of the right form.
    """
    import jwt  # a tenth of a second, which most commands need not wait for

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
