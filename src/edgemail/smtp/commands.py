"""Parses command lines: verbs, paths and parameters (RFC 5321 section 4.1)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from edgemail.errors import AddressError
from edgemail.model import Address
from edgemail.smtp import replies

if TYPE_CHECKING:
    from edgemail.smtp.outputs import Reply


class Verb(StrEnum):
    """The commands. A StrEnum, as the hash of an Enum is computed by Python code each time."""

    HELO = "HELO"
    EHLO = "EHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BDAT = "BDAT"
    RSET = "RSET"
    NOOP = "NOOP"
    VRFY = "VRFY"
    EXPN = "EXPN"
    HELP = "HELP"
    QUIT = "QUIT"
    AUTH = "AUTH"
    STARTTLS = "STARTTLS"
    HTTP = "HTTP"
    """A web browser was made to send HTTP to the SMTP port (cross-protocol scripting)."""
    UNKNOWN = ""


_VERBS: dict[bytes, Verb] = {verb.value.encode(): verb for verb in Verb if verb not in (Verb.HTTP, Verb.UNKNOWN)}
_HTTP_METHODS = {
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"CONNECT",
    b"TRACE",
    b"PRI",
}
_VERBS |= dict.fromkeys(_HTTP_METHODS, Verb.HTTP)

# "<@route,@route:local@domain>", where a ">" may be in quotes. The route is dropped (RFC 5321
# appendix C), unless nothing follows it: that is no null path. Some printers and scanners write a
# path without "<" and ">".
_PATH = re.compile(
    r' ?(?:<(?:@[^:<>"\x00-\x1f\x7f]*:(?!>))?(?P<path>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>|(?P<bare>[^ <>"]+))'
    r"(?P<parameters>(?: .*)?)",
    re.DOTALL,
)
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")
_CHUNK = re.compile(rb"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)
_HELLO = re.compile(r"[\x21-\x7e]{1,255}")


class MailCommand(NamedTuple):
    """MAIL FROM: the reverse-path, ``None`` for the null one, and what its parameters declare."""

    sender: Address | None
    size_octets: int
    smtputf8: bool


class CommandError(Exception):
    """An argument is wrong; `reply` says so to the peer."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply


def split_command(line: bytes) -> tuple[Verb, bytes]:
    """Split a line, without its CRLF, into its verb (in any case) and the rest."""
    word, _, argument = line.partition(b" ")
    verb = _VERBS.get(word)
    return (verb or _VERBS.get(word.upper().strip(), Verb.UNKNOWN)), argument


def read_hello(argument: bytes) -> str:
    """Read the name after HELO or EHLO: any printable ASCII without blanks.

    Raises:
        CommandError: there is no name, or it could not be part of a header field.
    """
    name = argument.strip().decode("ascii", "replace")
    if not _HELLO.fullmatch(name):
        raise CommandError(replies.BAD_HELLO)
    return name


def read_mail(argument: bytes, *, extended: bool, auth: bool = False) -> MailCommand:
    """Read the argument of MAIL. After HELO `extended` is false: no parameters. `auth` allows AUTH=.

    Raises:
        CommandError: RFC 5321 section 4.1.1.2, RFC 1870, RFC 6152 and RFC 6531 do not allow it.
    """
    sender, parameters = _read_common(argument, b"FROM:<")
    path = ""
    if sender is None:
        path, parameters = _split_path(argument, b"FROM:", replies.BAD_SENDER_PATH)
    allowed = (_MAIL_PARAMETERS_AUTH if auth else _MAIL_PARAMETERS) if extended else frozenset()
    size_octets, smtputf8 = _read_declarations(parameters, allowed) if parameters else (0, False)
    if sender is None:
        _check_script(argument, smtputf8)
        sender = _read_address(path, replies.BAD_SENDER_PATH) if path else None
    return MailCommand(sender, size_octets, smtputf8)


