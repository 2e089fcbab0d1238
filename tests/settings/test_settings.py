"""Settings from flags, the environment and a file."""

from __future__ import annotations

import dataclasses
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgemail.errors import SettingsError
from edgemail.model import Endpoint
from edgemail.settings import SETTINGS, Settings, StoreSettings, resolve
from edgemail.settings.reference import write_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]


def write_toml(directory: Path, text: str) -> str:
    path = directory / "edgemail.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def mistakes_of(
    flags: Mapping[str, str | tuple[str, ...]] | None = None,
    environ: Mapping[str, str] | None = None,
    config_path: str | None = None,
) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        resolve(flags or {}, environ or {}, config_path)
    return caught.value.mistakes


def test_with_nothing_given_the_defaults_hold() -> None:
    """The program runs without any setting."""
    resolved = resolve({}, {})
    assert resolved.settings == Settings(store=StoreSettings(is_default=True))
    assert {origin.source for origin in resolved.origins} == {"default"}
    assert resolved.settings.smtp.listen == (Endpoint("127.0.0.1", 2525),)
    assert resolved.settings.http.listen == (Endpoint("127.0.0.1", 8025),)
    assert resolved.settings.store.db == str(Path(tempfile.gettempdir()) / "edgemail.db")
    assert resolved.settings.retention.max_age_s == 604_800


