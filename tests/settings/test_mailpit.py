"""Mailpit's variables and flags give our settings, or are named as ignored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgemail.cli.serve import resolve_flags, serve
from edgemail.errors import SettingsError
from edgemail.settings import SETTINGS, resolve
from edgemail.settings.mailpit import MAILPIT_SETTINGS

if TYPE_CHECKING:
    from edgemail.settings import Resolved


def given(**environ: str) -> dict[str, str]:
    """Return what variables give, as `edgemail config` shows it."""
    return shown(resolve({}, environ))


def shown(resolved: Resolved) -> dict[str, str]:
    return {
        origin.setting.name: origin.text for origin in resolved.origins if not origin.source.startswith("default")
    }


def of_flags(*arguments: str) -> Resolved:
    return resolve_flags(serve.make_context("serve", list(arguments)).params)


def mistakes_of(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        resolve({}, environ)
    return list(caught.value.mistakes)


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("MP_DATABASE", "/data/mail.db", {"db": "/data/mail.db"}),
        ("MP_DATA_FILE", "/data/mail.db", {"db": "/data/mail.db"}),
        ("MP_MAX_MESSAGES", "5000", {"max_messages": "5000", "max_inbox_messages": "5000"}),
        ("MP_MAX_MESSAGES", "0", {"max_messages": "off", "max_inbox_messages": "off"}),
        ("MP_MAX_AGE", "3d", {"max_age": "3d"}),
        ("MP_MAX_AGE", "12h", {"max_age": "12h"}),
        ("MP_MAX_AGE", "0h", {"max_age": "off"}),
        ("MP_MAX_MESSAGE_SIZE", "50", {"max_message_bytes": "50MiB"}),
        ("MP_MAX_MESSAGE_SIZE", "0", {"max_message_bytes": "1GiB"}),
        ("MP_QUIET", "true", {"log_level": "error"}),
        ("MP_VERBOSE", "1", {"log_level": "debug"}),
        ("MP_VERBOSE", "no", {}),
        ("MP_UI_BIND_ADDR", "10.0.0.1:80", {"http": "10.0.0.1:80"}),
        ("MP_SMTP_BIND_ADDR", "0.0.0.0:1025", {"smtp": "0.0.0.0:1025"}),
        ("MP_WEBROOT", "mail/box/", {"base_path": "/mail/box"}),
        ("MP_WEBROOT", "/", {"base_path": "/"}),
        ("MP_UI_AUTH", "kim:s3cret ann:p:w", {"passwords": "set", "private": "on"}),
        (
            "MP_API_CORS",
            "example.com, http://app.test:3000",
            {"allowed_origin": "http://example.com,https://example.com,http://app.test:3000"},
        ),
        ("MP_API_CORS", "*", {"allowed_origin": "*"}),
        ("MP_ALLOWED_HOSTS", "a.example.org,b.example.org:8025", {"allowed_host": "a.example.org,b.example.org"}),
        ("MP_SMTP_AUTH_ACCEPT_ANY", "yes", {"auth": "any"}),
        ("MP_SMTP_AUTH_ACCEPT_ANY", "0", {}),
        ("MP_SMTP_TLS_CERT", "sans:localhost", {"tls": "self-made"}),
        ("MP_SMTP_AUTH", "kim:s3cret ann:p:w", {"auth_passwords": "set"}),
        ("MP_SMTP_STRICT_RFC_HEADERS", "true", {"bare_newlines": "refuse"}),
        ("MP_STRICT_RFC_HEADERS", "true", {"bare_newlines": "refuse"}),
        ("MP_SMTP_MAX_RECIPIENTS", "1000", {"max_recipients": "1000"}),
        ("MP_SMTP_ALLOWED_RECIPIENTS", r"@example\.org$", {"allow_recipients": "*@example.org"}),
        ("MP_SMTP_ALLOWED_RECIPIENTS", r"^.*@a\.example\.org$", {"allow_recipients": "*@a.example.org"}),
        ("MP_ENABLE_CHAOS", "true", {"chaos_api": "on"}),
        (
            "MP_CHAOS_TRIGGERS",
            "Sender:451:5, recipients:550:100,Recipient:452:0,authentication:535:1",
            {"chaos_api": "on", "chaos": "mail:451:5%,rcpt:550,auth:535:1%"},
        ),
        ("MP_ENABLE_PROMETHEUS", "true", {"metrics": "on"}),
        ("MP_ENABLE_PROMETHEUS", "false", {"metrics": "off"}),
        ("MP_ENABLE_PROMETHEUS", "127.0.0.1:9090", {"metrics": "127.0.0.1:9090"}),
        ("MP_WEBHOOK_URL", "http://hook.test/a?b", {"webhook_url": "set", "webhook_format": "mailpit"}),
        ("MP_WEBHOOK_LIMIT", "5", {"webhook_interval": "5s"}),
        ("MP_WEBHOOK_LIMIT", "0", {"webhook_interval": "off"}),
        ("MP_WEBHOOK_DELAY", "90", {"webhook_delay": "90s"}),
    ],
)  # fmt: skip
def test_a_variable_gives_our_settings(variable: str, text: str, expected: dict[str, str]) -> None:
    """No other setting changes."""
    assert given(**{variable: text}) == expected


@pytest.mark.parametrize("text", [":1025", "[::]:1025"])
def test_every_address_is_ipv4_as_well(text: str) -> None:
    """Mailpit's `[::]` takes both."""
    assert given(MP_SMTP_BIND_ADDR=text)["smtp"] == "0.0.0.0:1025,[::]:1025"


