"""Files of names and passwords: how they are read, and how what somebody says is compared with them."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import stat
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


class StoredPasswords:
    """Names and their secrets. A secret is plain or a bcrypt hash.

    Each comparison takes the same time for a name that is not there.
    """

    def __init__(
        self,
        plain: Mapping[str, str],
        hashed: Mapping[str, bytes],
        check_bcrypt: Callable[[bytes, bytes], bool] | None = None,
    ) -> None:
        """`check_bcrypt` compares a secret with a hash; it is needed if there are any."""
        self._secrets = {name: secret.encode() for name, secret in plain.items()}
        self._plain = {name: _digest(secret) for name, secret in self._secrets.items()}
        self._hashed = dict(hashed)
        self._check_bcrypt = check_bcrypt

    @property
    def has_hashes(self) -> bool:
        """True if a comparison takes long."""
        return bool(self._hashed)

    @property
    def knows_cram_md5(self) -> bool:
        """True if answers to a challenge can be compared: not with a hash, nor where FIPS rules forbid MD5."""
        try:
            hmac.digest(b"-", b"", "md5")
        except ValueError:
            return False
        return not self._hashed

    def matches(self, name: str | None, secret: bytes) -> bool:
        """Compare with every line that may be meant, whichever of them is right. Without a name each one may be."""
        digest = _digest(secret)
        is_right = False
        for known, expected in self._plain.items():
            is_right |= hmac.compare_digest(digest, expected) and name in (None, known)
        for known, hash_ in self._hashed_of(name):
            is_right |= self._matches_hash(secret, hash_) and name in (None, known)
        return is_right

    def matches_cram_md5(self, name: str, challenge: bytes, answer: bytes) -> bool:
        """Compare the answer to a challenge (RFC 2195); a name whose secret is hashed is never right."""
        key = self._secrets.get(name)
        expected = hmac.digest(key or b"-", challenge, "md5").hex().encode()
        return hmac.compare_digest(expected, answer.lower()) and key is not None

    def _hashed_of(self, name: str | None) -> list[tuple[str, bytes]]:
        """Return the hashes to compare with; for a name that is not there one takes the same time."""
        if name is None:
            return list(self._hashed.items())
        if name in self._hashed:
            return [(name, self._hashed[name])]
        return list(self._hashed.items())[:1]

    def _matches_hash(self, secret: bytes, hash_: bytes) -> bool:
        if self._check_bcrypt is None or len(secret) > _BCRYPT_MAX_BYTES or b"\0" in secret:
            return False
        return self._check_bcrypt(secret, hash_)


def read_password_file(path: Path, setting: str) -> StoredPasswords:
    """Read a file with a line `name:secret` for each name; empty lines and `#` lines are left out.

    `setting` is the name of the setting that names the file. Warn if other users of the machine may read it.

    Raises:
        SettingsError: the file cannot be read, or has mistakes; a line for each. No secret is named.
    """
    lines = _read_lines(path, setting)
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
            mistakes.append(f"{setting}: {path}, line {number}: {mistake}")
        elif secret.startswith("$2"):
            hashed[name] = secret.encode()
        else:
            plain[name] = secret
    if not mistakes and not plain and not hashed:
        raise _mistaken(path, setting, "has no password; write lines name:secret")
    if len(plain) + len(hashed) > _MAX_NAMES:
        mistakes.append(f'{setting}: "{path}" has too many lines; write at most {_MAX_NAMES}')
    if mistakes:
        raise SettingsError(mistakes)
    if not hashed:
        return StoredPasswords(plain, {})
    import bcrypt  # no other server needs the library

    return StoredPasswords(plain, hashed, bcrypt.checkpw)


def _read_lines(path: Path, setting: str) -> list[str]:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IROTH:
                _log.warning("other users of this machine may read %s: chmod 600 it", path)
            octets = file.read(_FILE_MAX_BYTES + 1)
        lines = octets.decode("utf-8-sig").splitlines()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}; name a file with lines name:secret"
        raise _mistaken(path, setting, reason) from None
    except UnicodeDecodeError:
        raise _mistaken(path, setting, "is not UTF-8 text; write lines name:secret") from None
    if len(octets) > _FILE_MAX_BYTES:
        raise _mistaken(path, setting, f"is too large; write at most {_FILE_MAX_BYTES} bytes")
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


def _mistaken(path: Path, setting: str, reason: str) -> SettingsError:
    return SettingsError([f'{setting}: "{path}" {reason}'])


def _digest(secret: bytes) -> bytes:
    """Return a digest, so that all comparisons are of one length."""
    return hashlib.sha256(secret).digest()
