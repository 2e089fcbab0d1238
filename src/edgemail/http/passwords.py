"""The operator's passwords: read from a file, and compared off the event loop."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import os
import stat
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from edgemail.errors import SettingsError
from edgemail.settings.credentials import MAX_CREDENTIALS, find_credential_mistake, is_hashed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from edgemail.settings.credentials import Credential

_log = logging.getLogger(__name__)

_FILE_MAX_BYTES: Final = 64 * 1024
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


def read_passwords(path: Path | None, given: Iterable[Credential] = ()) -> Passwords:
    """Return the passwords of a file, if one is named, and those that are `given`.

    The file has a line `name:secret` for each operator; empty lines and `#` lines are left out. Warn if other
    users of the machine may read it.

    Raises:
        SettingsError: the file cannot be read, or has mistakes; a line for each. No secret is named.
    """
    secrets = dict(given)
    mistakes: list[str] = []
    if path is not None:
        before = len(secrets)
        for number, line in enumerate(_read_lines(path), 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            name, _, secret = text.partition(":")
            mistake = find_credential_mistake(name, secret, secrets)
            if mistake:
                mistakes.append(f"password_file: {path}, line {number}: {mistake}")
            secrets.setdefault(name, secret)
        if not mistakes and len(secrets) == before:
            raise _mistaken(path, "has no password; write lines name:secret")
        if len(secrets) > MAX_CREDENTIALS:
            mistakes.append(f'password_file: "{path}" has too many lines; write at most {MAX_CREDENTIALS}')
    if mistakes:
        raise SettingsError(mistakes)
    plain = {name: secret for name, secret in secrets.items() if not is_hashed(secret)}
    hashed = {name: secret.encode() for name, secret in secrets.items() if is_hashed(secret)}
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


def _mistaken(path: Path, reason: str) -> SettingsError:
    return SettingsError([f'password_file: "{path}" {reason}'])


def _digest(secret: bytes) -> bytes:
    """Return a digest, so that all comparisons are of one length."""
    return hashlib.sha256(secret).digest()
