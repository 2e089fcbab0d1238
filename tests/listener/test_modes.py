"""Each row of SMTP that follows the mode: STARTTLS, AUTH, per-source limits and domains."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import smtplib
from typing import TYPE_CHECKING

import pytest
from testkit.running_app import resolved_in, running
from testkit.waiting import PATIENCE_S

from edgemail.app import serve
from edgemail.errors import SettingsError
from edgemail.listener.admission import Admission
from edgemail.listener.session_rules import derive_rules
from edgemail.mailbox.retention import Retention
from edgemail.settings import SmtpSettings, resolve
from edgemail.settings.sections.operator import RESERVED

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.running_app import Program

DEV: tuple[dict[str, str], ...] = (
    {},
    {"smtp": "0.0.0.0:2525"},
    {"mode": "dev", "domain": "example.org"},
    {"mode": "dev", "smtp": "0.0.0.0:25"},
)
PUBLIC: tuple[dict[str, str], ...] = (
    {"domain": "example.org"},
    {"smtp": "127.0.0.1:25"},
    {"mode": "public"},
)
LOOPBACK = ("127.0.0.1", "127.1.2.3", "::1")
PRIVATE = ("10.1.2.3", "172.17.0.1", "192.168.65.1", "169.254.1.1", "100.64.0.1", "fd12::1", "fe80::1")
INTERNET = ("198.51.100.7", "172.32.0.1", "100.128.0.1", "2001:db8::1")


def settings_of(given: dict[str, str]) -> SmtpSettings:
    return resolve({}, {f"EDGEMAIL_{name.upper()}": text for name, text in given.items()}).settings.smtp


def trusted_by(settings: SmtpSettings, addresses: tuple[str, ...]) -> set[bool]:
    """Return for which of these addresses per-source limits do not hold."""
    admission = Admission(settings)
    return {admission.identify(str(ipaddress.ip_address(address))).is_trusted for address in addresses}


@pytest.mark.parametrize("given", DEV, ids=str)
def test_dev_mode(given: dict[str, str]) -> None:
    """AUTH for all, STARTTLS only with a given certificate, scripts' mail, no limits for private networks."""
    settings = settings_of(given)
    for has_certificate in (False, True):
        rules = derive_rules(settings, has_certificate=has_certificate)
        assert {(each.offers_tls, each.offers_auth, each.takes_lf_lines) for each in rules} == {(False, True, True)}
        assert {each.default_domain for each in rules} == {given.get("domain", "localhost")}
    with_given = settings_of(given | {"tls_cert": "cert.pem"})
    assert {each.offers_tls for each in derive_rules(with_given, has_certificate=True)} == {True}
    assert trusted_by(settings, LOOPBACK + PRIVATE) == {True}
    assert trusted_by(settings, INTERNET) == {False}


@pytest.mark.parametrize("given", PUBLIC, ids=str)
def test_public_mode(given: dict[str, str]) -> None:
    """No AUTH, STARTTLS also with a self-made certificate, SMTP to the letter, limits for all but this machine."""
    settings = settings_of(given)
    rules = derive_rules(settings, has_certificate=True)
    assert {(each.offers_tls, each.offers_auth, each.takes_lf_lines) for each in rules} == {(True, False, False)}
    assert {each.default_domain for each in rules} == {None}
    assert trusted_by(settings, LOOPBACK) == {True}
    assert trusted_by(settings, PRIVATE + INTERNET) == {False}


@pytest.mark.parametrize("mode", ["dev", "public"])
def test_a_setting_wins_over_the_mode(mode: str) -> None:
    """The mode gives only the default of each."""
    settings = settings_of({"mode": mode, "tls": "self-made", "auth": "off", "trusted": "192.0.2.0/24"})
    assert {each.offers_auth for each in derive_rules(settings, has_certificate=True)} == {False}
    assert {each.offers_tls for each in derive_rules(settings, has_certificate=True)} == {True}
    assert trusted_by(settings, ("192.0.2.7",)) == {True}
    assert trusted_by(settings, LOOPBACK + PRIVATE) == {False}
    given = {"mode": mode, "tls": "given", "auth": "any", "lf_lines": "take", "default_domain": "Dev.test."}
    settings = settings_of(given)
    rules = derive_rules(settings, has_certificate=False)
    assert {(each.takes_lf_lines, each.default_domain) for each in rules} == {(True, "dev.test")}
    off = settings_of({"mode": mode, "lf_lines": "refuse", "default_domain": "off"})
    rules = derive_rules(off, has_certificate=False)
    assert {(each.takes_lf_lines, each.default_domain) for each in rules} == {(False, None)}
    assert {each.offers_auth for each in derive_rules(settings, has_certificate=True)} == {True}
    assert {each.offers_tls for each in derive_rules(settings, has_certificate=True)} == {False}


