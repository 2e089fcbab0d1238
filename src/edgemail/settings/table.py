"""The table of settings: one dataclass a subsystem, one entry a setting.

Flags, environment variables, the file, `edgemail config` and the documentation come from it.
`docs/how-to/add-a-setting.md` says how to add one.
"""

from __future__ import annotations

import re
import socket
import tempfile
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from edgemail.model import Endpoint
from edgemail.settings.definition import ComputedDefault, Setting, setting, settings_in
from edgemail.settings.kinds import (
    ALLOWED_HOST,
    BASE_PATH,
    BYTES,
    CHAOS_RULES,
    CONTACT,
    COUNT,
    CREDENTIALS,
    DB,
    DOMAIN,
    DURATION,
    ENDPOINT,
    FILE,
    FREE_SPACE,
    HOSTNAME,
    LOCAL_PART,
    NETWORK,
    NETWORKS,
    NONE,
    OFF,
    ORIGIN,
    PATH,
    PATTERNS,
    PERCENT,
    TOKEN,
    WEB_URL,
    many,
    one_of,
    or_off,
    or_switch,
    unset,
)
from edgemail.settings.parsing import ascii_name
from edgemail.settings.values import EVERYWHERE, LOOPBACK, MEMORY, PRIVATE, FreeSpace, is_server_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import Credential
    from edgemail.settings.chaos_rules import ChaosRule
    from edgemail.settings.values import Network

RESERVED: Final = (
    "admin",
    "administrator",
    "webmaster",
    "hostmaster",
    "postmaster",
    "abuse",
    "noc",
    "security",
    "root",
    "ssladmin",
    "mailer-daemon",
)
"""Names to which certificate authorities mail their proofs of control, and which RFC 2142 gives the operator."""

Mode = Literal["dev", "public"]
"""For whom the server is: for developers who test what they send, or for people on the Internet."""

Audience = Literal["everyone", "operator"]
"""Who may use a part of the HTTP port: everyone, or who has a password of `password_file`."""

HostNames = Literal["loopback", "local", "public"]
"""Under which names HTTP is served. An attacker who can make a name point here must not be among them."""

StartTls = Literal["self-made", "given", "off"]
"""With which certificates STARTTLS is offered: also a self-made one, only `tls_cert`, or none."""

Auth = Literal["any", "required", "off"]
"""Which names and passwords AUTH takes: any, those of `auth_file`, or none as it is not offered."""

_MX_PORT: Final = 25
_DAY_S: Final = 86_400.0
_KIB: Final = 1024
_MIB: Final = 1024**2
_GIB: Final = 1024**3


def temporary_db() -> str:
    """Return the path of a database in the system's temporary directory."""
    return str(Path(tempfile.gettempdir()) / "edgemail.db")


def domain_or_machine(domain: Sequence[str]) -> str:
    """Return the first domain; without one the machine's name, or ``localhost`` if that cannot be in a greeting."""
    if domain:
        return ascii_name(domain[0])
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", name) else "localhost"


def mode_by_domain(domain: Sequence[str], smtp: Sequence[Endpoint], db: str) -> Mode:
    """Return ``public`` if the server takes mail from the Internet, or reads what such a server took."""
    is_edge_reader = not smtp and StoreSettings(db=db).url is not None
    if domain or is_edge_reader or any(endpoint.port == _MX_PORT for endpoint in smtp):
        return "public"
    return "dev"


def audience_by_mode(mode: Mode) -> Audience:
    """Return who may do what goes around addresses."""
    return "operator" if mode == "public" else "everyone"


def compat_by_mode(mode: Mode, all_mail: Audience) -> Literal["on", "off"]:
    """Return whether other programs' APIs are served: they list, read and delete all mail."""
    return "on" if mode == "dev" and all_mail == "everyone" else "off"


def names_by_mode(mode: Mode, http: Sequence[Endpoint]) -> HostNames:
    """Return the names that HTTP is served under. Beyond loopback a machine goes by names of its network."""
    if mode == "public":
        return "public"
    return "loopback" if all(_is_loopback(endpoint.host) for endpoint in http) else "local"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def http_sources_by_mode(mode: Mode) -> tuple[Network, ...]:
    """Return the networks that HTTP answers."""
    return EVERYWHERE if mode == "public" else PRIVATE


def tls_by_mode(mode: Mode) -> StartTls:
    """Return which certificates STARTTLS is offered with. Programs under test refuse one that nobody signed."""
    return "self-made" if mode == "public" else "given"


def auth_by_mode(mode: Mode, auth_file: str | None, auth_passwords: Sequence[Credential] | None) -> Auth:
    """Return who is offered AUTH. Programs under test often insist on a login."""
    if auth_file is not None or auth_passwords is not None:
        return "required"
    return "off" if mode == "public" else "any"


