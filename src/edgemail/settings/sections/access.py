"""Defines the settings of who may do what over HTTP, and of the mode they follow from."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal

from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import CONTACT, COUNT, CREDENTIALS, NETWORK, NETWORKS, PATH, many, one_of, unset
from edgemail.settings.sections.store import StoreSettings
from edgemail.settings.values import EVERYWHERE, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import Credential, Endpoint
    from edgemail.settings.values import Network

Mode = Literal["dev", "public"]
"""For whom the server is: for developers who test what they send, or for people on the Internet."""

Audience = Literal["everyone", "operator"]
"""Who may use a part of the HTTP port: everyone, or people with a password of `password_file`."""

HostNames = Literal["loopback", "local", "public"]
"""Under which names HTTP is served. An attacker who can make a name point here must not be among them."""

_MX_PORT: Final = 25


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
