"""Django's mail in a test: sent to edgemail, where Django's own runner would keep it in memory."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import UserSettingsHolder, settings
from django.core.mail.backends import smtp
from django.test.utils import override_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S = 30.0


class EmailBackend(smtp.EmailBackend):  # type: ignore[misc]  # Django is not there when types are checked
    """Sends to the server of the test, without a login and TLS.

    A host, port or login that the project gives to get_connection() does not count: no test sends to a real server.
    """

    def __init__(self, *_args: Any, fail_silently: bool = False, alias: str | None = None, **_options: Any) -> None:
        host, port = settings.EDGEMAIL_SMTP
        super().__init__(
            host=host,
            port=port,
            username="",
            password="",
            use_tls=False,
            use_ssl=False,
            timeout=_TIMEOUT_S,
            fail_silently=fail_silently,
            alias=alias,  # the name of a mailer; without it Django 6.1 warns, and 5.2 takes no notice of it
        )


@contextmanager
def sending_to(host: str, port: int) -> Iterator[None]:
    """Have Django send to an SMTP server; restore its settings afterwards.

    Other overrides may be made meanwhile, and taken back later, as those of pytest-django's fixture `settings`.
    The last of them brings back the layer that was made here, so that is emptied.
    """
    drop_empty_layers()
    override = override_settings(**make_settings(host, port))
    with muted_deprecations():
        override.enable()
    layer = settings._wrapped
    try:
        yield
    finally:
        if settings._wrapped is layer:
            with muted_deprecations():
                override.disable()
        for name in override.options:
            vars(layer).pop(name)
        settings._wrapped = settings._wrapped  # this makes Django forget the values that it has cached


def drop_empty_layers() -> None:
    """Drop overrides that hold nothing: one for each test would make reading a setting ever slower."""
    while isinstance(settings._wrapped, UserSettingsHolder) and not any(map(str.isupper, vars(settings._wrapped))):
        settings._wrapped = settings._wrapped.default_settings


def make_settings(host: str, port: int) -> dict[str, Any]:
    """Make the settings that have Django's mail sent to an SMTP server.

    From Django 6.1 on, a project that has MAILERS may have none of the older settings.
    """
    backend = f"{EmailBackend.__module__}.{EmailBackend.__qualname__}"
    address = {"EDGEMAIL_SMTP": (host, port)}
    if hasattr(settings, "MAILERS"):
        mailer = {"BACKEND": backend, "OPTIONS": {"host": host, "port": port}}
        return address | {"MAILERS": dict.fromkeys(settings.MAILERS, mailer)}
    return address | {"EMAIL_BACKEND": backend, "EMAIL_HOST": host, "EMAIL_PORT": port}


@contextmanager
def muted_deprecations() -> Iterator[None]:
    """Ignore deprecations: the older settings are the project's choice, not the test's."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, PendingDeprecationWarning):
            warnings.simplefilter("ignore", category)
        yield
