"""The composition root: builds everything, owns the start and the graceful stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edgemail import __version__
from edgemail.errors import SettingsError
from edgemail.http import (
    LimitsModel,
    MetricsExporter,
    RetentionModel,
    ServerInfoModel,
    create_api,
    create_metrics_app,
)
from edgemail.http.access import DenialLog, SourceFilter
from edgemail.http.passwords import read_passwords
from edgemail.http.server import REQUESTS_MAX, HttpServer
from edgemail.listener import Listener, Policy, TransactionLog
from edgemail.listener.spool import Spooler
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.operator import OperatorMailbox, ReservedNameRouter
from edgemail.mailbox.quota import Quota
from edgemail.mailbox.retention import JumpTolerantClock, Retention, RetentionLimits
from edgemail.mailbox.summaries import Summarizer
from edgemail.model import Endpoint
from edgemail.policy.chaos import Chaos
from edgemail.settings.reload import reload
from edgemail.settings.values import PRIVATE
from edgemail.store.open import open_store
from edgemail.system.certificate import Certificate, create_self_signed
from edgemail.system.descriptor_limit import raise_descriptor_limit
from edgemail.system.metrics import Counters
from edgemail.system.sighup import handle_sighup
from edgemail.system.sockets import bind, is_loopback, set_tcp_user_timeout, write_url

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from edgemail.settings import Settings
    from edgemail.store.base import Mailbox

_log = logging.getLogger(__name__)

_HTTP_STOP_S = 5


async def serve(
    settings: Settings, announce: Callable[[str], None], read_again: Callable[[], Settings] | None = None
) -> None:
    """Run until SIGINT or SIGTERM; a second one does not wait for messages under way.

    `read_again` gives the settings as they are by now, for SIGHUP.

    Raises:
        SettingsError: a setting cannot be met.
        ListenError: a port cannot be had.
        StoreInvalid: the database cannot be used.
        StoreUnavailable: it cannot be used now.
    """
    app = await App.start(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            app.hurry()
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    handle_sighup(lambda: reload(settings, read_again or (lambda: settings), app.change), stop)
    if settings.store.is_default:
        _log.warning(
            "mail is kept in %s, in the system's temporary directory: choose a lasting place with --db",
            settings.store.db,
        )
    warn_of_readers(settings, app.http_url)
    for url in app.smtp_urls:
        announce(f"SMTP  {url}")
    if app.http_url is not None:
        announce(f"Web   {app.http_url}")
    if app.metrics_url is not None:
        announce(f"Metrics  {app.metrics_url}")
    announce(f"Mail  {settings.store.db}{_describe_store(settings)}")
    failed = asyncio.create_task(app.wait_failed())
    await asyncio.wait([failed, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
    _log.info("stopping")
    await app.stop()
    failed.cancel()
    if failed.done() and not failed.cancelled():
        failed.result()


class App:
    """A running edgemail."""

    def __init__(
        self,
        store: Mailbox,
        inbox: Inbox,
        router: ReservedNameRouter | None,
        listener: Listener | None,
        http: Sequence[HttpServer],
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._router = router
        self._listener = listener
        self._http = http
        self._tasks: list[asyncio.Task[None]] = []
        self.smtp_urls: list[str] = []
        self.http_url: str | None = None
        self.metrics_url: str | None = None

    @classmethod
    async def start(cls, settings: Settings) -> Self:
        """Take the ports, open the store, then let everything run.

        Raises:
            SettingsError: a setting cannot be met.
            ListenError: a port cannot be had.
            StoreInvalid: the database or the operator's Maildir cannot be used.
            StoreUnavailable: the database cannot be used now.
        """
        with contextlib.ExitStack() as undo:
            smtp_sockets = [undo.enter_context(bind(one, "--smtp")) for one in settings.smtp.listen]
            tls_sockets = [undo.enter_context(bind(one, "--smtps")) for one in settings.smtp.listen_tls]
            http = settings.http.listen
            http_sockets = [] if http is None else [undo.enter_context(bind(http, "--http"))]
            elsewhere = settings.http.metrics if isinstance(settings.http.metrics, Endpoint) else None
            metrics_sockets = [] if elsewhere is None else [undo.enter_context(bind(elsewhere, "--metrics"))]
            for one in (*http_sockets, *metrics_sockets):
                set_tcp_user_timeout(one, settings.http.reader_timeout_s)
            certificate = _find_certificate(settings)
            spooler = _make_spooler(settings)
            mailbox = await _open_mailbox(settings)
            password_file = settings.access.password_file
            passwords = None if password_file is None else read_passwords(Path(password_file))
            counters = Counters()
            store = await open_store(
                settings.store,
                read_only=settings.read_only,
                commit_timeout_s=settings.smtp.commit_timeout_s,
                counters=counters.commits,
            )
            undo.pop_all()
        inbox = Inbox(store)
        smtp_urls = [write_url("smtp", one) for one in smtp_sockets] + [
            write_url("smtps", one) for one in tls_sockets
        ]
        exporter = MetricsExporter(counters, store.measure, __version__)
        chaos = Chaos()
        denials = DenialLog(counters.denials)
        api = create_api(
            inbox,
            _describe(settings, smtp_urls),
            settings,
            denials,
            passwords,
            exporter if settings.http.metrics is True else None,
            chaos if settings.policy.chaos_api == "on" else None,
        )
        stop_s = min(_HTTP_STOP_S, math.ceil(settings.smtp.shutdown_timeout_s))
        http_servers = [HttpServer(api, http_sockets, stop_s)] if http_sockets else []
        if metrics_sockets:
            http_servers.append(
                HttpServer(
                    SourceFilter(create_metrics_app(exporter), settings.access.allow_http_sources, denials),
                    metrics_sockets,
                    stop_s,
                )
            )
        router = (
            ReservedNameRouter(settings.operator.reserved, mailbox, inbox.deliver) if mailbox is not None else None
        )
        policy = Policy(settings.policy, chaos, None if store.disk is None else store.disk.file.parent)
        deliver = inbox.deliver if router is None else router.deliver
        listener = None
        if not settings.read_only:
            listener = Listener(
                settings.smtp,
                deliver,
                _now,
                certificate,
                policy,
                counters.smtp,
                spooler,
                TransactionLog(settings.log.addresses),
            )
            raise_descriptor_limit(settings.smtp.max_connections, REQUESTS_MAX * len(http_servers))
        app = cls(store, inbox, router, listener, http_servers)
        app.smtp_urls = smtp_urls
        app.http_url = next((f"{write_url('http', one)}/" for one in http_sockets), None)
        app.metrics_url = next((f"{write_url('http', one)}/metrics" for one in metrics_sockets), None)
        if not settings.read_only:
            app._run_upkeep(settings)
        for server in http_servers:
            app._run(server.run())
            await server.is_up.wait()
        if listener is not None:
            await listener.start(smtp_sockets, tls_sockets)
        return app

    def change(self, settings: Settings) -> None:
        """Put in force what can be changed while the program runs; connections stay open."""
        if self._listener is None:
            return
        self._listener.policy.change(settings.policy)
        if self._listener.certificate is not None:
            self._listener.certificate.refresh()

    async def wait_failed(self) -> None:
        """Return, or raise what it raised, when a part that should run for ever does not."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop: no new mail, messages under way get their reply, readers theirs meanwhile; then the store."""
        self._inbox.close()
        stopping = [server.stop() for server in self._http]
        if self._listener is not None:
            stopping.append(self._listener.stop())
        await asyncio.gather(*stopping)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._router is not None:
            await self._router.close()
        await self._store.close()
        if self._listener is not None:
            await self._listener.spooler.close()

    def hurry(self) -> None:
        """End all SMTP connections at once; what was handed over is committed all the same."""
        for connection in tuple(self._listener.connections if self._listener is not None else ()):
            connection.abort()

    def _run_upkeep(self, settings: Settings) -> None:
        kept = settings.retention
        limits = RetentionLimits(kept.max_age_s, kept.max_messages, kept.max_bytes)
        self._run(Retention(self._store, limits, kept.interval_s, JumpTolerantClock(_now)).run())
        self._run(Quota(self._store, kept.max_inbox_messages, kept.max_inbox_bytes).run())
        self._run(Summarizer(self._store).run())

    def _run(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


def warn_of_readers(settings: Settings, url: str | None) -> None:
    """Say who may read all mail, where that is more than this machine."""
    access = settings.access
    if settings.http.listen is None or is_loopback(settings.http.listen.host) or access.private == "on":
        return
    if access.all_mail == "everyone":
        deed = "read" if settings.read_only or access.deletion == "off" else "read and delete"
        _log.warning("everyone who reaches %s can %s all mail", url, deed)
    if access.http_names == "local":
        _log.warning(
            "%s is served to %s, also under names without a dot, *.internal and *.local (mode = %s); "
            "see allow_http_sources and http_names",
            url,
            "private networks" if access.allow_http_sources == PRIVATE else "the networks of allow_http_sources",
            access.mode,
        )


def _describe_store(settings: Settings) -> str:
    """Return what the user should know of the database beyond its name."""
    if settings.store.is_in_memory:
        return ", lost when edgemail ends"
    return " (only read)" if settings.read_only else ""


def _now() -> datetime:
    return datetime.now(UTC)


def _find_certificate(settings: Settings) -> Certificate | None:
    """Return the certificate that was given, or make one where peers on other machines can connect.

    What is made is kept beside the database's file; where there is no such file, it lasts as long as this process.
    """
    smtp = settings.smtp
    if smtp.tls == "off" or settings.read_only:
        return None
    if smtp.tls_cert is not None:
        return Certificate(Path(smtp.tls_cert), None if smtp.tls_key is None else Path(smtp.tls_key))
    if not smtp.listen_tls and all(is_loopback(one.host) for one in smtp.listen):
        return None
    names = dict.fromkeys([smtp.hostname, *smtp.domains])
    file = settings.store.file
    if file is not None:
        return Certificate(create_self_signed(Path(f"{file}.pem"), list(names)), None)
    with tempfile.TemporaryDirectory(prefix="edgemail-") as folder:  # the loaded key stays in memory
        return Certificate(create_self_signed(Path(folder) / "own.pem", list(names)), None, is_fixed=True)


def _make_spooler(settings: Settings) -> Spooler:
    """Return what holds messages under way.

    Raises:
        SettingsError: there can be no files in its folder.
    """
    file = settings.store.file
    folder = Path(tempfile.gettempdir()) if file is None else file.absolute().parent
    spooler = Spooler.of(settings.smtp, folder)
    if settings.smtp.spool_dir is not None:
        try:
            spooler.check()
        except OSError as error:
            reason = f'"{spooler.folder}" cannot hold files: {error.strerror}; name a folder that can'
            raise SettingsError([f"spool_dir: {reason}"]) from error
    return spooler


async def _open_mailbox(settings: Settings) -> OperatorMailbox | None:
    if not settings.operator.reserved or settings.operator.maildir is None or settings.read_only:
        return None
    mailbox = OperatorMailbox(Path(settings.operator.maildir))
    await asyncio.to_thread(mailbox.open)
    return mailbox


def _describe(settings: Settings, smtp_urls: list[str]) -> ServerInfoModel:
    return ServerInfoModel(
        version=__version__,
        domains=list(settings.smtp.domains),
        reserved=list(settings.operator.reserved),
        limits=LimitsModel(message_bytes=settings.smtp.max_message_bytes, recipients=settings.smtp.max_recipients),
        retention=RetentionModel(
            max_age_s=settings.retention.max_age_s,
            max_messages=settings.retention.max_messages,
            max_bytes=settings.retention.max_bytes,
        ),
        smtp=[url.removeprefix("smtp://") for url in smtp_urls if url.startswith("smtp://")],
        read_only=settings.read_only,
        deletion=settings.access.deletion == "on",
        abuse_contact=settings.access.abuse_contact,
    )
