"""Reads names and secrets that stand in a setting itself, where no file can be named."""

from __future__ import annotations

from edgemail.model import MAX_CREDENTIALS, Credential, find_credential_mistake


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
