"""Parses command lines: verbs, paths and parameters (RFC 5321 section 4.1)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from edgemail.errors import AddressError
from edgemail.model import Address
from edgemail.smtp import replies

if TYPE_CHECKING:
    from collections.abc import Mapping

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

_FROM = re.compile(rb"[ \t]*+FROM[ \t]*+:", re.IGNORECASE)
_TO = re.compile(rb"[ \t]*+TO[ \t]*+:", re.IGNORECASE)

# "<@route,@route:local@domain>", where a ">" may be in quotes. The route is dropped (RFC 5321
# appendix C). Some printers and scanners write a path without "<" and ">", and some programs put
# blanks around it, or within these two.
_PATH = re.compile(
    r'[ \t]*+(?:<[ \t]*+(?:@[^:<>"\x00-\x1f\x7f]*:)?(?P<path>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>'
    r'|(?P<bare>[^ \t<>"]+))(?P<parameters>(?:[ \t].*)?)',
    re.DOTALL,
)
_NULL_PATH = re.compile(r"[ \t]*+<>.*", re.DOTALL)
_BLANKS = " \t"
# The value may hold "=" and characters beyond ASCII, as programs write addresses into ORCPT.
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20\x7f]+))?")
_CHUNK = re.compile(rb"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)
_HELLO_MAX_OCTETS = 255
"""As many octets of a name are kept as a domain may have (RFC 5321 section 4.5.3.1.2)."""


class Parameter(NamedTuple):
    """What a parameter's value must look like, and the reply where it does not. No value is ``""``."""

    value: re.Pattern[str]
    mistake: Reply


# RET, ENVID, NOTIFY and ORCPT ask for a delivery status notification (RFC 3461). Some clients send
# them unasked, so they are read and ignored. DSN is not offered: who offers it must send a
# notification when asked for one, and nothing is ever sent from here. A relay that was asked for one
# then sends it in our place (RFC 3461 section 5.2.2).
_MAIL_PARAMETERS = {
    "SIZE": Parameter(re.compile(r"[0-9]{1,20}"), replies.BAD_SIZE),
    "BODY": Parameter(re.compile(r"7BIT|8BITMIME", re.IGNORECASE), replies.BAD_BODY),
    "SMTPUTF8": Parameter(re.compile(r""), replies.BAD_ARGUMENT),
    # Whoever relays may say who submitted the mail (RFC 4954 section 5); it decides nothing here.
    "AUTH": Parameter(re.compile(r".{1,500}"), replies.BAD_ARGUMENT),
    "RET": Parameter(re.compile(r"FULL|HDRS", re.IGNORECASE), replies.BAD_DSN),
    "ENVID": Parameter(re.compile(r".{1,300}"), replies.BAD_DSN),
}
_CONDITION = r"(?:SUCCESS|FAILURE|DELAY)"
_RCPT_PARAMETERS = {
    "NOTIFY": Parameter(re.compile(rf"NEVER|{_CONDITION}(?:,{_CONDITION})*", re.IGNORECASE), replies.BAD_DSN),
    "ORCPT": Parameter(re.compile(r"[A-Za-z0-9-]+;.{0,500}"), replies.BAD_DSN),
}
_NO_PARAMETERS: dict[str, Parameter] = {}


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
    """Split a line, without its end, into its verb (in any case) and the rest."""
    word, _, argument = line.partition(b" ")
    verb = _VERBS.get(word)
    if verb is None and b"\t" in word:
        word, _, argument = line.partition(b"\t")
    return verb or _VERBS.get(word.upper(), Verb.UNKNOWN), argument


def read_hello(argument: bytes) -> str:
    """Read the name after HELO or EHLO: whatever it is, or ``""``.

    RFC 5321 section 4.1.4 forbids to refuse mail for a name that is wrong, and programs take any
    name of their machine: of several words, in another charset, or none.
    """
    return argument.strip(b" \t")[:_HELLO_MAX_OCTETS].decode("utf-8", "replace")


def read_mail(argument: bytes, *, extended: bool, default_domain: str | None = None) -> MailCommand:
    """Read the argument of MAIL. After HELO `extended` is false: no parameters.

    An address without a domain gets `default_domain`.

    Raises:
        CommandError: RFC 5321 section 4.1.1.2, RFC 1870, RFC 6152 and RFC 6531 do not allow it, and
            no programs in use send it.
    """
    sender, parameters = _read_common(argument, b"FROM:<")
    path = ""
    if sender is None:
        path, parameters = _split_path(argument, _FROM, replies.BAD_SENDER_PATH)
    allowed = _MAIL_PARAMETERS if extended else _NO_PARAMETERS
    declared = _read_parameters(parameters, allowed) if parameters else {}
    smtputf8 = "SMTPUTF8" in declared
    if sender is None:
        _check_script(argument, smtputf8)
        sender = _read_address(path, replies.BAD_SENDER_PATH, default_domain) if path else None
    return MailCommand(sender, int(declared.get("SIZE", 0)), smtputf8)


