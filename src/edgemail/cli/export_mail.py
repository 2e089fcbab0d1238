"""`edgemail export`: writes the mail of a database into files."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.parameter_types import InboxType, make_json_option
from edgemail.cli.serve import read_settings, setting_options
from edgemail.cli.terminal import Failure, echo_json, echo_line
from edgemail.errors import MessageNotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edgemail.archive.writers import ArchiveWriter
    from edgemail.model import StoredMail
    from edgemail.settings import StoreSettings
    from edgemail.store.base import ListingRow, Mailbox

_PAGE: Final = 50

_HELP: Final = """Write the mail of a database into a folder of .eml files, an mbox file or a Maildir.

\b
  edgemail export backup/ --db mail.db                         a file for each message
  edgemail export kim.mbox --db mail.db --address kim@example.org
  edgemail export Maildir --format maildir --db libsql://mail.example.org --db-token-file ro.jwt

The database is that of `edgemail serve`: --db, the environment or --config say which. It is only read, and a server
may be running on it. OUT must not exist, or be an empty folder; it gets its name when it is whole.

Each message is written octet for octet, oldest first, after its envelope: Return-Path, unless it begins with that,
and X-Envelope-To. `edgemail import --db` takes both off again. Files have the date of arrival as theirs.
(`edgemail web export` is another command: it writes the page for a static host.)
"""


def _export(*, out: str, address: str | None, form: Any, as_json: bool, **flags: Any) -> None:
    from edgemail.archive.writers import WRITERS

    store = read_settings(flags).store
    if store.is_in_memory:
        raise Failure("a database in memory belongs to its server alone; name a file or a URL with --db")
    form = form or ("mbox" if Path(out).suffix.lower() == ".mbox" else "eml")
    writer = WRITERS[form](Path(out))
    count = asyncio.run(_run(store, writer, address))
    if as_json:
        echo_json({"exported": count, "db": store.db, "out": out})
    else:
        echo_line(f"exported {count} message{'' if count == 1 else 's'} of {store.db} to {out}")


async def _run(settings: StoreSettings, writer: ArchiveWriter, inbox: str | None) -> int:
    from edgemail.store.open import open_store

    store = await open_store(settings, read_only=True)
    try:
        writer.open()
        try:
            count = await _write_all(store, writer, inbox)
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
        return count
    finally:
        await store.close()


async def _write_all(store: Mailbox, writer: ArchiveWriter, inbox: str | None) -> int:
    """Write the mail that is there now; return how many messages that was."""
    newest = await _list(store, inbox, limit=1)
    last = newest[0].mail.id if newest else 0
    count, first = 0, None
    with click.progressbar(
        length=100, label="Exporting", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as progress:
        async for mail in _follow(store, inbox, last):
            first = mail.id if first is None else first
            count += await _write(store, writer, mail)
            progress.update(100 * (mail.id - first) // max(last - first, 1) - progress.pos)
        progress.update(100 - progress.pos)
    return count


async def _follow(store: Mailbox, inbox: str | None, last: int) -> AsyncIterator[StoredMail]:
    """Yield the mail up to an id, oldest first."""
    after = 0
    while rows := await _list(store, inbox, limit=_PAGE, before=last + 1, after=after, oldest_first=True):
        for row in rows:
            mail = row.mail
            yield mail if inbox is None else replace(mail, recipients=(inbox,))
        after = rows[-1].mail.id


async def _list(store: Mailbox, inbox: str | None, **bounds: Any) -> list[ListingRow]:
    return await (store.list_mail(**bounds) if inbox is None else store.list_inbox(inbox, **bounds))


async def _write(store: Mailbox, writer: ArchiveWriter, mail: StoredMail) -> bool:
    """Write a message; return False if it was deleted meanwhile."""
    from edgemail.archive.envelope_fields import write_envelope, write_return_path

    return_path = write_return_path(mail.sender).encode("utf-8", "surrogateescape")
    try:
        with writer.add(mail) as write:
            write(write_envelope(mail.sender, mail.recipients))
            head: bytes | None = b""
            async for piece in store.read_pieces(mail.id):
                if head is None:
                    write(piece)
                    continue
                head += piece
                if len(head) >= len(return_path):
                    write(head.removeprefix(return_path))
                    head = None
            write(head or b"")
    except MessageNotFound:
        return False
    return True


export_mail = click.Command(
    "export",
    params=[
        click.Argument(["out"], metavar="OUT"),
        click.Option(
            ["--address"], type=InboxType(), help="Only the mail of this inbox, with it as the recipient."
        ),
        click.Option(
            ["--format", "form"],
            type=click.Choice(["eml", "mbox", "maildir"]),
            help="What OUT is. [default: mbox if its name ends in .mbox, else a folder of .eml files]",
        ),
        make_json_option(),
        *setting_options("db", "db_token_file"),
    ],
    callback=_export,
    short_help="Write the mail of a database into .eml files, an mbox file or a Maildir.",
    help=_HELP,
)
