"""The rules of SMTP sessions, as they come from the settings."""

from __future__ import annotations

import dataclasses

import pytest

from edgemail.listener.session_rules import derive_rules
from edgemail.settings import SmtpSettings
from edgemail.smtp import SessionRules


def test_every_limit_of_a_session_comes_from_its_setting() -> None:
    """A rule that no setting reaches would keep the default of `SessionRules` for ever."""
    settings = SmtpSettings(
        hostname="mx.example.org",
        domains=("example.org",),
        max_message_bytes=1,
        max_recipients=2,
        max_errors=3,
        max_idle_commands=4,
        max_transactions=5,
        bare_newlines="refuse",
        auth="any",
    )
    rules = derive_rules(settings, has_certificate=True).stranger
    assert rules == SessionRules(
        hostname="mx.example.org",
        domains=("example.org",),
        max_message_octets=1,
        max_recipients=2,
        max_errors=3,
        max_idle_commands=4,
        max_transactions=5,
        offers_tls=True,
        offers_auth=True,
        enforces_sync=True,
        refuses_bare_newlines=True,
    )
    untouched = SessionRules("localhost")
    for rule in dataclasses.fields(SessionRules):
        assert getattr(rules, rule.name) != getattr(untouched, rule.name), rule.name


def test_the_defaults_of_a_session_are_those_of_the_settings() -> None:
    """Whoever uses `smtp` without the settings gets the same limits."""
    derived = derive_rules(SmtpSettings(hostname="mx.example.org"), has_certificate=False).trusted
    assert derived == SessionRules("mx.example.org")


@pytest.mark.parametrize(
    ("auth", "offered"), [("local", [False, False, True]), ("any", [True] * 3), ("off", [False] * 3)]
)
def test_auth_is_offered_as_it_is_set(auth: str, offered: list[bool]) -> None:
    """To strangers, trusted peers and local peers."""
    settings = SmtpSettings(auth=auth)  # type: ignore[arg-type]
    assert [rules.offers_auth for rules in derive_rules(settings, has_certificate=True)] == offered


def test_only_local_peers_get_no_self_made_certificate_and_no_limit_on_transactions() -> None:
    """Programs under test refuse a certificate that nobody signed, and send all their mail in one connection."""
    strangers, trusted, local = derive_rules(SmtpSettings(), has_certificate=True)
    assert (strangers.offers_tls, trusted.offers_tls, local.offers_tls) == (True, True, False)
    assert (trusted.max_transactions, local.max_transactions) == (200, None)
    assert (strangers.enforces_sync, trusted.enforces_sync) == (True, False)
    _, _, local = derive_rules(SmtpSettings(tls_cert="cert.pem"), has_certificate=True)
    assert local.offers_tls
