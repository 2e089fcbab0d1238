"""Opens an inbox to who asks for it over HTTP, unless it is locked and its key is not given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgemail.errors import InboxLocked
from edgemail.model import Address
from edgemail.policy.inbox_lock import KEY_FIELD, KEYS_MAX, find_lock, read_keys

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request
    from starlette.types import Scope

_OPENS_ALL: Final = "edgemail.opens_all_inboxes"
_KEY_FIELD: Final = KEY_FIELD.lower().encode()


def note_right(scope: Scope, *, opens_all: bool) -> None:
    """Note whether a request opens locked inboxes without their keys. A request without this note needs keys."""
    scope[_OPENS_ALL] = opens_all


def open_inbox(request: Request, text: str) -> str:
    """Return the name of an address's inbox. Each route with an address asks this before all else.

    Raises:
        AddressError: the text is no address.
        InboxLocked: the inbox is locked, and the request has no right key.
    """
    return open_inbox_of(request.scope, text)


def open_inbox_of(scope: Scope, text: str) -> str:
    """Return the name of an address's inbox, for a request by its scope.

    Raises:
        AddressError: the text is no address.
        InboxLocked: the inbox is locked, and the request has no right key.
    """
    address = Address.parse(text.strip())
    check_lock(scope, address)
    return address.inbox


def check_lock(scope: Scope, address: Address, more_keys: Collection[str] = ()) -> None:
    """Return if a request may open an address's inbox.

    Raises:
        InboxLocked: the inbox is locked, and the request has no right key.
    """
    if scope.get(_OPENS_ALL):
        return
    lock = find_lock(address.local.lower())
    if lock is not None and not lock.opens_by((*more_keys, *_read_keys(scope))):
        raise InboxLocked


def _read_keys(scope: Scope) -> tuple[str, ...]:
    """Return the keys of all fields that have some (RFC 9110 section 5.3)."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == _KEY_FIELD]
    return read_keys(",".join(values)) if len(values) <= KEYS_MAX else ()
