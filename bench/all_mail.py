"""`python -m bench.all_mail`: how long the list of all mail, its searches and its counts take.

Processor time is the best of the rounds: on a busy machine it says more than the time on the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import string
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgemail import mime
from edgemail.mailbox.inbox import Inbox
from edgemail.mailbox.mail_query import parse_query
from edgemail.model import Address, Envelope
from edgemail.settings import StoreSettings
from edgemail.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from edgemail.store.base import Mailbox

_ROUNDS = 7
_BATCH = 500
_SENDERS, _INBOXES = 500, 3000
_PAGE = 51
"""A page of 50, and one more that tells whether another page follows."""
_SEARCHES = (
    "order",
    "zzzzqqq",
    "to:user17@",
    "subject:77",
    "is:unread",
    "tag:none",
    "has:attachment",
    "larger:1mb",
)


async def _measure(messages: int, words: int, folder: Path) -> None:
    store = await open_store(StoreSettings(db=str(folder / "mail.db")))
    await _fill(store, messages, words)
    all_mail = Inbox(store).all_mail
    await _time("first page", lambda: all_mail.list_page(parse_query(""), limit=_PAGE))
    await _time("last page", lambda: all_mail.list_page(parse_query(""), limit=_PAGE, start=messages - _PAGE))
    for search in _SEARCHES:
        query = parse_query(search)
        await _time(f"search {search}", lambda query=query: all_mail.list_page(query, limit=_PAGE))  # type: ignore[misc]
    for search in ("", *_SEARCHES[:3]):
        query = parse_query(search)
        await _time(f"count {search}", lambda query=query: all_mail.count(query))  # type: ignore[misc]
    await store.close()


async def _time(name: str, work: Callable[[], Awaitable[Any]]) -> None:
    times_ms, processor_ms = [], []
    for _ in range(_ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        await work()
        times_ms.append((time.perf_counter() - started) * 1000)
        processor_ms.append((time.process_time() - used) * 1000)
    print(
        f"{name:<24} p50 {statistics.median(times_ms):8.1f} ms  best {min(times_ms):8.1f} ms"
        f"  processor {min(processor_ms):8.1f} ms",
        flush=True,
    )


async def _fill(store: Mailbox, messages: int, words: int) -> None:
    chance = random.Random(1)
    vocabulary = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 10))) for _ in range(20_000)]
    for start in range(0, messages, _BATCH):
        letters = [_write(number, chance.choices(vocabulary, k=words)) for number in range(start, start + _BATCH)]
        mail_ids = await asyncio.gather(
            *[
                store.add(
                    Envelope(
                        Address.parse("bob@shop.example"),
                        (f"user{number % _INBOXES}@example.org",),
                        letter,
                        datetime.now(UTC),
                    )
                )
                for number, letter in enumerate(letters, start)
            ]
        )
        summaries = await asyncio.to_thread(lambda batch=letters: [mime.summarize(letter) for letter in batch])  # type: ignore[misc]
        await store.add_summaries(list(zip(mail_ids, summaries, strict=True)))


def _write(number: int, words: list[str]) -> bytes:
    sender = number % _SENDERS
    return (
        f"From: Shop {sender} <shop{sender}@shop.example>\r\nTo: <user{number % _INBOXES}@example.org>\r\n"
        f"Subject: Order {number}\r\nMessage-ID: <{number}@shop.example>\r\n\r\n{' '.join(words)}\r\n"
    ).encode()


def main() -> None:
    """Fill a database in a temporary folder, then print a line for each question."""
    parser = argparse.ArgumentParser(prog="python -m bench.all_mail", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=80, help="different words of each message; default: 80")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        asyncio.run(_measure(chosen.messages, chosen.words, Path(folder)))


if __name__ == "__main__":
    main()
