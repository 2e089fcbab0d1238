"""Where `edgemail import` puts mail: a running server by SMTP, or a database."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import smtplib
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from edgemail.archive.envelope_fields import write_return_path
from edgemail.errors import AddressError, StoreFull, StoreUnavailable
from edgemail.mailbox.operator import OperatorMailbox, ReservedNameRouter
from edgemail.model import Address, Envelope
from edgemail.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from edgemail.archive.sources import ArchivedMail
    from edgemail.model import Endpoint
    from edgemail.settings import Settings
    from edgemail.store.base import Mailbox

_TIMEOUT_S: Final = 60.0
"""Longer than the default of `commit_timeout`."""
_PIECE_BYTES: Final = 256 * 1024
_IN_MEMORY_MAX_BYTES: Final = 64 * 1024
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 10.0


class TargetUnavailable(Exception):  # noqa: N818 - a state of the server, named for what the user is told
    """The target takes no mail now. The first messages of the batch may be done with: `reasons` is about them."""

    def __init__(self, text: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.reasons = reasons


class ImportTarget(Protocol):
    """Takes mail."""

    batch_messages: int
    """The number of messages that are handed over at a time."""
    is_interrupted: bool
    """True if Ctrl-C came while it kept a batch, which it then kept whole."""

    def deliver(self, mails: Sequence[ArchivedMail]) -> list[str]:
        """Keep messages; return for each ``""``, or why it was not kept.

        Raises:
            TargetUnavailable: it takes no mail now.
        """
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class SmtpTarget:
    """A running server. Each message keeps its octets, under a new trace."""

    batch_messages = 1
    is_interrupted = False

    def __init__(self, server: Endpoint, patience_s: float) -> None:
        """Wait for `patience_s` at most for a server that refuses mail for now."""
        self._server = server
        self._patience_s = patience_s
        self._connection: smtplib.SMTP | None = None

    def deliver(self, mails: Sequence[ArchivedMail]) -> list[str]:
        """See `ImportTarget.deliver`."""
        return [self._deliver_patiently(mail) for mail in mails]

    def close(self) -> None:
        """See `ImportTarget.close`."""
        if self._connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
            self._connection.close()
            self._connection = None

    def _deliver_patiently(self, mail: ArchivedMail) -> str:
        deadline, wait_s = time.monotonic() + self._patience_s, _FIRST_WAIT_S
        while True:
            reason, is_lasting = self._try(mail)
            if is_lasting:
                return reason
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TargetUnavailable(reason)
            time.sleep(min(wait_s, left_s))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _try(self, mail: ArchivedMail) -> tuple[str, bool]:
        """Send a message once; return why it was refused, and True if trying again is of no use."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            return _transact(self._connection, mail)
        except (smtplib.SMTPException, OSError) as error:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if isinstance(error, TimeoutError):
                return f"{self._server} took too long to answer", False
            if isinstance(error, smtplib.SMTPServerDisconnected):
                return f"{self._server} closed the connection", False
            if isinstance(error, smtplib.SMTPResponseException):
                return f"{self._server} said {_write_reply(error.smtp_code, error.smtp_error)}", False
            reason = getattr(error, "strerror", None) or type(error).__name__
            return f"no SMTP server answers at {self._server} ({reason})", False

    def _connect(self) -> smtplib.SMTP:
        # Named here, since smtplib may query DNS for this machine's name.
        connection = smtplib.SMTP(self._server.host, self._server.port, "localhost", _TIMEOUT_S)
        connection.command_encoding = "utf-8"
        connection.ehlo()
        if not connection.has_extn("chunking"):
            connection.close()
            raise TargetUnavailable(
                f"{self._server} is not edgemail: it does not offer BDAT, which keeps all octets"
            )
        return connection


def _transact(connection: smtplib.SMTP, mail: ArchivedMail) -> tuple[str, bool]:
    """Send a message by BDAT, which changes no octet; return why it was refused, and whether that lasts."""
    sender = "" if mail.sender is None else str(mail.sender)
    size = mail.content.size
    utf8 = "" if "".join((sender, *mail.recipients)).isascii() else " SMTPUTF8"
    commands = [f"MAIL FROM:<{sender}> SIZE={size} BODY=8BITMIME{utf8}"]
    commands += [f"RCPT TO:<{recipient}>" for recipient in mail.recipients]
    for command in commands:
        code, text = connection.docmd(command)
        if code // 100 != 2:
            if code == 421:  # the server closes the connection
                raise smtplib.SMTPResponseException(code, text)
            connection.docmd("RSET")
            return f"{command.partition(' SIZE')[0]}: {_write_reply(code, text)}", code // 100 == 5
    connection.send(f"BDAT {size} LAST\r\n".encode())
    for offset in range(0, size, _PIECE_BYTES):
        connection.send(mail.content.read(offset, _PIECE_BYTES))
    code, text = connection.getreply()
    if code // 100 == 2:
        return "", True
    if code == 421:
        raise smtplib.SMTPResponseException(code, text)
    return _write_reply(code, text), code // 100 == 5


