"""What readers do with the mail of all inboxes: list, search, count, wait, mark, tag, delete."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from edgemail.mailbox.fair_turns import SOURCE, FairTurns
from edgemail.mailbox.mail_changes import IDS_MAX, RELOAD, MailChange, MailChanges
from edgemail.mailbox.watched_mail import WatchedMail, make_searched
from edgemail.store.base import MailCounts
from edgemail.store.query import MailQuery, MailTerm, matches

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence

    from edgemail.mailbox.arrivals import ArrivalNotifier, SharedPage
    from edgemail.mailbox.reading import MessageReader
    from edgemail.model import ListedMail, MailId
    from edgemail.store.base import Arrival, ListingRow, Mailbox

ALL_MAIL: Final = ""
"""The topic of arrivals in any inbox. No inbox has an empty name."""

EVERYTHING: Final = MailQuery()

ALL_PAGE_MAX: Final = 1_000
"""The most messages in one page of the list of all mail."""

TAGS_MAX: Final = 1_000
"""The most different tags that are listed."""

MESSAGE_TAGS_MAX: Final = 30
"""The most tags of a message."""

TAG_MAX: Final = 100
"""The most characters of a tag."""

_NO_TAG: Final = re.compile(r"[^A-Za-z0-9 ._-]+")
_FRESH_ROWS: Final = 50
_FRESH_MAX: Final = 1_000
"""The most messages without a summary that one search looks at. There are more for a while after a
database of another version was opened."""
_FOLLOWED_MAX: Final = 50
_CHANGED_ROWS: Final = 1_000
_EACH_ROWS: Final = 200
_SEARCHES_WAITING: Final = 100
_RECHECK_S: Final = 0.25


async def _give_pages(mail_ids: Sequence[MailId]) -> AsyncIterator[Sequence[MailId]]:
    for start in range(0, len(mail_ids), _CHANGED_ROWS):
        yield mail_ids[start : start + _CHANGED_ROWS]


def clean_tags(tags: Sequence[str]) -> list[str]:
    """Return tags as they are kept: letters of ASCII, digits, blanks, dots, hyphens and underscores."""
    cleaned = (" ".join(_NO_TAG.sub("", tag).lstrip(". ").split())[:TAG_MAX].rstrip() for tag in tags)
    return list(dict.fromkeys(tag for tag in cleaned if tag))[:MESSAGE_TAGS_MAX]


class AllMail:
    """The operations on the mail of all inboxes, over any store.

    A message without a summary is searched by its first 16 KiB. Those that parse or search may raise
    `TooBusy`.
    """

    def __init__(
        self,
        store: Mailbox,
        reader: MessageReader,
        notifier: ArrivalNotifier,
        refuse: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Share the reader and the notifier of `Inbox`; `refuse` is called for each search that is refused."""
        self.changes = MailChanges(store.follow_others)
        self._store = store
        self._reader = reader
        self._notifier = notifier
        # A search may read all mail. One at a time leaves readers of the store to everybody else.
        self._turns = FairTurns(1, max_waiting=_SEARCHES_WAITING, refuse=lambda: refuse("search_queue"))
        self._watched = WatchedMail(store, reader)
        store.watch(self._note)

    async def list_page(
        self, query: MailQuery, *, limit: int, before: int | None = None, start: int = 0
    ) -> list[ListedMail]:
        """List what matches below the id `before`, newest first, without the first `start` matches."""
        limit = min(limit, ALL_PAGE_MAX)
        if not query.terms and not start:
            return await self._reader.summarize(await self._store.list_mail(limit=limit, before=before))
        fresh, before = await self._find_fresh(query, before, start + limit)
        found = fresh[start : start + limit]
        if len(found) < limit:
            async with self._turns.turn(SOURCE.get()):
                rows = await self._store.search_mail(
                    query, limit=limit - len(found), before=before, offset=max(0, start - len(fresh))
                )
            found += await self._reader.summarize(rows)
        return found

    async def list_each(self, *, newest_first: bool = False) -> AsyncGenerator[ListedMail, None]:
        """Yield all mail, page by page as it is asked for. What arrives or goes meanwhile may be left out."""
        before, after = None, 0
        while True:
            rows = await self._store.list_mail(
                limit=_EACH_ROWS, before=before, after=after, oldest_first=not newest_first
            )
            for listed in await self._reader.summarize(rows):
                yield listed
            if len(rows) < _EACH_ROWS:
                return
            before, after = (rows[-1].mail.id, 0) if newest_first else (None, rows[-1].mail.id)

    async def newest(self, query: MailQuery) -> ListedMail | None:
        """Return the newest match."""
        found = await self.list_page(query, limit=1)
        return found[0] if found else None

    async def last_id(self) -> int:
        """Return the id of the newest message, 0 where there is none."""
        rows = await self._store.list_mail(limit=1)
        return rows[0].mail.id if rows else 0

    async def count(self, query: MailQuery) -> MailCounts:
        """Count what matches, and what of it is not read."""
        if not query.terms:  # no summary has to be made for that
            messages = (await self._store.measure()).messages
            return MailCounts(messages, max(0, messages - await self._store.count_read()))
        fresh, before = await self._find_fresh(query, None, _FRESH_MAX)
        async with self._turns.turn(SOURCE.get()):
            counts = await self._store.count_mail(query, before=before)
        unread = sum(not listed.is_read for listed in fresh)
        return MailCounts(counts.messages + len(fresh), counts.unread + unread)

    async def wait(self, query: MailQuery, *, after: int | None, timeout_s: float) -> ListedMail | None:
        """Wait for a message that matches; return None after `timeout_s`.

        With `after`, return the first match above that id. Without, return the newest match that is
        stored already, else the next to arrive.
        """
        deadline = time.monotonic() + timeout_s
        with self._notifier.subscribe(ALL_MAIL) as subscription:
            seen = after
            if seen is None:
                seen = await self.last_id()
                if (stored := await self.newest(query)) is not None:
                    return stored
            while not subscription.is_closed:
                page = await self._watched.read(seen)
                if (found := page.find(query)) is not None:
                    return found
                seen = page.count_on(seen)
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return None
                if page.is_full:
                    continue
                if page.settled < len(page.messages):  # a large one may match once its summary is made
                    await subscription.wait(min(left_s, _RECHECK_S))
                elif not await subscription.wait(left_s):
                    return None
        return None

    async def follow(self, after: int, *, quiet_s: float | None = None) -> AsyncGenerator[SharedPage | None, None]:
        """Yield messages above the id `after`, then new ones as they arrive, each once, in order.

        Yields None whenever nothing came for `quiet_s`. Ends when the server stops.
        """
        with self._notifier.subscribe(ALL_MAIL) as subscription:
            is_news = True
            while not subscription.is_closed:
                if not is_news:
                    is_news = await subscription.wait(quiet_s)
                    if not is_news:
                        yield None
                    continue
                page = await subscription.read(after, self._list_after)
                is_news = len(page.listed) == _FOLLOWED_MAX
                if page.listed:
                    after = page.listed[-1].mail.id
                    yield page

    async def mark(self, selection: Sequence[MailId] | MailQuery | None, *, is_read: bool) -> int:
        """Note that messages are read, or are not: ids, what matches, or None for all.

        Returns for how many that is new.
        """
        changed = 0
        if selection is None or isinstance(selection, MailQuery):
            state = MailTerm("is", "unread" if is_read else "read")
            terms = () if selection is None else selection.terms
            pages = self._find_pages(MailQuery((*terms, state)))
        else:
            pages = _give_pages(selection)
        async for mail_ids in pages:
            changed += await self._store.mark(mail_ids, is_read=is_read)
            self._forget_states()
            self.changes.publish("read" if is_read else "unread", mail_ids)
        return changed

    async def delete(self, selection: Sequence[MailId] | MailQuery | None) -> int:
        """Delete messages for all their recipients: ids, what matches, or None for all.

        What arrives meanwhile stays. Returns how many there were.
        """
        if selection is None:
            return await self._delete_all(await self.last_id())
        pages = self._find_pages(selection) if isinstance(selection, MailQuery) else _give_pages(selection)
        deleted = 0
        last: Sequence[MailId] | None = None
        async for mail_ids in pages:
            if last is not None:
                deleted += await self._delete(last, may_return=True)
            last = mail_ids
        if last is not None:  # this one is synced, and with it those before
            deleted += await self._delete(last, may_return=False)
        return deleted

    async def tags(self) -> dict[str, int]:
        """Return all tags in order, each with the number of its messages."""
        async with self._turns.turn(SOURCE.get()):  # it reads the tags of all mail
            return await self._store.list_tags(TAGS_MAX)

    async def set_tags(self, mail_ids: Sequence[MailId], tags: Sequence[str]) -> int:
        """Give messages these tags, cleaned by `clean_tags`, and no others; return how many there were."""
        cleaned = clean_tags(tags)
        tagged = await self._store.set_tags(mail_ids, cleaned)
        self._forget_states()
        is_short = len(mail_ids) <= IDS_MAX
        self.changes.add(MailChange("tagged", tuple(mail_ids), tuple(sorted(cleaned))) if is_short else RELOAD)
        return tagged

    async def rename_tag(self, name: str, new_name: str) -> int:
        """Rename a tag; return how many messages had it. A name of which nothing is left drops it."""
        cleaned = clean_tags([new_name])
        return await self._rename_tag(name, cleaned[0] if cleaned else None)

    async def delete_tag(self, name: str) -> int:
        """Take a tag away from all messages; return how many had it."""
        return await self._rename_tag(name, None)

    def forget(self, mail_ids: Sequence[MailId]) -> None:
        """Drop what is shared of messages that were deleted for all, and tell of it."""
        self._drop_shared(mail_ids)
        self.changes.publish("deleted", mail_ids)

    def _forget_states(self) -> None:
        """Drop what is shared of what was read and tagged."""
        self._notifier.forget(ALL_MAIL)
        self._watched.forget()

    def _drop_shared(self, mail_ids: Sequence[MailId]) -> None:
        self._watched.forget()
        self._notifier.forget()
        for mail_id in mail_ids:
            self._reader.forget(mail_id)

    @contextmanager
    def _telling_if_interrupted(self, mail_ids: Sequence[MailId]) -> Iterator[None]:
        """Tell readers to load the list again if a deletion ends early: a part of it is done."""
        try:
            yield
        except BaseException:
            self._drop_shared(mail_ids)
            self.changes.reload()
            raise

    def _note(self, arrivals: Sequence[Arrival]) -> None:
        self._watched.forget()
        if not arrivals:
            self.changes.reload()
        elif self.changes.is_followed:
            self.changes.publish("new", [arrival.id for arrival in arrivals])

    async def _rename_tag(self, name: str, new_name: str | None) -> int:
        renamed = await self._store.rename_tag(name, new_name)
        if renamed:
            self._forget_states()
            self.changes.reload()
        return renamed

    async def _delete(self, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
        with self._telling_if_interrupted(mail_ids):
            deleted = await self._store.delete(mail_ids, may_return=may_return)
        self.forget(mail_ids)
        return deleted

    async def _delete_all(self, last_id: int) -> int:
        """Delete all mail up to an id, oldest first."""
        deleted, has_more = 0, True
        while has_more:
            oldest = await self._store.list_oldest(_CHANGED_ROWS + 1)
            mail_ids = [aged.id for aged in oldest if aged.id <= last_id]
            has_more = len(mail_ids) > _CHANGED_ROWS
            mail_ids = mail_ids[:_CHANGED_ROWS]
            with self._telling_if_interrupted(mail_ids):
                deleted += await self._store.delete(mail_ids, may_return=has_more)
            self._drop_shared(mail_ids)
        self.changes.add(MailChange("deleted_all"))
        return deleted

    async def _find_fresh(
        self, query: MailQuery, before: int | None, most: int
    ) -> tuple[list[ListedMail], int | None]:
        """Find the newest matches that have no summary yet; return them, and below which id to search on.

        Summaries are made in the order of ids: below the first that has one, all have.
        """
        found: list[ListedMail] = []
        looked_at, rows_at_once = 0, 4
        while looked_at < _FRESH_MAX and len(found) < most:
            rows = await self._store.list_mail(limit=rows_at_once, before=before)
            fresh = list(takewhile(lambda row: row.summary is None, rows))
            found += await self._choose(query, fresh)
            looked_at += len(fresh)
            before = fresh[-1].mail.id if fresh else before
            if len(fresh) < rows_at_once:
                break
            rows_at_once = min(4 * rows_at_once, _FRESH_ROWS)
        return found, before

    async def _choose(self, query: MailQuery, rows: Sequence[ListingRow]) -> list[ListedMail]:
        """Return the rows that match, in their order."""
        if not rows:
            return []
        listed = await self._reader.summarize(rows)
        if not query.terms:
            return listed
        summarized = [row.mail.id for row in rows if row.summary is not None]
        matching: set[MailId] = set()
        if summarized:
            first, last = min(summarized), max(summarized)
            matching.update(await self._store.find_mail(query, limit=len(rows), before=last + 1, after=first - 1))
        return [
            message
            for row, message in zip(rows, listed, strict=True)
            if (row.mail.id in matching if row.summary is not None else matches(query, make_searched(message)))
        ]

    async def _find_pages(self, query: MailQuery) -> AsyncIterator[Sequence[MailId]]:
        """Yield the ids of all that matches now, page by page; what arrives meanwhile is left out."""
        before = await self.last_id() + 1
        while True:
            fresh, next_before = await self._find_fresh(query, before, _FRESH_MAX)
            if fresh:
                yield [listed.mail.id for listed in fresh]
            if next_before == before or next_before is None:
                break
            before = next_before
        while True:
            async with self._turns.turn(SOURCE.get()):
                mail_ids = await self._store.find_mail(query, limit=_CHANGED_ROWS, before=before)
            if mail_ids:
                yield mail_ids
            if len(mail_ids) < _CHANGED_ROWS:
                return
            before = mail_ids[-1]

    async def _list_after(self, after: int) -> list[ListedMail]:
        rows = await self._store.list_mail(limit=_FOLLOWED_MAX, after=after, oldest_first=True)
        return await self._reader.summarize(rows)
