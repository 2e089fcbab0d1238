"""Builds the parts that need decisions: certificate, spooler, webhook, the operator's Maildir."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from edgemail.errors import SettingsError
from edgemail.listener.spool import Spooler
from edgemail.mailbox.operator import OperatorMailbox
from edgemail.system.certificate import Certificate, create_self_signed, create_unkept
from edgemail.system.temporary_files import find_temporary_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.settings import Settings
    from edgemail.store.base import Mailbox
    from edgemail.system.metrics import WebhookCounters
    from edgemail.webhook import Teller

_log = logging.getLogger(__package__)


def find_certificate(settings: Settings) -> Certificate | None:
    """Return the given certificate, or a self-made one if a port needs it or `tls` wants it.

    A self-made certificate is kept beside the database's file. Without a file it lasts as long as
    this process.
    """
    smtp = settings.smtp
    if smtp.tls == "off" or (settings.read_only and not settings.pop3.is_on):
        return None
    if smtp.tls_cert is not None:
        return Certificate(Path(smtp.tls_cert), None if smtp.tls_key is None else Path(smtp.tls_key))
    if not (smtp.listen_tls or settings.pop3.listen_tls) and smtp.tls == "given":
        return None
    names = dict.fromkeys([smtp.hostname, *smtp.domains])
    file = settings.store.file
    if file is not None:
        return Certificate(create_self_signed(Path(f"{file}.pem"), list(names)), None)
    return create_unkept(list(names))


def make_spooler(settings: Settings) -> Spooler:
    """Return the spooler, which holds messages while they arrive.

    Raises:
        SettingsError: its folder cannot hold files.
    """
    file = settings.store.file
    folder = find_temporary_folder() if file is None else file.absolute().parent
    spooler = Spooler.of(settings.smtp, folder)
    if settings.smtp.spool_dir is not None:
        try:
            spooler.check()
        except OSError as error:
            reason = f'"{spooler.folder}" cannot hold files: {error.strerror}; name a folder that can'
            raise SettingsError([f"spool_dir: {reason}"]) from error
    return spooler


def make_teller(
    settings: Settings, secret: str | None, store: Mailbox, counters: WebhookCounters, http_urls: Sequence[str]
) -> Teller:
    """Return what tells the webhook of mail."""
    from edgemail.http.webhook_bodies import choose_writer
    from edgemail.webhook import Receiver, Teller  # its HTTP client takes a tenth of a second to load

    webhook = settings.webhook
    receiver = Receiver(webhook.url or "", secret=secret, may_be_private=webhook.private == "on")
    if webhook.private == "off" and receiver.name.startswith("http:"):
        _log.warning("webhook_url has no TLS: whoever is on the way to %s reads all codes and links", receiver.name)
    reader_url = webhook.reader_url or next(map(name_host, http_urls), None)
    return Teller(
        store,
        receiver,
        choose_writer(webhook.format, reader_url),
        counters,
        addresses=webhook.addresses,
        interval_s=webhook.interval_s,
        delay_s=webhook.delay_s,
    )


def name_host(url: str) -> str:
    """Return the URL of a listener as a reader on this machine may use it."""
    return re.sub(r"(?<=//)(0\.0\.0\.0|\[::\])(?=:)", "localhost", url)


async def open_operator_mailbox(settings: Settings) -> OperatorMailbox | None:
    """Open the Maildir of the operator's mail; `None` where no name is reserved.

    Raises:
        StoreInvalid: it cannot be used.
    """
    if not settings.operator.reserved or settings.operator.maildir is None or settings.read_only:
        return None
    mailbox = OperatorMailbox(Path(settings.operator.maildir))
    await asyncio.to_thread(mailbox.open)
    return mailbox
