"""The operator's passwords: read from a file, and compared off the event loop."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import os
import re
import stat
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from edgemail.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_log = logging.getLogger(__name__)

_FILE_MAX_BYTES: Final = 64 * 1024
_MAX_NAMES: Final = 50
"""A bearer's secret has no name, so it is compared with every line."""
_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_BCRYPT_COSTS: Final = range(4, 15)
"""A cost of 14 takes about a second; a higher one would let a few wrong passwords block the others."""
_BCRYPT_MAX_BYTES: Final = 72
_HEADER_MAX_BYTES: Final = 4096
_MAX_KNOWN: Final = 1000
_MAX_WAITING: Final = 20


class TooManyLogins(Exception):  # noqa: N818 - a state, as the store's errors are
    """Too many passwords wait to be compared."""


class Passwords:
    """The operators' names and secrets. A secret is plain or a bcrypt hash."""

    def __init__(
        self,
        plain: Mapping[str, str],
        hashed: Mapping[str, bytes],
        check_bcrypt: Callable[[bytes, bytes], bool] | None = None,
    ) -> None:
        """`check_bcrypt` compares a secret with a hash; it is needed if there are any."""
        self._plain = {name: _digest(secret.encode()) for name, secret in plain.items()}
        self._hashed = dict(hashed)
        self._check_bcrypt = check_bcrypt
        self._key = os.urandom(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="edgemail-passwords")
        self._waiting = 0

    def is_known(self, authorization: bytes) -> bool:
        """Return True if an Authorization header was right before."""
        return self._tag(authorization) in self._known

    async def check(self, authorization: bytes) -> bool:
        """Return True if an Authorization header has a right secret.

        Raises:
            TooManyLogins: too many wait for this already.
        """
        if self.is_known(authorization):
            return True
        if self._waiting >= _MAX_WAITING:
            raise TooManyLogins
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            is_right = await loop.run_in_executor(self._thread, self._compare, authorization)
        finally:
            self._waiting -= 1
        if is_right:
            if len(self._known) >= _MAX_KNOWN:
                self._known.popitem(last=False)
            self._known[self._tag(authorization)] = None
        return is_right

    def _tag(self, authorization: bytes) -> bytes:
        return hashlib.blake2b(authorization, key=self._key).digest()

    def _compare(self, authorization: bytes) -> bool:
        """Compare with every line that may be meant, whichever of them is right."""
        given = read_credentials(authorization)
        if given is None:
            return False
        name, secret = given
        digest = _digest(secret)
        is_right = False
        for known, expected in self._plain.items():
            is_right |= hmac.compare_digest(digest, expected) and name in (None, known)
        for known, hash_ in self._hashed_of(name):
            is_right |= self._matches(secret, hash_) and name in (None, known)
        return is_right

    def _hashed_of(self, name: str | None) -> list[tuple[str, bytes]]:
        """Return the hashes to compare with; for a name that is not there one takes the same time."""
        if name is None:
            return list(self._hashed.items())
        if name in self._hashed:
            return [(name, self._hashed[name])]
        return list(self._hashed.items())[:1]

    def _matches(self, secret: bytes, hash_: bytes) -> bool:
        if self._check_bcrypt is None or len(secret) > _BCRYPT_MAX_BYTES or b"\0" in secret:
            return False
        return self._check_bcrypt(secret, hash_)


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


def read_passwords(path: Path) -> Passwords:
    """Read a file with a line `name:secret` for each operator; empty lines and `#` lines are left out.

    Warn if other users of the machine may read it.

    Raises:
        SettingsError: the file cannot be read, or has mistakes; a line for each. No secret is named.
    """
    lines = _read_lines(path)
    plain: dict[str, str] = {}
    hashed: dict[str, bytes] = {}
    mistakes: list[str] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, secret = text.partition(":")
        mistake = _find_mistake(name, secret, plain.keys() | hashed.keys())
        if mistake:
            mistakes.append(f"password_file: {path}, line {number}: {mistake}")
        elif secret.startswith("$2"):
            hashed[name] = secret.encode()
        else:
            plain[name] = secret
    if not mistakes and not plain and not hashed:
        raise _mistaken(path, "has no password; write lines name:secret")
    if len(plain) + len(hashed) > _MAX_NAMES:
        mistakes.append(f'password_file: "{path}" has too many lines; write at most {_MAX_NAMES}')
    if mistakes:
        raise SettingsError(mistakes)
    if not hashed:
        return Passwords(plain, {})
    import bcrypt  # no other server needs the library

    return Passwords(plain, hashed, bcrypt.checkpw)


def _read_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IROTH:
                _log.warning("other users of this machine may read %s: chmod 600 it", path)
            octets = file.read(_FILE_MAX_BYTES + 1)
        lines = octets.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise _mistaken(
            path, f"cannot be read: {error.strerror or error}; name a file with lines name:secret"
        ) from None
    except UnicodeDecodeError:
        raise _mistaken(path, "is not UTF-8 text; write lines name:secret") from None
    if len(octets) > _FILE_MAX_BYTES:
        raise _mistaken(path, f"is too large; write at most {_FILE_MAX_BYTES} bytes")
    return lines


def _find_mistake(name: str, secret: str, known: set[str]) -> str:
    """Return what is wrong with a line, or ""."""
    if not name or not secret:
        return "is not name:secret"
    if name in known:
        return "gives a name again; write each name once"
    if secret.startswith("$"):
        match = _BCRYPT.fullmatch(secret)
        if match is None:
            return "has a hash that is not bcrypt's; make one with `htpasswd -nB NAME`, or write the secret itself"
        if int(match["cost"]) not in _BCRYPT_COSTS:
            return f"has a bcrypt cost that is not {_BCRYPT_COSTS[0]} to {_BCRYPT_COSTS[-1]}"
        return ""
    if not secret.isprintable():
        return "has a secret with a control character"
    return ""


def _mistaken(path: Path, reason: str) -> SettingsError:
    return SettingsError([f'password_file: "{path}" {reason}'])


def _digest(secret: bytes) -> bytes:
    """Return a digest, so that all comparisons are of one length."""
    return hashlib.sha256(secret).digest()
