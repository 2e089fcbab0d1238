"""A running edgemail: the only place where the parts meet."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from edgemail.app.parts import find_certificate, make_spooler, make_teller, open_operator_mailbox
from edgemail.app.secrets import read_passwords, read_webhook_secret
from edgemail.app.sockets import ListeningSockets
from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.http.limits import METRICS_CONNECTIONS, SPARE_DESCRIPTORS
from edgemail.http.parts import HttpParts
from edgemail.listener import Listener, Policy, TransactionLog
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.operator import ReservedNameRouter
from edgemail.mailbox.quota import Quota
from edgemail.mailbox.reading import ReadLimits
from edgemail.mailbox.retention import JumpTolerantClock, Retention, RetentionLimits
from edgemail.mailbox.source_share import make_source_share
from edgemail.mailbox.summaries import Summarizer
from edgemail.policy.chaos import Chaos
from edgemail.policy.submission import Submitter
from edgemail.policy.visitors import Visitors
from edgemail.smtp import read_source
from edgemail.store.open import open_store
from edgemail.system.descriptor_limit import share_descriptors
from edgemail.system.logged_addresses import LoggedAddresses
from edgemail.system.metrics import Counters, Pop3Counters
from edgemail.system.reading_refusals import ReadingRefusals
from edgemail.system.sockets import write_url

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from edgemail.http.mcp.endpoint import McpEndpoint
    from edgemail.http.server import HttpServer
    from edgemail.listener.spool import Spooler
    from edgemail.pop3_server import Pop3Server
    from edgemail.settings import Settings
    from edgemail.store.base import Mailbox
    from edgemail.system.certificate import Certificate
    from edgemail.system.metrics import WebhookCounters
    from edgemail.system.password_file import StoredPasswords

_RESULTS_PART: Final = 4
"""The part of the disk that large results may take: one in so many."""


class App:
    """A running edgemail. It takes mail first, then it shows it."""

    def __init__(
        self,
        sockets: ListeningSockets,
        store: Mailbox,
        inbox: Inbox,
        router: ReservedNameRouter | None,
        listener: Listener | None,
        http_parts: HttpParts,
        pop3: Pop3Server | None,
    ) -> None:
        self._sockets = sockets
        self._store = store
        self._inbox = inbox
        self._router = router
        self._listener = listener
        self._http_parts = http_parts
        self._pop3 = pop3
        self._http: list[HttpServer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._wake_webhook: Callable[[], None] = lambda: None
        self.smtp_urls = http_parts.smtp_urls
        self.pop3_urls = sockets.write_pop3_urls()
        self.http_urls = [
            f"{write_url('http', bound)}{http_parts.settings.http.base_path}/" for bound in sockets.http
        ]
        self.metrics_url = next((f"{write_url('http', bound)}/metrics" for bound in sockets.metrics), None)

    @classmethod
    async def start(cls, settings: Settings) -> Self:
        """Start every part; see `take_mail` and `show_mail`."""
        app = await cls.take_mail(settings)
        await app.show_mail()
        return app

    @classmethod
    async def take_mail(cls, settings: Settings) -> Self:
        """Bind all ports, open the store, and serve SMTP. Readers wait in the backlogs of their ports.

        Raises:
            SettingsError: a setting cannot be met.
            ListenError: a port cannot be bound.
            StoreInvalid: the database or the operator's Maildir cannot be used.
            StoreUnavailable: the database cannot be used now.
        """
        with contextlib.ExitStack() as undo:
            sockets = ListeningSockets.bind(settings, undo)
            certificate = find_certificate(settings)
            spooler = make_spooler(settings)
            mailbox = await open_operator_mailbox(settings)
            passwords, logins = read_passwords(settings)
            webhook_secret = read_webhook_secret(settings)
            counters = Counters()
            store = await open_store(
                settings.store,
                read_only=settings.read_only,
                commit_timeout_s=settings.smtp.commit_timeout_s,
                counters=counters.commits,
            )
            undo.pop_all()
        refusals = ReadingRefusals(counters.reading.refusals)
        inbox = Inbox(store, _limit_reading(settings, spooler), refusals.add)
        router = (
            ReservedNameRouter(settings.operator.reserved, mailbox, inbox.deliver) if mailbox is not None else None
        )
        deliver = inbox.deliver if router is None else router.deliver
        chaos = Chaos()
        policy = Policy(settings.policy, chaos, None if store.disk is None else store.disk.file.parent)
        logged_addresses = LoggedAddresses(settings.log.addresses)
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
                TransactionLog(logged_addresses),
                logins,
            )
        visitors = Visitors(settings.access, time.monotonic)
        http_parts = HttpParts(
            settings,
            inbox,
            store.measure,
            counters,
            refusals.add,
            Submitter(settings.smtp, policy, deliver, _now),
            chaos,
            passwords,
            visitors,
            sockets.write_smtp_urls(),
            _share_descriptors(settings, has_metrics_port=bool(sockets.metrics)),
        )
        pop3 = _build_pop3(settings, inbox, certificate, passwords, visitors, counters, logged_addresses)
        app = cls(sockets, store, inbox, router, listener, http_parts, pop3)
        app._run(refusals.run())
        if not settings.read_only:
            if settings.webhook.url is not None:
                with contextlib.suppress(StoreUnavailable, StoreFull):  # it is tried again later
                    await store.webhook_queue.begin()  # before any mail comes, which would be old otherwise
                app._run(app._tell_webhook(settings, webhook_secret, counters.webhook))
            app._run_upkeep(settings)
        if listener is not None:
            await listener.start(sockets.smtp, sockets.smtps)
        if pop3 is not None:
            pop3.start(sockets.pop3, sockets.pop3s)
        return app

    async def show_mail(self) -> None:
        """Load the HTTP part in a thread, and serve it. If that fails, stop."""
        sockets = self._sockets
        try:
            if sockets.http or sockets.metrics:
                servers, agents = await asyncio.to_thread(_build_http, self._http_parts, sockets)
                if agents is not None:
                    self._run(agents.run())
                for server in servers:
                    self._http.append(server)
                    self._run(server.run())
                    await server.is_up.wait()
        except BaseException:
            await self.stop()
            raise

    def change(self, settings: Settings) -> None:
        """Apply the settings that can change while the program runs. Connections stay open."""
        if self._listener is None:
            return
        self._listener.policy.change(settings.policy)
        if self._listener.certificate is not None:
            self._listener.certificate.refresh()

    async def wait_failed(self) -> None:
        """Wait until a part that should run for ever ends; raise what it raised."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Take no new mail, let senders and readers have their answers, then close the store."""
        self._inbox.close()
        stopping = [server.stop() for server in self._http]
        if self._listener is not None:
            stopping.append(self._listener.stop())
        if self._pop3 is not None:
            stopping.append(self._pop3.stop())
        await asyncio.gather(*stopping)
        for bound in (*self._sockets.http, *self._sockets.metrics):
            bound.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._router is not None:
            await self._router.close()
        await self._store.close()
        if self._listener is not None:
            await self._listener.spooler.close()

    def abort_smtp(self) -> None:
        """End all SMTP connections at once. Messages that came whole are committed all the same."""
        for connection in tuple(self._listener.connections if self._listener is not None else ()):
            connection.abort()

    async def _tell_webhook(self, settings: Settings, secret: str | None, counters: WebhookCounters) -> None:
        """Load the webhook in a thread, then tell it of mail."""
        teller = await asyncio.to_thread(make_teller, settings, secret, self._store, counters, self.http_urls)
        self._wake_webhook = teller.wake
        await teller.run()

    def _run_upkeep(self, settings: Settings) -> None:
        kept = settings.retention
        limits = RetentionLimits(kept.max_age_s, kept.max_messages, kept.max_bytes, kept.min_age_for_space_s)
        tell = self._inbox.all_mail.changes.reload
        retention = Retention(self._store, limits, kept.interval_s, JumpTolerantClock(_now), tell)
        if self._listener is not None:
            self._listener.policy.mail_space.measure = retention.estimate_fill
        self._run(retention.run())
        share = make_source_share(kept.max_inbox_share_per_source, settings.smtp.trusted, read_source)
        self._run(Quota(self._store, kept.max_inbox_messages, kept.max_inbox_bytes, share).run())
        set_tags = self._inbox.all_mail.set_tags if settings.access.compat_apis == "on" else None
        fresh = self._inbox.fresh_summaries
        self._run(Summarizer(self._store, read_source, set_tags, lambda: self._wake_webhook(), fresh).run())

    def _run(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


def _build_http(parts: HttpParts, sockets: ListeningSockets) -> tuple[list[HttpServer], McpEndpoint | None]:
    from edgemail.http.servers import build_servers  # a third of a second, and no sender needs it

    return build_servers(parts, sockets.http, sockets.metrics)


def _build_pop3(
    settings: Settings,
    inbox: Inbox,
    certificate: Certificate | None,
    passwords: StoredPasswords | None,
    visitors: Visitors,
    counters: Counters,
    logged_addresses: LoggedAddresses,
) -> Pop3Server | None:
    """Build the POP3 server, which is loaded only where it is on."""
    if not settings.pop3.is_on:
        return None
    from edgemail.pop3_server import Pop3Parts, Pop3Server

    counters.pop3 = Pop3Counters()
    parts = Pop3Parts(settings, inbox, certificate, passwords, visitors, counters.pop3, logged_addresses)
    return Pop3Server(parts)


def _share_descriptors(settings: Settings, *, has_metrics_port: bool) -> int:
    """Return how many connections the HTTP port may have."""
    spare = SPARE_DESCRIPTORS + has_metrics_port * (METRICS_CONNECTIONS + SPARE_DESCRIPTORS)
    spare += 2 * settings.pop3.max_connections * settings.pop3.is_on  # trusted peers may have more
    smtp = 0 if settings.read_only else settings.smtp.max_connections
    return share_descriptors(smtp, settings.http.max_connections, spare)


def _now() -> datetime:
    return datetime.now(UTC)


def _limit_reading(settings: Settings, spooler: Spooler) -> ReadLimits:
    """Return the limits of readers, whose large results leave most of the disk to mail."""
    http = settings.http
    file_bytes = http.max_parsed_file_bytes
    with contextlib.suppress(OSError):  # a server that only reads may have no folder
        file_bytes = min(
            file_bytes, shutil.disk_usage(spooler.folder or tempfile.gettempdir()).total // _RESULTS_PART
        )
    return ReadLimits(http.max_waiting_reads, http.max_parsed_bytes, file_bytes, spooler.folder)
