"""`edgemail list`, `show`, `wait` and `delete`: read and delete the mail of a running server."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import click

from edgemail.cli.api import DEFAULT_URL, Api
from edgemail.cli.parameter_types import SecondsType
from edgemail.cli.terminal import Failure, echo_json, echo_line, echo_octets, echo_text, visible

_PAGE: Final = 50
_LONGEST_WAIT_S: Final = 50.0
"""The longest wait in one request; the server ends each request after 55 s."""
FROM_WIDTH: Final = 32

url_option = click.option(
    "--url",
    envvar="EDGEMAIL_URL",
    default=DEFAULT_URL,
    show_default=True,
    help="The URL of the server's page, with NAME:SECRET@ if it needs a password. EDGEMAIL_URL gives it too, and "
    "EDGEMAIL_TOKEN a secret alone.",
)
address_option = click.option(
    "--address", metavar="ADDRESS", help="The address of its inbox; a public server knows messages by that alone."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, in the form of the HTTP API.")


@click.command("list")
@click.argument("address")
@click.option(
    "--limit", type=click.IntRange(1), default=_PAGE, show_default=True, help="List at most this many messages."
)
@json_option
@url_option
def list_mail(address: str, limit: int, *, as_json: bool, url: str) -> None:
    """List an address's messages, newest first.

    Each line has the message's id, date, sender, subject, and its code if there is one.
    """
    api = Api(url)
    messages: list[dict[str, Any]] = []
    before = None
    while len(messages) < limit:
        page = api.get("inboxes", address, "messages", limit=min(_PAGE, limit - len(messages)), before=before)
        messages += page["messages"]
        before = page["next_before"]
        if before is None:
            break
    if as_json:
        echo_json(messages)
        return
    for message in messages:
        codes = "".join(f"  [{found['code']}]" for found in message["codes"])
        sender = visible(shorten(message["from"] or f"<{message['sender']}>", FROM_WIDTH))
        echo_line(f"{message['id']:>6}  {_date(message)}  {sender:{FROM_WIDTH}}  {message['subject']}{codes}")
    if not messages:
        echo_line(f"no mail for {address} yet", err=True)


@click.command()
@click.argument("id_", metavar="ID", type=int)
@click.option("--raw", "form", flag_value="raw", help="Print the stored message, octet for octet.")
@click.option("--text", "form", flag_value="text", help="Print its text alone.")
@click.option("--html", "form", flag_value="html", help="Print its HTML alone, as it was sent.")
@click.option("--json", "form", flag_value="json", help="Print JSON, in the form of the HTTP API.")
@address_option
@url_option
def show(id_: int, form: str | None, address: str | None, url: str) -> None:
    """Show a message by its id.

    On a terminal, control characters are escaped, so that no mail can control it. --raw, --text and
    --html write into a file or a pipe unchanged.
    """
    api = Api(url)
    if form == "raw":
        echo_octets(api.get_octets(*_path_of(id_, address), "raw"))
        return
    message = api.get(*_path_of(id_, address))
    if form == "json":
        echo_json(message)
    elif form is None:
        echo_message(message)
    elif message[form] is None:
        raise Failure(f"message {id_} has no {form} part; --raw shows all of it")
    else:
        echo_text(message[form])


def echo_message(message: dict[str, Any]) -> None:
    """Print a message, which has the form of the HTTP API."""
    echo_line(f"From:     {message['from']}")
    echo_line(f"To:       {', '.join(message['recipients'])}")
    echo_line(f"Date:     {_date(message)}")
    echo_line(f"Subject:  {message['subject']}")
    for code in message["codes"]:
        echo_line(f"Code:     {code['code']}")
    for link in message["links"]:
        if link["reason"]:
            echo_line(f"Link:     {link['url']}")
    for part in message["attachments"]:
        echo_line(f"Attached: {part['name'] or 'no name'} ({part['type']}, {part['size']} bytes)")
    text = message["text"]
    if text is None and message["html"] is not None:
        text = "(HTML only: see it with --html, or on the page)"
    click.echo()
    click.echo(visible((text or "").replace("\r\n", "\n"), keep="\n\t"))


@click.command()
@click.argument("address")
@click.option(
    "--timeout",
    "timeout_s",
    type=SecondsType(),
    default="30",
    show_default=True,
    help="Wait this many seconds, or a duration such as 2m.",
)
@click.option("--after", type=click.IntRange(0), metavar="ID", help="Only messages that came after this one.")
@click.option(
    "--from", "sender", metavar="TEXT", help="Only messages with this in From: or in the envelope's sender."
)
@click.option("--subject", metavar="TEXT", help="Only messages with this in their subject.")
@click.option(
    "--code",
    "wanted",
    flag_value="code",
    help="Wait for a message with a one-time code; print just the code.",
)
@click.option(
    "--link", "wanted", flag_value="link", help="Wait for a message with a link to confirm; print just the link."
)
@json_option
@url_option
def wait(
    address: str,
    timeout_s: float,
    after: int | None,
    sender: str | None,
    subject: str | None,
    wanted: str | None,
    *,
    as_json: bool,
    url: str,
) -> None:
    """Wait until an address has mail, and print it.

    A message that has already come counts, unless --after says otherwise. The exit status is 0, or 1
    if nothing came in time.
    """
    if wanted and as_json:
        raise click.UsageError(f"--{wanted} and --json cannot both be given")
    arrivals = _Arrivals(Api(url), address, time.monotonic() + timeout_s, {"from": sender, "subject": subject})
    message = arrivals.find(after, f"{wanted}s" if wanted else None)
    if message is None:
        raise Failure(f"no {wanted or 'mail'} for {address} within {timeout_s:g} s")
    if wanted:
        echo_line(message["codes"][0]["code"] if wanted == "code" else message["links"][0]["url"])
    elif as_json:
        echo_json(message)
    else:
        echo_message(arrivals.api.get(*_path_of(message["id"], address)))


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """The messages of an address that match: those that have come, and those until `deadline` (monotonic clock)."""

    api: Api
    address: str
    deadline: float
    matching: dict[str, str | None]

    def find(self, after: int | None, wanted: str | None) -> dict[str, Any] | None:
        """Return the first message whose list `wanted` is not empty, or `None` after the deadline.

        As in the API, messages that have already come count if `after` is `None`; of those the newest is first.
        """
        message = self._next(after, self.deadline)
        if message is not None and after is None and wanted and not message[wanted]:
            message = self._newest_below(message, wanted) or message
        while message is not None and wanted and not message[wanted]:
            message = self._next(message["id"], self.deadline)
        return message

    def _newest_below(self, newest: dict[str, Any], wanted: str) -> dict[str, Any] | None:
        """Return the newest message that came before `newest` and whose list `wanted` is not empty."""
        found = None
        message = self._next(0, deadline=0.0)
        while message is not None and message["id"] < newest["id"]:
            found = message if message[wanted] else found
            message = self._next(message["id"], deadline=0.0)
        return found

    def _next(self, after: int | None, deadline: float) -> dict[str, Any] | None:
        """Return the next message after an id; wait until `deadline`, in as many requests as that takes."""
        while True:
            left_s = max(0.0, deadline - time.monotonic())
            timeout_s = round(min(left_s, _LONGEST_WAIT_S), 3)
            query = {"timeout": timeout_s, "after": after, **self.matching}
            answer = self.api.get("inboxes", self.address, "wait", wait_s=timeout_s, **query)
            if answer["status"] == "found":
                message: dict[str, Any] = answer["message"]
                return message
            if time.monotonic() >= deadline:
                return None


@click.command()
@click.argument("what", metavar="ID|ADDRESS")
@click.option("--yes", is_flag=True, help="Do not ask.")
@address_option
@url_option
def delete(what: str, *, yes: bool, address: str | None, url: str) -> None:
    """Delete a message, or all mail of an address.

    With --address a message is deleted from that inbox alone; other recipients keep it.
    """
    api = Api(url)
    by_id = what.isascii() and what.isdigit()
    question = visible(f"Delete {'message' if by_id else 'all mail of'} {what}?")
    if not yes and not click.confirm(question, err=True):
        raise Failure("nothing was deleted")
    if by_id:
        api.delete(*_path_of(what, address))
        echo_line("deleted 1 message")
    else:
        count = api.delete("inboxes", what)["deleted"]
        echo_line(f"deleted {count} message{'' if count == 1 else 's'}")


def _path_of(id_: int | str, address: str | None) -> tuple[str | int, ...]:
    """Return the path of a message in the API: under an address, or by its id alone."""
    return ("messages", id_) if address is None else ("inboxes", address, "messages", id_)


def _date(message: dict[str, Any]) -> str:
    return str(message["date"])[:19].replace("T", " ") + "Z"


def shorten(text: str, width: int) -> str:
    """Cut a text to at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"
