"""`edgemail operator`: reads the mail for reserved names from its Maildir on this machine."""

from __future__ import annotations

import contextlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.mail import FROM_WIDTH, echo_message, shorten
from edgemail.cli.serve import read_settings, setting_options
from edgemail.cli.terminal import Failure, echo_line, echo_octets, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.mailbox.operator import OperatorMail, OperatorMailbox

_HEAD_BYTES: Final = 16_384
_DELIVERED_TO: Final = b"Delivered-To: "
_OPTIONS: Final = ("db", "operator_maildir")


def _list(**flags: Any) -> None:
    folder = _folder_of(flags)
    lines = []
    with _reading(folder) as mailbox:
        for mail in reversed(mailbox.list_mail()):
            with contextlib.suppress(FileNotFoundError):  # a mail program has just moved it
                lines.append(_write_line(mail))
    for line in lines:
        echo_line(line)
    if not lines:
        echo_line(f"no mail for the operator in {folder} yet", err=True)


def _show(*, what: str, raw: bool, **flags: Any) -> None:
    with _reading(_folder_of(flags)) as mailbox:
        mail = mailbox.find(what)
        data = mail.path.read_bytes()
    if raw:
        echo_octets(data)
    else:
        echo_message(_describe(mail, data))


def _folder_of(flags: dict[str, Any]) -> str:
    folder = read_settings(flags).operator.maildir
    if folder is None:
        raise Failure("there is no folder for the operator's mail; name it with --operator-maildir")
    return folder


@contextlib.contextmanager
def _reading(folder: str) -> Iterator[OperatorMailbox]:
    from edgemail.mailbox.operator import OperatorMailbox  # no other command needs it, or `mime`

    try:
        yield OperatorMailbox(Path(folder))
    except OSError as error:
        raise Failure(f"{error.filename or folder} cannot be read: {error.strerror}") from error


def _write_line(mail: OperatorMail) -> str:
    from edgemail import mime

    with mail.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    summary = mime.summarize(head)
    sender = visible(shorten(summary.sender_name or _read_sender(head), FROM_WIDTH))
    recipients = ", ".join(_read_recipients(head))
    mark = "*" if mail.is_new else " "
    return (
        f"{mail.id} {mark} {mail.date:%Y-%m-%d %H:%M:%S}Z  {sender:{FROM_WIDTH}}  {recipients}  {summary.subject}"
    )


def _describe(mail: OperatorMail, data: bytes) -> dict[str, Any]:
    """Return a message in the form of the HTTP API."""
    from edgemail import mime

    content = mime.read(data)
    text = content.text
    if text is None and content.html is not None:
        text = "(HTML only: see it with --raw)"
    summary = asdict(content.summary)
    del summary["words"], summary["source"]  # these are the store's own
    return {
        **summary,
        "from": content.summary.sender_name or _read_sender(data[:_HEAD_BYTES]),
        "recipients": _read_recipients(data[:_HEAD_BYTES]),
        "date": mail.date.isoformat(),
        "text": text,
    }


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
    params=setting_options(*_OPTIONS),
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