def test_a_folder_gets_a_file_of_ours(tmp_path: Path) -> None:
    """Mailpit's own file may be in that folder."""
    assert given(MP_DATABASE=str(tmp_path)) == {"db": str(tmp_path / "edgemail.db")}


def test_files_must_be_there(tmp_path: Path) -> None:
    """A certificate, a key and a password file are named by their paths."""
    file = tmp_path / "file"
    file.write_text("kim:s3cret\n")
    paths = {
        "MP_SMTP_TLS_CERT": "tls_cert",
        "MP_SMTP_TLS_KEY": "tls_key",
        "MP_UI_AUTH_FILE": "password_file",
        "MP_SMTP_AUTH_FILE": "auth_file",
    }
    found = given(**dict.fromkeys(paths, str(file)))
    assert found == dict.fromkeys(paths.values(), str(file)) | {"private": "on"}
    missing = str(tmp_path / "missing")
    assert sorted(mistakes_of(**dict.fromkeys(paths, missing))) == [
        f'{variable}: "{missing}" is not there; name a file' for variable in sorted(paths)
    ]


def test_tls_is_required_with_a_certificate() -> None:
    """Mailpit, too, does not start without one."""
    made = {"MP_SMTP_TLS_CERT": "sans:localhost"}
    for variable in ("MP_SMTP_REQUIRE_STARTTLS", "MP_SMTP_TLS_REQUIRED", "MP_SMTP_REQUIRE_TLS"):
        assert given(**made, **{variable: "true"}) == {"tls": "self-made", "require_tls": "on"}
        assert mistakes_of(**{variable: "true"}) == [
            f"{variable}: nobody could use TLS without a certificate; set tls_cert as well"
        ]


def test_our_own_settings_win(tmp_path: Path) -> None:
    """A flag wins over our variable, that over Mailpit's, that over the file, that over the defaults' file."""
    file, behind = tmp_path / "a.toml", tmp_path / "b.toml"
    file.write_text('max_age = "4d"\nsmtp = "127.0.0.1:4"\n')
    behind.write_text('max_age = "5d"\nsmtp = "127.0.0.1:5"\nhttp = "127.0.0.1:6"\n')
    environ = {"EDGEMAIL_CONFIG": str(file), "EDGEMAIL_DEFAULTS": str(behind), "MP_MAX_AGE": "3d"}
    found = shown(resolve({}, environ))
    assert found == {"max_age": "3d", "smtp": "127.0.0.1:4", "http": "127.0.0.1:6"}
    assert shown(resolve({}, environ | {"EDGEMAIL_MAX_AGE": "2d"}))["max_age"] == "2d"
    assert shown(resolve({"max_age": "1d"}, environ | {"EDGEMAIL_MAX_AGE": "2d"}))["max_age"] == "1d"


