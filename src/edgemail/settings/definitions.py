"""The one table of settings: flags, environment, file, `edgemail config` and the docs all come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from edgemail.settings import quantities
from edgemail.settings.address_patterns import PATTERNS_MAX, read_pattern
from edgemail.settings.chaos_rules import RULES_MAX, read_rule
from edgemail.settings.values import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

ON: Final = "on"
OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of value: what stands for it in a flag's help, and how it is read and written."""

    metavar: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    choices: tuple[str, ...] = ()
    empty: str = ""
    """What stands for no value at all, in a list."""
    most: int | None = None
    """How many a list may have."""


def _or_off(kind: Kind) -> Kind:
    """Return a kind that takes ``off`` as well, for `None`."""

    def read(text: str) -> Any:
        if text.lower() == OFF:
            return None
        try:
            return kind.read(text)
        except ValueError as error:
            raise ValueError(f"{error}, or {OFF}") from None

    return Kind(f"{kind.metavar}|{OFF}", read, lambda value: OFF if value is None else kind.write(value))


def _or_switch(kind: Kind) -> Kind:
    """Return a kind that takes ``on`` and ``off`` as well, for `True` and `False`."""
    words = {ON: True, OFF: False}

    def read(text: str) -> Any:
        if text.lower() in words:
            return words[text.lower()]
        try:
            return kind.read(text)
        except ValueError as error:
            raise ValueError(f"{error}; or write {ON} or {OFF}") from None

    def write(value: Any) -> str:
        return (ON if value else OFF) if isinstance(value, bool) else kind.write(value)

    return Kind(f"{ON}|{OFF}|{kind.metavar}", read, write)


def _one_of(*choices: str) -> Kind:
    """Return a kind that is one of these words."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"is not known; write {', '.join(choices[:-1])} or {choices[-1]}")
        return text.lower()

    return Kind("|".join(choices), read, choices=choices)


_ENDPOINT: Final = Kind("HOST:PORT", quantities.read_endpoint)
_COUNT: Final = Kind("N", quantities.read_count)
_DURATION: Final = Kind("DURATION", quantities.read_duration, quantities.write_duration)
_FILE: Final = Kind("PATH", str, lambda value: "none" if value is None else value)
_BYTES: Final = Kind("SIZE", quantities.read_bytes, quantities.write_bytes)
_NETWORK: Final = Kind("NETWORK", quantities.read_network, quantities.write_network, empty="none")
_PATTERN: Final = Kind("PATTERN", read_pattern, empty="none", most=PATTERNS_MAX)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: `name` is its key in the file, and gives its flag and its environment variable."""

    name: str
    section: str
    field: str
    kind: Kind
    help: str
    default: str = ""
    """What the docs say of a default that depends on the machine or on other settings."""
    has_flag: bool = False
    secret: bool = False
    repeated: bool = False
    also_from: str = ""
    """An environment variable that is not ours and is read where ours is not set."""
    reloads: bool = False
    """Whether a change takes effect on SIGHUP; the others need a restart."""

    @property
    def flag(self) -> str:
        """The flag of this name."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable of this name."""
        return "EDGEMAIL_" + self.name.upper()

    def value_in(self, settings: Settings) -> Any:
        """Return this setting's value."""
        return getattr(getattr(settings, self.section), self.field)

    def write(self, value: Any) -> str:
        """Write a value as it could be given; a secret's text is never told."""
        if self.secret:
            return "not set" if value is None else "set"
        if self.repeated:
            return ",".join(self.kind.write(one) for one in value) or self.kind.empty
        return self.kind.write(value)


