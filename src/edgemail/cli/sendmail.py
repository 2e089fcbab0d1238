"""`edgemail sendmail`: takes mail from PHP, cron and other programs that know no SMTP, and sends it by SMTP."""

from __future__ import annotations

import getpass
import os
import re
import socket
from contextlib import closing, suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import click

from edgemail.cli.own_server import find_smtp
from edgemail.cli.parameter_types import EndpointType
from edgemail.cli.terminal import echo_line
from edgemail.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from smtplib import SMTP

    from edgemail.cli.sendmail_arguments import SendmailArguments
    from edgemail.model import Endpoint

_TIMEOUT_S: Final = 40.0
"""Longer than the default of `commit_timeout`."""
_MAX_BYTES: Final = 256 * 2**20
_BATCH: Final = 100
"""Recipients of one transaction: as many as RFC 5321 section 4.5.3.1.8 has every server take."""
_TEMPORARY: Final = range(400, 500)
_TOO_LARGE: Final = 552

_HELP: Final = """Send the message on the standard input by SMTP, as sendmail does for PHP, cron and mail programs.

\b
  sendmail_path = "edgemail sendmail -t -i"              in php.ini
  echo "Subject: hello" | edgemail sendmail kim@example.org
  ln -s $(command -v edgemail) /usr/sbin/sendmail        called by that name it does the same

\b
  -t              recipients are those of To, Cc and Bcc too; this is so as well if none is named
  -i, -oi         a line with a dot alone does not end the message
  -f ADDRESS      the envelope's sender; also -r, --from, MP_SENDMAIL_FROM [default: USER@HOST]
  -F NAME         the sender's name, where the message has no From
  -S HOST:PORT    the SMTP server; also --smtp, --smtp-addr, MP_SENDMAIL_SMTP_ADDR
                  [default: the setting smtp, which EDGEMAIL_SMTP gives; else 127.0.0.1:2525]
  --help          show this message

Bcc fields are removed. From, Date and Message-ID are added where they are missing, and lines end in CRLF.
Sendmail's other flags, such as -oem, -odi, -B8BITMIME, -N, -R, -V and -v, are taken and change nothing.
-bs, -bd, -bp and -q are refused: no SMTP is spoken on the standard input, and there is no queue.

\b
Exit status, as in sysexits.h: 0 sent; 64 wrong usage, or no recipient; 65 the message or an address is not
valid, or too large; 67 the server does not take mail for a recipient; 69 it does not take this mail; 74 the
message cannot be read; 75 the server does not answer or has no room now, try again; 76 it does not speak SMTP;
78 wrong settings.
"""


class _Exit(IntEnum):
    """The statuses of sysexits.h."""

    OK = 0
    USAGE = 64
    DATAERR = 65
    NOUSER = 67
    UNAVAILABLE = 69
    IOERR = 74
    TEMPFAIL = 75
    PROTOCOL = 76
    CONFIG = 78


class _NotSent(Exception):  # noqa: N818 - a status of the program, with what is said
    """Nothing, or not all, was sent. The text says why."""

    def __init__(self, status: _Exit, text: str) -> None:
        super().__init__(text)
        self.status = status


class _SendmailCommand(click.Command):
    """A command whose arguments click does not read: it would find flags of its own in ``-fhans@a.org``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hand all arguments to the callback."""
        ctx.params["arguments"] = tuple(args)
        return []

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first line of the help."""
        formatter.write_usage(ctx.command_path, "[-t] [-i] [-f ADDRESS] [-S HOST:PORT] [RECIPIENT...] < MESSAGE")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write no list of flags: the text has them all."""


def _sendmail(arguments: tuple[str, ...]) -> int:
    from edgemail.cli.sendmail_arguments import BadArguments, read_arguments
    from edgemail.cli.sendmail_message import BadMessage

    try:
        asked = read_arguments(arguments)
        if asked.asks_for_help:
            click.echo(click.get_current_context().get_help())
            return _Exit.OK
        _send(asked)
    except BadArguments as error:
        return _say(_Exit.USAGE, str(error))
    except BadMessage as error:
        return _say(_Exit.DATAERR, str(error))
    except SettingsError as error:
        return _say(_Exit.CONFIG, "; ".join(error.mistakes))
    except _NotSent as error:
        return _say(error.status, str(error))
    return _Exit.OK


def _say(status: _Exit, text: str) -> int:
    echo_line(f"sendmail: {text}", err=True)
    return status