def test_a_present_name_wins_over_an_old_one() -> None:
    """Mailpit has it so. An empty variable is not set."""
    assert given(MP_DATABASE="new.db", MP_DATA_FILE="old.db") == {"db": "new.db"}
    assert given(MP_DATABASE="", MP_DATA_FILE="old.db") == {"db": "old.db"}


def test_two_variables_may_say_the_same_and_not_the_contrary() -> None:
    """Each mistake names the variable as it was written."""
    assert given(MP_ENABLE_CHAOS="1", MP_CHAOS_TRIGGERS="Sender:451:0") == {"chaos_api": "on", "chaos": "none"}
    assert mistakes_of(MP_QUIET="1", MP_VERBOSE="1") == [
        "MP_VERBOSE: MP_QUIET gives it as well; keep one of the two"
    ]


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("MP_DATABASE", "http://rqlite.example:4001"),
        ("MP_MAX_MESSAGES", "many"),
        ("MP_MAX_AGE", "3w"),
        ("MP_MAX_MESSAGE_SIZE", "50MB"),
        ("MP_MAX_MESSAGE_SIZE", "999999"),
        ("MP_UI_BIND_ADDR", "8025"),
        ("MP_UI_BIND_ADDR", ":http"),
        ("MP_UI_BIND_ADDR", "unix:/run/ui.sock:666"),
        ("MP_SMTP_BIND_ADDR", "[::]:99999999"),
        ("MP_WEBROOT", "a b"),
        ("MP_UI_AUTH", "s3cret"),
        ("MP_UI_AUTH", "kim:$apr1$s3cret"),
        ("MP_UI_AUTH", "kim:{SHA}s3cret"),
        ("MP_UI_AUTH", "kim:s3cret kim:s3cret"),
        ("MP_UI_AUTH", "kim:s3cret " * 100),
        ("MP_UI_AUTH", " "),
        ("MP_API_CORS", "a.example,b@c"),
        ("MP_ALLOWED_HOSTS", "*"),
        ("MP_SMTP_AUTH_ACCEPT_ANY", "maybe"),
        ("MP_SMTP_AUTH", "s3cret"),
        ("MP_SMTP_MAX_RECIPIENTS", "-1"),
        ("MP_SMTP_ALLOWED_RECIPIENTS", "^(a+)+$"),
        ("MP_CHAOS_TRIGGERS", "Sender:451"),
        ("MP_CHAOS_TRIGGERS", "Sender:200:5"),
        ("MP_CHAOS_TRIGGERS", "Sender:451:101"),
        ("MP_CHAOS_TRIGGERS", "Data:451:5"),
        ("MP_ENABLE_PROMETHEUS", "9090"),
        ("MP_WEBHOOK_URL", "kim:s3cret@hook.test"),
        ("MP_WEBHOOK_URL", "ftp://kim:s3cret@hook.test/"),
        ("MP_WEBHOOK_LIMIT", "1.5"),
        ("MP_WEBHOOK_DELAY", "5s"),
    ],
)
def test_a_wrong_value_is_a_line_with_the_variables_name(variable: str, text: str) -> None:
    """It is one line, and names no secret."""
    (mistake,) = mistakes_of(**{variable: text})
    assert mistake.startswith(f"{variable}: ")
    assert len(mistake.splitlines()) == 1
    assert "s3cret" not in mistake


