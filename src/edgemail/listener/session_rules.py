"""The rules of SMTP sessions, derived from the settings."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from edgemail.settings import SmtpSettings
from edgemail.smtp import SessionRules

if TYPE_CHECKING:
    from edgemail.listener.admission import RemotePeer

_SHARED: Final = {rule.name for rule in fields(SessionRules)} & {setting.name for setting in fields(SmtpSettings)}
"""Rules that are settings of the same name: such a rule needs no line here."""


class RulesByPeer(NamedTuple):
    """The rules for each kind of peer."""

    stranger: SessionRules
    trusted: SessionRules
    local: SessionRules

    def choose(self, peer: RemotePeer) -> SessionRules:
        """Return the rules for a peer."""
        return self.local if peer.is_local else self.trusted if peer.is_trusted else self.stranger


def derive_rules(settings: SmtpSettings, *, has_certificate: bool) -> RulesByPeer:
    """Derive the rules from the settings, and from whether there is a certificate for STARTTLS.

    Most local peers are programs under test. They get AUTH, no limit on transactions, and STARTTLS only with a
    certificate that was given, since they would refuse a self-made one.
    """
    stranger = SessionRules(
        **{name: getattr(settings, name) for name in _SHARED},
        max_message_octets=settings.max_message_bytes,
        offers_tls=has_certificate,
        offers_auth=settings.auth == "any",
        enforces_sync=True,
        refuses_bare_newlines=settings.bare_newlines == "refuse",
    )
    trusted = replace(stranger, enforces_sync=False)
    local = replace(
        trusted,
        max_transactions=None,
        offers_tls=has_certificate and settings.tls_cert is not None,
        offers_auth=settings.auth != "off",
    )
    return RulesByPeer(stranger, trusted, local)
