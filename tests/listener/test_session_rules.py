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
    assert {"hostname", "domains", "default_domain", "max_recipients", "max_errors", "max_transactions"} <= set(
        shared
    )
    settings = SmtpSettings(**shared, max_message_bytes=1, bare_newlines="refuse", auth="required")  # type: ignore[arg-type]
    settings = dataclasses.replace(settings, tls="self-made", lf_lines="take", require_tls="on")
    rules = derive_rules(settings, has_certificate=True, knows_cram_md5=False).stranger
    for name in rule_names:
        assert getattr(rules, name) != getattr(SessionRules(usual.hostname), name), name
    assert {name: getattr(rules, name) for name in shared} == shared
    assert (rules.max_message_octets, rules.refuses_bare_newlines, rules.offers_auth) == (1, True, True)


def test_the_defaults_of_a_session_are_those_of_the_settings() -> None:
    """Whoever uses `smtp` without the settings gets the same limits; the listener alone enforces sync."""
    settings = SmtpSettings(hostname="mx.example.org", auth="off", lf_lines="refuse", default_domain=None)
    derived = derive_rules(settings, has_certificate=False).stranger
    assert dataclasses.replace(derived, enforces_sync=False) == SessionRules("mx.example.org")


@pytest.mark.parametrize(
    ("auth", "is_offered", "is_required"),
    [("any", True, False), ("required", True, True), ("off", False, False)],
)
def test_auth_is_offered_as_it_is_set(auth: str, is_offered: bool, is_required: bool) -> None:
    """To strangers and to trusted peers."""
    settings = SmtpSettings(auth=auth)  # type: ignore[arg-type]
    for rules in derive_rules(settings, has_certificate=True):
        assert (rules.offers_auth, rules.requires_auth) == (is_offered, is_required)


@pytest.mark.parametrize(
    ("tls", "cert", "is_offered"),
    [
        ("self-made", None, True),
        ("self-made", "cert.pem", True),
        ("given", None, False),
        ("given", "cert.pem", True),
    ],
)
def test_starttls_is_offered_as_it_is_set(tls: str, cert: str | None, is_offered: bool) -> None:
    """To strangers and to trusted peers; without a certificate to nobody."""
    settings = SmtpSettings(tls=tls, tls_cert=cert)  # type: ignore[arg-type]
    assert [rules.offers_tls for rules in derive_rules(settings, has_certificate=True)] == [is_offered] * 2
    assert [rules.offers_tls for rules in derive_rules(settings, has_certificate=False)] == [False] * 2


def test_trusted_peers_have_no_limit_on_transactions_and_may_send_all_at_once() -> None:
    """Programs under test send all their mail in one connection."""
    strangers, trusted = derive_rules(SmtpSettings(), has_certificate=True)
    assert (strangers.max_transactions, trusted.max_transactions) == (200, None)
    assert (strangers.enforces_sync, trusted.enforces_sync) == (True, False)
