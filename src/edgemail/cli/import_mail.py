"""`edgemail import`: puts mail from files into a running server, or into a database."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.own_server import SMTP_HELP, find_smtp
from edgemail.cli.parameter_types import EndpointType, MailboxType, SecondsType, make_json_option
from edgemail.cli.serve import read_settings, setting_options
from edgemail.cli.terminal import Failure, echo_json, echo_line
from edgemail.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgemail.archive.sources import ArchivedMail, BadMail, MailSource
    from edgemail.cli.import_targets import ImportTarget
    from edgemail.model import Endpoint

_FAILED: Final = 1
_LATER: Final = 75
_INTERRUPTED: Final = 130
_ROOM_FOR_TRACE_BYTES: Final = 64 * 1024
"""The room for trace fields that servers have put before a message of the largest size."""
_BATCH_MAX_BYTES: Final = 8 * 2**20

_HELP: Final = """Put the mail of files into a running server by SMTP, or with --db into a database.

\b
  edgemail import mail/ --to kim@example.org          a folder of .eml files
  edgemail import old.mbox Maildir                    mbox files and Maildirs, as exported or of other servers
  edgemail import backup.mbox --db mail.db            octet for octet, with the envelopes of `edgemail export`

A PATH is a message, an mbox file (mboxrd or mboxo), a Maildir, or a folder of these. In a folder, links are not
followed, and files that are neither .eml nor mbox are passed over. Lines that end in LF get CRLF, as in SMTP.

The envelope is the one that the message was delivered with: Return-Path, and X-Envelope-To as `edgemail export`
writes it, else X-Original-To, Delivered-To or Envelope-To. --from and --to are for messages that have none.

By SMTP the server's rules hold, readers see the mail at once, and each message gets a new Return-Path and
Received. With --db a message is kept as it is; a server may be running on that database.