def lf_lines_by_mode(mode: Mode) -> Literal["take", "refuse"]:
    """Return whether lines that end in LF alone are taken. Scripts send them, mail servers do not."""
    return "refuse" if mode == "public" else "take"


def html_check_by_mode(mode: Mode) -> Literal["on", "off"]:
    """Return whether HTML is checked. That is for those who write mail."""
    return "on" if mode == "dev" else "off"


def mcp_by_mode(mode: Mode) -> Literal["on", "off"]:
    """Return whether agents have tools. On the Internet somebody must switch them on, with a token."""
    return "on" if mode == "dev" else "off"


def default_domain_by_mode(mode: Mode, domain: Sequence[str]) -> str | None:
    """Return the domain of addresses without one. Programs under test name local users, as cron does."""
    if mode == "public":
        return None
    return domain[0] if domain else "localhost"


def trusted_by_mode(mode: Mode) -> tuple[Network, ...]:
    """Return the networks without per-source limits. Containers and CI jobs come from private networks."""
    return LOOPBACK if mode == "public" else PRIVATE


def reserved_by_mode(mode: Mode) -> tuple[str, ...]:
    """Return the names whose mail is for the operator, if the server takes mail from the Internet."""
    return RESERVED if mode == "public" else ()


def maildir_beside_db(db: str) -> str | None:
    """Return the path of a Maildir beside the database, or `None` if the database is not a file."""
    file = StoreSettings(db=db).file
    return None if file is None else f"{file}.operator"