def test_each_source_gives_way_to_the_one_above_it(tmp_path: Path) -> None:
    """Flags win over the environment, that over libSQL's names, those over the file."""
    path = write_toml(tmp_path, 'db = "file.db"')
    others = {"LIBSQL_CLIENT_URL": "other.db"}
    ours = {"EDGEMAIL_DB": "environment.db"}
    ladder = [
        (resolve({"db": "flag.db"}, ours | others, path), "flag.db", "flag --db"),
        (resolve({}, ours | others, path), "environment.db", "environment EDGEMAIL_DB"),
        (resolve({}, others, path), "other.db", "environment LIBSQL_CLIENT_URL"),
        (resolve({}, {}, path), "file.db", f"file {path}"),
        (resolve({}, {}), str(Path(tempfile.gettempdir()) / "edgemail.db"), "default"),
    ]
    for resolved, db, source in ladder:
        origin = next(origin for origin in resolved.origins if origin.setting.name == "db")
        assert (resolved.settings.store.db, origin.text, origin.source) == (db, db, source)
        assert resolved.settings.store.is_default == (source == "default")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_reads_what_it_writes_from_every_source(setting, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Every source accepts the text that `edgemail config` prints."""
    examples = {
        "smtp": "127.0.0.1:1,[::1]:1", "http": "127.0.0.1:0", "metrics": "[::1]:9", "base_path": "/mail",
        "mode": "public", "min_age_for_space": "3m",
        "db": "a.db", "db_token": "t0k3n",
        "domain": "a.org,b.org",
        "hostname": "mx.a.org", "allowed_host": "a.org", "allowed_origin": "https://a.org", "max_age": "3h",
        "max_bytes": "3MiB", "log_format": "json", "log_level": "debug", "max_message_bytes": "3KiB",
        "bare_newlines": "refuse", "lf_lines": "refuse", "default_domain": "dev.test", "max_spool": "3GiB",
        "smtps": "127.0.0.1:1,[::1]:1", "pop3": "127.0.0.1:1,[::1]:1", "pop3s": "127.0.0.1:1,[::1]:1",
        "tls": "off", "auth": "off",
        "greeting_delay": "3s", "trusted": "192.0.2.0/24,2001:db8::1", "proxy_from": "192.0.2.1,2001:db8::/48",
        "allow_senders": "<>,*@spam.example", "deny_senders": "bob@a.example,news-?@*",
        "allow_recipients": "bob@a.example", "deny_recipients": "*", "allow_sources": "192.0.2.0/24,::1",
        "deny_sources": "10.0.0.0/8", "min_free": "2.5%", "chaos_api": "on", "log_addresses": "hashed",
        "all_mail": "operator", "compat_apis": "off", "internals": "operator", "http_names": "public",
        "allow_http_sources": "192.0.2.0/24,::1", "http_trusted_proxies": "192.0.2.1", "private": "on",
        "deletion": "off", "robots": "landing", "security_contact": "https://a.org/security",
        "abuse_contact": "mailto:abuse@a.org", "password_file": "passwords",
        "passwords": "kim:s3cret ann:$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
        "auth_passwords": "kim:s3cret",
        "auth_file": "logins", "require_tls": "on", "webhook_url": "https://kim:s3cret@a.org/hook",
        "webhook_format": "mailpit", "webhook_address": "bob@a.example,*@b.example", "webhook_secret": "s3cret",
        "webhook_private": "off", "webhook_interval": "3s", "webhook_delay": "3s",
        "webhook_reader_url": "https://a.org/mail",
        "mcp": "off", "mcp_write": "on", "mcp_bodies": "off", "mcp_address": "*@agents.example,kim@a.org",
        "html_check": "off", "link_check": "on", "link_check_private": "on",
        "chaos": "mail:451:10%,rcpt:550:*@slow.example,data:421:0.5%:7x:bob@*,auth:535:1x",
    }  # fmt: skip
    text = examples.get(setting.name, "3s" if setting.kind.metavar == "DURATION" else "3")
    toml = "[" + ", ".join(f'"{part}"' for part in text.split(",")) + "]" if setting.repeated else f'"{text}"'
    needed = {
        "tls_key": {"EDGEMAIL_TLS_CERT": "cert.pem"},
        "webhook_secret": {"EDGEMAIL_WEBHOOK_URL": "https://hook.example/"},
        "webhook_secret_file": {"EDGEMAIL_WEBHOOK_URL": "https://hook.example/"},
        "require_tls": {"EDGEMAIL_TLS_CERT": "cert.pem"},
        "private": {"EDGEMAIL_PASSWORD_FILE": "passwords"},
    }
    others = needed.get(setting.name, {})
    resolutions = [
        resolve({}, others | {setting.variable: text}),
        resolve({}, others, write_toml(tmp_path, f"{setting.name} = {toml}")),
    ]
    if not setting.secret:
        resolutions.append(resolve({"set": (f"{setting.name}={text}",)}, others))
    if setting.has_flag:
        resolutions.append(resolve({setting.name: tuple(text.split(",")) if setting.repeated else text}, others))
    shown = "set" if setting.secret else text
    default = setting.value_in(Settings())
    for resolved in resolutions:
        origin = next(origin for origin in resolved.origins if origin.setting is setting)
        assert origin.text == shown
        assert origin.source != "default"
        assert setting.value_in(resolved.settings) != default


def test_every_field_of_the_settings_has_a_place_in_the_table() -> None:
    """A field that is not in the table could not be set."""
    fields = {
        (section.name, field.name)
        for section in dataclasses.fields(Settings)
        for field in dataclasses.fields(getattr(Settings(), section.name))
    }
    assert {(setting.section, setting.field) for setting in SETTINGS} == fields - {("store", "is_default")}


def test_repeated_settings_are_lists_in_the_file_and_commas_in_the_environment(tmp_path: Path) -> None:
    """A list of a higher source replaces that of a lower one. They are not joined."""
    path = write_toml(tmp_path, 'domain = ["A.org", "b.org"]\nsmtp = "[::1]:25"')
    assert resolve({}, {}, path).settings.smtp.domains == ("a.org", "b.org")
    assert resolve({}, {}, path).settings.smtp.listen == (Endpoint("::1", 25),)
    assert resolve({}, {"EDGEMAIL_DOMAIN": "c.org, d.org"}, path).settings.smtp.domains == ("c.org", "d.org")
    assert resolve({"domain": ("e.org",)}, {"EDGEMAIL_DOMAIN": "c.org"}, path).settings.smtp.domains == ("e.org",)


def test_numbers_may_stand_in_the_file_without_quotes(tmp_path: Path) -> None:
    """A count or a size in bytes may be a TOML number."""
    path = write_toml(tmp_path, "max_errors = 3\nmax_bytes = 1_000_000")
    settings = resolve({}, {}, path).settings
    assert (settings.smtp.max_errors, settings.retention.max_bytes) == (3, 1_000_000)


@pytest.mark.parametrize(
    ("name", "section", "field"),
    [
        ("min_free", "policy", "min_free"),
        ("max_age", "retention", "max_age_s"),
        ("max_bytes", "retention", "max_bytes"),
        ("max_messages", "retention", "max_messages"),
    ],
)
def test_off_is_none(name: str, section: str, field: str) -> None:
    """A setting that is off is `None`, and is written as off."""
    resolved = resolve({name: "off"}, {})
    assert getattr(getattr(resolved.settings, section), field) is None
    assert next(origin.text for origin in resolved.origins if origin.setting.name == name) == "off"


def test_the_first_domain_is_the_host_name_unless_one_is_given() -> None:
    """Greetings and Received: lines have it; without a domain they have the machine's name."""
    assert resolve({"domain": ("a.org", "b.org")}, {}).settings.smtp.hostname == "a.org"
    assert resolve({"domain": ("bücher.de",)}, {}).settings.smtp.hostname == "xn--bcher-kva.de"
    assert resolve({"domain": ("a.org",), "hostname": "mx.a.org"}, {}).settings.smtp.hostname == "mx.a.org"


@pytest.mark.parametrize(
    ("name", "greeted_as"), [("build-7", "build-7"), ("", "localhost"), ("kim's mac\r\n", "localhost")]
)
def test_a_machine_name_that_cannot_stand_in_a_greeting_is_replaced(
    name: str, greeted_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operating systems allow any name; an SMTP reply does not."""
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert resolve({}, {}).settings.smtp.hostname == greeted_as


def test_an_empty_variable_is_not_set_and_an_empty_flag_is_a_mistake() -> None:
    """Container files write `NAME=` for no value. Nobody writes an empty flag on purpose."""
    resolved = resolve({}, {"EDGEMAIL_DOMAIN": "", "EDGEMAIL_MAX_AGE": "", "LIBSQL_CLIENT_URL": ""})
    assert {origin.source for origin in resolved.origins} == {"default"}
    assert mistakes_of({"db": ""}) == ['--db: "" is not a path; write a file\'s path']


def test_every_mistake_is_told_at_once_as_it_was_written(tmp_path: Path) -> None:
    """One start shows all mistakes: the setting as it was written, the value, and a valid example."""
    path = write_toml(tmp_path, 'max_recipients = 0\ndomain = ["ok.org", "*.example.org"]')
    assert mistakes_of(
        {"max_age": "7x", "set": ("idle_timeout=5",)}, {"EDGEMAIL_HTTP": "8025", "EDGEMAIL_LOG_FORMAT": "xml"}, path
    ) == [
        '--max-age: "7x" is not a duration; write a number and s, m, h, d or w, such as 7d, or off',
        '--set idle_timeout: "5" is not a duration; write a number and s, m, h, d or w, such as 7d',
        'EDGEMAIL_HTTP: "8025" is not HOST:PORT; write one such as 127.0.0.1:2525, '
        "or 0.0.0.0:2525 for every address, or off",
        'EDGEMAIL_LOG_FORMAT: "xml" is not known; write text or json',
        f'{path}: max_recipients: "0" is out of range; write a number from 1 to 1000000000',
        f'{path}: domain: "*.example.org" is not a domain; write example.org, which takes in its subdomains',
    ]


def test_a_name_that_is_not_known_is_a_mistake_with_a_guess(tmp_path: Path) -> None:
    """A setting that is silently ignored is worse than one that is refused."""
    path = write_toml(tmp_path, 'max-age = "3d"')
    assert mistakes_of({"set": ("max_error=3",)}, {"EDGEMAIL_HTPP": "off", "EDGEMAIL_XYZZY": "1"}, path) == [
        "--set max_error: there is no such setting; did you mean max_errors?",
        "EDGEMAIL_HTPP: there is no such setting; did you mean EDGEMAIL_HTTP?",
        "EDGEMAIL_XYZZY: there is no such setting; `edgemail config` lists them all",
        f"{path}: max-age: there is no such setting; did you mean max_age?",
    ]


def test_variables_of_others_are_left_alone() -> None:
    """Kubernetes names variables after services; the client commands and the pytest plugin read the last two."""
    environ = {
        "EDGEMAIL_SERVICE_HOST": "10.0.0.1",
        "EDGEMAIL_SERVICE_PORT": "25",
        "EDGEMAIL_SERVICE_PORT_SMTP": "25",
        "EDGEMAIL_PORT": "tcp://10.0.0.1:25",
        "EDGEMAIL_PORT_25_TCP_ADDR": "10.0.0.1",
        "EDGEMAIL_URL": "http://127.0.0.1:8025",
        "EDGEMAIL_SMTP_URL": "smtp://127.0.0.1:2525",
    }
    assert resolve({}, environ) == resolve({}, {})


@pytest.mark.parametrize("pair", ["max_errors", "", "db_token=t", "db-token=t"])
def test_set_takes_name_and_value_and_no_secret(pair: str) -> None:
    """Every user of a machine can see its programs' flags."""
    (mistake,) = mistakes_of({"set": (pair,)})
    assert mistake in {
        f'--set: "{pair}" is not NAME=VALUE; write one such as max_errors=5',
        "--set db_token: other users can see flags; set EDGEMAIL_DB_TOKEN instead",
    }


def test_set_and_a_flag_for_the_same_setting_are_refused() -> None:
    """Neither of two flags wins."""
    assert mistakes_of({"max_age": "1d", "set": ("max_age=2d",)}) == [
        "--set max_age: --max-age gives it as well; keep one of the two"
    ]


def test_a_secret_is_never_written() -> None:
    """It is not in `edgemail config`, in a mistake, or in a repr that could be logged."""
    resolved = resolve({}, {"LIBSQL_CLIENT_TOKEN": "s3cret"})
    assert resolved.settings.store.token == "s3cret"
    assert "s3cret" not in repr(resolved)
    wrong = mistakes_of(
        {}, {"EDGEMAIL_DB_TOKEN": "s3cret s3cret", "EDGEMAIL_DB": "libsql://kim:s3cret@a.org/?t=s3cret"}
    )
    assert len(wrong) == 2
    assert "s3cret" not in "".join(wrong)


def test_the_file_is_named_by_the_flag_or_else_by_the_environment(tmp_path: Path) -> None:
    """No file is read unless it is named."""
    path = write_toml(tmp_path, 'max_age = "3d"')
    assert resolve({}, {"EDGEMAIL_CONFIG": path}).settings.retention.max_age_s == 259_200
    assert mistakes_of({}, {"EDGEMAIL_CONFIG": path}, "no-such.toml") == [
        '--config: "no-such.toml" cannot be read: No such file or directory; name a TOML file'
    ]


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        (b'max_age = "3d\n', r"is not valid TOML: .*line 1"),
        (b'max_age = "1d"\nmax_age = "2d"\nhttp = "off"', r"is not valid TOML: .*line 2"),
        (b'max_age = "\xff"', r"is not UTF-8 text"),
        (b"[smtp]\nmax_errors = 3", r"smtp: has a value of another form; write \[.*HOST:PORT"),
        (b'max_age = ["3d"]', r"max_age: has a value of another form; write one text or number"),
        (b"max_errors = true", r"max_errors: has a value of another form"),
        (b"domain = [1]", r"domain: has a value of another form"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_name(octets: bytes, complaint: str, tmp_path: Path) -> None:
    """The mistake names the file, and the line or the setting in it."""
    path = tmp_path / "edgemail.toml"
    path.write_bytes(octets)
    (mistake,) = mistakes_of(config_path=str(path))
    assert re.match(f"{re.escape(str(path))}: {complaint}", mistake)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Some editors write a byte order mark."""
    path = write_toml(tmp_path, '\ufeffmax_age = "3d"')
    assert resolve({}, {}, path).settings.retention.max_age_s == 259_200


@pytest.mark.parametrize(
    ("smtp", "http"),
    [
        (("127.0.0.1:25",), "127.0.0.1:25"),
        (("0.0.0.0:25",), "127.0.0.1:25"),
        (("[::]:25",), "[::1]:25"),
        (("localhost:25",), "127.0.0.1:25"),
        (("localhost:25",), "[::]:25"),
    ],
)
def test_two_listeners_cannot_share_a_port(smtp: tuple[str, ...], http: str) -> None:
    """The second listener would fail to start, and the order decides which one that is."""
    assert mistakes_of({"smtp": smtp, "http": (http,)}) == [
        f'--http: "{http}" is taken by smtp on {smtp[0]}; choose another port'
    ]
    assert mistakes_of({"smtp": smtp, "http": ("off",), "metrics": http}) == [
        f'--metrics: "{http}" is taken by smtp on {smtp[0]}; choose another port'
    ]
    (mistake,) = mistakes_of({"smtp": (*smtp, http), "http": ("off",)})
    assert mistake.startswith(f'--smtp: "{http}" is taken by smtp')
    (mistake,) = mistakes_of({"smtp": ("off",), "http": (*smtp, http)})
    assert mistake == f'--http: "{http}" is taken by http on {smtp[0]}; choose another port'


@pytest.mark.parametrize(
    ("smtp", "http"),
    [
        (("127.0.0.1:0", "127.0.0.1:0"), "127.0.0.1:0"),
        (("0.0.0.0:25", "[::]:25"), "off"),
        (("127.0.0.1:25", "127.0.0.2:25"), "127.0.0.1:80"),
    ],
)
def test_listeners_that_differ_in_address_may_share_a_port(smtp: tuple[str, ...], http: str) -> None:
    """IPv4 and IPv6 have separate ports, and port 0 is a different port each time."""
    assert len(resolve({"smtp": smtp, "http": (http,)}, {}).settings.smtp.listen) == len(smtp)


def test_the_reference_says_what_the_code_does(tmp_path: Path) -> None:
    """`python -m edgemail.settings docs/reference` writes it again."""
    subprocess.run([sys.executable, "-m", "edgemail.settings", str(tmp_path)], check=True, timeout=30)
    for folder in (ROOT / "docs/reference", tmp_path):
        assert {
            name: (folder / name).read_text(encoding="utf-8") for name in write_reference()
        } == write_reference()


def test_the_reference_has_every_setting_once() -> None:
    """An everyday setting stands there as its flag, an advanced one as its name."""
    page = "".join(write_reference().values())
    for setting in SETTINGS:
        spelled = setting.flag if setting.has_flag else setting.name
        assert page.count(f"| `{spelled} ") == 1
        assert f"`{setting.variable}`" in page


def test_the_everyday_settings_are_few() -> None:
    """`--help` shows all of them."""
    assert 0 < sum(setting.everyday for setting in SETTINGS) <= 25
    assert {setting.name for setting in SETTINGS if setting.everyday and not setting.has_flag} == {"db_token"}


def test_a_key_without_its_certificate_is_a_mistake() -> None:
    """The key would be ignored, and TLS would use a self-made certificate."""
    with pytest.raises(SettingsError) as caught:
        resolve({}, {"EDGEMAIL_TLS_KEY": "key.pem"})
    assert caught.value.mistakes == ['EDGEMAIL_TLS_KEY: "key.pem" needs a certificate; set tls_cert as well']


@pytest.mark.parametrize("variable", ["EDGEMAIL_WEBHOOK_SECRET", "EDGEMAIL_WEBHOOK_SECRET_FILE"])
def test_a_secret_without_a_webhook_is_a_mistake(variable: str) -> None:
    """Such as where the variable of the URL is misspelled. An empty variable gives nothing."""
    with pytest.raises(SettingsError) as caught:
        resolve({}, {variable: "s3cret"})
    assert caught.value.mistakes == [
        f"{variable}: there is no webhook to sign anything for; set webhook_url as well"
    ]
    resolve({}, {variable: ""})
    resolve({}, {variable: "s3cret", "EDGEMAIL_WEBHOOK_URL": "https://hook.example/"})


NO_CERTIFICATE = "nobody could use TLS without a certificate; set tls_cert as well"
NO_LOGINS = "nobody could log in without names and passwords; set auth_file as well"
NOT_ASKED = "asks for none of its passwords; leave one of the two out"


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"require_tls": "on"}, f"EDGEMAIL_REQUIRE_TLS: {NO_CERTIFICATE}"),
        ({"require_tls": "on", "smtps": "127.0.0.1:0"}, f"EDGEMAIL_REQUIRE_TLS: {NO_CERTIFICATE}"),
        (
            {"require_tls": "on", "tls": "off", "tls_cert": "cert.pem"},
            "EDGEMAIL_REQUIRE_TLS: nobody could use TLS, as tls is off; leave one of the two out",
        ),
        ({"auth": "required"}, f"EDGEMAIL_AUTH: {NO_LOGINS}"),
        ({"auth_file": "logins", "auth": "any"}, f"EDGEMAIL_AUTH_FILE: EDGEMAIL_AUTH = any {NOT_ASKED}"),
        ({"auth_file": "logins", "auth": "off"}, f"EDGEMAIL_AUTH_FILE: EDGEMAIL_AUTH = off {NOT_ASKED}"),
    ],
)
def test_what_is_asked_of_senders_they_must_be_able_to_give(given: dict[str, str], mistake: str) -> None:
    """A certificate for TLS, credentials for a login; and credentials that are given are asked for."""
    with pytest.raises(SettingsError) as caught:
        resolve({}, environment_of(given))
    assert caught.value.mistakes == [mistake]


@pytest.mark.parametrize(
    ("given", "auth"),
    [
        ({"require_tls": "on", "tls": "self-made"}, "any"),
        ({"require_tls": "on", "tls_cert": "cert.pem"}, "any"),
        ({"require_tls": "on", "mode": "public"}, "off"),
        ({"require_tls": "on", "smtp": "off"}, "any"),
        ({"auth": "required", "auth_file": "logins"}, "required"),
        ({"auth_file": "logins"}, "required"),
        ({"auth_file": "logins", "mode": "public"}, "required"),
    ],
)
def test_what_senders_can_give_may_be_asked_for(given: dict[str, str], auth: str) -> None:
    """A self-made certificate will do. A file of credentials is there to be asked for, in either mode."""
    assert resolve({}, environment_of(given)).settings.smtp.auth == auth


def environment_of(given: dict[str, str]) -> dict[str, str]:
    return {f"EDGEMAIL_{name.upper()}": text for name, text in given.items()}


def test_without_smtp_the_server_only_reads() -> None:
    """It needs no Maildir for the operator, even with a remote database."""
    settings = resolve({"smtp": "off", "db": "https://db.example.org", "domain": "a.org"}, {}).settings
    assert settings.read_only
    assert not Settings().read_only
    (mistake,) = mistakes_of({"db": "https://db.example.org", "domain": "a.org"})
    assert mistake.startswith("operator_maildir: ")


@pytest.mark.parametrize(
    ("flags", "mistake"),
    [
        ({"http": ("127.0.0.1:0", "off")}, '--http: "off" cannot stand beside other values'),
        ({"smtp": "off", "http": "off"}, "--smtp: is off, as http is, and nothing is left to do"),
        ({"smtp": "off", "smtps": ":::465"}, "--smtps: "),
        ({"smtp": "off", "smtps": "127.0.0.1:465"}, "--smtps: listens, but --smtp is off"),
        ({"smtp": ("off", "127.0.0.1:25")}, '--smtp: "off" cannot stand beside other values'),
        ({"db_token_file": ""}, '--db-token-file: "" is not a path'),
    ],
)
def test_what_a_reader_cannot_be_told(flags: dict[str, str], mistake: str) -> None:
    """Each mistake is a line that names the setting."""
    assert any(line.startswith(mistake) for line in mistakes_of(flags))


def test_there_are_no_more_rules_of_chaos_than_the_api_takes() -> None:
    """Every command is checked against all rules. One line says that there are too many."""
    rules = ("rcpt:451",) * 100
    assert len(resolve({"chaos": rules}, {}).settings.policy.chaos) == 100
    assert mistakes_of({"chaos": (*rules, "rcpt:999")}) == ["--chaos: has 101 entries; write 100 at most"]


@pytest.mark.parametrize("name", ["allow_senders", "deny_senders", "allow_recipients", "deny_recipients"])
def test_a_list_of_patterns_has_a_bound(name: str) -> None:
    """Each address is matched against all globs of a list."""
    patterns = [f"*{n}@*" for n in range(10_001)]
    assert len(resolve({name: tuple(patterns[1:])}, {}).origins) == len(SETTINGS)
    flag = "--" + name.replace("_", "-")
    assert mistakes_of({name: tuple(patterns)}) == [f"{flag}: has 10001 entries; write 10000 at most"]


def test_a_token_comes_from_one_place() -> None:
    """It would be unclear which of two tokens is used."""
    with pytest.raises(SettingsError) as caught:
        resolve({"db_token_file": "ro.jwt"}, {"LIBSQL_CLIENT_TOKEN": "t0k3n"})
    assert caught.value.mistakes == [
        "--db-token-file: LIBSQL_CLIENT_TOKEN gives a token as well; keep one of the two"
    ]


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), ("OFF", False), ("127.0.0.1:9100", Endpoint("127.0.0.1", 9100))]
)
def test_metrics_are_on_or_off_or_elsewhere(text: str, value: Endpoint | bool) -> None:
    """`on` means at the page's port."""
    assert resolve({"metrics": text}, {}).settings.http.metrics == value


def test_metrics_that_are_nowhere_are_a_mistake() -> None:
    """The message has all valid forms."""
    (mistake,) = mistakes_of({"metrics": "yes"})
    assert mistake.startswith('--metrics: "yes" is not HOST:PORT; write one such as ')
    assert mistake.endswith("; or write on or off")
