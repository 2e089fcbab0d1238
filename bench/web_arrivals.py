"""Measures from SMTP's 250 to the row on the screen; sender and browser share one clock."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import smtplib
import statistics
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.sharedctypes import Synchronized

    from playwright.sync_api import Browser
    from tests.e2e.conftest import Server

    Say = Callable[[str], None]

ADDRESS = "awaited@mail.example"
OTHERS = 500
CONNECTIONS = 8
BODY = b"Some words of a message.\r\n" * 80
AIMS_MS = {"SSE": (100, 300), "straight from sqld": (250, 600)}
"""The median and the 95th percentile."""
PAUSE_S = {"SSE": 0.1, "straight from sqld": 2.0}
"""The longest pause between messages: without pauses, each would follow a poll."""
PATIENCE_MS = 30_000

# `Date.now()` and not `performance.now()`, as it is the clock that the sender reads too.
WATCH = """() => {
  window.shown = {};
  new MutationObserver(() => {
    const fresh = [...document.querySelectorAll("a.message .subject")]
      .map((subject) => subject.textContent)
      .filter((subject) => subject.startsWith("Awaited") && !(subject in window.shown));
    for (const subject of fresh) window.shown[subject] = null;
    requestAnimationFrame(() => setTimeout(() => {
      for (const subject of fresh) window.shown[subject] = Date.now();
    }));
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


@dataclass(frozen=True)
class Arrivals:
    """The times until mail was visible."""

    source: str
    mails: int
    others_s: float
    p50_ms: float
    p95_ms: float
    longest_ms: float
    aims_ms: tuple[int, int]

    def cells(self) -> list[str]:
        """Return a row of the table."""
        times = [f"{value:.0f}" for value in (self.p50_ms, self.p95_ms, self.longest_ms)]
        return [self.source, str(self.mails), f"{self.others_s:.0f}", *times]


def measure(
    browser: Browser, server: Server, site: str, source: str, mails: int, load_s: int, say: Say
) -> Arrivals:
    """Send messages one at a time to an open inbox, while other inboxes get mail too."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{site}/#/{ADDRESS}")
    page.locator(".live.on").wait_for(timeout=PATIENCE_MS)
    page.evaluate(WATCH)
    took_ms: list[float] = []
    with _load(server, load_s) as count, smtplib.SMTP(server.smtp_host, server.smtp_port, timeout=30) as smtp:
        started, before = time.monotonic(), count.value
        for number in range(mails):
            if number % 20 == 0:
                say(f"{source}, mail {number} of {mails}")
            time.sleep(random.uniform(0, PAUSE_S[source]))
            subject = f"Awaited {number}"
            smtp.sendmail("bench@sender.example", [ADDRESS], b"Subject: %s\r\n\r\n%s" % (subject.encode(), BODY))
            accepted_s = time.time()
            shown = page.wait_for_function("subject => window.shown[subject]", arg=subject, timeout=PATIENCE_MS)
            took_ms.append(float(shown.json_value()) - accepted_s * 1_000)
        others_s = (count.value - before) / (time.monotonic() - started)
    context.close()
    p95 = statistics.quantiles(took_ms, n=20, method="inclusive")[-1]
    return Arrivals(source, mails, others_s, statistics.median(took_ms), p95, max(took_ms), AIMS_MS[source])


@contextlib.contextmanager
def _load(server: Server, mails_s: int) -> Iterator[Synchronized[int]]:
    """Run a process that sends mail to other inboxes; yield its counter."""
    forking = multiprocessing.get_context("spawn")
    count: Synchronized[int] = forking.Value("q", 0)
    arguments = (server.smtp_host, server.smtp_port, mails_s, count)
    sender = forking.Process(target=send_steadily, args=arguments, daemon=True)
    sender.start()
    try:
        deadline = time.monotonic() + PATIENCE_MS / 1_000
        while not count.value:
            assert time.monotonic() < deadline, "the load did not start"
            time.sleep(0.05)
        yield count
    finally:
        sender.terminate()
        sender.join()


def send_steadily(host: str, port: int, mails_s: int, count: Synchronized[int]) -> None:
    """Send a number of messages a second, evenly, on several connections, until ended."""
    senders = [
        threading.Thread(target=_send_share, args=(host, port, CONNECTIONS / mails_s, count))
        for _ in range(CONNECTIONS)
    ]
    for sender in senders:
        sender.start()
        time.sleep(1 / mails_s)


def _send_share(host: str, port: int, every_s: float, count: Synchronized[int]) -> None:
    with smtplib.SMTP(host, port, timeout=30) as smtp:
        due = time.monotonic()
        while True:
            due = max(due + every_s, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
            to = f"other{random.randrange(OTHERS)}@mail.example"
            smtp.sendmail("load@sender.example", [to], b"Subject: Load\r\n\r\n" + BODY)
            with count.get_lock():
                count.value += 1
