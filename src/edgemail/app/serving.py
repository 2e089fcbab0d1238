"""Runs edgemail until a signal ends it, and says where it listens."""

from __future__ import annotations

import asyncio
import logging
import signal
from datetime import datetime
from typing import TYPE_CHECKING

from edgemail.app.exposure import warn_of_readers, warn_of_senders
from edgemail.app.parts import name_host
from edgemail.app.running import App
from edgemail.app.sockets import without_missing_ipv6
from edgemail.settings.reload import reload
from edgemail.system.sighup import handle_sighup

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.settings import Settings

_log = logging.getLogger(__package__)


async def serve(
    settings: Settings, announce: Callable[[str], None], read_again: Callable[[], Settings] | None = None
) -> None:
    """Run until SIGINT or SIGTERM. A second signal stops without waiting for open transactions.

    `announce` prints a line about where the server listens, once it answers there. `read_again` reads
    the settings again for SIGHUP.

    Raises:
        SettingsError: a setting cannot be met.
        ListenError: a port cannot be bound.
        StoreInvalid: the database cannot be used.
        StoreUnavailable: the database cannot be used now.
    """
    given, settings = settings, without_missing_ipv6(settings)
    app = await App.take_mail(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            app.abort_smtp()
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    handle_sighup(lambda: reload(given, read_again or (lambda: given), app.change), stop)
    for url in app.smtp_urls:
        announce(f"SMTP  {url}")
    for url in app.pop3_urls:
        announce(f"POP3  {url}")
    if settings.store.is_default:
        _log.warning(
            "mail is kept in %s, in the system's temporary directory: choose a lasting place with --db",
            settings.store.db,
        )
    warn_of_readers(settings, app.http_urls, app.pop3_urls)
    warn_of_senders(settings)
    await app.show_mail()  # a signal waits for its end, a second at most
    for url in app.http_urls:
        announce(f"Web   {url}")
    if app.metrics_url is not None:
        announce(f"Metrics  {app.metrics_url}")
    announce(f"Mail  {settings.store.db}{_describe_store(settings)}")
    if app.http_urls:
        announce(_write_for_mailpit(app.http_urls[0]))
    failed = asyncio.create_task(app.wait_failed())
    await asyncio.wait([failed, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
    _log.info("stopping")
    await app.stop()
    failed.cancel()
    if failed.done() and not failed.cancelled():
        failed.result()


def _write_for_mailpit(url: str) -> str:
    """Return the line that programs wait for which start a Mailpit, in its form: every address is ``localhost``."""
    shown = name_host(url)
    return f'time="{datetime.now():%Y/%m/%d %H:%M:%S}" level=info msg="[http] accessible via {shown}"'  # noqa: DTZ005 - local, as Mailpit's


def _describe_store(settings: Settings) -> str:
    """Return what to say of the database behind its name."""
    if settings.store.is_in_memory:
        return ", lost when edgemail ends"
    return " (only read)" if settings.read_only else ""
