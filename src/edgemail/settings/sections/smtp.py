"""Defines the settings of the SMTP listener: its ports, what it accepts, its limits."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgemail.model import Endpoint
from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import (
    BYTES,
    COUNT,
    CREDENTIALS,
    DOMAIN,
    DURATION,
    ENDPOINT,
    FILE,
    HOSTNAME,
    NETWORKS,
    OFF,
    PATH,
    PERCENT,
    many,
    one_of,
    or_off,
    unset,
)
from edgemail.settings.parsing import ascii_name
from edgemail.settings.values import GIB, LOOPBACK, MIB, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import Credential
    from edgemail.settings.sections.access import Mode
    from edgemail.settings.values import Network

StartTls = Literal["self-made", "given", "off"]
"""With which certificates STARTTLS is offered: also a self-made one, only `tls_cert`, or none."""

Auth = Literal["any", "required", "off"]
"""Which names and passwords AUTH takes: any, those of `auth_file`, or none as it is not offered."""


def domain_or_machine(domain: Sequence[str]) -> str:
    """Return the first domain; without one the machine's name, or ``localhost`` if that cannot be in a greeting."""
    if domain:
        return ascii_name(domain[0])
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,255}", name) else "localhost"


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


def default_domain_by_mode(mode: Mode, domain: Sequence[str]) -> str | None:
    """Return the domain of addresses without one. Programs under test name local users, as cron does."""
    if mode == "public":
        return None
    return domain[0] if domain else "localhost"


def trusted_by_mode(mode: Mode) -> tuple[Network, ...]:
    """Return the networks without per-source limits. Containers and CI jobs come from private networks."""
    return LOOPBACK if mode == "public" else PRIVATE


def share_of_max_bytes(max_bytes: int | None, max_message_bytes: int) -> int | None:
    """Return what one source may send within an hour: `None` where mail of any size is kept."""
    return None if max_bytes is None else max(max_bytes // 10, 4 * max_message_bytes)


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Ports of the SMTP listener, the mail that it accepts, and its limits."""

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
    max_message_bytes: int = setting(BYTES, 25 * MIB, "Refuse a message that is larger.")
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
        8 * MIB,
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
        64 * MIB,
        "Keep at most this much of all arriving messages in memory; past it they go to a file, and those above "
        "1 MiB past half of it.",
        name="max_memory",
    )
    max_spool_bytes: int = setting(
        BYTES,
        4 * GIB,
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
