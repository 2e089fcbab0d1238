"""What the texts of Mailpit's settings mean here.

Each conversion returns the texts of our own settings, by their names. It raises ValueError with the rest of a
sentence that begins with the text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgemail.settings.parsing import ANY_ORIGIN, read_origin

if TYPE_CHECKING:
    from collections.abc import Callable

Texts = dict[str, tuple[str, ...]]
"""The texts of settings, by the settings' names."""

_ON_WORDS: Final = frozenset({"1", "true", "yes", "on"})
_OFF_WORDS: Final = frozenset({"", "0", "false", "no", "off"})
_CHAOS_STAGES: Final = {
    "sender": "mail",
    "recipient": "rcpt",
    "recipients": "rcpt",
    "auth": "auth",
    "authentication": "auth",
}
_TRIGGER: Final = re.compile("(?P<trigger>[A-Za-z]{1,20}):(?P<code>[45][0-9]{2}):(?P<percent>[0-9]{1,3})")
_UNLIMITED_MESSAGE: Final = "1GiB"
"""What stands for Mailpit's message size without a limit: nothing here is without one."""
_DOMAIN_REGEX: Final = re.compile(r"\^?(?:\.[*+])?@(?P<domain>(?:[A-Za-z0-9-]|\\?\.)+)\$")


def is_off(text: str) -> bool:
    """Return True for a text that switches nothing on."""
    return text.strip().lower() in _OFF_WORDS


def give(*names: str) -> Callable[[str], Texts]:
    """Return a conversion that gives the text itself to settings."""
    return lambda text: dict.fromkeys(names, (text,))


def switch(**texts: str) -> Callable[[str], Texts]:
    """Return a conversion that gives these texts where the switch is on."""

    def convert(text: str) -> Texts:
        if text.strip().lower() in _ON_WORDS:
            return {name: (value,) for name, value in texts.items()}
        if is_off(text):
            return {}
        raise ValueError("is neither on nor off; write true or false")

    return convert


def read_database(text: str) -> Texts:
    """Read where mail is kept; in a folder it is a file of ours."""
    if text.startswith(("http://", "https://")):
        raise ValueError("is a server of rqlite; write a file's path, or name a libSQL server by EDGEMAIL_DB")
    if Path(text).is_dir():
        return {"db": (str(Path(text) / "edgemail.db"),)}
    return {"db": (text,)}


def listen_as(name: str) -> Callable[[str], Texts]:
    """Return the conversion of an address to listen on: without a host, or as ``[::]``, it is every address."""

    def convert(text: str) -> Texts:
        if text.startswith("unix:"):
            raise ValueError("is a Unix socket, which is not served; write HOST:PORT")
        host, colon, port = text.rpartition(":")
        if not colon or host not in ("", "[::]") or not re.fullmatch("[0-9]{1,5}", port):
            return {name: (text,)}
        return {name: (f"0.0.0.0:{port}", f"[::]:{port}")}

    return convert


def read_max_messages(text: str) -> Texts:
    """Bound each inbox as well: Mailpit's bound is the only one, and all of a test's mail may go to one inbox."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError("is not a whole number; write one such as 500, or 0 for any number")
    count = text if int(text) else "off"
    return {"max_messages": (count,), "max_inbox_messages": (count,)}


def read_max_age(text: str) -> Texts:
    """Read hours or days; none means that no mail is too old."""
    match = re.fullmatch(r"([0-9]{1,9})([hd])", text)
    if match is None:
        raise ValueError("is not an age; write hours or days, such as 12h or 3d")
    return {"max_age": (text if int(match[1]) else "off",)}


def read_message_size(text: str) -> Texts:
    """Read megabytes, of 1,048,576 octets each."""
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError("is not a whole number of megabytes; write one such as 50")
    return {"max_message_bytes": (f"{int(text)}MiB" if int(text) else _UNLIMITED_MESSAGE,)}


def read_webroot(text: str) -> Texts:
    """Read a path, with or without its first and its last slash."""
    return {"base_path": ("/" + text.strip("/"),)}


def read_ui_auth(text: str) -> Texts:
    """Read names and secrets, and ask everyone for one."""
    return {"passwords": (text,), "private": ("on",)}


def read_ui_auth_file(text: str) -> Texts:
    """Read the path of a password file, and ask everyone for a password."""
    return {"password_file": (_check_file(text),), "private": ("on",)}


def read_file(name: str) -> Callable[[str], Texts]:
    """Return the conversion of a file's path."""
    return lambda text: {name: (_check_file(text),)}


