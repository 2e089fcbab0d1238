"""`edgemail list`, `show` and `delete`: read and delete the mail of a running server."""

from __future__ import annotations

from typing import Any, Final

import click

from edgemail.cli.api import DEFAULT_URL, Api
from edgemail.cli.parameter_types import json_option
from edgemail.cli.terminal import Failure, echo_json, echo_line, echo_octets, echo_text, visible

_PAGE: Final = 50
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

key_option = click.option(
    "--key",
    metavar="KEY",
    help="The key of a locked inbox. EDGEMAIL_INBOX_KEY gives it too, or several with commas between: other users "
    "of this machine can see what is on a command line.",
)


@click.command("list")
@click.argument("address")
@click.option(
    "--limit", type=click.IntRange(1), default=_PAGE, show_default=True, help="List at most this many messages."
)
@json_option
@key_option
@url_option
def list_mail(address: str, limit: int, *, as_json: bool, key: str | None, url: str) -> None:
    """List an address's messages, newest first.

    Each line has the message's id, date, sender, subject, and its code if there is one.
    """
    api = Api(url, key)
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
        echo_line(f"{message['id']:>6}  {read_date(message)}  {sender:{FROM_WIDTH}}  {message['subject']}{codes}")
    if not messages:
        echo_line(f"no mail for {address} yet", err=True)


@click.command()
@click.argument("id_", metavar="ID", type=int)
@click.option("--raw", "form", flag_value="raw", help="Print the stored message, octet for octet.")
@click.option("--text", "form", flag_value="text", help="Print its text alone.")
@click.option("--html", "form", flag_value="html", help="Print its HTML alone, as it was sent.")
@click.option("--json", "form", flag_value="json", help="Print JSON, in the form of the HTTP API.")
@address_option
@key_option
@url_option
def show(id_: int, form: str | None, address: str | None, key: str | None, url: str) -> None:
    """Show a message by its id.

    On a terminal, control characters are escaped, so that no mail can control it. --raw, --text and
    --html write into a file or a pipe unchanged.
    """
    api = Api(url, key)
    if form == "raw":
        echo_octets(api.get_octets(*path_of(id_, address), "raw"))
        return
    message = api.get(*path_of(id_, address))
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
    echo_line(f"Date:     {read_date(message)}")
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
@click.argument("what", metavar="ID|ADDRESS")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@address_option
@key_option
@url_option
def delete(what: str, *, yes: bool, as_json: bool, address: str | None, key: str | None, url: str) -> None:
    """Delete a message, or all mail of an address.

    With --address a message is deleted from that inbox alone; other recipients keep it.
    """
    api = Api(url, key)
    by_id = what.isascii() and what.isdigit()
    question = visible(f"Delete {'message' if by_id else 'all mail of'} {what}?")
    if not yes and not click.confirm(question, err=True):
        raise Failure("nothing was deleted")
    if by_id:
        api.delete(*path_of(what, address))
        count = 1
    else:
        count = api.delete("inboxes", what)["deleted"]
    if as_json:
        echo_json({"deleted": count})
    else:
        echo_line(f"deleted {count} message{'' if count == 1 else 's'}")


def path_of(id_: int | str, address: str | None) -> tuple[str | int, ...]:
    """Return the path of a message in the API: under an address, or by its id alone."""
    return ("messages", id_) if address is None else ("inboxes", address, "messages", id_)


def read_date(message: dict[str, Any]) -> str:
    """Return a message's date for a line, in seconds."""
    return str(message["date"])[:19].replace("T", " ") + "Z"


def shorten(text: str, width: int) -> str:
    """Cut a text to at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"
