"""Builds everything, starts it and stops it: the only place where the parts meet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edgemail.errors import SettingsError, StoreFull, StoreUnavailable, TokenError
from edgemail.http.limits import METRICS_CONNECTIONS, SPARE_DESCRIPTORS
from edgemail.http.parts import HttpParts
from edgemail.http.sockets import set_options
from edgemail.listener import Listener, Policy, TransactionLog
from edgemail.listener.spool import Spooler
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.operator import OperatorMailbox, ReservedNameRouter
from edgemail.mailbox.quota import Quota
from edgemail.mailbox.reading import ReadLimits
from edgemail.mailbox.retention import JumpTolerantClock, Retention, RetentionLimits
from edgemail.mailbox.source_share import make_source_share
from edgemail.mailbox.summaries import Summarizer
from edgemail.model import Endpoint
from edgemail.policy.chaos import Chaos
from edgemail.policy.logins import Logins
from edgemail.policy.submission import Submitter
from edgemail.policy.visitors import Visitors
from edgemail.settings.parsing import ANY_ORIGIN
from edgemail.settings.reload import reload
from edgemail.settings.values import PRIVATE
from edgemail.smtp import read_source
from edgemail.store.open import open_store
from edgemail.system.certificate import Certificate, create_self_signed, create_unkept
from edgemail.system.descriptor_limit import share_descriptors
from edgemail.system.logged_addresses import LoggedAddresses
from edgemail.system.metrics import Counters, Pop3Counters
from edgemail.system.password_file import read_password_file
from edgemail.system.reading_refusals import ReadingRefusals
from edgemail.system.sighup import handle_sighup
from edgemail.system.sockets import bind, is_loopback, leave_out_ipv6, write_url
from edgemail.system.temporary_files import find_temporary_folder

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from edgemail.http.mcp.endpoint import McpEndpoint
    from edgemail.http.server import HttpServer
    from edgemail.pop3_server import Pop3Server
    from edgemail.settings import Settings
    from edgemail.store.base import Mailbox
    from edgemail.system.metrics import WebhookCounters
    from edgemail.system.password_file import StoredPasswords
    from edgemail.webhook import Teller

_log = logging.getLogger(__name__)


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
    given, settings = settings, _leave_out_ipv6(settings)
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
    _warn_of_senders(settings)
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


@dataclass(frozen=True, slots=True)
class _Sockets:
    """The listening sockets."""

    smtp: list[socket.socket]
    smtps: list[socket.socket]
    http: list[socket.socket]
    metrics: list[socket.socket]
    pop3: list[socket.socket]
    pop3s: list[socket.socket]

    @classmethod
    def bind(cls, settings: Settings, undo: contextlib.ExitStack) -> Self:
        """Bind all; `undo` closes them.

        Raises:
            ListenError: a port cannot be bound.
        """

        def bind_all(endpoints: Iterable[Endpoint], flag: str) -> list[socket.socket]:
            return [undo.enter_context(bind(endpoint, flag)) for endpoint in endpoints]

        metrics = settings.http.metrics
        bound = cls(
            bind_all(settings.smtp.listen, "--smtp"),
            bind_all(settings.smtp.listen_tls, "--smtps"),
            bind_all(settings.http.listen, "--http"),
            bind_all([metrics] if isinstance(metrics, Endpoint) else [], "--metrics"),
            bind_all(settings.pop3.listen, "--pop3"),
            bind_all(settings.pop3.listen_tls, "--pop3s"),
        )
        for listening in (*bound.http, *bound.metrics, *bound.pop3, *bound.pop3s):
            set_options(listening, settings.http.reader_timeout_s)
        return bound

    def write_smtp_urls(self) -> list[str]:
        """Return the URL of each SMTP port."""
        return [
            write_url(scheme, bound)
            for scheme, sockets in (("smtp", self.smtp), ("smtps", self.smtps))
            for bound in sockets
        ]

    def write_pop3_urls(self) -> list[str]:
        """Return the URL of each POP3 port."""
        return [
            write_url(scheme, bound)
            for scheme, sockets in (("pop3", self.pop3), ("pop3s", self.pop3s))
            for bound in sockets
        ]


class App:
    """A running edgemail. It takes mail first, then it shows it."""

    def __init__(
        self,
        sockets: _Sockets,
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
            sockets = _Sockets.bind(settings, undo)
            certificate = _find_certificate(settings)
            spooler = _make_spooler(settings)
            mailbox = await _open_mailbox(settings)
            passwords, logins = _read_passwords(settings)
            webhook_secret = _read_webhook_secret(settings)
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
        teller = await asyncio.to_thread(_make_teller, settings, secret, self._store, counters, self.http_urls)
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


def _build_http(parts: HttpParts, sockets: _Sockets) -> tuple[list[HttpServer], McpEndpoint | None]:
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


def warn_of_readers(settings: Settings, urls: Sequence[str], pop3_urls: Sequence[str] = ()) -> None:
    """Say who may read all mail, where that is more than this machine. `urls` are those of `http`."""
    access = settings.access
    if ANY_ORIGIN in settings.http.allowed_origins:
        _log.warning("any web page that a reader opens can use the API (allowed_origin = %s)", ANY_ORIGIN)
    if access.private == "on":
        return
    pop3 = (*settings.pop3.listen, *settings.pop3.listen_tls)
    for endpoint, url in zip(pop3, pop3_urls, strict=False):
        if access.mode == "dev" and not is_loopback(endpoint.host):
            _log.warning("everyone who reaches %s can read any inbox with any password (mode = dev)", url)
    for endpoint, url in zip(settings.http.listen, urls, strict=True):
        if is_loopback(endpoint.host):
            continue
        if access.all_mail == "everyone":
            actions = "read" if settings.read_only or access.deletion == "off" else "read and delete"
            _log.warning("everyone who reaches %s can %s all mail", url, actions)
        if access.http_names == "local":
            _log.warning(
                "%s is served to %s, also under names without a dot, *.internal and *.local (mode = %s); "
                "see allow_http_sources and http_names",
                url,
                "private networks"
                if access.allow_http_sources == PRIVATE
                else "the networks of allow_http_sources",
                access.mode,
            )


def _warn_of_senders(settings: Settings) -> None:
    """Say whose mail is taken, and under which rules, where that may surprise."""
    smtp, mode = settings.smtp, settings.access.mode
    if settings.read_only:
        return
    if mode == "public" and not smtp.domains:
        _log.warning("mail is taken for any domain: name your own with --domain")
    beyond = [endpoint for endpoint in (*smtp.listen, *smtp.listen_tls) if not is_loopback(endpoint.host)]
    facts = {
        "AUTH is offered to all": smtp.auth == "any",
        "STARTTLS is not offered without tls_cert": smtp.tls == "given" and smtp.tls_cert is None,
        "private networks have no per-source limits": smtp.trusted == PRIVATE,
    }
    open_doors = [fact for fact, holds in facts.items() if holds]
    if mode == "dev" and beyond and open_doors:
        _log.warning(
            "%s is served in dev mode: %s; on the Internet give --domain, or --mode public",
            ", ".join(map(str, beyond)),
            ", ".join(open_doors),
        )


def _leave_out_ipv6(settings: Settings) -> Settings:
    """Return the settings without listeners that this machine cannot have, and that IPv4 stands in for."""
    smtp = replace(
        settings.smtp,
        listen=leave_out_ipv6(settings.smtp.listen),
        listen_tls=leave_out_ipv6(settings.smtp.listen_tls),
    )
    pop3 = replace(
        settings.pop3,
        listen=leave_out_ipv6(settings.pop3.listen),
        listen_tls=leave_out_ipv6(settings.pop3.listen_tls),
    )
    http = replace(settings.http, listen=leave_out_ipv6(settings.http.listen))
    return replace(settings, smtp=smtp, http=http, pop3=pop3)


def _write_for_mailpit(url: str) -> str:
    """Return the line that programs wait for which start a Mailpit, in its form: every address is ``localhost``."""
    shown = _name_host(url)
    return f'time="{datetime.now():%Y/%m/%d %H:%M:%S}" level=info msg="[http] accessible via {shown}"'  # noqa: DTZ005 - local, as Mailpit's


def _name_host(url: str) -> str:
    """Return the URL of a listener as a reader on this machine may use it."""
    return re.sub(r"(?<=//)(0\.0\.0\.0|\[::\])(?=:)", "localhost", url)


def _describe_store(settings: Settings) -> str:
    """Return what to say of the database behind its name."""
    if settings.store.is_in_memory:
        return ", lost when edgemail ends"
    return " (only read)" if settings.read_only else ""


def _now() -> datetime:
    return datetime.now(UTC)


def _find_certificate(settings: Settings) -> Certificate | None:
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


def _make_spooler(settings: Settings) -> Spooler:
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


def _read_passwords(settings: Settings) -> tuple[StoredPasswords | None, Logins | None]:
    """Read the operator's passwords, and the credentials of those who may send.

    Raises:
        SettingsError: a file cannot be read, or has mistakes.
    """
    access, smtp = settings.access, settings.smtp
    passwords = logins = None
    if access.has_passwords:
        file = access.password_file and Path(access.password_file)
        passwords = read_password_file(file or None, "password_file", access.passwords or ())
    if smtp.has_logins and not settings.read_only:
        file = smtp.auth_file and Path(smtp.auth_file)
        logins = Logins(read_password_file(file or None, "auth_file", smtp.auth_passwords or ()), access.login_rate)
    return passwords, logins


def _read_webhook_secret(settings: Settings) -> str | None:
    """Return the secret that the settings give, or that of the file which they name.

    Raises:
        SettingsError: the file cannot be read, or holds no secret.
    """
    webhook = settings.webhook
    if webhook.signing_key_file is None:
        return webhook.signing_key
    from edgemail.store.remote.tokens import read_token_file

    try:
        return read_token_file(webhook.signing_key_file)
    except TokenError as error:
        raise SettingsError([f"webhook_secret_file: {error}"]) from error


def _make_teller(
    settings: Settings, secret: str | None, store: Mailbox, counters: WebhookCounters, http_urls: Sequence[str]
) -> Teller:
    """Return what tells the webhook of mail."""
    from edgemail.http.webhook_bodies import choose_writer
    from edgemail.webhook import Receiver, Teller  # its HTTP client takes a tenth of a second to load

    webhook = settings.webhook
    receiver = Receiver(webhook.url or "", secret=secret, may_be_private=webhook.private == "on")
    if webhook.private == "off" and receiver.name.startswith("http:"):
        _log.warning("webhook_url has no TLS: whoever is on the way to %s reads all codes and links", receiver.name)
    reader_url = webhook.reader_url or next(map(_name_host, http_urls), None)
    return Teller(
        store,
        receiver,
        choose_writer(webhook.format, reader_url),
        counters,
        addresses=webhook.addresses,
        interval_s=webhook.interval_s,
        delay_s=webhook.delay_s,
    )


def _limit_reading(settings: Settings, spooler: Spooler) -> ReadLimits:
    http = settings.http
    return ReadLimits(http.max_waiting_reads, http.max_parsed_bytes, http.max_parsed_file_bytes, spooler.folder)


async def _open_mailbox(settings: Settings) -> OperatorMailbox | None:
    if not settings.operator.reserved or settings.operator.maildir is None or settings.read_only:
        return None
    mailbox = OperatorMailbox(Path(settings.operator.maildir))
    await asyncio.to_thread(mailbox.open)
    return mailbox
