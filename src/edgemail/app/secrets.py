"""Reads the passwords and secrets that settings name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgemail.errors import SettingsError, TokenError
from edgemail.policy.logins import Logins
from edgemail.system.password_file import read_password_file

if TYPE_CHECKING:
    from edgemail.settings import Settings
    from edgemail.system.password_file import StoredPasswords


def read_passwords(settings: Settings) -> tuple[StoredPasswords | None, Logins | None]:
    """Read the operator's passwords, and the credentials of those who may send.

    Raises:
        SettingsError: a file cannot be read, or has mistakes.
    """
    access, smtp = settings.access, settings.smtp
    passwords = logins = None
    if access.has_passwords:
        file = access.password_file and Path(access.password_file)
        passwords = read_password_file(file or None, "password_file", access.passwords or ())
    if smtp.has_logins and not settings.read_only:
        file = smtp.auth_file and Path(smtp.auth_file)
        logins = Logins(read_password_file(file or None, "auth_file", smtp.auth_passwords or ()), access.login_rate)
    return passwords, logins


def read_webhook_secret(settings: Settings) -> str | None:
    """Return the secret that the settings give, or that of the file which they name.

    Raises:
        SettingsError: the file cannot be read, or holds no secret.
    """
    webhook = settings.webhook
    if webhook.signing_key_file is None:
        return webhook.signing_key
    from edgemail.store.remote.tokens import read_token_file

    try:
        return read_token_file(webhook.signing_key_file)
    except TokenError as error:
        raise SettingsError([f"webhook_secret_file: {error}"]) from error