def _check_file(text: str) -> str:
    if not Path(text).is_file():
        raise ValueError("is not there; name a file")
    return text


def read_tls_file(name: str) -> Callable[[str], Texts]:
    """Return the conversion of a file; ``sans:`` instead of one asks for a certificate made on the spot."""

    def convert(text: str) -> Texts:
        return {"tls": ("self-made",)} if text.startswith("sans:") else {name: (_check_file(text),)}

    return convert


def read_origins(text: str) -> Texts:
    """Read hosts and origins; a host alone stands for its origins by HTTP and HTTPS."""
    entries = re.split(r"[\s,]+", text.strip(" ,"))
    if ANY_ORIGIN in entries:
        return {"allowed_origin": (ANY_ORIGIN,)}
    origins: list[str] = []
    for entry in entries:
        both = [entry] if entry.startswith(("http://", "https://")) else [f"http://{entry}", f"https://{entry}"]
        try:
            origins += map(read_origin, both)
        except ValueError:
            raise ValueError("is not a list of hosts; write some such as app.test:3000, or *") from None
    return {"allowed_origin": tuple(dict.fromkeys(origins))}


def read_hosts(text: str) -> Texts:
    """Read the hosts that a request may name."""
    hosts = re.split(r"[\s,]+", text.strip(" ,"))
    if "*" in hosts:
        raise ValueError("would let any web site read the mail by DNS rebinding; name the hosts")
    return {"allowed_host": tuple(re.sub(r":[0-9]+\Z", "", host) for host in hosts)}


def read_triggers(text: str) -> Texts:
    """Read what is refused on purpose, and how often in percent."""
    rules: list[str] = []
    for entry in text.split(","):
        match = _TRIGGER.fullmatch(entry.strip())
        stage = match and _CHAOS_STAGES.get(match["trigger"].lower())
        if match is None or stage is None or int(match["percent"]) > 100:
            raise ValueError("is not a list of triggers; write Sender:451:5,Recipient:451:5,Authentication:535:5")
        if int(match["percent"]):
            rules.append(f"{stage}:{match['code']}:{int(match['percent'])}%")
    return {"chaos_api": ("on",), "chaos": tuple(rules) or ("none",)}


def read_recipients(text: str) -> Texts:
    """Read the regular expression of a domain; no other one is read, as a hostile address may make it slow."""
    match = _DOMAIN_REGEX.fullmatch(text)
    if match is None:
        raise ValueError(
            "is a regular expression that is not read here; write one of a domain, such as @example\\.org$, or set "
            "EDGEMAIL_ALLOW_RECIPIENTS to patterns such as *@example.org"
        )
    domain = match["domain"].replace("\\", "")
    return {"allow_recipients": (f"*@{domain}",)}


def read_webhook(text: str) -> Texts:
    """Read the URL of a program that is told of mail, as Mailpit tells it."""
    return {"webhook_url": (text,), "webhook_format": ("mailpit",)}


def read_seconds(name: str) -> Callable[[str], Texts]:
    """Return the conversion of a number of seconds, where 0 stands for none."""

    def convert(text: str) -> Texts:
        if not re.fullmatch("[0-9]{1,9}", text):
            raise ValueError("is not a whole number of seconds; write one such as 5, or 0 for none")
        return {name: (f"{int(text)}s" if int(text) else "off",)}

    return convert


def read_metrics(text: str) -> Texts:
    """Read a switch, or where metrics have a port of their own."""
    word = text.strip().lower()
    return {"metrics": ("on" if word == "true" else "off" if word == "false" else text,)}