\b
Exit status: 0 all imported; 1 some were not, and a line names each and says why; 75 the server or the database
takes no mail now, 130 interrupted: what was imported is counted, and --skip goes on from there.
"""


def _import(
    *,
    paths: tuple[str, ...],
    recipients: tuple[str, ...],
    sender: str | None,
    smtp: Endpoint | None,
    quoting: Any,
    skip: int,
    timeout_s: float,
    keep_dates: bool,
    ignore_envelopes: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    from edgemail.archive.sources import MailSource
    from edgemail.cli.import_targets import DatabaseTarget, SmtpTarget

    into_database = flags["db"] is not None
    if into_database and smtp is not None:
        raise click.UsageError("--db and --smtp cannot both be given")
    if keep_dates and not into_database:
        raise click.UsageError("--keep-dates needs --db: by SMTP mail arrives now")
    if ignore_envelopes and not recipients:
        raise click.UsageError("--ignore-envelopes needs --to")
    settings = read_settings(flags)
    if into_database and settings.store.is_in_memory:
        raise Failure("a database in memory ends with this command; name a file, or import by SMTP")
    source = MailSource(
        [Path(path) for path in paths],
        max_bytes=settings.smtp.max_message_bytes + _ROOM_FOR_TRACE_BYTES,
        quoting=quoting,
    )
    target: ImportTarget = (
        DatabaseTarget.open(settings, keeps_dates=keep_dates)
        if into_database
        else SmtpTarget(smtp or find_smtp(settings), timeout_s)
    )
    try:
        return _Import(
            source,
            target,
            recipients,
            None if sender is None else Address.parse(sender),
            skip,
            ignores_envelopes=ignore_envelopes,
            reports_json=as_json,
        ).run()
    finally:
        target.close()


class _Import:
    """One run: it counts what was imported, and names what was not."""

    def __init__(
        self,
        source: MailSource,
        target: ImportTarget,
        recipients: tuple[str, ...],
        sender: Address | None,
        skip: int,
        *,
        ignores_envelopes: bool,
        reports_json: bool,
    ) -> None:
        self._source = source
        self._target = target
        self._recipients = recipients
        self._sender = sender
        self._skip = skip
        self._ignores_envelopes = ignores_envelopes
        self._reports_json = reports_json
        self._seen = 0
        """Messages of the files that are done with, those included that were skipped."""
        self._imported = 0
        self._failed = 0
        self._progress: Any = None

    def run(self) -> int:
        """Import all; return the exit status."""
        from edgemail.cli.import_targets import TargetUnavailable

        total = self._source.measure()
        status = None
        with click.progressbar(
            length=max(total, 1), label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as self._progress:
            try:
                for batch in self._gather():
                    self._deliver(batch)
                    self._progress.update(self._source.done_bytes - self._progress.pos)
                    if self._target.is_interrupted:
                        status = _INTERRUPTED
                        break
            except TargetUnavailable as error:
                self._say(str(error))
                status = _LATER
            except KeyboardInterrupt:
                status = _INTERRUPTED
            self._progress.update(0 if status else total - self._progress.pos)
        return self._report(status)

    def _report(self, status: int | None) -> int:
        if self._reports_json:
            skip = None if status is None else self._seen
            echo_json({"imported": self._imported, "failed": self._failed, "skip": skip})
        else:
            failed = f"; {_count(self._failed)} could not be imported" if self._failed else ""
            echo_line(f"imported {_count(self._imported)}{failed}")
        if status is not None:
            echo_line(f"not all was read; the same command with --skip {self._seen} goes on from there", err=True)
        elif not self._seen:
            echo_line("there is no mail in what was named", err=True)
            return _FAILED
        return status or (_FAILED if self._failed else 0)

    def _gather(self) -> Iterator[list[ArchivedMail | BadMail]]:
        """Yield messages in batches that fit into memory."""
        from edgemail.archive.sources import ArchivedMail

        batch: list[ArchivedMail | BadMail] = []
        size = 0
        for number, mail in enumerate(self._source):
            if number < self._skip:
                self._seen += 1
                if isinstance(mail, ArchivedMail):
                    mail.content.discard()
                continue
            batch.append(mail)
            size += mail.content.size if isinstance(mail, ArchivedMail) else 0
            if len(batch) >= self._target.batch_messages or size >= _BATCH_MAX_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _deliver(self, batch: list[ArchivedMail | BadMail]) -> None:
        from edgemail.archive.sources import BadMail
        from edgemail.cli.import_targets import TargetUnavailable

        addressed = [self._address(mail) for mail in batch]
        mails = [mail for mail in addressed if not isinstance(mail, BadMail)]
        try:
            self._tally(addressed, self._target.deliver(mails))
        except TargetUnavailable as error:
            self._tally(addressed, error.reasons)
            raise
        finally:
            for mail in mails:
                mail.content.discard()

    def _tally(self, batch: Sequence[ArchivedMail | BadMail], reasons: Sequence[str]) -> None:
        """Count the messages that are done with, and name those that were not imported."""
        from edgemail.archive.sources import BadMail

        left = iter(reasons)
        for entry in batch:
            reason = entry.reason if isinstance(entry, BadMail) else next(left, None)
            if reason is None:
                return
            self._seen += 1
            self._imported += not reason
            if reason:
                self._failed += 1
                self._say(f"{entry.place}: {reason}")

    def _address(self, mail: ArchivedMail | BadMail) -> ArchivedMail | BadMail:
        """Give a message the envelope of the flags where its own is not known."""
        from edgemail.archive.sources import BadMail

        if isinstance(mail, BadMail):
            return mail
        recipients = (() if self._ignores_envelopes else mail.recipients) or self._recipients
        if not recipients:
            mail.content.discard()
            return BadMail(mail.place, "does not tell its recipient; name one with --to")
        knows_sender = mail.knows_sender and not self._ignores_envelopes
        return replace(mail, recipients=recipients, sender=mail.sender if knows_sender else self._sender)

    def _say(self, text: str) -> None:
        """Print a line to the standard error, above the progress bar."""
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)
        echo_line(text, err=True)


def _count(number: int) -> str:
    return "1 message" if number == 1 else f"{number} messages"


import_mail = click.Command(
    "import",
    params=[
        click.Argument(["paths"], metavar="PATH...", nargs=-1, required=True),
        click.Option(
            ["--to", "recipients"],
            type=MailboxType(),
            multiple=True,
            help="The recipient of messages that do not tell theirs. May be given more than once.",
        ),
        click.Option(
            ["--from", "sender"],
            type=MailboxType(),
            help="The envelope's sender of messages that do not tell theirs. [default: <>]",
        ),
        click.Option(["--smtp"], type=EndpointType(), help=SMTP_HELP),
        click.Option(
            ["--ignore-envelopes"],
            is_flag=True,
            help="Send every message to --to, and from --from, whatever it tells.",
        ),
        click.Option(
            ["--mbox", "quoting"],
            type=click.Choice(["mboxrd", "mboxo"]),
            default="mboxrd",
            show_default=True,
            help="How lines that begin with From are quoted in mbox files.",
        ),
        click.Option(
            ["--keep-dates"],
            is_flag=True,
            help="With --db: mail keeps the date of its file, so old mail is soon deleted. Else it arrives now.",
        ),
        click.Option(["--skip"], type=click.IntRange(0), default=0, help="Pass over this many messages first."),
        click.Option(
            ["--timeout", "timeout_s"],
            type=SecondsType(),
            default="60s",
            show_default=True,
            help="Wait this long for a server that takes no mail for now, before it gives up.",
        ),
        make_json_option(),
        *setting_options("db", "db_token_file"),
    ],
    callback=_import,
    short_help="Put mail from .eml files, mbox files or Maildirs into a server or a database.",
    help=_HELP,
)