def read_common_rcpt(argument: bytes) -> Address | None:
    """Read the argument of RCPT in the form of nearly all; return None where only `read_rcpt` can."""
    address, parameters = _read_common(argument, b"TO:<")
    return None if parameters else address


def read_rcpt(
    argument: bytes,
    *,
    smtputf8: bool,
    postmaster_domain: str,
    extended: bool = True,
    default_domain: str | None = None,
) -> Address:
    """Read the argument of RCPT. After HELO `extended` is false: no parameters.

    A bare ``<Postmaster>`` gets `postmaster_domain` (RFC 5321 section 4.5.1), any other address
    without a domain `default_domain`.

    Raises:
        CommandError: RFC 5321 section 4.1.1.3 does not allow it, and no programs in use send it.
    """
    path, parameters = _split_path(argument, _TO, replies.BAD_PATH)
    if parameters:
        _read_parameters(parameters, _RCPT_PARAMETERS if extended else _NO_PARAMETERS)
    _check_script(argument, smtputf8)
    if path.lower() == "postmaster":
        return Address("postmaster", postmaster_domain)
    return _read_address(path, replies.BAD_PATH, default_domain)


def read_chunk(argument: bytes) -> tuple[int, bool]:
    """Read the argument of BDAT: the chunk's size in octets, and True for the last one (RFC 3030).

    Raises:
        CommandError: it is wrong, so the number of octets that follow is unknown.
    """
    match = _CHUNK.fullmatch(argument.strip(b" "))
    if match is None:
        raise CommandError(replies.BAD_CHUNK)
    return int(match[1]), match[2] is not None


def _read_common(argument: bytes, beginning: bytes) -> tuple[Address | None, str]:
    """Read the common form of a path and its parameters; `None` where only the full parser can."""
    start = len(beginning)
    if argument[:start].upper() != beginning or not argument.isascii():
        return None, ""
    path, end, parameters = argument[start:].partition(b">")
    if not end or (parameters and not parameters.startswith(b" ")):
        return None, ""
    return Address.parse_common(path), parameters.decode()


def _split_path(argument: bytes, keyword: re.Pattern[bytes], mistake: Reply) -> tuple[str, str]:
    """Return the path, ``""`` for the null one, and the parameters."""
    begins = keyword.match(argument)
    if begins is None:
        raise CommandError(replies.BAD_ARGUMENT)
    try:
        text = argument[begins.end() :].decode()
    except UnicodeDecodeError:
        raise CommandError(mistake) from None
    match = _PATH.fullmatch(text)
    if match is None:
        raise CommandError(mistake)
    path = match["bare"] or match["path"].strip(_BLANKS)
    if not path and not _NULL_PATH.fullmatch(text):  # blanks alone, or a route alone
        raise CommandError(mistake)
    return path, match["parameters"]


def _read_parameters(text: str, allowed: Mapping[str, Parameter]) -> dict[str, str]:
    """Return each parameter, in upper case, with its value, ``""`` where it has none."""
    declared: dict[str, str] = {}
    # Split at spaces alone: str.split() would split at the blanks of any script.
    for word in filter(None, text.strip(_BLANKS).split(" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise CommandError(replies.BAD_ARGUMENT)
        keyword, value = match[1].upper(), match[2] or ""
        parameter = allowed.get(keyword)
        if parameter is None:
            raise CommandError(replies.UNKNOWN_PARAMETER)
        if keyword in declared or not parameter.value.fullmatch(value):
            raise CommandError(parameter.mistake)
        declared[keyword] = value
    return declared


def _check_script(argument: bytes, smtputf8: bool) -> None:
    """Check the whole argument: a source route is dropped, but needs SMTPUTF8 as well."""
    if not smtputf8 and not argument.isascii():
        raise CommandError(replies.NEEDS_SMTPUTF8)


def _read_address(path: str, mistake: Reply, default_domain: str | None) -> Address:
    if default_domain is not None and "@" not in path:
        path = f"{path}@{default_domain}"
    try:
        return Address.parse(path)
    except AddressError:
        raise CommandError(mistake) from None
