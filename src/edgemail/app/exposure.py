"""Says in the log who may read mail and whose mail is taken, where that may surprise."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgemail.settings.parsing import ANY_ORIGIN
from edgemail.settings.values import PRIVATE
from edgemail.system.sockets import is_loopback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.settings import Settings

_log = logging.getLogger(__package__)


def warn_of_readers(settings: Settings, urls: Sequence[str], pop3_urls: Sequence[str] = ()) -> None:
    """Say who may read all mail, where that is more than this machine. `urls` are those of `http`."""
    access = settings.access
    if ANY_ORIGIN in settings.http.allowed_origins:
        _log.warning("any web page that a reader opens can use the API (allowed_origin = %s)", ANY_ORIGIN)
    if access.private == "on":
        return
    pop3 = (*settings.pop3.listen, *settings.pop3.listen_tls)
    for endpoint, url in zip(pop3, pop3_urls, strict=False):
        if access.mode == "dev" and not is_loopback(endpoint.host):
            _log.warning("everyone who reaches %s can read any inbox with any password (mode = dev)", url)
    for endpoint, url in zip(settings.http.listen, urls, strict=True):
        if is_loopback(endpoint.host):
            continue
        if access.all_mail == "everyone":
            actions = "read" if settings.read_only or access.deletion == "off" else "read and delete"
            _log.warning("everyone who reaches %s can %s all mail", url, actions)
        if access.http_names == "local":
            _log.warning(
                "%s is served to %s, also under names without a dot, *.internal and *.local (mode = %s); "
                "see allow_http_sources and http_names",
                url,
                "private networks"
                if access.allow_http_sources == PRIVATE
                else "the networks of allow_http_sources",
                access.mode,
            )


def warn_of_senders(settings: Settings) -> None:
    """Say whose mail is taken, and under which rules, where that may surprise."""
    smtp, mode = settings.smtp, settings.access.mode
    if settings.read_only:
        return
    if mode == "public" and not smtp.domains:
        _log.warning("mail is taken for any domain: name your own with --domain")
    beyond = [endpoint for endpoint in (*smtp.listen, *smtp.listen_tls) if not is_loopback(endpoint.host)]
    facts = {
        "AUTH is offered to all": smtp.auth == "any",
        "STARTTLS is not offered without tls_cert": smtp.tls == "given" and smtp.tls_cert is None,
        "private networks have no per-source limits": smtp.trusted == PRIVATE,
    }
    open_doors = [fact for fact, holds in facts.items() if holds]
    if mode == "dev" and beyond and open_doors:
        _log.warning(
            "%s is served in dev mode: %s; on the Internet give --domain, or --mode public",
            ", ".join(map(str, beyond)),
            ", ".join(open_doors),
        )
