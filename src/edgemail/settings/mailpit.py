"""Mailpit's variables and flags, and what each of them gives here.

Who comes from Mailpit leaves them in place. Each of them gives settings of our own, or does nothing here for the
reason that the table has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.settings.mailpit_values import (
    Texts,
    give,
    listen_as,
    read_database,
    read_file,
    read_hosts,
    read_max_age,
    read_max_messages,
    read_message_size,
    read_metrics,
    read_origins,
    read_recipients,
    read_seconds,
    read_tls_file,
    read_triggers,
    read_ui_auth,
    read_ui_auth_file,
    read_webhook,
    read_webroot,
    switch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PREFIX: Final = "MP_"


@dataclass(frozen=True, slots=True)
class MailpitSetting:
    """One of Mailpit's settings."""

    variable: str
    convert: Callable[[str], Texts] | None
    """Return what a text gives here; see `mailpit_values`. `None` if it gives nothing."""
    because: str = ""
    """Why it gives nothing."""
    old_variables: tuple[str, ...] = ()
    """Names of older releases, which are read where the present one is not set."""
    flags: tuple[str, ...] = ()
    """The flags, first the one that is shown."""
    is_switch: bool = False
    """True if its flag may stand without a value."""
    secret: bool = False
    """True if its value must never be shown."""

    @property
    def key(self) -> str:
        """The name of its flags' value among those of the command line."""
        return self.variable.lower()


@dataclass(frozen=True, slots=True)
class MailpitValue:
    """A text that somebody gave to one of Mailpit's settings, and what they called it."""

    setting: MailpitSetting
    text: str
    spelled: str
    source: str


def find_in_environment(environ: Mapping[str, str]) -> Iterator[MailpitValue]:
    """Give what variables give. An empty one is not set, and a present name wins over an older one."""
    for setting in MAILPIT_SETTINGS:
        for name in (setting.variable, *setting.old_variables):
            if environ.get(name):
                yield MailpitValue(setting, environ[name], name, f"environment {name}")
                break


def find_unknown(environ: Mapping[str, str]) -> list[str]:
    """Return the variables with Mailpit's prefix that are none of its settings."""
    names = {name for setting in MAILPIT_SETTINGS for name in (setting.variable, *setting.old_variables)}
    return sorted(name for name, text in environ.items() if name.startswith(_PREFIX) and text and name not in names)


def find_in_flags(given: Mapping[str, str]) -> Iterator[MailpitValue]:
    """Give what flags give; `given` has their texts by `MailpitSetting.key`."""
    for setting in MAILPIT_SETTINGS:
        if setting.key in given:
            flag = setting.flags[0]
            yield MailpitValue(setting, given[setting.key], flag, f"flag {flag}")


def _flag_of(variable: str) -> str:
    return "--" + variable.removeprefix(_PREFIX).lower().replace("_", "-")


def _given(
    variable: str,
    convert: Callable[[str], Texts],
    *flags: str,
    old: tuple[str, ...] = (),
    has_flag: bool = True,
    secret: bool = False,
) -> MailpitSetting:
    """Return a setting that gives some of ours. Its flag is named after it unless `flags` has others."""
    all_flags = (flags or (_flag_of(variable),)) if has_flag else ()
    return MailpitSetting(variable, convert, "", old, all_flags, secret=secret)


def _switch(variable: str, *flags: str, old: tuple[str, ...] = (), gives: Mapping[str, str]) -> MailpitSetting:
    """Return a setting that gives some of ours where it is on."""
    return MailpitSetting(variable, switch(**gives), "", old, flags or (_flag_of(variable),), is_switch=True)


def _ignored(
    because: str, *, switches: str = "", values: str = "", variables: str = ""
) -> Iterator[MailpitSetting]:
    """Give settings that do nothing here, named without the prefix; `variables` have no flags."""
    for name in switches.split():
        yield MailpitSetting(_PREFIX + name, None, because, (), (_flag_of(name),), is_switch=True)
    for name in values.split():
        yield MailpitSetting(_PREFIX + name, None, because, (), (_flag_of(name),))
    for name in variables.split():
        yield MailpitSetting(_PREFIX + name, None, because)


