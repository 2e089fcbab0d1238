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

    def choose(self, peer: RemotePeer) -> SessionRules:
        """Return the rules for a peer."""
        return self.trusted if peer.is_trusted else self.stranger


def derive_rules(settings: SmtpSettings, *, has_certificate: bool, knows_cram_md5: bool = True) -> RulesByPeer:
    """Derive the rules from the settings, and from whether there is a certificate.

    `knows_cram_md5` is false where answers to a challenge cannot be compared, as passwords are hashed.

    Offer STARTTLS with a self-made certificate only where `tls` says so: with `given` such a certificate is for
    the ports of implicit TLS. Trusted peers may send everything at once, in one connection.
    """
    stranger = SessionRules(
        **{name: getattr(settings, name) for name in _SHARED},
        max_message_octets=settings.max_message_bytes,
        offers_tls=has_certificate and (settings.tls == "self-made" or settings.tls_cert is not None),
        requires_tls=settings.require_tls == "on",
        offers_auth=settings.auth != "off",
        requires_auth=settings.auth == "required",
        offers_cram_md5=knows_cram_md5,
        enforces_sync=True,
        refuses_bare_newlines=settings.bare_newlines == "refuse",
        takes_lf_lines=settings.lf_lines == "take",
    )
    trusted = replace(stranger, enforces_sync=False, max_transactions=None)
    return RulesByPeer(stranger, trusted)