def _send(asked: SendmailArguments) -> None:
    from edgemail.cli.sendmail_message import BadMessage, WrittenMail, read_recipients

    server = _find_server(asked.smtp)
    sender = _find_sender(asked.sender)
    try:
        with open(0, "rb", closefd=False) as written:  # sys.stdin is None where it was closed
            octets = written.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _NotSent(_Exit.IOERR, f"the standard input cannot be read: {error.strerror}") from None
    if len(octets) > _MAX_BYTES:
        raise BadMessage(f"the message is larger than {_MAX_BYTES // 2**20} MiB")
    mail = WrittenMail(octets, ends_at_dot=asked.ends_at_dot)
    recipients = read_recipients(asked.recipients, "arguments")
    if asked.reads_recipients or not recipients:
        recipients = list(dict.fromkeys([*recipients, *mail.find_recipients()]))
    if not recipients:
        raise _NotSent(
            _Exit.USAGE, "no recipients: name them as arguments, or in To, Cc or Bcc of the message with -t"
        )
    _submit(server, sender, recipients, mail.write(sender, asked.sender_name))


def _find_server(given: str) -> Endpoint:
    given = given or os.environ.get("MP_SENDMAIL_SMTP_ADDR", "")
    if not given:
        return find_smtp()
    try:
        return EndpointType().convert(given, None, None)
    except click.BadParameter as error:
        raise _NotSent(_Exit.USAGE, f"the SMTP server {error.message}") from None


def _find_sender(given: str | None) -> str:
    """Return the envelope's sender; ``""`` for the null reverse-path.

    Raises:
        BadMessage: it is no address.
    """
    from edgemail.cli.sendmail_message import read_recipients

    if given is None:
        given = os.environ.get("MP_SENDMAIL_FROM") or None
    if given is not None:
        return (read_recipients(["" if given.strip() == "<>" else given], "sender") or [""])[0]
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container a user may have no name
        user = "nobody"
    words = [re.sub(r"[^A-Za-z0-9-]+", "-", word).strip("-") for word in (user, socket.gethostname())]
    return f"{words[0] or 'nobody'}@{words[1] or 'localhost'}"


def _submit(server: Endpoint, sender: str, recipients: Sequence[str], data: bytes) -> None:
    """Send a message.

    Raises:
        _NotSent: some recipients were refused, or all.
    """
    from smtplib import SMTP, SMTPConnectError, SMTPException, SMTPResponseException, SMTPServerDisconnected

    from edgemail.cli.sendmail_message import batches

    try:
        # Named here, since smtplib may query DNS for this machine's name.
        with closing(SMTP(server.host, server.port, local_hostname="localhost", timeout=_TIMEOUT_S)) as connection:
            refused: dict[str, tuple[int, bytes]] = {}
            for batch in batches(recipients, _BATCH):
                refused |= _transact(connection, sender, batch, data)
            with suppress(SMTPException, OSError):  # the mail was taken already
                connection.quit()
    except TimeoutError:
        raise _NotSent(_Exit.TEMPFAIL, f"{server} took too long to answer") from None
    except SMTPConnectError as error:
        raise _NotSent(_Exit.TEMPFAIL, f"{server} is not ready: {_quote(error)}") from None
    except SMTPResponseException as error:
        raise _NotSent(_judge(error.smtp_code), f"{server} did not take the mail: {_quote(error)}") from None
    except SMTPServerDisconnected:
        raise _NotSent(_Exit.TEMPFAIL, f"{server} closed the connection") from None
    except SMTPException as error:
        raise _NotSent(_Exit.PROTOCOL, f"{server} cannot take this mail: {error}") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _NotSent(_Exit.TEMPFAIL, f"no SMTP server answers at {server} ({reason})") from None
    if refused:
        said = "; ".join(f"{recipient}: {code} {_decode(text)}" for recipient, (code, text) in refused.items())
        none = len(refused) == len(recipients)
        later = none and any(code in _TEMPORARY for code, _ in refused.values())
        raise _NotSent(_Exit.TEMPFAIL if later else _Exit.NOUSER, f"{server} does not take mail for {said}")


def _transact(
    connection: SMTP, sender: str, recipients: Sequence[str], data: bytes
) -> dict[str, tuple[int, bytes]]:
    """Send the message to some recipients; return those that the server refused, with its replies."""
    from smtplib import SMTPRecipientsRefused

    connection.ehlo_or_helo_if_needed()
    options = []
    if not data.isascii() and connection.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    if not "".join((sender, *recipients)).isascii():
        options.append("SMTPUTF8")
    try:
        return connection.sendmail(sender, recipients, data, mail_options=options)
    except SMTPRecipientsRefused as error:
        return error.recipients


def _judge(code: int) -> _Exit:
    if code in _TEMPORARY:
        return _Exit.TEMPFAIL
    return _Exit.DATAERR if code == _TOO_LARGE else _Exit.UNAVAILABLE


def _quote(error: object) -> str:
    return f"{getattr(error, 'smtp_code', '')} {_decode(getattr(error, 'smtp_error', b''))}"


def _decode(reply: bytes | str) -> str:
    return reply.decode("utf-8", "backslashreplace") if isinstance(reply, bytes) else reply


sendmail = _SendmailCommand(
    "sendmail",
    callback=_sendmail,
    short_help="Send the mail that PHP, cron or another program writes, as sendmail does.",
    help=_HELP,
)
