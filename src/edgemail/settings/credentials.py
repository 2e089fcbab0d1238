"""Reads names and secrets, `name:secret`: of the file that `password_file` names, and of `passwords`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container

_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_BCRYPT_COSTS: Final = range(4, 15)
"""A cost of 14 takes about a second; a higher one would let a few wrong passwords block the others."""
_OTHER_HASH = re.compile(r"\$|\{S?SHA[0-9]*\}", re.IGNORECASE)
"""How the other hashes of `htpasswd` begin."""

MAX_CREDENTIALS: Final = 50
"""The most names: a bearer's secret has no name, so it is compared with every one."""

Credential = tuple[str, str]
"""A name and its secret: plain, or a bcrypt hash."""


def is_hashed(secret: str) -> bool:
    """Return True if a secret that was checked is a bcrypt hash."""
    return secret.startswith("$2")


def find_credential_mistake(name: str, secret: str, known: Container[str] = ()) -> str:
    """Return what is wrong with a name and a secret, or "". `known` has the names that were given before."""
    if not name or not secret:
        return "is not name:secret"
    if name in known:
        return "gives a name again; write each name once"
    if _OTHER_HASH.match(secret):
        match = _BCRYPT.fullmatch(secret)
        if match is None:
            return "has a hash that is not bcrypt's; make one with `htpasswd -nB NAME`, or write the secret itself"
        if int(match["cost"]) not in _BCRYPT_COSTS:
            return f"has a bcrypt cost that is not {_BCRYPT_COSTS[0]} to {_BCRYPT_COSTS[-1]}"
        return ""
    if not secret.isprintable():
        return "has a secret with a control character"
    return ""


def read_credentials(text: str) -> tuple[Credential, ...]:
    """Read `name:secret`, or several of them with blanks between.

    Raises:
        ValueError: with the rest of a sentence that begins with the setting's name. No secret is named.
    """
    credentials: dict[str, str] = {}
    for number, entry in enumerate(text.split(), 1):
        name, _, secret = entry.partition(":")
        mistake = find_credential_mistake(name, secret, credentials)
        if mistake:
            raise ValueError(f"entry {number} {mistake}")
        credentials[name] = secret
    if not credentials:
        raise ValueError("has no password; write name:secret, and blanks between several")
    if len(credentials) > MAX_CREDENTIALS:
        raise ValueError(f"has too many names; write at most {MAX_CREDENTIALS}")
    return tuple(credentials.items())
