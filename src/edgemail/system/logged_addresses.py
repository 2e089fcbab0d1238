"""Addresses as the log shows them: as they are, hashed, or not at all."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import Literal

_HASH_OCTETS = 8
_KEY_OCTETS = 16


class LoggedAddresses:
    """Writes addresses for the log of one run. An address has the same hash in all of its lines."""

    def __init__(self, form: Literal["plain", "hashed", "off"] = "plain") -> None:
        """`form` is the setting `log_addresses`."""
        self._form = form
        # New at each start: a lasting key could be used to look up the hashes of known addresses.
        self._key = secrets.token_bytes(_KEY_OCTETS)

    @property
    def are_shown(self) -> bool:
        """True if lines have addresses, or their hashes."""
        return self._form != "off"

    def write(self, address: str) -> str:
        """Return what a line shows of an address, where addresses are shown. Its hash is the same in any case."""
        if self._form == "plain":
            return address
        octets = address.lower().encode("utf-8", "surrogatepass")
        return blake2b(octets, digest_size=_HASH_OCTETS, key=self._key).hexdigest()