def read_rcpt(argument: bytes, *, smtputf8: bool, postmaster_domain: str) -> Address:
    """Read the argument of RCPT.

    A bare ``<Postmaster>`` gets `postmaster_domain` (RFC 5321 section 4.5.1).

    Raises:
        CommandError: RFC 5321 section 4.1.1.3 does not allow it.
    """
    common, parameters = _read_common(argument, b"TO:<")
    if common is not None and not parameters:
        return common
    path, parameters = _split_path(argument, b"TO:", replies.BAD_PATH)
    if parameters:
        _read_parameters(parameters, allowed=frozenset())
    _check_script(argument, smtputf8)
    if path.lower() == "postmaster":
        return Address("postmaster", postmaster_domain)
    return _read_address(path, replies.BAD_PATH)


def read_chunk(argument: bytes) -> tuple[int, bool]:
    """Read the argument of BDAT: the chunk's size in octets, and True for the last one (RFC 3030).

    Raises:
        CommandError: it is wrong, so the number of octets that follow is unknown.
    """
    match = _CHUNK.fullmatch(argument.strip(b" "))
    if match is None:
        raise CommandError(replies.BAD_CHUNK)
    return int(match[1]), match[2] is not None


_MAIL_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8"})
_MAIL_PARAMETERS_AUTH = _MAIL_PARAMETERS | {"AUTH"}


def _read_declarations(parameters: str, allowed: frozenset[str]) -> tuple[int, bool]:
    """Return the declared size in octets, and True if SMTPUTF8 is declared."""
    declared = _read_parameters(parameters, allowed=allowed)
    size = declared.get("SIZE", "0")
    if size is None or not _SIZE.fullmatch(size):
        raise CommandError(replies.BAD_SIZE)
    if (declared.get("BODY", "7BIT") or "").upper() not in ("7BIT", "8BITMIME"):
        raise CommandError(replies.BAD_BODY)
    smtputf8 = "SMTPUTF8" in declared
    if smtputf8 and declared["SMTPUTF8"] is not None:
        raise CommandError(replies.BAD_ARGUMENT)
    return int(size), smtputf8


def _read_common(argument: bytes, beginning: bytes) -> tuple[Address | None, str]:
    """Read the common form of a path and its parameters; `None` where only the full parser can."""
    start = len(beginning)
    if argument[:start].upper() != beginning or not argument.isascii():
        return None, ""
    path, end, parameters = argument[start:].partition(b">")
    if not end or (parameters and not parameters.startswith(b" ")):
        return None, ""
    return Address.parse_common(path), parameters.decode()


def _split_path(argument: bytes, keyword: bytes, mistake: Reply) -> tuple[str, str]:
    if argument[: len(keyword)].upper() != keyword:
        raise CommandError(replies.BAD_ARGUMENT)
    try:
        text = argument[len(keyword) :].decode()
    except UnicodeDecodeError:
        raise CommandError(mistake) from None
    match = _PATH.fullmatch(text)
    if match is None:
        raise CommandError(mistake)
    path = match["path"]
    return (match["bare"] if path is None else path), match["parameters"]


def _read_parameters(text: str, *, allowed: frozenset[str]) -> dict[str, str | None]:
    """Return each parameter, in upper case, with its value."""
    declared: dict[str, str | None] = {}
    # Split at spaces alone: str.split() would split at the blanks of any script.
    for word in filter(None, text.split(" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise CommandError(replies.BAD_ARGUMENT)
        keyword = match[1].upper()
        if keyword not in allowed:
            raise CommandError(replies.UNKNOWN_PARAMETER)
        if keyword in declared:
            raise CommandError(replies.BAD_SIZE if keyword == "SIZE" else replies.BAD_ARGUMENT)
        declared[keyword] = match[2]
    return declared


def _check_script(argument: bytes, smtputf8: bool) -> None:
    """Check the whole argument: a source route is dropped, but needs SMTPUTF8 as well."""
    if not smtputf8 and not argument.isascii():
        raise CommandError(replies.NEEDS_SMTPUTF8)


def _read_address(path: str, mistake: Reply) -> Address:
    try:
        return Address.parse(path)
    except AddressError:
        raise CommandError(mistake) from None
