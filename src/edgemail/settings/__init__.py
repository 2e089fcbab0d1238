"""The settings: one table of them, read from flags > environment > TOML file > defaults into frozen dataclasses."""

from edgemail.settings.definition import Setting
from edgemail.settings.parsing import read_db, read_domain, read_duration, read_endpoint, read_origin
from edgemail.settings.sections.access import AccessSettings
from edgemail.settings.sections.agents import AgentSettings
from edgemail.settings.sections.checks import CheckSettings
from edgemail.settings.sections.http import HttpSettings
from edgemail.settings.sections.log import LogSettings
from edgemail.settings.sections.operator import OperatorSettings
from edgemail.settings.sections.policy import PolicySettings
from edgemail.settings.sections.pop3 import Pop3Settings
from edgemail.settings.sections.retention import RetentionSettings
from edgemail.settings.sections.smtp import SmtpSettings
from edgemail.settings.sections.store import StoreSettings
from edgemail.settings.sections.webhook import WebhookSettings
from edgemail.settings.sources import Origin, Resolved, resolve
from edgemail.settings.table import SETTINGS, Settings
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
