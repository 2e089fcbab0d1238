"""Takes messages that came by HTTP, under the rules that hold for all mail whoever sends it."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from edgemail.errors import StoreUnavailable, SubmissionRefused, TooBusy
from edgemail.model import Envelope
from edgemail.smtp import Deliver, SessionRules, write_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from edgemail.model import Address, MailId
    from edgemail.policy.gate import Policy
    from edgemail.settings import SmtpSettings


class Submitter:
    """Puts messages into the store as the listener does: with their trace, and only while there is room."""

    def __init__(
        self,
        settings: SmtpSettings,
        policy: Policy,
        deliver: Callable[[Envelope], asyncio.Future[MailId]],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._rules = SessionRules(hostname=settings.hostname, domains=settings.domains)
        self._policy = policy
        self._deliver = deliver
        self._clock = clock

    async def submit(self, sender: Address, recipients: Sequence[Address], data: bytes, peer_ip: str) -> MailId:
        """Keep a message; return once it is committed and synced.

        Raises:
            SubmissionRefused: it would be refused by SMTP for good.
            TooBusy: it is refused for now.
            StoreReadOnly: this server takes no mail.
            StoreUnavailable: the store failed, and kept nothing.
            StoreFull: there is no room.
        """
        for recipient in recipients:
            if not self._rules.takes(recipient.domain):
                raise SubmissionRefused(f"no mail is taken for {recipient}")
        if len(recipients) > self._settings.max_recipients:
            raise SubmissionRefused(f"there are more than {self._settings.max_recipients} recipients")
        policy = self._policy
        for judge in (policy.disk_space, policy.mail_space, policy.late_commits):
            if judge.judge_sender(sender) is not None:
                raise TooBusy("there is no room for mail, or the store is behind; try again later")
        inboxes = tuple(dict.fromkeys(recipient.inbox for recipient in recipients))
        now = self._clock()
        trace = write_trace(
            Deliver(sender, inboxes, b"", "", "HTTP"),
            peer_ip=peer_ip,
            hostname=self._settings.hostname,
            transaction=secrets.token_hex(5),
            at=now,
        )
        kept = self._deliver(Envelope(sender, inboxes, trace + data, now))
        try:
            async with asyncio.timeout(self._settings.commit_timeout_s):
                return await asyncio.shield(kept)
        except TimeoutError:
            kept.add_done_callback(_take_error)
            raise StoreUnavailable(
                "the store does not answer in time; it may keep the message all the same"
            ) from None


def _take_error(kept: asyncio.Future[MailId]) -> None:
    if not kept.cancelled():
        kept.exception()
