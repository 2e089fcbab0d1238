"""Locked inboxes: an address that carries the hash of a key, and the key. This is the server's own rule."""

from __future__ import annotations


def lock_name(name: str) -> tuple[str, str]:
    """Return the local part of a locked address that begins with a name, and the key of its inbox."""
    from edgemail.policy.inbox_lock import make_lock  # few tests need it

    return make_lock(name.lower())


def write_key_field(key: str) -> dict[str, str]:
    """Return the header field that opens a locked inbox."""
    from edgemail.policy.inbox_lock import KEY_FIELD

    return {KEY_FIELD: key}
