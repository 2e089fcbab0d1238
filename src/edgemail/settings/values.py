"""The settings as values: frozen, one dataclass a subsystem, with the defaults."""

from __future__ import annotations

import re
import socket
import tempfile
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgemail.model import Endpoint

if TYPE_CHECKING:
    from edgemail.settings.chaos_rules import ChaosRule

RESERVED = (
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
"""Where certificate authorities mail their proofs of control, and where RFC 2142 has the operator."""

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1"))
"""Where a machine talks to itself."""

_HTTP = Endpoint("127.0.0.1", 8025)
_DAY_S = 86_400.0
_MIB = 1024**2
_GIB = 1024**3


def machine_name() -> str:
    """Return what this machine calls itself, or ``localhost`` where that could not stand in a greeting."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", name) else "localhost"


def default_db() -> str:
    """Return the path of the database that nobody named."""
    return str(Path(tempfile.gettempdir()) / "edgemail.db")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """What the SMTP listener is told. Without `listen` there is none.

    `domains` are in lower case and stand for their subdomains too.

    `spool_dir` is `None` for the database's own folder. `connection_rate` and `message_rate` are numbers a minute,
    `min_rate_bytes` is a number a second, `busy_percent` a share of `max_connections`.
    """

    listen: tuple[Endpoint, ...] = (Endpoint("127.0.0.1", 2525),)
    hostname: str = field(default_factory=machine_name)
    domains: tuple[str, ...] = ()
    listen_tls: tuple[Endpoint, ...] = ()
    tls: Literal["auto", "off"] = "auto"
    tls_cert: str | None = None
    tls_key: str | None = None
    auth: Literal["local", "any", "off"] = "local"
    max_message_bytes: int = 26_214_400
    bare_newlines: Literal["keep", "refuse"] = "keep"
    spool_above_bytes: int = 2**20
    spool_dir: str | None = None
    max_memory_bytes: int = 64 * 2**20
    max_spool_bytes: int = 4 * _GIB
    max_recipients: int = 100
    max_errors: int = 10
    max_idle_commands: int = 100
    max_transactions: int = 200
    max_connections: int = 1000
    trusted: tuple[Network, ...] = LOOPBACK
    max_connections_per_source: int = 20
    connection_rate: int = 60
    message_rate: int = 120
    proxy_from: tuple[Network, ...] = ()
    proxy_timeout_s: float = 5.0
    greeting_delay_s: float | None = None
    idle_timeout_s: float = 300.0
    busy_idle_timeout_s: float = 10.0
    busy_percent: int = 80
    data_timeout_s: float = 180.0
    min_rate_bytes: int = 500
    min_rate_after_s: float = 30.0
    linger_s: float = 2.0
    session_timeout_s: float = 1800.0
    tls_timeout_s: float = 30.0
    commit_timeout_s: float = 30.0
    shutdown_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What the HTTP server is told. `listen` is `None` where there shall be none.

    `metrics` says whether they are there as well, or where they are instead.

    `allowed_hosts` are names without a port, `allowed_origins` have the form ``https://host[:port]``, both as
    a browser sends them: in lower case, a scheme's own port left out.
    """

    listen: Endpoint | None = _HTTP
    metrics: Endpoint | bool = True
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    reader_timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where mail is kept: `db` is a file's path or a server's URL. `is_default` is true where nobody chose it."""

    db: str = field(default_factory=default_db)
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    is_default: bool = False

    @property
    def file(self) -> Path | None:
        """The database's file; `None` where it is not a file of this machine."""
        return None if "://" in self.db else Path(self.db)


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """Whose mail is the operator's alone: `reserved` are local parts in lower case, `maildir` is where it goes.

    `maildir` is `None` where nobody named one and the database is no file beside which it could be.
    """

    reserved: tuple[str, ...] = ()
    maildir: str | None = field(default_factory=lambda: f"{default_db()}.operator")


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How much is kept and for how long; `None` sets no bound."""

    max_age_s: float | None = 7 * _DAY_S
    max_messages: int | None = None
    max_bytes: int | None = 2 * _GIB
    max_inbox_messages: int | None = 500
    max_inbox_bytes: int | None = 50 * _MIB
    interval_s: float = 60.0


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """A share of a disk or a number of octets; the other of the two is 0."""

    percent: float = 0.0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Whose mail is taken just now, and what is refused on purpose.

    Senders and recipients are patterns as `patterns.read_pattern` gives them. An empty list of those that are
    allowed allows everyone. `min_free` is `None` where the disk may be filled.
    """

    allow_senders: tuple[str, ...] = ()
    deny_senders: tuple[str, ...] = ()
    allow_recipients: tuple[str, ...] = ()
    deny_recipients: tuple[str, ...] = ()
    allow_sources: tuple[Network, ...] = ()
    deny_sources: tuple[Network, ...] = ()
    min_free: FreeSpace | None = FreeSpace(percent=10.0)
    chaos: tuple[ChaosRule, ...] = ()
    chaos_api: Literal["off", "on"] = "off"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and in which form."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
    addresses: Literal["plain", "hashed", "off"] = "plain"


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them."""

    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    log: LogSettings = field(default_factory=LogSettings)

    @property
    def read_only(self) -> bool:
        """Whether this server takes no mail, and only reads what others put into the database."""
        return not self.smtp.listen
