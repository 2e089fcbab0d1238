"""The mail of one address, for one test."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from edgemail.testing.api import PATIENCE_S, ApiError, inbox_path
from edgemail.testing.candidates import choose_code, write_title
from edgemail.testing.errors import MailError
from edgemail.testing.failures import explain_missing, explain_unwanted
from edgemail.testing.matching import Match
from edgemail.testing.message import Message, read_sender

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from edgemail.testing.api import Api
    from edgemail.testing.server import Baseline, Server

    _Listed = Mapping[str, Any]
    """A message's summary, as the API has it."""

TIMEOUT_S: Final = 10.0
_WAIT_MAX_S: Final = 55.0
"""The longest wait that the server grants."""
_PAGE_MAX: Final = 200
_MISSING: Final = 404


class Inbox:
    """An address, and the mail that comes to it. `str(inbox)` is the address.

    Each message that is given out is seen: the same call gives the next one.
    """

    def __init__(
        self,
        server: Server,
        address: str,
        *,
        is_fresh: bool = True,
        timeout: float = TIMEOUT_S,
        key: str | None = None,
    ) -> None:
        """Look at what comes to an address from now on. Nobody else has had a fresh one."""
        self.address = address
        self.key = key
        """Opens the inbox, if it is locked: a public server shows it to nobody else."""
        self.server = server
        self.timeout = timeout
        """How long each call waits, in seconds, unless it is told otherwise."""
        self.baseline: Baseline = server.take_baseline()
        self._start = 0 if is_fresh else self._newest_id()
        self._floor = self._start
        self._lock = threading.Lock()
        self._seen: set[int] = set()
        self._listed: dict[int, _Listed] = {}
        """Summaries of the API, without gaps from the first to the last one that was looked at."""
        self._whole: dict[int, Message] = {}

    def __str__(self) -> str:
        return self.address

    def __repr__(self) -> str:
        return f"<Inbox {self.address}>"

    def wait(
        self,
        *,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Wait for the oldest unseen message that matches.

        `subject` is a part of it in any case, or a pattern that is searched in it. `sender` is a whole
        address. `timeout` is in seconds.

        Raises:
            MailError: none came in time.
        """
        __tracebackhide__ = True
        while True:
            message = self._read(self._wait(Match(subject, sender, where), timeout)["id"])
            if message is not None:  # else it was deleted at this moment
                return message

    def wait_for(
        self,
        count: int,
        *,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,
    ) -> list[Message]:
        """Wait until so many unseen messages match; return them, oldest first.

        Raises:
            MailError: fewer came in time, or more have come.
            ValueError: the number is below 1.
        """
        __tracebackhide__ = True
        if count < 1:
            raise ValueError("to wait for no mail is `none`")
        match, timeout_s = Match(subject, sender, where), self._choose_timeout(timeout)
        found = list(itertools.islice(self._arrivals(match, time.monotonic() + timeout_s), count))
        if len(found) < count:
            raise MailError(explain_missing(self, match, timeout_s, count, self._read_all(found)))
        unseen = self._list_unseen(match)
        if len(unseen) > count:
            raise MailError(explain_unwanted(self, match, self._read_all(unseen), count))
        self._seen.update(listed["id"] for listed in found)
        return self._read_all(found)

    def code(
        self,
        *,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,
    ) -> str:
        """Wait for a message that has a one-time code; return the code.

        Raises:
            MailError: none came in time, or the message has several.
        """
        __tracebackhide__ = True
        listed = self._wait(Match(subject, sender, where, has_code=True), timeout)
        return choose_code(_write_title(listed), listed["codes"])

    def link(
        self,
        url: str | re.Pattern[str] = "",
        *,
        text: str = "",
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,
    ) -> str:
        """Wait for a message that has such a link, as for `Message.link`; return its URL.

        Raises:
            MailError: none came in time, or the message has several.
        """
        __tracebackhide__ = True
        listed = self._wait(Match(subject, sender, where, link=(url, text)), timeout)
        return self._whole[listed["id"]].link(url, text=text)

    def none(
        self,
        *,
        within: float = 0.5,
        after: Callable[[], object] | None = None,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
    ) -> None:
        """Make sure that no unseen message matches.

        `after` is called first: let it wait until the program has sent all that it will, such as by
        draining its queue. What got its 250 by then is found. Without it the inbox is watched for
        `within` seconds, which proves less.

        Raises:
            MailError: one came.
        """
        __tracebackhide__ = True
        match = Match(subject, sender, where)
        if after is None:
            found = list(itertools.islice(self._arrivals(match, time.monotonic() + within), 1))
        else:
            after()
            found = self._list_unseen(match)
        if found:
            raise MailError(explain_unwanted(self, match, self._read_all(found), 0))

    def messages(self) -> list[Message]:
        """Return all that has come and is still there, oldest first. It stays unseen."""
        return self._read_all(self._list(self._start))

    def mark(self) -> None:
        """Let what is there now match no longer."""
        self._floor = max(self._floor, self._newest_id())

    def clear(self) -> None:
        """Delete what is there now."""
        self._api.ask("DELETE", inbox_path(self.address))
        self._listed.clear()

    @property
    def page(self) -> str:
        """The URL of the page that shows this inbox."""
        key = "" if self.key is None else f"?key={self.key}"
        return f"{self.server.url}#/{self.address}{key}"

    @property
    def _api(self) -> Api:
        return self.server.api if self.key is None else self.server.api.with_key(self.key)

    def _wait(self, match: Match, timeout: float | None) -> _Listed:
        """Return the summary of the oldest unseen message that matches, which is seen then."""
        __tracebackhide__ = True
        timeout_s = self._choose_timeout(timeout)
        for listed in self._arrivals(match, time.monotonic() + timeout_s):
            if self._see(listed["id"]):
                return listed
        raise MailError(explain_missing(self, match, timeout_s))

    def is_seen(self, mail_id: int) -> bool:
        """Return True if a message was returned before, so that no call waits for it again."""
        return mail_id in self._seen

    def _see(self, mail_id: int) -> bool:
        """Mark a message as seen; return False if another thread did so first."""
        with self._lock:
            is_new = mail_id not in self._seen
            self._seen.add(mail_id)
        return is_new

    def _choose_timeout(self, timeout: float | None) -> float:
        return self.timeout if timeout is None else timeout

    def _arrivals(self, match: Match, deadline: float) -> Iterator[_Listed]:
        """Yield unseen messages that match, oldest first, as they come until the deadline."""
        after = self._floor
        while True:
            listed = self._next(after, max(0.0, deadline - time.monotonic()))
            if listed is not None:
                after = listed["id"]
                if self._fits(match, listed):
                    yield listed
            elif time.monotonic() >= deadline:
                return

    def _next(self, after: int, timeout_s: float) -> _Listed | None:
        """Wait for the first message above an id."""
        known = min((mail_id for mail_id in list(self._listed) if mail_id > after), default=None)
        if known is not None:
            return self._listed[known]
        timeout_s = min(timeout_s, _WAIT_MAX_S)
        path = inbox_path(self.address, "/wait")
        answer = self._api.get(path, patience_s=timeout_s + PATIENCE_S, after=after, timeout=timeout_s)
        if answer["status"] != "found":
            return None
        listed: _Listed = answer["message"]
        self._listed[listed["id"]] = listed
        return listed

    def _fits(self, match: Match, listed: _Listed) -> bool:
        """Return True if a message is unseen and matches."""
        if listed["id"] in self._seen or not match.fits_listed(listed):
            return False
        if not match.needs_whole:
            return True
        message = self._read(listed["id"])
        return message is not None and match.fits_whole(message)

    def _list_unseen(self, match: Match) -> list[_Listed]:
        """List what is unseen and matches, oldest first."""
        return [listed for listed in self._list(self._floor) if self._fits(match, listed)]

    def _list(self, after: int) -> list[_Listed]:
        """List messages above an id, oldest first."""
        found: list[_Listed] = []
        before = None
        while True:
            page = self._api.get(inbox_path(self.address, "/messages"), limit=_PAGE_MAX, after=after, before=before)
            found += page["messages"]
            before = page["next_before"]
            if before is None:
                return found[::-1]

    def _newest_id(self) -> int:
        page = self._api.get(inbox_path(self.address, "/messages"), limit=1)
        return page["messages"][0]["id"] if page["messages"] else 0

    def _read_all(self, several: Iterable[_Listed]) -> list[Message]:
        """Read whole messages, but for those that have been deleted."""
        found = [self._read(listed["id"]) for listed in several]
        return [message for message in found if message is not None]

    def _read(self, mail_id: int) -> Message | None:
        """Read a whole message; return None if it has been deleted."""
        if mail_id not in self._whole:
            path = f"api/messages/{mail_id}"
            if not self.server.shows_all_mail:
                path = inbox_path(self.address, f"/messages/{mail_id}")
            try:
                self._whole[mail_id] = Message.of(self._api.get(path), self._api, path)
            except ApiError as error:
                if error.status != _MISSING:
                    raise
                return None
        return self._whole[mail_id]


def _write_title(listed: _Listed) -> str:
    sender = read_sender(listed["from"]).address or listed["sender"]
    return write_title(listed["id"], datetime.fromisoformat(listed["date"]), listed["subject"], sender)
