"""The table of settings: one dataclass a section, one field a setting.

Flags, environment variables, the file, `edgemail config` and the documentation come from it.
`docs/how-to/add-a-setting.md` says how to add one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgemail.settings.definition import settings_in
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

if TYPE_CHECKING:
    from edgemail.settings.definition import Setting


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings."""

    store: StoreSettings = field(default_factory=StoreSettings)
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    pop3: Pop3Settings = field(default_factory=Pop3Settings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    log: LogSettings = field(default_factory=LogSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    agents: AgentSettings = field(default_factory=AgentSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)

    @property
    def read_only(self) -> bool:
        """True if this server takes no mail, and only reads what others put into the database."""
        return not self.smtp.listen


SETTINGS: Final[tuple[Setting, ...]] = tuple(settings_in(Settings))