def test_what_does_nothing_here_is_said_once_with_the_reason() -> None:
    """One line has all of it, also variables that are none of Mailpit's; none where they are off."""
    line = resolve(
        {}, {"MP_SMTP_RELAY_HOST": "smtp.example", "MP_SMTP_RELAY_ALL": "1", "MP_LABLE": "x", "MPX": "1"}
    )
    assert line.ignored == (
        "of Mailpit's settings these do nothing here: MP_SMTP_RELAY_ALL, MP_SMTP_RELAY_HOST "
        "(edgemail never sends mail); MP_LABLE (not known)"
    )
    assert resolve({}, {"MP_SMTP_RELAY_ALL": "false", "MP_COMPRESSION": "", "MP_QUIET": "0"}).ignored == ""


@pytest.mark.parametrize("setting", MAILPIT_SETTINGS, ids=lambda setting: setting.variable)
def test_each_variable_gives_something_or_has_a_reason(setting) -> None:  # type: ignore[no-untyped-def]
    """What gives nothing is named with its reason wherever it comes from."""
    assert (setting.convert is None) == bool(setting.because)
    assert setting.because == setting.because.strip(" .")
    if setting.convert is None:
        value = "true" if setting.is_switch else "x"
        assert f"{setting.variable} ({setting.because})" in resolve({}, {setting.variable: value}).ignored
        for flag in setting.flags:
            arguments = [flag] if setting.is_switch else [flag, value]
            assert f"{setting.flags[0]} ({setting.because})" in of_flags(*arguments).ignored


def test_flags_give_the_same_as_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long and short ones, switches with and without a value."""
    monkeypatch.setenv("EDGEMAIL_HTTP", "127.0.0.1:1")
    resolved = of_flags(
        *("-s", "127.0.0.1:3", "-l", "127.0.0.1:4", "-d", "a.db", "-m", "7", "-q", "--smtp-auth-accept-any"),
        *("--webroot=x", "--enable-chaos=false", "--max-age", "3d"),
    )
    assert shown(resolved) == {
        "smtp": "127.0.0.1:3", "http": "127.0.0.1:4", "db": "a.db", "max_messages": "7", "max_inbox_messages": "7",
        "log_level": "error", "auth": "any", "base_path": "/x", "max_age": "3d",
    }  # fmt: skip
    assert {origin.text: origin.source for origin in resolved.origins}["a.db"] == "flag --database"
    assert shown(of_flags("--listen", "127.0.0.1:5", "--database", "b.db", "--max", "8")) == {
        "http": "127.0.0.1:5", "db": "b.db", "max_messages": "8", "max_inbox_messages": "8",
    }  # fmt: skip


@pytest.mark.parametrize("arguments", [["--http", "127.0.0.1:1", "--listen", "127.0.0.1:2"], ["--webroot", "a b"]])
def test_a_wrong_flag_is_named_as_it_was_written(arguments: list[str]) -> None:
    """Neither of two flags wins."""
    with pytest.raises(SettingsError) as caught:
        of_flags(*arguments)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"{arguments[-2]}: ")


def test_no_flag_of_mailpits_takes_one_of_ours() -> None:
    """Click would let the last one win."""
    flags = [flag for setting in MAILPIT_SETTINGS for flag in setting.flags]
    ours = {setting.flag for setting in SETTINGS if setting.has_flag}
    ours |= {"--set", "--config", "--help", "-h", "--no-smtp", "--help-all"}
    assert len(set(flags)) == len(flags)
    assert set(flags) & ours == set()
    assert all(re.fullmatch("-[a-z]|--[a-z0-9-]+", flag) for flag in flags)


def test_the_guide_names_every_variable_that_gives_something() -> None:
    """A user looks there first."""
    guide = (Path(__file__).parents[2] / "docs/how-to/switch-from-mailpit.md").read_text(encoding="utf-8")
    missing = [
        setting.variable for setting in MAILPIT_SETTINGS if setting.convert and setting.variable not in guide
    ]
    assert missing == []