MAILPIT_SETTINGS: Final[tuple[MailpitSetting, ...]] = (
    _given("MP_DATABASE", read_database, "--database", "-d", "--db-file", old=("MP_DATA_FILE",)),
    _given("MP_MAX_MESSAGES", read_max_messages, "--max", "-m"),
    _given("MP_MAX_AGE", read_max_age, has_flag=False),  # our own flag has this name and means the same
    _given("MP_MAX_MESSAGE_SIZE", read_message_size),
    _switch("MP_QUIET", "--quiet", "-q", gives={"log_level": "error"}),
    _switch("MP_VERBOSE", "--verbose", "-v", gives={"log_level": "debug"}),
    _given("MP_UI_BIND_ADDR", listen_as("http"), "--listen", "-l"),
    _given("MP_WEBROOT", read_webroot),
    _given("MP_UI_AUTH", read_ui_auth, has_flag=False, secret=True),
    _given("MP_UI_AUTH_FILE", read_ui_auth_file),
    _given("MP_API_CORS", read_origins),
    _given("MP_ALLOWED_HOSTS", read_hosts),
    _given("MP_SMTP_BIND_ADDR", listen_as("smtp"), "-s"),  # `--smtp` is our own flag
    _switch("MP_SMTP_AUTH_ACCEPT_ANY", gives={"auth": "any"}),
    _given(
        "MP_SMTP_TLS_CERT",
        read_tls_file("tls_cert"),
        "--smtp-tls-cert",
        "--smtp-ssl-cert",
        old=("MP_SMTP_SSL_CERT",),
    ),
    _given(
        "MP_SMTP_TLS_KEY", read_tls_file("tls_key"), "--smtp-tls-key", "--smtp-ssl-key", old=("MP_SMTP_SSL_KEY",)
    ),
    _given("MP_SMTP_AUTH", give("auth_passwords"), has_flag=False, secret=True),
    _given("MP_SMTP_AUTH_FILE", read_file("auth_file")),
    _switch(
        "MP_SMTP_REQUIRE_STARTTLS",
        "--smtp-require-starttls",
        "--smtp-tls-required",
        old=("MP_SMTP_TLS_REQUIRED",),
        gives={"require_tls": "on"},
    ),
    _switch("MP_SMTP_REQUIRE_TLS", gives={"require_tls": "on"}),
    _switch("MP_SMTP_STRICT_RFC_HEADERS", old=("MP_STRICT_RFC_HEADERS",), gives={"bare_newlines": "refuse"}),
    _given("MP_SMTP_MAX_RECIPIENTS", give("max_recipients")),
    _given("MP_SMTP_ALLOWED_RECIPIENTS", read_recipients),
    _switch("MP_ENABLE_CHAOS", gives={"chaos_api": "on"}),
    _given("MP_CHAOS_TRIGGERS", read_triggers),
    _given("MP_ENABLE_PROMETHEUS", read_metrics),
    _given("MP_WEBHOOK_URL", read_webhook, secret=True),
    _given("MP_WEBHOOK_LIMIT", read_seconds("webhook_interval")),
    _given("MP_WEBHOOK_DELAY", read_seconds("webhook_delay")),
    *_ignored(
        "it is always so",
        switches="SMTP_AUTH_ALLOW_INSECURE SMTP_DISABLE_RDNS DISABLE_VERSION_CHECK BLOCK_REMOTE_CSS_AND_FONTS",
    ),
    *_ignored(
        "edgemail never sends mail",
        switches="SMTP_RELAY_ALL",
        values="SMTP_RELAY_CONFIG SMTP_RELAY_MATCHING SMTP_FORWARD_CONFIG",
        variables="SMTP_RELAY_HOST SMTP_RELAY_PORT SMTP_RELAY_STARTTLS SMTP_RELAY_TLS SMTP_RELAY_ALLOW_INSECURE "
        "SMTP_RELAY_AUTH SMTP_RELAY_USERNAME SMTP_RELAY_PASSWORD SMTP_RELAY_SECRET SMTP_RELAY_RETURN_PATH "
        "SMTP_RELAY_OVERRIDE_FROM SMTP_RELAY_ALLOWED_RECIPIENTS SMTP_RELAY_BLOCKED_RECIPIENTS "
        "SMTP_RELAY_PRESERVE_MESSAGE_IDS SMTP_RELAY_FWD_SMTP_ERRORS SMTP_FORWARD_HOST SMTP_FORWARD_PORT "
        "SMTP_FORWARD_STARTTLS SMTP_FORWARD_TLS SMTP_FORWARD_ALLOW_INSECURE SMTP_FORWARD_AUTH "
        "SMTP_FORWARD_USERNAME SMTP_FORWARD_PASSWORD SMTP_FORWARD_SECRET SMTP_FORWARD_RETURN_PATH "
        "SMTP_FORWARD_OVERRIDE_FROM SMTP_FORWARD_TO SMTP_FORWARD_FWD_SMTP_ERRORS",
    ),
    *_ignored("any password opens an inbox by POP3", values="POP3_AUTH_FILE", variables="POP3_AUTH"),
    *_ignored("POP3 has the certificate of tls_cert", values="POP3_TLS_CERT POP3_TLS_KEY"),
    _given("MP_POP3_BIND_ADDR", listen_as("pop3"), has_flag=False),  # its flag, --pop3, is ours as well
    *_ignored(
        "tags come from senders and the API alone",
        switches="TAGS_TITLE_CASE TAGS_USERNAME",
        values="TAGS_CONFIG TAGS_DISABLE",
    ),
    MailpitSetting("MP_TAG", None, "tags come from senders and the API alone", (), ("--tag", "-t")),
    *_ignored(
        "edgemail fetches nothing that a message names",
        switches="ALLOW_INTERNAL_HTTP_REQUESTS DISABLE_LINK_CHECK_RATE_LIMIT ALLOW_UNTRUSTED_TLS",
    ),
    *_ignored("there is no spam check", values="ENABLE_SPAMASSASSIN ENABLE_RSPAMD"),
    *_ignored(
        "HTTP has no TLS; put a proxy in front", values="UI_TLS_CERT UI_TLS_KEY", variables="UI_SSL_CERT UI_SSL_KEY"
    ),
    *_ignored(
        "the API has one list of passwords, MP_UI_AUTH",
        switches="SEND_API_AUTH_ACCEPT_ANY",
        values="SEND_API_AUTH_FILE",
        variables="SEND_API_AUTH",
    ),
    *_ignored(
        "the database has a form of its own",
        switches="DISABLE_WAL DISABLE_AUTO_VACUUM",
        values="COMPRESSION TENANT_ID",
    ),
    *_ignored("mail is kept as it came", switches="USE_MESSAGE_DATES IGNORE_DUPLICATE_IDS"),
    *_ignored("refused recipients get 550", switches="SMTP_IGNORE_REJECTED_RECIPIENTS"),
    *_ignored("the log goes to the standard error", values="LOG_FILE"),
    *_ignored(
        "there is nothing like it here",
        switches="DISABLE_HTTP_COMPRESSION HIDE_DELETE_ALL_BUTTON DISABLE_HTML_CHECK",
        values="LABEL",
        variables="DEMO_MODE",
    ),
)
