"""Makes addresses that nobody has used and nobody can guess."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from edgemail.errors import AddressError
from edgemail.model import Address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LABEL_PATTERN: Final = "^[a-z0-9-]{1,20}$"
ANY_DOMAIN: Final = "example.com"
"""The domain of addresses on a server that takes mail for all domains. It is nobody's (RFC 2606), and
forms that refuse `.test` take it."""

_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 of them, so each is 5 random bits. Without l, o, 0 and 1, which people confuse."""
_RANDOM_LETTERS: Final = 12


def is_label(text: str) -> bool:
    """Return True if an address may begin with a text."""
    return re.fullmatch(LABEL_PATTERN, text) is not None


def make_local_part(label: str = "") -> str:
    """Return a name of letters, digits and hyphens with 60 random bits, such as `shop-k3v9x2mw7pqa`.

    It has nothing else, since many forms refuse `+`. It does not begin with a hyphen, which commands
    would take for a flag.
    """
    random = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS))
    start = label.strip("-")
    return f"{start}-{random}" if start else random


def make_address(served: Sequence[str], *, label: str = "", domain: str | None = None) -> str:
    """Return an address that nobody has used, such as `shop-k3v9x2mw7pqa@example.org`.

    `served` has the domains of the server, or none if it takes mail for all. Without `domain` the
    address is in the first of them.

    Raises:
        AddressError: the label or the domain cannot be used. The text says which can.
    """
    if label and not is_label(label):
        raise AddressError("a label is 1 to 20 letters of a-z, digits and hyphens")
    name = (served[0] if served else ANY_DOMAIN) if domain is None else Address.parse(f"a@{domain}").domain
    if served and not any(name == own or name.endswith(f".{own}") for own in served):
        raise AddressError(f"this server takes mail for {', '.join(served)} only")
    return f"{make_local_part(label)}@{name}"


def find_expiry(now: datetime, max_age_s: float | None) -> datetime | None:
    """Return when mail that comes now is deleted for its age, or None if it is kept."""
    return None if max_age_s is None else now + timedelta(seconds=max_age_s)
