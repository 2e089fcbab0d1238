"""Frozen settings, one dataclass a subsystem; from flags > environment > TOML file > defaults."""

from edgemail.settings.definitions import SETTINGS, Setting, markdown_table
from edgemail.settings.quantities import read_db, read_domain, read_duration, read_endpoint, read_origin
from edgemail.settings.sources import Origin, Resolved, resolve
from edgemail.settings.values import (
    LOOPBACK,
    Endpoint,
    HttpSettings,
    LogSettings,
    Network,
    OperatorSettings,
    PolicySettings,
    RetentionSettings,
    Room,
    Settings,
    SmtpSettings,
    StoreSettings,
)

__all__ = [
    "LOOPBACK",
    "SETTINGS",
    "Endpoint",
    "HttpSettings",
    "LogSettings",
    "Network",
    "OperatorSettings",
    "Origin",
    "PolicySettings",
    "Resolved",
    "RetentionSettings",
    "Room",
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
