"""`edgemail send`: sends a test mail by SMTP."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from edgemail.cli.api import hide_credentials
from edgemail.cli.mail import url_option
from edgemail.cli.own_server import find_smtp, smtp_option
from edgemail.cli.parameter_types import json_option
from edgemail.cli.terminal import Failure, echo_json, echo_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.model import Endpoint

_TIMEOUT_S: Final = 40.0
"""Longer than the default of `commit_timeout`."""
_RECIPIENT: Final = "test@example.org"
_MAILS_PER_CONNECTION: Final = 100
_PROGRESS_FROM: Final = 100


@click.command()
@click.argument("address", required=False)
@smtp_option
@click.option("--to", metavar="ADDRESS", help="The recipient, as ADDRESS is. [default: test@example.org]")
@click.option(
    "--from", "sender", metavar="ADDRESS", default="sender@example.com", show_default=True, help="The sender."
)
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Send this many mails.")
@json_option
@url_option
def send(
    address: str | None, smtp: Endpoint | None, to: str | None, sender: str, count: int, *, as_json: bool, url: str
) -> None:
    """Send a test mail to ADDRESS, and print the URL of its inbox.

    It has text and HTML, a code, a link to confirm, an image and an attachment.
    """
    if address is not None and to is not None:
        raise click.UsageError("ADDRESS and --to cannot both be given")
    recipient = address or to or _RECIPIENT
    _check_address(recipient)
    page = hide_credentials(url)
    sent = _send_all(smtp or find_smtp(), sender, recipient, count)
    if count >= _PROGRESS_FROM and sys.stderr.isatty():
        with click.progressbar(sent, length=count, label="Sending", file=sys.stderr) as progress:
            for _ in progress:
                pass
    else:
        for _ in sent:
            pass
    inbox_url = f"{page}/#/{quote(recipient, safe='@')}"
    if as_json:
        echo_json({"sent": count, "to": recipient, "url": inbox_url})
    else:
        echo_line(f"sent {'1 mail' if count == 1 else f'{count} mails'} to {recipient}: {inbox_url}")


def _check_address(recipient: str) -> None:
    """Raise Failure for what is no address: smtplib would send to another one, such as `a` for `a b`."""
    from edgemail.errors import AddressError
    from edgemail.model import Address

    try:
        Address.parse(recipient)
    except AddressError as error:
        raise Failure(f'"{recipient}": {error}') from None


def _send_all(smtp: Endpoint, sender: str, recipient: str, count: int) -> Iterator[int]:
    """Send the mails, `_MAILS_PER_CONNECTION` in each connection; yield the number of each accepted mail."""
    from smtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException

    from edgemail.cli.testmail import make_testmail

    try:
        for first in range(1, count + 1, _MAILS_PER_CONNECTION):
            # Named here, since smtplib may query DNS for this machine's name.
            with SMTP(smtp.host, smtp.port, local_hostname="localhost", timeout=_TIMEOUT_S) as connection:
                for number in range(first, min(first + _MAILS_PER_CONNECTION, count + 1)):
                    mail = make_testmail(sender, recipient, number, count)
                    connection.send_message(mail, sender, [recipient])
                    yield number
    except SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise Failure(f"{smtp} does not take mail for {recipient}: {code} {_decode(text)}") from None
    except SMTPResponseException as error:
        raise Failure(f"{smtp} did not take the mail: {error.smtp_code} {_decode(error.smtp_error)}") from None
    except TimeoutError:
        raise Failure(f"{smtp} took too long to answer") from None
    except (SMTPException, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Failure(
            f"no SMTP server answers at {smtp} ({reason}): start one with `edgemail serve`, or name it with --smtp"
        ) from None
    except ValueError as error:
        raise Failure(f"no mail can be written from {sender} to {recipient}: {error}") from None


def _decode(reply: bytes | str) -> str:
    return reply.decode("utf-8", "backslashreplace") if isinstance(reply, bytes) else reply
