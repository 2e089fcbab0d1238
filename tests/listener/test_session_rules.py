"""The rules of SMTP sessions, as they come from the settings."""

from __future__ import annotations

import dataclasses

import pytest

from edgemail.listener.session_rules import derive_rules
from edgemail.settings import SmtpSettings
from edgemail.smtp import SessionRules


def change(value: object) -> object:
    """Return another value of the same type."""
    match value:
        case int():
            return value + 1
        case str():
            return f"other.{value}"
        case tuple():
            return (*value, "example.org")
    raise AssertionError(value)


def test_every_rule_comes_from_a_setting() -> None:
    """A rule that no setting reaches would keep the default of `SessionRules` for ever."""
    usual = SmtpSettings(hostname="mx.example.org")
    rule_names = [rule.name for rule in dataclasses.fields(SessionRules)]
    shared = {name: change(getattr(usual, name)) for name in rule_names if hasattr(usual, name)}
    assert {"hostname", "domains", "max_recipients", "max_errors", "max_transactions"} <= set(shared)
    settings = SmtpSettings(**shared, max_message_bytes=1, bare_newlines="refuse", auth="any")  # type: ignore[arg-type]
    rules = derive_rules(settings, has_certificate=True).stranger
    for name in rule_names:
        assert getattr(rules, name) != getattr(SessionRules(usual.hostname), name), name
    assert {name: getattr(rules, name) for name in shared} == shared
    assert (rules.max_message_octets, rules.refuses_bare_newlines, rules.offers_auth) == (1, True, True)


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