SETTINGS: Final = (
    Setting(
        "smtp",
        "smtp",
        "listen",
        Kind(f"{_ENDPOINT.metavar}|{OFF}", quantities.read_endpoint, empty=OFF),
        "Where SMTP listens; may be given more than once. Port 0 picks a free one. With `off` (or `--no-smtp`) the "
        "server only reads: it takes no mail, and writes nothing to the database.",
        has_flag=True,
        repeated=True,
    ),
    Setting("http", "http", "listen", _or_off(_ENDPOINT), "Where the page and the API listen.", has_flag=True),
    Setting(
        "metrics",
        "http",
        "metrics",
        _or_switch(_ENDPOINT),
        "Prometheus metrics: at `/metrics` beside the page, or on a port of their own.",
        has_flag=True,
    ),
    Setting(
        "db",
        "store",
        "db",
        Kind("PATH|URL", quantities.read_db),
        "Where mail is kept: a file, or a libSQL database by its URL (`libsql:`, `https:` or `http:`).",
        default="`edgemail.db` in the system's temporary directory",
        has_flag=True,
        also_from="LIBSQL_CLIENT_URL",
    ),
    Setting(
        "db_token",
        "store",
        "token",
        Kind("TOKEN", quantities.read_token),
        "The libSQL server's token. It has no flag, since other users see a program's flags.",
        secret=True,
        also_from="LIBSQL_CLIENT_TOKEN",
    ),
    Setting(
        "db_token_file",
        "store",
        "token_file",
        Kind("PATH", quantities.read_folder, lambda value: "none" if value is None else value),
        "A file with the libSQL server's token, read once at the start.",
        has_flag=True,
    ),
    Setting(
        "domain",
        "smtp",
        "domains",
        Kind("NAME", quantities.read_domain),
        "Take mail for this domain and its subdomains only; may be given more than once.",
        default="every domain",
        has_flag=True,
        repeated=True,
    ),
    Setting(
        "reserved",
        "operator",
        "reserved",
        Kind("NAME", quantities.read_reserved, empty="none"),
        "Mail for this name at any domain goes to the operator alone; may be given more than once, or be `none`.",
        default="admin, postmaster and the like where `domain` is given or SMTP listens on port 25, else none",
        has_flag=True,
        repeated=True,
    ),
    Setting(
        "operator_maildir",
        "operator",
        "maildir",
        Kind("PATH", quantities.read_folder, lambda value: "none" if value is None else value),
        "The Maildir for the operator's mail.",
        default="beside the database, its name with `.operator`",
        has_flag=True,
    ),
    Setting(
        "hostname",
        "smtp",
        "hostname",
        Kind("NAME", quantities.read_hostname),
        "What the server calls itself in its greeting and in `Received:` lines.",
        default="the first domain, else the machine's name",
        has_flag=True,
    ),
    Setting(
        "smtps",
        "smtp",
        "listen_tls",
        _ENDPOINT,
        "Where SMTP over implicit TLS listens; may be given more than once.",
        has_flag=True,
        repeated=True,
    ),
    Setting(
        "tls",
        "smtp",
        "tls",
        _one_of("auto", "off"),
        "STARTTLS: with `tls_cert`, or with a certificate of its own to peers that are not local.",
        has_flag=True,
    ),
    Setting(
        "tls_cert", "smtp", "tls_cert", _FILE, "The certificate and its chain (PEM); read again when it changes."
    ),
    Setting("tls_key", "smtp", "tls_key", _FILE, "Its private key (PEM), where it is not in the same file."),
    Setting(
        "auth",
        "smtp",
        "auth",
        _one_of("local", "any", "off"),
        "Who is offered AUTH, which takes any name and password and keeps neither.",
        has_flag=True,
    ),
    Setting(
        "allowed_host",
        "http",
        "allowed_hosts",
        Kind("NAME", quantities.read_allowed_host),
        "A further name under which browsers may reach the page; may be given more than once.",
        has_flag=True,
        repeated=True,
    ),
    Setting(
        "allowed_origin",
        "http",
        "allowed_origins",
        Kind("ORIGIN", quantities.read_origin),
        "A web origin whose pages may use the API; may be given more than once.",
        has_flag=True,
        repeated=True,
    ),
    Setting("max_age", "retention", "max_age_s", _or_off(_DURATION), "Delete mail that is older.", has_flag=True),
    Setting(
        "max_bytes",
        "retention",
        "max_bytes",
        _or_off(_BYTES),
        "Delete the oldest mail when all of it takes more than this; on a database server only messages count.",
        has_flag=True,
    ),
    Setting(
        "max_messages",
        "retention",
        "max_messages",
        _or_off(_COUNT),
        "Delete the oldest mail when there are more messages than this.",
        has_flag=True,
    ),
    Setting(
        "max_inbox_messages",
        "retention",
        "max_inbox_messages",
        _or_off(_COUNT),
        "Messages in one inbox; more than these push the oldest out.",
    ),
    Setting(
        "max_inbox_bytes",
        "retention",
        "max_inbox_bytes",
        _or_off(_BYTES),
        "Octets in one inbox; more than these push the oldest out, but never the newest.",
    ),
    Setting(
        "min_free",
        "policy",
        "min_free",
        _or_off(Kind("SHARE|SIZE", quantities.read_free_space, quantities.write_free_space)),
        "Refuse mail for now while less of the database's disk is free. Reloaded.",
        reloads=True,
    ),
    *(
        Setting(
            f"{verb}_{whom}",
            "policy",
            f"{verb}_{whom}",
            _NETWORK if whom == "sources" else _PATTERN,
            f"{does} {what}; may be given more than once. Reloaded.",
            reloads=True,
            repeated=True,
        )
        for whom, what in (
            ("senders", "senders: addresses, or globs such as `*@spam.example`, `<>` for the null sender"),
            ("recipients", "recipients: addresses or globs"),
            ("sources", "peers: IP addresses or networks"),
        )
        for verb, does in (("allow", "Allow only these"), ("deny", "Refuse these"))
    ),
    Setting(
        "chaos",
        "policy",
        "chaos",
        Kind("RULE", read_rule, empty="none", most=RULES_MAX),
        "Refuse on purpose, to test a sender: `STAGE:CODE[:SHARE][:GLOB]`, such as `rcpt:451:10%:*@slow.example`; "
        "may be given more than once. Reloaded.",
        repeated=True,
        reloads=True,
    ),
    Setting("chaos_api", "policy", "chaos_api", _one_of("off", "on"), "Let the API change `chaos`."),
    Setting(
        "log_format",
        "log",
        "format",
        _one_of("text", "json"),
        "Log lines for people, or a JSON object a line.",
        has_flag=True,
    ),
    Setting("log_level", "log", "level", _one_of("debug", "info", "warning", "error"), "The least that is logged."),
    Setting(
        "log_addresses",
        "log",
        "addresses",
        _one_of("plain", "hashed", "off"),
        "How senders and recipients stand in the log; hashes tell nothing across restarts.",
    ),
    Setting("retention_interval", "retention", "interval_s", _DURATION, "How often old mail is looked for."),
    Setting("max_message_bytes", "smtp", "max_message_bytes", _BYTES, "The largest message that is taken."),
    Setting(
        "bare_newlines",
        "smtp",
        "bare_newlines",
        _one_of("keep", "refuse"),
        "What becomes of a message by DATA that has a CR or LF standing alone. BDAT keeps all octets.",
    ),
    Setting(
        "spool_above", "smtp", "spool_above_bytes", _BYTES, "A message under way that is larger goes to a file."
    ),
    Setting(
        "spool_dir",
        "smtp",
        "spool_dir",
        Kind("PATH", quantities.read_folder, lambda value: "beside the database" if value is None else value),
        "The folder for those files, which have no name there. It should be on a disk, not in memory.",
        default="the database's folder; for a database server the system's temporary directory",
    ),
    Setting(
        "max_memory",
        "smtp",
        "max_memory_bytes",
        _BYTES,
        "What all messages under way may take in memory; past it small ones go to a file as well.",
    ),
    Setting(
        "max_spool",
        "smtp",
        "max_spool_bytes",
        _BYTES,
        "What all messages under way may take in files; past it they get 452.",
    ),
    Setting("max_recipients", "smtp", "max_recipients", _COUNT, "Recipients in one transaction."),
    Setting("max_errors", "smtp", "max_errors", _COUNT, "A peer's mistakes before its connection is closed."),
    Setting(
        "max_idle_commands",
        "smtp",
        "max_idle_commands",
        _COUNT,
        "Commands that carry no mail before the connection is closed.",
    ),
    Setting("max_transactions", "smtp", "max_transactions", _COUNT, "Transactions in one connection."),
    Setting("max_connections", "smtp", "max_connections", _COUNT, "SMTP connections at a time."),
    Setting(
        "trusted",
        "smtp",
        "trusted",
        _NETWORK,
        "A network (or address) whose peers have no limits a source; may be given more than once, or be `none`. "
        "What is given replaces the loopback networks.",
        repeated=True,
    ),
    Setting(
        "max_connections_per_source",
        "smtp",
        "max_connections_per_source",
        _COUNT,
        "SMTP connections at a time from one IPv4 address or IPv6 /64.",
    ),
    Setting("connection_rate", "smtp", "connection_rate", _COUNT, "New connections a minute from one such source."),
    Setting("message_rate", "smtp", "message_rate", _COUNT, "Messages a minute from one such source."),
    Setting(
        "proxy_from",
        "smtp",
        "proxy_from",
        _NETWORK,
        "A network (or address) of proxies: from there a PROXY header must come first; may be given more than "
        "once, or be `none`.",
        repeated=True,
    ),
    Setting("proxy_timeout", "smtp", "proxy_timeout_s", _DURATION, "How long a proxy may take over that header."),
    Setting(
        "greeting_delay",
        "smtp",
        "greeting_delay_s",
        _or_off(_DURATION),
        "How long peers that are not trusted wait for the greeting; whoever talks before it is sent away.",
    ),
    Setting("idle_timeout", "smtp", "idle_timeout_s", _DURATION, "How long a peer may take over a command."),
    Setting(
        "busy_idle_timeout",
        "smtp",
        "busy_idle_timeout_s",
        _DURATION,
        "The same for peers that are not trusted, while there are many connections.",
    ),
    Setting(
        "busy_percent",
        "smtp",
        "busy_percent",
        Kind("N", quantities.read_percent),
        "Many are more than this share of `max_connections`, in percent.",
    ),
    Setting("data_timeout", "smtp", "data_timeout_s", _DURATION, "How long it may pause within a message."),
    Setting(
        "min_rate",
        "smtp",
        "min_rate_bytes",
        _BYTES,
        "Octets a second that a message must bring on average, but from trusted peers.",
    ),
    Setting("min_rate_after", "smtp", "min_rate_after_s", _DURATION, "When in a message that is first looked at."),
    Setting(
        "linger",
        "smtp",
        "linger_s",
        _DURATION,
        "How long octets are still read, and dropped, after the last reply, so that it is not lost on its way.",
    ),
    Setting("session_timeout", "smtp", "session_timeout_s", _DURATION, "How long a connection may last."),
    Setting("tls_timeout", "smtp", "tls_timeout_s", _DURATION, "How long a TLS handshake may take."),
    Setting(
        "commit_timeout",
        "smtp",
        "commit_timeout_s",
        _DURATION,
        "How long the database may take over a message before the sender is told to try again.",
    ),
    Setting(
        "reader_timeout",
        "http",
        "reader_timeout_s",
        _DURATION,
        "How long an HTTP client may take nothing of what it is sent before it is dropped (Linux only).",
    ),
    Setting(
        "shutdown_timeout",
        "smtp",
        "shutdown_timeout_s",
        _DURATION,
        "How long open transactions may take to finish when the program stops.",
    ),
)

BY_NAME: Final = {setting.name: setting for setting in SETTINGS}


def markdown_table() -> str:
    """Return the settings as a table for the docs."""
    defaults = Settings()
    rows = ["| Setting | Environment | Default | What it does |", "|---|---|---|---|"]
    for one in SETTINGS:
        spelled = f"`{one.flag} {one.kind.metavar}`" if one.has_flag else f"`{one.name}`"
        spelled = spelled.replace("|", "\\|")
        variables = f"`{one.variable}`" + (f", `{one.also_from}`" if one.also_from else "")
        default = one.default or f"`{one.write(one.value_in(defaults))}`".replace("``", "none")
        rows.append(f"| {spelled} | {variables} | {default} | {one.help} |")
    return "\n".join(rows)
