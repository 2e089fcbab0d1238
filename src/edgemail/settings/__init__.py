"""The settings: one table of them, read from flags > environment > TOML file > defaults into frozen dataclasses."""

from edgemail.settings.definition import Setting
from edgemail.settings.parsing import read_db, read_domain, read_duration, read_endpoint, read_origin
from edgemail.settings.sources import Origin, Resolved, resolve
from edgemail.settings.table import (
    SETTINGS,
    AccessSettings,
    AgentSettings,
    CheckSettings,
    HttpSettings,
    LogSettings,
    OperatorSettings,
    PolicySettings,
    Pop3Settings,
    RetentionSettings,
    Settings,
    SmtpSettings,
    StoreSettings,
    WebhookSettings,
)
from edgemail.settings.values import LOOPBACK, PRIVATE, FreeSpace, Network, is_server_url

__all__ = [
    "LOOPBACK",
    "PRIVATE",
    "SETTINGS",
    "AccessSettings",
    "AgentSettings",
    "CheckSettings",
    "FreeSpace",
    "HttpSettings",
    "LogSettings",
    "Network",
    "OperatorSettings",
    "Origin",
    "PolicySettings",
    "Pop3Settings",
    "Resolved",
    "RetentionSettings",
    "Setting",
    "Settings",
    "SmtpSettings",
    "StoreSettings",
    "WebhookSettings",
    "is_server_url",
    "read_db",
    "read_domain",
    "read_duration",
    "read_endpoint",
    "read_origin",
    "resolve",
]
