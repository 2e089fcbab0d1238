"""Frozen settings, one dataclass a subsystem; from flags > environment > TOML file > defaults."""

from edgemail.settings.definitions import SETTINGS, Setting, markdown_table
from edgemail.settings.quantities import read_db, read_domain, read_duration, read_endpoint, read_origin
from edgemail.settings.sources import Origin, Resolved, resolve
from edgemail.settings.values import (
    LOOPBACK,
    FreeSpace,
    HttpSettings,
    LogSettings,
    Network,
    OperatorSettings,
    PolicySettings,
    RetentionSettings,
    Settings,
    SmtpSettings,
    StoreSettings,
)

__all__ = [
    "LOOPBACK",
    "SETTINGS",
    "FreeSpace",
    "HttpSettings",
    "LogSettings",
    "Network",
    "OperatorSettings",
    "Origin",
    "PolicySettings",
    "Resolved",
    "RetentionSettings",
    "Setting",
    "Settings",
    "SmtpSettings",
    "StoreSettings",
    "markdown_table",
    "read_db",
    "read_domain",
    "read_duration",
    "read_endpoint",
    "read_origin",
    "resolve",
]
