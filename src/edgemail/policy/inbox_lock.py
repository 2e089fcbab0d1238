"""Locks of inboxes: an address may carry the hash of the key that opens its inbox. No server keeps anything.

The local part of a locked address is a name, ``-k``, and 16 characters. These are the lower-case base32
of the first 10 octets of SHA-256 over ``edgemail-lock-1``, NUL, name, NUL, key. At least two of them are
digits: an ending without is no lock. The name is hashed as it is stored: lower case, UTF-8, no quotes.

A key is 128 random bits, written as 26 characters of lower-case base32: the alphabet of the address,
without a hyphen that a command would take for a flag. This text is what is hashed. So whoever makes
an address may write its key in another form, and that text alone opens it.

This module uses the standard library alone: the server, the command and the helpers for tests share it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

KEY_FIELD: Final = "X-Inbox-Key"
"""The header field that carries keys. They are never in a URL, which servers and proxies log."""

KEYS_MAX: Final = 20
"""The most keys of one request: as many as there are addresses in one event stream."""

_CONTEXT: Final = b"edgemail-lock-1"
_KEY_OCTETS: Final = 16
_HASH_OCTETS: Final = 10
_ENDING_LENGTH: Final = len("-k") + 16
_DIGITS_MIN: Final = 2
_ENDING: Final = re.compile(r"-k([a-z2-7]{16})")
_KEY: Final = re.compile(r"[!-+\--~]{22,128}")
# 128 bits are 22 characters of base64; shorter keys could be guessed.
_KEY_CHARS_MIN: Final = 22
_KEY_CHARS_MAX: Final = 128
_NO_KEY: Final = "a" * 26


@dataclass(frozen=True, slots=True)
class InboxLock:
    """What a locked address says of its key."""

    name: str
    ending: str
    """The 16 characters of the hash."""

    def opens_by(self, keys: Collection[str]) -> bool:
        """Return True if one of the keys is the right one.

        The text decides, whatever it looks like: other programs may write their keys in another form. The time
        depends on the number of keys alone. What is no key takes as long as a wrong one.
        """
        is_open = False
        for key in keys or ("",):
            may_open = _KEY_CHARS_MIN <= len(key) <= _KEY_CHARS_MAX
            made = _hash(self.name, key if may_open else _NO_KEY)
            is_open |= hmac.compare_digest(made, self.ending) and may_open
        return is_open


def find_lock(local: str) -> InboxLock | None:
    """Return the lock of a local part in its stored form without quotes, or None if it has none."""
    found = _ENDING.fullmatch(local[-_ENDING_LENGTH:])
    if found is None or not _has_digits(found[1]):
        return None
    return InboxLock(local[:-_ENDING_LENGTH], found[1])


def make_lock(name: str) -> tuple[str, str]:
    """Return a local part that begins with a name, and the key that opens its inbox.

    Raises:
        ValueError: the name is empty, has an upper-case letter or a NUL.
    """
    if not name or name != name.lower() or "\0" in name:
        raise ValueError("a name has at least one character, no upper-case letter and no NUL")
    while True:
        key = write_key(secrets.token_bytes(_KEY_OCTETS))
        ending = _hash(name, key)
        if _has_digits(ending):  # five times of six
            return f"{name}-k{ending}", key


def write_key(octets: bytes) -> str:
    """Return the text form of a key of 16 octets."""
    return _encode(octets)


def is_key(text: str) -> bool:
    """Return True if a text can be given for a key: it has the length of one, and no blank or comma."""
    return _KEY.fullmatch(text) is not None


def read_keys(value: str) -> tuple[str, ...]:
    """Return the keys of a header field, which has one or several with commas between.

    What is no key stays in the list, and opens nothing. Too many are none.
    """
    keys = tuple(key.strip(" \t") for key in value.split(",", KEYS_MAX))
    return keys if len(keys) <= KEYS_MAX else ()


def _hash(name: str, key: str) -> str:
    texts = (text.encode("utf-8", "surrogatepass") for text in (name, key))
    hashed = hashlib.sha256(b"\0".join((_CONTEXT, *texts)))
    return _encode(hashed.digest()[:_HASH_OCTETS])


def _has_digits(ending: str) -> bool:
    return sum(character in "234567" for character in ending) >= _DIGITS_MIN


def _encode(octets: bytes) -> str:
    return base64.b32encode(octets).decode().rstrip("=").lower()
