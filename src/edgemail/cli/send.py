"""`edgemail send`: sends a test mail by SMTP."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import click

from edgemail.cli.api import hide_credentials
from edgemail.cli.mail import url_option
from edgemail.cli.terminal import Failure, echo_line
from edgemail.model import Endpoint
from edgemail.settings import read_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S: Final = 40.0
"""Longer than the default of `commit_timeout`."""
_MAILS_PER_CONNECTION: Final = 100
_PROGRESS_FROM: Final = 100


class _EndpointType(click.ParamType[Endpoint]):
    """A host and a port."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Endpoint:
        """Parse a text; return an endpoint."""
        try:
            endpoint = read_endpoint(str(value))
        except ValueError as error:
            self.fail(f'"{value}" {error}', param, ctx)
        if endpoint.port == 0:
            self.fail(f'"{value}" names no port; write the one that `edgemail serve` printed', param, ctx)
        return endpoint


@click.command()
@click.option("--smtp", type=_EndpointType(), default="127.0.0.1:2525", show_default=True, help="The SMTP server.")
@click.option(
    "--to", "recipient", metavar="ADDRESS", default="test@example.org", show_default=True, help="The recipient."
)
@click.option(
    "--from", "sender", metavar="ADDRESS", default="sender@example.com", show_default=True, help="The sender."
)
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Send this many mails.")
@url_option
def send(smtp: Endpoint, recipient: str, sender: str, count: int, url: str) -> None:
    """Send a test mail, and print the URL of its inbox.

    It has text and HTML, a code, a link to confirm, an image and an attachment.
    """
    page = hide_credentials(url)
    sent = _send_all(smtp, sender, recipient, count)
    if count >= _PROGRESS_FROM and sys.stderr.isatty():
        with click.progressbar(sent, length=count, label="Sending", file=sys.stderr) as progress:
            for _ in progress:
                pass
    else:
        for _ in sent:
            pass
    what = "1 mail" if count == 1 else f"{count} mails"
    echo_line(f"sent {what} to {recipient}: {page}/#/{quote(recipient, safe='@')}")


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
