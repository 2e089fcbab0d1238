"""Finds settings that are valid one by one and wrong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.model import Endpoint
from edgemail.settings.definition import flag_of
from edgemail.settings.parsing import ANY_ORIGIN, NO_ORIGIN, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgemail.settings.table import Settings


def find_mistakes(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Give a line for each mistake. `spelled` has what somebody called each setting that was given, by its name."""
    yield from _find_missing_maildir(settings)
    yield from _find_clashes(settings, spelled)
    yield from _find_half_pairs(settings, spelled)
    yield from _find_open_doors(settings, spelled)
    yield from _find_missing_keys(settings, spelled)
    yield from _find_closed_pop3(settings, spelled)
    yield from _find_contradictions(settings, spelled)


def _find_half_pairs(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Name a setting that means nothing without another."""
    if settings.smtp.tls_key is not None and settings.smtp.tls_cert is None:
        yield f'{spelled["tls_key"]}: "{settings.smtp.tls_key}" needs a certificate; set tls_cert as well'
    if settings.store.token is not None and settings.store.token_file is not None:
        token, file = spelled["db_token"], spelled["db_token_file"]
        yield f"{file}: {token} gives a token as well; keep one of the two"
    yield from _find_useless_webhook_secret(settings, spelled)
    if settings.read_only and not (settings.http.listen or settings.pop3.is_on):
        yield f"{spelled['smtp']}: is off, as http is, and nothing is left to do; leave one of them on"
    if settings.read_only and settings.smtp.listen_tls:
        yield f"{spelled['smtps']}: listens, but {spelled['smtp']} is off; leave one of the two out"


def _find_useless_webhook_secret(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Name a secret that signs nothing, and a second one."""
    webhook = settings.webhook
    given = {"webhook_secret": webhook.signing_key, "webhook_secret_file": webhook.signing_key_file}
    names = [spelled[name] for name, value in given.items() if value is not None]
    if len(names) > 1:
        yield f"{names[1]}: {names[0]} gives a secret as well; keep one of the two"
    elif names and webhook.url is None:
        yield f"{names[0]}: there is no webhook to sign anything for; set webhook_url as well"


def _find_open_doors(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Name what asks for a password where there is none, and what lets any web page read a public server."""
    access = settings.access
    if access.private == "on" and not access.has_passwords:
        yield f"{spelled['private']}: nobody could read any mail without a password; set password_file as well"
    if access.mode == "public" and ANY_ORIGIN in settings.http.allowed_origins:
        yield f'{spelled["allowed_origin"]}: "{ANY_ORIGIN}" {NO_ORIGIN}'
    if access.compat_apis == "on" and access.all_mail == "operator" and not access.has_passwords:
        yield f"{spelled['compat_apis']}: nobody could use these APIs without a password; set password_file as well"
    if access.mode == "public" and settings.agents.mcp == "on" and settings.agents.token is None:
        yield f"{spelled['mcp']}: everyone could use these tools without a token; set EDGEMAIL_MCP_TOKEN as well"


def _find_missing_keys(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Name what SMTP would ask of senders and nobody could give."""
    smtp = settings.smtp
    if settings.read_only:
        return
    if smtp.require_tls == "on" and smtp.tls_cert is None and smtp.tls == "given":
        yield f"{spelled['require_tls']}: nobody could use TLS without a certificate; set tls_cert as well"
    if smtp.require_tls == "on" and smtp.tls == "off":
        yield f"{spelled['require_tls']}: nobody could use TLS, as tls is off; leave one of the two out"
    if smtp.auth == "required" and not smtp.has_logins:
        yield f"{spelled['auth']}: nobody could log in without names and passwords; set auth_file as well"
    if smtp.auth != "required" and smtp.has_logins:
        name = "auth_file" if smtp.auth_file is not None else "auth_passwords"
        auth = f"{spelled[name]}: {spelled['auth']} = {smtp.auth} asks for none of its passwords"
        yield f"{auth}; leave one of the two out"


def _find_closed_pop3(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Name a POP3 port where nobody could log in."""
    pop3, access = settings.pop3, settings.access
    if not pop3.is_on:
        return
    name = spelled.get("pop3") or spelled.get("pop3s") or "pop3"
    if settings.smtp.tls == "off" and pop3.listen_tls:
        yield f"{spelled.get('pop3s', 'pop3s')}: nobody could use TLS, as tls is off; leave one of the two out"
    elif settings.smtp.tls == "off" and access.mode == "public":
        yield f"{name}: nobody could log in without TLS, which is off; leave tls out"


def _find_contradictions(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Name a limit that would refuse what another one allows."""
    smtp = settings.smtp
    if smtp.max_message_bytes > max(smtp.max_spool_bytes, min(smtp.spool_above_bytes, smtp.max_memory_bytes)):
        name = "max_spool" if "max_spool" in spelled else "max_message_bytes"
        size = write_bytes(smtp.max_message_bytes)
        yield f"{spelled[name]}: a message of {size} would never have room; set max_spool to more than that"


def _find_missing_maildir(settings: Settings) -> Iterable[str]:
    """Name the operator's Maildir if mail goes there and there is no default for it."""
    if settings.operator.reserved and settings.operator.maildir is None and not settings.read_only:
        yield (
            "operator_maildir: is not given, and only a database file has a folder for mail to reserved names; "
            "name one with --operator-maildir, give --reserved none, or --mode dev to test programs"
        )


def _find_clashes(settings: Settings, spelled: Mapping[str, str]) -> Iterable[str]:
    """Name listeners that cannot both have their port."""
    listeners = [("smtp", endpoint) for endpoint in settings.smtp.listen]
    listeners += [("smtps", endpoint) for endpoint in settings.smtp.listen_tls]
    listeners += [("http", endpoint) for endpoint in settings.http.listen]
    listeners += [("pop3", endpoint) for endpoint in settings.pop3.listen]
    listeners += [("pop3s", endpoint) for endpoint in settings.pop3.listen_tls]
    if isinstance(settings.http.metrics, Endpoint):
        listeners.append(("metrics", settings.http.metrics))
    for index, (name, endpoint) in enumerate(listeners):
        for other_name, other in listeners[:index]:
            if _clash(endpoint, other):
                shown = spelled.get(name, flag_of(name))
                yield f'{shown}: "{endpoint}" is taken by {other_name} on {other}; choose another port'


def _clash(endpoint: Endpoint, other: Endpoint) -> bool:
    """Return True if two listeners would need the same port of the same address."""
    if endpoint.port != other.port or endpoint.port == 0:
        return False
    return any(
        _overlap(address, other_address)
        for address in _addresses(endpoint.host)
        for other_address in _addresses(other.host)
    )


def _overlap(address: str, other: str) -> bool:
    """Return True if two addresses of the same family are the same, or one of them is every address."""
    if (":" in address) != (":" in other):
        return False
    every = "::" if ":" in address else "0.0.0.0"  # noqa: S104 - compared, not bound
    return address == other or every in {address, other}


def _addresses(host: str) -> tuple[str, ...]:
    return ("127.0.0.1", "::1") if host == "localhost" else (host,)
