"""`edgemail operator`: reads the mail for reserved names from its Maildir on this machine."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.mail import FROM_WIDTH, echo_message, read_date, shorten
from edgemail.cli.parameter_types import make_json_option
from edgemail.cli.serve import print_warnings, resolve_flags, setting_options
from edgemail.cli.terminal import Failure, echo_json, echo_line, echo_octets, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.mailbox.operator import OperatorMail, OperatorMailbox

_HEAD_BYTES: Final = 16_384
_DELIVERED_TO: Final = b"Delivered-To: "
_OPTIONS: Final = ("db", "operator_maildir")


def _list(*, as_json: bool, **flags: Any) -> None:
    folder, source = _find_folder(flags)
    messages = []
    with _reading(folder) as mailbox:
        for mail in reversed(mailbox.list_mail()):
            with contextlib.suppress(FileNotFoundError):  # a mail program has just moved it
                messages.append(_summarize(mail))
    if as_json:
        echo_json(messages)
        return
    for message in messages:
        echo_line(_write_line(message))
    if not messages:
        echo_line(f"no mail for the operator in {folder} ({source}) yet", err=True)


def _show(*, what: str, raw: bool, as_json: bool, **flags: Any) -> None:
    if raw and as_json:
        raise click.UsageError("--raw and --json cannot both be given")
    with _reading(_find_folder(flags)[0]) as mailbox:
        mail = mailbox.find(what)
        data = mail.path.read_bytes()
    if raw:
        echo_octets(data)
    elif as_json:
        echo_json(_describe(mail, data))
    else:
        message = _describe(mail, data)
        if message["text"] is None and message["html"] is not None:
            message["text"] = "(HTML only: see it with --raw)"
        echo_message(message)


def _find_folder(flags: dict[str, Any]) -> tuple[str, str]:
    """Return the Maildir, and which setting names it.

    Raises:
        Failure: there is none, which is mostly because the server has other settings.
    """
    resolved = resolve_flags(flags)
    print_warnings(resolved)
    folder = resolved.settings.operator.maildir
    if folder is None:
        raise Failure("there is no folder for the operator's mail; name it with --operator-maildir")
    origins = {origin.setting.name: origin.source for origin in resolved.origins}
    source = f"operator_maildir: {origins['operator_maildir']}"
    if origins["operator_maildir"].startswith("default"):
        source += f"; db: {origins['db']}"
    if not os.path.lexists(folder):
        raise Failure(
            f"there is no folder {folder} ({source}): give the server's own settings with --config, --db or "
            "--operator-maildir; a server makes the folder when it starts"
        )
    return folder, source


@contextlib.contextmanager
def _reading(folder: str) -> Iterator[OperatorMailbox]:
    from edgemail.mailbox.operator import OperatorMailbox  # no other command needs it, or `mime`

    try:
        yield OperatorMailbox(Path(folder))
    except OSError as error:
        raise Failure(f"{error.filename or folder} cannot be read: {error.strerror}") from error


def _summarize(mail: OperatorMail) -> dict[str, Any]:
    """Return what a list says of a message, in the form of the HTTP API."""
    from edgemail import mime

    with mail.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    summary = mime.summarize(head)
    return {
        "id": mail.id,
        "new": mail.is_new,
        "date": _write_date(mail),
        "from": summary.sender_name or _read_sender(head),
        "recipients": _read_recipients(head),
        "subject": summary.subject,
        "size": mail.size,
    }


def _write_line(message: dict[str, Any]) -> str:
    sender = visible(shorten(message["from"], FROM_WIDTH))
    mark = "*" if message["new"] else " "
    return (
        f"{message['id']} {mark} {read_date(message)}  {sender:{FROM_WIDTH}}  {', '.join(message['recipients'])}  "
        f"{message['subject']}"
    )


def _describe(mail: OperatorMail, data: bytes) -> dict[str, Any]:
    """Return a message in the form of the HTTP API."""
    from edgemail import mime

    content = mime.read(data)
    summary = asdict(content.summary)
    del summary["words"], summary["source"], summary["sender_name"]  # the store's own, and what "from" has
    return {
        "id": mail.id,
        "new": mail.is_new,
        **summary,
        "from": content.summary.sender_name or _read_sender(data[:_HEAD_BYTES]),
        "recipients": _read_recipients(data[:_HEAD_BYTES]),
        "date": _write_date(mail),
        "size": mail.size,
        "text": content.text,
        "html": content.html,
    }


def _write_date(mail: OperatorMail) -> str:
    return f"{mail.date:%Y-%m-%dT%H:%M:%SZ}"


def _read_sender(head: bytes) -> str:
    """Read the envelope's sender from the first line, for mail without From:."""
    return head.partition(b"\r\n")[0].decode("utf-8", "replace").removeprefix("Return-Path: ")


def _read_recipients(head: bytes) -> list[str]:
    """Read the fields that edgemail wrote after the first line, but none that the sender wrote."""
    recipients = []
    for line in head.split(b"\r\n")[1:]:
        if not line.startswith(_DELIVERED_TO):
            break
        recipients.append(line.removeprefix(_DELIVERED_TO).decode("utf-8", "replace"))
    return recipients


_list_command = click.Command(
    "list",
    params=[make_json_option(), *setting_options(*_OPTIONS)],
    callback=_list,
    short_help="List the operator's messages, newest first.",
    help="""List the operator's messages, newest first.

    Each line has the message's id, a star where it is new, its date, sender, recipients and subject.""",
)

_show_command = click.Command(
    "show",
    params=[
        click.Argument(["what"], metavar="ID|FILE"),
        click.Option(["--raw"], is_flag=True, help="Print the stored message, octet for octet."),
        make_json_option(),
        *setting_options(*_OPTIONS),
    ],
    callback=_show,
    short_help="Show one of the operator's messages.",
    help="""Show one of the operator's messages, by its id or the name of its file.

    On a terminal, control characters are made visible, so that no mail can drive it; --raw goes into a file
    or a pipe as it is.""",
)

operator = click.Group(
    "operator",
    commands=[_list_command, _show_command],
    short_help="Read the mail for reserved names: postmaster, admin and the like.",
    help="""Read the mail for reserved names: postmaster, admin and the like.

    It rests in a Maildir on the server, never in the database, and no page or API shows it. Run this there,
    as a user who may read it, with the settings of `edgemail serve`: its environment, --config or --db.""",
)