def test_names_are_reserved_in_public_mode() -> None:
    """However the mode was chosen; `reserved` wins over it."""
    for given, reserved in (
        ({"mode": "public"}, RESERVED),
        ({"mode": "dev", "domain": "example.org"}, ()),
        ({"mode": "public", "reserved": "none"}, ()),
    ):
        assert resolve(given, {}).settings.operator.reserved == reserved


@pytest.mark.parametrize(("name", "value"), [("auth", "local"), ("tls", "auto")])
def test_a_value_of_the_last_release_means_the_default(name: str, value: str, tmp_path: Path) -> None:
    """From every source, with a line that says what to do. It still hides what a lower source gives."""
    path = tmp_path / "edgemail.toml"
    path.write_text(f'{name} = "{value}"', encoding="utf-8")
    setting = f"EDGEMAIL_{name.upper()}"
    for mode in ("dev", "public"):
        default = getattr(settings_of({"mode": mode}), name)
        for resolved, spelled in (
            (resolve({"mode": mode, name: value.upper()}, {setting: "off"}), f"--{name}"),
            (resolve({"mode": mode}, {setting: value}), setting),
            (resolve({"mode": mode}, {}, str(path)), f"{path}: {name}"),
        ):
            line = f'{spelled}: "{value}" means the default now; leave it out, as the next release refuses it'
            assert resolved.warnings == (line,)
            assert getattr(resolved.settings.smtp, name) == default
            (origin,) = [origin for origin in resolved.origins if origin.setting.name == name]
            assert origin.source == "default, from mode"
    with pytest.raises(SettingsError, match=f'{setting}: "everyone" is not known; write .* or off'):
        resolve({}, {setting: "everyone"})


def ask_offers(program: Program) -> set[str]:
    with smtplib.SMTP(*program.smtp, timeout=PATIENCE_S) as client:
        client.ehlo()
        return {name for name in ("starttls", "auth") if client.has_extn(name)}


@pytest.mark.parametrize(
    ("given", "offers"),
    [
        ({"mode": "dev"}, {"auth"}),
        ({"mode": "dev", "smtps": "127.0.0.1:0"}, {"auth"}),
        ({"mode": "public"}, {"starttls"}),
        ({"domain": "example.org"}, {"starttls"}),
        ({"mode": "public", "tls": "off"}, set()),
    ],
    ids=str,
)
async def test_a_program_offers_on_loopback_what_its_mode_says(
    tmp_path: Path, given: dict[str, str], offers: set[str]
) -> None:
    """A peer on loopback is told what every other peer is."""
    async with running(resolved_in(tmp_path, **given)) as program:
        assert await asyncio.to_thread(ask_offers, program) == offers


async def collect_warnings(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, **given: str
) -> list[str]:
    """Start the program, and return what it warns of until its first upkeep ends it."""

    async def end(_: Retention) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(Retention, "sweep", end)
    with pytest.raises(ZeroDivisionError):
        await serve(resolved_in(folder, **given), lambda _: None)
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def test_a_public_server_without_a_domain_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes mail for any domain."""
    warnings = await collect_warnings(tmp_path, monkeypatch, caplog, mode="public")
    assert warnings == ["mail is taken for any domain: name your own with --domain"]


@pytest.mark.parametrize("given", [{"mode": "dev"}, {"domain": "example.org"}], ids=str)
async def test_a_server_on_loopback_does_not_warn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, given: dict[str, str]
) -> None:
    """Neither in dev mode nor with a domain."""
    assert await collect_warnings(tmp_path, monkeypatch, caplog, **given) == []
