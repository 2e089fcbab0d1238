"""The mail of one address, to await: each wait has a thread, so that the program's loop goes on."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from edgemail.testing.inbox import Inbox
    from edgemail.testing.message import Message

_Result = TypeVar("_Result")


class AsyncInbox:
    """An `Inbox` whose methods are awaited."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    @property
    def address(self) -> str:
        """The address."""
        return self.inbox.address

    @property
    def key(self) -> str | None:
        """What opens the inbox, if it is locked."""
        return self.inbox.key

    @property
    def page(self) -> str:
        """The URL of the page that shows this inbox."""
        return self.inbox.page

    def __str__(self) -> str:
        return self.inbox.address

    def __repr__(self) -> str:
        return f"<AsyncInbox {self.inbox.address}>"

    async def wait(
        self,
        *,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as of `Inbox`
    ) -> Message:
        """See `Inbox.wait`."""
        __tracebackhide__ = True
        inbox = self.inbox
        return await _run(lambda: inbox.wait(subject=subject, sender=sender, where=where, timeout=timeout))

    async def wait_for(
        self,
        count: int,
        *,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as of `Inbox`
    ) -> list[Message]:
        """See `Inbox.wait_for`."""
        __tracebackhide__ = True
        inbox = self.inbox
        return await _run(
            lambda: inbox.wait_for(count, subject=subject, sender=sender, where=where, timeout=timeout)
        )

    async def code(
        self,
        *,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as of `Inbox`
    ) -> str:
        """See `Inbox.code`."""
        __tracebackhide__ = True
        inbox = self.inbox
        return await _run(lambda: inbox.code(subject=subject, sender=sender, where=where, timeout=timeout))

    async def link(
        self,
        url: str | re.Pattern[str] = "",
        *,
        text: str = "",
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as of `Inbox`
    ) -> str:
        """See `Inbox.link`."""
        __tracebackhide__ = True
        inbox = self.inbox
        return await _run(
            lambda: inbox.link(url, text=text, subject=subject, sender=sender, where=where, timeout=timeout)
        )

    async def none(
        self,
        *,
        within: float = 0.5,
        after: Callable[[], object] | None = None,
        subject: str | re.Pattern[str] | None = None,
        sender: str | None = None,
        where: Callable[[Message], bool] | None = None,
    ) -> None:
        """See `Inbox.none`; `after` may be a coroutine function, and runs in the program's loop."""
        __tracebackhide__ = True
        inbox = self.inbox
        done = None
        if after is not None:
            drained = after()
            if inspect.isawaitable(drained):
                await drained
            done = _do_nothing
        await _run(lambda: inbox.none(within=within, after=done, subject=subject, sender=sender, where=where))

    async def messages(self) -> list[Message]:
        """See `Inbox.messages`."""
        return await _run(self.inbox.messages)

    async def mark(self) -> None:
        """See `Inbox.mark`."""
        await _run(self.inbox.mark)

    async def clear(self) -> None:
        """See `Inbox.clear`."""
        await _run(self.inbox.clear)


def _do_nothing() -> None:
    """Stand in for what was waited for already."""


async def _run(work: Callable[[], _Result]) -> _Result:
    """Run in a thread of its own: waits would fill the loop's pool, which the program may need to send."""
    __tracebackhide__ = True
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Result] = loop.create_future()

    def finish(tell: Callable[[], None]) -> None:
        if not done.done():  # else whoever waited has been cancelled
            tell()

    def run() -> None:
        tell: Callable[[], None]
        try:
            tell = partial(done.set_result, work())
        except BaseException as error:
            tell = partial(done.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(finish, tell)

    threading.Thread(target=run, name="edgemail-wait", daemon=True).start()
    return await done