def share_of_max_bytes(max_bytes: int | None, max_message_bytes: int) -> int | None:
    """Return what one source may send within an hour: `None` where mail of any size is kept."""
    return None if max_bytes is None else max(max_bytes // 10, 4 * max_message_bytes)


def ten_minutes_if_public(mode: Mode) -> float | None:
    """Return how long mail is kept at least on a public server, where strangers send to the same disk."""
    return 600.0 if mode == "public" else None


def half_if_public(mode: Mode) -> int | None:
    """Return the part of an inbox that one source may use on a public server, in percent."""
    return 50 if mode == "public" else None


def private_webhook_by_mode(mode: Mode) -> Literal["on", "off"]:
    """Return whether the webhook may be at a private address. Programs under test are."""
    return "off" if mode == "public" else "on"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where mail is kept: `db` is a file's path, a server's URL, or `MEMORY`.

    `is_default` is true if nobody chose the database.
    """

    db: str = setting(
        DB,
        ComputedDefault(temporary_db, "`edgemail.db` in the system's temporary directory"),
        "Keep mail in this file, or in the libSQL database at this URL (`libsql:`, `https:` or `http:`). "
        "With `memory` all mail is lost when the program ends.",
        everyday=True,
        also_from="LIBSQL_CLIENT_URL",
    )
    token: str | None = setting(
        unset(TOKEN),
        None,
        "Send this token to the libSQL server. It has no flag, since other users see a program's flags.",
        name="db_token",
        everyday=True,
        secret=True,
        also_from="LIBSQL_CLIENT_TOKEN",
    )
    token_file: str | None = setting(
        unset(PATH),
        None,
        "Read the libSQL server's token from this file, once at the start.",
        name="db_token_file",
        everyday=True,
    )
    is_default: bool = False

    @property
    def file(self) -> Path | None:
        """The database's file; `None` where it is not a file of this machine."""
        return None if self.is_in_memory or is_server_url(self.db) else Path(self.db)

    @property
    def url(self) -> str | None:
        """The database server's URL; `None` where the database is on no server."""
        return self.db if is_server_url(self.db) else None

    @property
    def is_in_memory(self) -> bool:
        """Return True if mail is kept in memory, and lost when the program ends."""
        return self.db == MEMORY


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """What the SMTP listener takes, and its limits."""

    listen: tuple[Endpoint, ...] = setting(
        many(ENDPOINT, empty=OFF),
        (Endpoint("127.0.0.1", 2525),),
        "Listen for SMTP here. Port 0 picks a free port. With `off` (or `--no-smtp`) the server only reads: "
        "it takes no mail, and writes nothing to the database.",
        name="smtp",
        everyday=True,
    )
    listen_tls: tuple[Endpoint, ...] = setting(
        many(ENDPOINT), (), "Listen here for SMTP over implicit TLS.", name="smtps", everyday=True
    )
    domains: tuple[str, ...] = setting(
        many(DOMAIN),
        (),
        "Take mail for this domain and its subdomains only. Without one, take mail for every domain.",
        name="domain",
        everyday=True,
    )
    hostname: str = setting(
        HOSTNAME,
        ComputedDefault(domain_or_machine, "the first domain, else the machine's name"),
        "Use this name in the greeting and in `Received:` lines.",
        everyday=True,
    )
    tls: StartTls = setting(
        one_of("self-made", "given", "off"),
        ComputedDefault(tls_by_mode, "`given` in dev mode, `self-made` in public mode"),
        "Offer STARTTLS with `tls_cert`; without one, offer it with a self-made certificate (`self-made`) or not "
        "at all (`given`). `off` never offers it.",
        everyday=True,
        retired_values=("auto",),
    )
    tls_cert: str | None = setting(
        unset(FILE),
        None,
        "Use this certificate and its chain (PEM). A new one is read when it changes.",
        everyday=True,
    )
    tls_key: str | None = setting(
        unset(FILE), None, "Use this private key (PEM), if it is not in the certificate's file.", everyday=True
    )
    require_tls: Literal["off", "on"] = setting(
        one_of("off", "on"),
        "off",
        "Take no mail before STARTTLS, which needs a certificate. Mail servers may send without TLS.",
    )
    auth: Auth = setting(
        one_of("any", "required", "off"),
        ComputedDefault(
            auth_by_mode,
            "`required` with an `auth_file` or `auth_passwords`; else `any` in dev mode, `off` in public mode",
        ),
        "Offer AUTH to any peer or to none. It takes any name and password and keeps neither (`any`), or takes "
        "those of `auth_file` and `auth_passwords` alone, and no mail without them (`required`).",
        everyday=True,
        retired_values=("local",),
    )
    auth_file: str | None = setting(
        unset(PATH),
        None,
        "Take mail only from who gives a name and password of this file by AUTH. It has lines `name:password`, "
        "plain or bcrypt. CRAM-MD5 is offered where all are plain.",
    )
    auth_passwords: tuple[Credential, ...] | None = setting(
        unset(CREDENTIALS),
        None,
        "The same as the lines of `auth_file`: `name:password`, with blanks between several.",
        secret=True,
    )
    max_message_bytes: int = setting(BYTES, 25 * _MIB, "Refuse a message that is larger.")
    bare_newlines: Literal["keep", "refuse"] = setting(
        one_of("keep", "refuse"),
        "keep",
        "Keep or refuse a message by DATA in which a CR or LF stands alone. BDAT keeps all octets.",
    )
    lf_lines: Literal["take", "refuse"] = setting(
        one_of("take", "refuse"),
        ComputedDefault(lf_lines_by_mode, "`take` in dev mode, `refuse` in public mode"),
        "Take or refuse commands whose lines end in LF alone. A message whose `DATA` line did so ends with LF.LF, "
        "every other one with CRLF.CRLF.",
    )
    default_domain: str | None = setting(
        or_off(DOMAIN),
        ComputedDefault(
            default_domain_by_mode, "the first `domain`, else `localhost`, in dev mode; `off` in public mode"
        ),
        "Give this domain to an address without one: mail to `<root>` is in the inbox `root@localhost`. With `off` "
        "such an address is refused, but for `<Postmaster>`.",
    )
    max_recipients: int = setting(COUNT, 100, "Take at most this many recipients in one transaction.")
    max_errors: int = setting(COUNT, 10, "Close a connection after this many mistakes of its peer.")
    max_idle_commands: int = setting(COUNT, 100, "Close a connection after this many commands that carry no mail.")
    max_transactions: int = setting(
        COUNT, 200, "Take at most this many transactions in one connection of a peer that is not trusted."
    )
    spool_above_bytes: int = setting(
        BYTES,
        8 * _MIB,
        "Write a message to a file while it arrives, once it is larger than this.",
        name="spool_above",
    )
    spool_dir: str | None = setting(
        unset(PATH, "beside the database"),
        None,
        "The folder for these files, which have no name there. It should be on a disk, not in memory. A database "
        "server has no folder: then it is the system's temporary directory.",
    )
    max_memory_bytes: int = setting(
        BYTES,
        64 * _MIB,
        "Keep at most this much of all arriving messages in memory; past it they go to a file, and those above "
        "1 MiB past half of it.",
        name="max_memory",
    )
    max_spool_bytes: int = setting(
        BYTES,
        4 * _GIB,
        "Keep at most this much of all arriving messages in files; past it they get 452.",
        name="max_spool",
    )
    max_connections: int = setting(COUNT, 1000, "Take at most this many SMTP connections at a time.")
    trusted: tuple[Network, ...] = setting(
        NETWORKS,
        ComputedDefault(trusted_by_mode, "loopback and private networks in dev mode, loopback in public mode"),
        "Trust peers in this network or at this address: no per-source limit holds for them. `none` trusts nobody. "
        "What is given replaces the default.",
    )
    max_connections_per_source: int = setting(
        COUNT, 20, "Take at most this many SMTP connections at a time from one source: an IPv4 address or IPv6 /64."
    )
    connection_rate: int = setting(COUNT, 60, "Take at most this many new connections a minute from one source.")
    message_rate: int = setting(COUNT, 120, "Take at most this many messages a minute from one source.")
    max_bytes_per_source_per_hour: int | None = setting(
        or_off(BYTES),
        ComputedDefault(
            share_of_max_bytes, "a tenth of `max_bytes`, but four messages of `max_message_bytes` at least"
        ),
        "Take at most this much mail an hour from one source: more gets 452, and no one pushes out others' mail.",
    )
    proxy_from: tuple[Network, ...] = setting(
        NETWORKS,
        (),
        "Expect a PROXY header first from peers in this network or at this address, which are proxies.",
    )
    proxy_timeout_s: float = setting(DURATION, 5.0, "Wait this long for a PROXY header.")
    greeting_delay_s: float | None = setting(
        or_off(DURATION),
        None,
        "Let a peer that is not trusted wait this long for the greeting, and hang up if it talks first.",
    )
    idle_timeout_s: float = setting(DURATION, 300.0, "Wait this long for a command.")
    busy_idle_timeout_s: float = setting(
        DURATION, 10.0, "Wait this long for a command of a peer that is not trusted, while the server is busy."
    )
    busy_percent: int = setting(
        PERCENT, 80, "The server is busy while it has more than this share of `max_connections`, in percent."
    )
    data_timeout_s: float = setting(DURATION, 180.0, "Wait this long for the next octets of a message.")
    min_rate_bytes: int = setting(
        BYTES,
        500,
        "Close a connection whose message brings fewer octets a second on average. Trusted peers may be slower.",
        name="min_rate",
    )
    min_rate_after_s: float = setting(DURATION, 30.0, "Check `min_rate` from this long after a message began.")
    linger_s: float = setting(
        DURATION,
        2.0,
        "Read and drop input for this long after the last reply, so that the peer receives that reply.",
    )
    session_timeout_s: float = setting(DURATION, 1800.0, "Close a connection that lasts longer.")
    tls_timeout_s: float = setting(DURATION, 30.0, "Wait this long for a TLS handshake.")
    commit_timeout_s: float = setting(
        DURATION, 30.0, "Wait this long for the database, then tell the sender to try again."
    )
    shutdown_timeout_s: float = setting(
        DURATION, 30.0, "Wait this long for open transactions when the program stops."
    )

    @property
    def has_logins(self) -> bool:
        """True if there are names and passwords that senders log in with."""
        return self.auth_file is not None or self.auth_passwords is not None


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where the page and the API are, and who may use them from a browser."""

    listen: tuple[Endpoint, ...] = setting(
        many(ENDPOINT, empty=OFF),
        (Endpoint("127.0.0.1", 8025),),
        "Serve the page and the API here: on IPv4 and IPv6 if it is given twice.",
        name="http",
        everyday=True,
    )
    metrics: Endpoint | bool = setting(
        or_switch(ENDPOINT),
        True,
        "Serve Prometheus metrics: at `/metrics` beside the page, or on a port of their own.",
        everyday=True,
    )
    allowed_hosts: tuple[str, ...] = setting(
        many(ALLOWED_HOST),
        (),
        "Let browsers reach the page under this name too.",
        name="allowed_host",
        everyday=True,
    )
    allowed_origins: tuple[str, ...] = setting(
        many(ORIGIN),
        (),
        "Let pages of this web origin use the API. `*`, in dev mode alone, lets any page do so.",
        name="allowed_origin",
        everyday=True,
    )
    base_path: str = setting(
        BASE_PATH,
        "",
        "Serve the page and the API under this path, such as `/mail`, on a host that a proxy shares with others.",
    )
    reader_timeout_s: float = setting(
        DURATION, 60.0, "Close an HTTP connection whose client reads nothing for this long (Linux only)."
    )
    max_connections: int = setting(
        COUNT, 2000, "Take at most this many HTTP connections at a time.", name="max_http_connections"
    )
    max_connections_per_source: int = setting(
        COUNT,
        100,
        "Take at most this many HTTP connections at a time from one source: an IPv4 address or IPv6 /64.",
        name="max_http_connections_per_source",
    )
    max_target_bytes: int = setting(
        BYTES, 16 * _KIB, "Answer 414 to an HTTP request whose target is longer.", name="max_http_target"
    )
    max_head_bytes: int = setting(
        BYTES,
        64 * _KIB,
        "Answer 431 to an HTTP request whose request line and header fields are longer in all.",
        name="max_http_head",
    )
    max_fields: int = setting(
        COUNT, 100, "Answer 431 to an HTTP request that has more header fields.", name="max_http_fields"
    )
    max_body_bytes: int = setting(
        BYTES, _MIB, "Answer 413 to an HTTP request whose body is longer, as it is sent.", name="max_http_body"
    )
    head_timeout_s: float = setting(
        DURATION,
        10.0,
        "Wait this long for all header fields of an HTTP request.",
        name="http_head_timeout",
    )
    min_body_rate_bytes: int = setting(
        BYTES,
        500,
        "Close an HTTP connection whose request body brings fewer octets a second on average, once "
        "`http_head_timeout` has passed again.",
        name="min_http_body_rate",
    )
    keep_alive_s: float = setting(
        DURATION, 60.0, "Wait this long for the next request of an HTTP connection.", name="http_keep_alive"
    )
    min_read_rate_bytes: int = setting(
        BYTES,
        1000,
        "Close an HTTP connection whose client takes fewer octets of a large answer a second.",
        name="min_read_rate",
    )
    max_answer_bytes: int = setting(
        BYTES,
        64 * _MIB,
        "Keep at most this much of all HTTP answers under way in memory; past it they wait, then get 503.",
        name="max_answers",
    )
    max_parsed_bytes: int = setting(
        BYTES,
        32 * _MIB,
        "Keep at most this much of what was parsed in memory, for readers who ask again.",
        name="max_parsed",
    )
    max_parsed_file_bytes: int = setting(
        BYTES,
        256 * _MIB,
        "Keep at most this much of what was parsed of large messages in files without a name; past it readers get "
        "503. They are in the same folder as arriving messages.",
        name="max_parsed_files",
    )
    max_waiting_reads: int = setting(
        COUNT, 200, "Let at most this many requests wait for each kind of reading; past it they get 503."
    )
    max_streams_per_inbox: int = setting(
        COUNT, 1500, "Let at most this many event streams follow one inbox; past it they get 503."
    )
    max_streams_per_source: int = setting(
        COUNT,
        100,
        "Let at most this many event streams come from one source, an IPv4 address or IPv6 /64 that is not "
        "`trusted`; past it they get 429.",
    )
    max_waits_per_inbox: int = setting(
        COUNT, 1500, "Let at most this many requests wait for mail to one inbox; past it they get 503."
    )
    max_waits_per_source: int = setting(
        COUNT,
        100,
        "Let at most this many requests of one source that is not `trusted` wait for mail; past it they get 429.",
    )


@dataclass(frozen=True, slots=True)
class Pop3Settings:
    """Where mail programs read mail by POP3, and how many of them. `min_read_rate` holds for them too."""

    listen: tuple[Endpoint, ...] = setting(
        many(ENDPOINT),
        (),
        "Listen here for POP3. The user is an inbox's address. In dev mode any password is right, in public mode "
        "one of `password_file`, and none is taken before TLS.",
        name="pop3",
        everyday=True,
    )
    listen_tls: tuple[Endpoint, ...] = setting(
        many(ENDPOINT), (), "Listen here for POP3 over implicit TLS.", name="pop3s", everyday=True
    )
    max_connections: int = setting(
        COUNT, 200, "Take at most this many POP3 connections at a time.", name="max_pop3_connections"
    )
    max_connections_per_source: int = setting(
        COUNT,
        20,
        "Take at most this many POP3 connections at a time from one source that is not `trusted`.",
        name="max_pop3_connections_per_source",
    )
    connection_rate: int = setting(
        COUNT,
        60,
        "Take at most this many new POP3 connections, and so logins, a minute from one source not trusted.",
        name="pop3_connection_rate",
    )
    login_timeout_s: float = setting(
        DURATION, 60.0, "Wait this long for the login of a POP3 session.", name="pop3_login_timeout"
    )
    idle_timeout_s: float = setting(
        DURATION, 600.0, "Wait this long for a POP3 command after the login.", name="pop3_idle_timeout"
    )

    @property
    def is_on(self) -> bool:
        """True if there is a port for POP3."""
        return bool(self.listen or self.listen_tls)


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """Whose mail is the operator's alone, and where it goes. `reserved` are local parts in lower case."""

    reserved: tuple[str, ...] = setting(
        many(LOCAL_PART, empty=NONE),
        ComputedDefault(reserved_by_mode, "admin, postmaster and the like in public mode, none in dev mode"),
        "Keep mail for this name, at any domain, for the operator alone. `none` reserves no name.",
        everyday=True,
    )
    maildir: str | None = setting(
        unset(PATH),
        ComputedDefault(maildir_beside_db, "beside the database, its name with `.operator`"),
        "Keep the operator's mail in this Maildir.",
        name="operator_maildir",
        everyday=True,
    )


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How much mail is kept and for how long; `None` sets no bound."""

    max_age_s: float | None = setting(or_off(DURATION), 7 * _DAY_S, "Delete mail that is older.", everyday=True)
    max_messages: int | None = setting(
        or_off(COUNT), None, "Delete the oldest mail when there are more messages.", everyday=True
    )
    max_bytes: int | None = setting(
        or_off(BYTES),
        2 * _GIB,
        "Delete the oldest mail when all of it takes more; on a database server only messages count.",
        everyday=True,
    )
    min_age_for_space_s: float | None = setting(
        or_off(DURATION),
        ComputedDefault(ten_minutes_if_public, "10m in public mode, else off"),
        "Do not delete younger mail because of `max_messages` or `max_bytes`. Past these, those who send most get "
        "452 first; a quarter above them, everyone does.",
    )
    max_inbox_messages: int | None = setting(
        or_off(COUNT), 500, "Delete the oldest mail of an inbox that has more messages."
    )
    max_inbox_bytes: int | None = setting(
        or_off(BYTES), 50 * _MIB, "Delete the oldest mail of an inbox that takes more octets, but never its newest."
    )
    max_inbox_share_per_source: int | None = setting(
        or_off(PERCENT),
        ComputedDefault(half_if_public, "50 in public mode, else off"),
        "When an inbox is over a limit, delete first the oldest mail of a peer that is not `trusted` and has sent "
        "more than this share of the limit, in percent.",
    )
    interval_s: float = setting(DURATION, 60.0, "Look for old mail this often.", name="retention_interval")


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Whose mail is taken just now, and what is refused on purpose.

    Senders and recipients are patterns as `address_patterns.read_pattern` gives them.
    An empty list of those that are allowed allows everyone. `min_free` is `None` where the disk may be filled.
    """

    min_free: FreeSpace | None = setting(
        or_off(FREE_SPACE),
        FreeSpace(percent=10.0),
        "Refuse mail for now while less of the database's disk is free.",
        reloads=True,
    )
    allow_senders: tuple[str, ...] = setting(
        PATTERNS,
        (),
        "Allow only these senders: addresses, or globs such as `*@spam.example`, or `<>` for the null sender.",
        reloads=True,
    )
    deny_senders: tuple[str, ...] = setting(
        PATTERNS,
        (),
        "Refuse these senders: addresses, or globs such as `*@spam.example`, or `<>` for the null sender.",
        reloads=True,
    )
    allow_recipients: tuple[str, ...] = setting(
        PATTERNS, (), "Allow only these recipients: addresses or globs.", reloads=True
    )
    deny_recipients: tuple[str, ...] = setting(
        PATTERNS, (), "Refuse these recipients: addresses or globs.", reloads=True
    )
    allow_sources: tuple[Network, ...] = setting(
        NETWORKS, (), "Allow only these peers: IP addresses or networks.", reloads=True
    )
    deny_sources: tuple[Network, ...] = setting(
        NETWORKS, (), "Refuse these peers: IP addresses or networks.", reloads=True
    )
    chaos: tuple[ChaosRule, ...] = setting(
        CHAOS_RULES,
        (),
        "Refuse on purpose, to test a sender: `STAGE:CODE[:SHARE][:TIMES][:GLOB]`, such as "
        "`rcpt:451:10%:*@slow.example`, or `data:451:1x` for the next message alone.",
        reloads=True,
    )
    chaos_api: Literal["off", "on"] = setting(one_of("off", "on"), "off", "Let the API change `chaos`.")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and in which form."""

    format: Literal["text", "json"] = setting(
        one_of("text", "json"),
        "text",
        "Write log lines as text for people, or as one JSON object a line.",
        name="log_format",
        everyday=True,
    )
    level: Literal["debug", "info", "warning", "error"] = setting(
        one_of("debug", "info", "warning", "error"),
        "info",
        "Log only what is at least this important.",
        name="log_level",
        everyday=True,
    )
    addresses: Literal["plain", "hashed", "off"] = setting(
        one_of("plain", "hashed", "off"),
        "plain",
        "Log senders and recipients as they are, hashed or not at all. Hashes differ after a restart.",
        name="log_addresses",
    )


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """For whom the server is, and who may do what over HTTP."""

    mode: Mode = setting(
        one_of("dev", "public"),
        ComputedDefault(
            mode_by_domain, "`public` with a `domain`, with SMTP on port 25, or for an edge reader; else `dev`"
        ),
        "Serve developers on their own machines and networks (`dev`), or people on the Internet (`public`).",
        everyday=True,
    )
    all_mail: Audience = setting(
        one_of("everyone", "operator"),
        ComputedDefault(audience_by_mode, "`everyone` in dev mode, `operator` in public mode"),
        "Let everyone, or the operator alone, read mail without naming its address: by an id alone, or in a "
        "listing across inboxes.",
    )
    internals: Audience = setting(
        one_of("everyone", "operator"),
        ComputedDefault(audience_by_mode, "`everyone` in dev mode, `operator` in public mode"),
        "Show `/docs`, `/openapi.json`, `/metrics` and `/api/chaos` to everyone, or to the operator alone.",
    )
    compat_apis: Literal["on", "off"] = setting(
        one_of("on", "off"),
        ComputedDefault(compat_by_mode, "`on` in dev mode where everyone may read all mail, else `off`"),
        "Serve the APIs of other mail catchers, such as Mailpit, beside edgemail's own. They read and delete all "
        "mail, so with `all_mail = operator` they need a password of `password_file`.",
    )
    http_names: HostNames = setting(
        one_of("loopback", "local", "public"),
        ComputedDefault(
            names_by_mode,
            "`loopback` in dev mode, `local` if `http` is beyond loopback, `public` in public mode",
        ),
        "Serve HTTP under IP addresses, the domains, `hostname` and `allowed_host`. `loopback` adds localhost, "
        "\\*.localhost, \\*.test and host.docker.internal; `local` adds names without a dot, \\*.internal and "
        "\\*.local too, which others in the same network can let point here.",
    )
    allow_http_sources: tuple[Network, ...] = setting(
        many(NETWORK),
        ComputedDefault(http_sources_by_mode, "loopback and private networks in dev mode, else every address"),
        "Answer HTTP requests and POP3 from this network or address only.",
    )
    http_trusted_proxies: tuple[Network, ...] = setting(
        NETWORKS,
        (),
        "Believe the proxies in this network or at this address: `X-Forwarded-For`, `-Proto` and `-Host`, or "
        "`Forwarded`, then say who asks. Nobody else may be able to connect from there.",
    )
    password_file: str | None = setting(
        unset(PATH),
        None,
        "Take who gives a name and secret of this file for the operator. It has lines `name:secret`, plain or "
        "bcrypt; a program sends the secret as a bearer token.",
    )
    passwords: tuple[Credential, ...] | None = setting(
        unset(CREDENTIALS),
        None,
        "The same as the lines of `password_file`: `name:secret`, plain or bcrypt, with blanks between several.",
        secret=True,
    )
    private: Literal["off", "on"] = setting(
        one_of("off", "on"),
        "off",
        "Ask everyone for a password of `password_file` or `passwords`. Health checks stay open.",
    )
    deletion: Literal["on", "off"] = setting(
        one_of("on", "off"), "on", "Let readers delete mail. With `off` only the operator can."
    )
    read_rate: int = setting(
        COUNT, 600, "Take at most this many HTTP requests a minute that list or read, from a source not trusted."
    )
    wait_rate: int = setting(COUNT, 120, "Take at most this many waits a minute from a source not trusted.")
    event_rate: int = setting(
        COUNT, 60, "Take at most this many new event streams a minute from a source not trusted."
    )
    delete_rate: int = setting(COUNT, 120, "Take at most this many deletions a minute from a source not trusted.")
    link_check_rate: int = setting(
        COUNT, 10, "Check the links of at most this many messages a minute for a source not trusted."
    )
    miss_rate: int = setting(
        COUNT,
        60,
        "Refuse a source not trusted for a while once it has asked this often in a minute for messages that are "
        "not there, or for addresses without mail. A wrong password of POP3 counts as well.",
    )
    login_rate: int = setting(
        COUNT,
        10,
        "Check at most this many wrong passwords a minute from any source over HTTP and POP3, and by AUTH of SMTP "
        "from one that is not `trusted`.",
    )
    robots: Literal["refuse", "landing"] = setting(
        one_of("refuse", "landing"),
        "refuse",
        "Ask search engines in `/robots.txt` to stay away, or to look at the landing page alone.",
    )
    security_contact: str | None = setting(
        unset(CONTACT), None, "Name this mail address or URL in `/.well-known/security.txt`, for found weaknesses."
    )
    abuse_contact: str | None = setting(
        unset(CONTACT), None, "Name this mail address or URL to those who complain of what the server is used for."
    )

    @property
    def has_passwords(self) -> bool:
        """True if there is a password that makes its reader the operator."""
        return self.password_file is not None or self.passwords is not None

    @property
    def has_locks(self) -> bool:
        """True if a locked inbox opens to its key alone: where everyone may read all mail, none can."""
        return self.mode == "public" and self.all_mail == "operator"


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Which program is told of new mail, and of which."""

    url: str | None = setting(
        unset(WEB_URL),
        None,
        "Tell the program at this URL of new mail, by POST. A name and a password in it are sent as Basic. It has "
        "no flag, since URLs have secrets and other users see a program's flags.",
        name="webhook_url",
        secret=True,
    )
    format: Literal["edgemail", "mailpit"] = setting(
        one_of("edgemail", "mailpit"),
        "edgemail",
        "Tell of a message as edgemail's API does, or as Mailpit does.",
        name="webhook_format",
    )
    addresses: tuple[str, ...] = setting(
        PATTERNS, (), "Tell of mail to these recipients alone: addresses or globs.", name="webhook_address"
    )
    signing_key: str | None = setting(
        unset(TOKEN),
        None,
        "Sign what is told with this secret, in `X-Edgemail-Signature`.",
        name="webhook_secret",
        secret=True,
    )
    signing_key_file: str | None = setting(
        unset(PATH), None, "Read `webhook_secret` from this file, once at the start.", name="webhook_secret_file"
    )
    private: Literal["on", "off"] = setting(
        one_of("on", "off"),
        ComputedDefault(private_webhook_by_mode, "`on` in dev mode, `off` in public mode"),
        "Let the webhook be at a private address: loopback, private networks, a cloud's own addresses.",
        name="webhook_private",
    )
    interval_s: float | None = setting(
        or_off(DURATION), None, "Begin the webhook's requests this far apart at least.", name="webhook_interval"
    )
    delay_s: float | None = setting(
        or_off(DURATION), None, "Tell the webhook of a message this long after it came.", name="webhook_delay"
    )
    reader_url: str | None = setting(
        unset(WEB_URL, "the first address of `http`"),
        None,
        "Readers reach the page under this URL: what the webhook tells has links to each message below it.",
        name="webhook_reader_url",
    )


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Which tools agents have over MCP, and for which addresses."""

    mcp: Literal["on", "off"] = setting(
        one_of("on", "off"),
        ComputedDefault(mcp_by_mode, "`on` in dev mode, `off` in public mode"),
        "Give agents tools over MCP at `/mcp`: an address, its codes, links and messages. It needs the extra "
        "`edgemail[mcp]`, and in public mode `mcp_token`.",
        own_flag=True,
    )
    token: str | None = setting(
        unset(TOKEN),
        None,
        "Ask agents for this bearer token at `/mcp`. It has no flag, since other users see a program's flags.",
        name="mcp_token",
        secret=True,
    )
    write: Literal["off", "on"] = setting(
        one_of("off", "on"), "off", "Let agents delete messages over MCP.", name="mcp_write", own_flag=True
    )
    bodies: Literal["on", "off"] = setting(
        one_of("on", "off"),
        "on",
        "Let agents read messages over MCP. With `off` they see codes, links and senders' addresses, and no text "
        "that a sender wrote.",
        name="mcp_bodies",
        own_flag=True,
    )
    addresses: tuple[str, ...] = setting(
        PATTERNS,
        (),
        "Let agents use only these addresses over MCP: addresses, or globs such as `*@agents.example`.",
        name="mcp_address",
        own_flag=True,
    )


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What is checked of a message when a reader asks for it."""

    html: Literal["on", "off"] = setting(
        one_of("on", "off"),
        ComputedDefault(html_check_by_mode, "`on` in dev mode, `off` in public mode"),
        "Say what mail programs do not support in a message's HTML.",
        name="html_check",
    )
    links: Literal["off", "on"] = setting(
        one_of("off", "on"),
        "off",
        "Ask the servers of a message's links whether they work, when a reader asks for that. Nothing else in "
        "edgemail fetches what a message names.",
        name="link_check",
    )
    private_links: Literal["off", "on"] = setting(
        one_of("off", "on"),
        "off",
        "Let the link check ask private addresses too, and any port: loopback, private networks, a cloud's own "
        "addresses. Whoever sends mail then chooses what this machine asks in its network.",
        name="link_check_private",
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings."""

    store: StoreSettings = field(default_factory=StoreSettings)
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    pop3: Pop3Settings = field(default_factory=Pop3Settings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    log: LogSettings = field(default_factory=LogSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    agents: AgentSettings = field(default_factory=AgentSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)

    @property
    def read_only(self) -> bool:
        """True if this server takes no mail, and only reads what others put into the database."""
        return not self.smtp.listen


SETTINGS: Final[tuple[Setting, ...]] = tuple(settings_in(Settings))