def _write_reply(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(said.split())}"


class DatabaseTarget:
    """A database, whether a server runs on it or not. Each message is kept as it is in the file."""

    batch_messages = 64

    def __init__(self, runner: asyncio.Runner, store: Mailbox, settings: Settings, *, keeps_dates: bool) -> None:
        self._runner = runner
        self._store = store
        self._default_domain = settings.smtp.default_domain or "localhost"
        self._keeps_dates = keeps_dates
        self.is_interrupted = False
        self._router: ReservedNameRouter | None = None
        self._add: Callable[[Envelope], asyncio.Future[Any]] = store.add
        if settings.operator.reserved and settings.operator.maildir is not None:
            mailbox = OperatorMailbox(Path(settings.operator.maildir))
            mailbox.open()
            self._router = ReservedNameRouter(settings.operator.reserved, mailbox, store.add)
            self._add = self._router.deliver

    @classmethod
    def open(cls, settings: Settings, *, keeps_dates: bool) -> Self:
        """Open the database of the settings; with `keeps_dates` mail keeps the date that the file tells.

        Raises:
            StoreInvalid: it cannot be used.
            StoreUnavailable: it cannot be used now.
        """
        runner = asyncio.Runner()
        try:
            return cls(runner, runner.run(open_store(settings.store)), settings, keeps_dates=keeps_dates)
        except BaseException:
            runner.close()
            raise

    def deliver(self, mails: Sequence[ArchivedMail]) -> list[str]:
        """See `ImportTarget.deliver`."""
        with self._holding_interrupts():
            return self._runner.run(self._deliver(mails))

    def close(self) -> None:
        """See `ImportTarget.close`."""
        if self._router is not None:
            self._runner.run(self._router.close())
        self._runner.run(self._store.close())
        self._runner.close()

    @contextlib.contextmanager
    def _holding_interrupts(self) -> Iterator[None]:
        """Note Ctrl-C instead of stopping at once: it would not be known which messages were kept."""
        if threading.current_thread() is not threading.main_thread():  # no other may change this
            yield
            return

        def note(_number: int, _frame: object) -> None:
            self.is_interrupted = True

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    async def _deliver(self, mails: Sequence[ArchivedMail]) -> list[str]:
        now = datetime.now(UTC)
        begun = [self._begin(mail, now) for mail in mails]
        await asyncio.gather(*(each for each in begun if not isinstance(each, str)), return_exceptions=True)
        reasons: list[str] = []
        for each in begun:
            if isinstance(each, str):
                reasons.append(each)
                continue
            try:
                each.result()
            except (StoreFull, StoreUnavailable) as error:
                raise TargetUnavailable(str(error), reasons) from None
            reasons.append("")
        return reasons

    def _begin(self, mail: ArchivedMail, now: datetime) -> asyncio.Future[Any] | str:
        """Hand a message to the store; return why it cannot be kept, if it cannot."""
        try:
            return self._add(self._enclose(mail, now))
        except AddressError as error:
            return str(error)

    def _enclose(self, mail: ArchivedMail, now: datetime) -> Envelope:
        """Make the envelope of a message.

        Raises:
            AddressError: a recipient is no address.
        """
        recipients = tuple(dict.fromkeys(self._find_inbox(recipient) for recipient in mail.recipients))
        trace = write_return_path("" if mail.sender is None else str(mail.sender)).encode()
        date = (mail.date if self._keeps_dates else None) or now
        content = mail.content
        if content.size <= _IN_MEMORY_MAX_BYTES:
            return Envelope(mail.sender, recipients, trace + content.read(0, content.size), date)
        return Envelope(mail.sender, recipients, trace, date, content)

    def _find_inbox(self, recipient: str) -> str:
        address = recipient if "@" in recipient else f"{recipient}@{self._default_domain}"
        try:
            return Address.parse(address).inbox
        except AddressError as error:
            raise AddressError(f'the recipient "{recipient[:200]}": {error}') from None
