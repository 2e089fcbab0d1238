"""Measures views by Chromium's own counts: load, layout shifts, responsiveness."""

from __future__ import annotations

import smtplib
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect
from tests.e2e.screenshot_mail import EVERYDAY, order

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, CDPSession, Page
    from tests.e2e.conftest import Server

    Say = Callable[[str], None]

INBOX = "bench@mail.example"
LONG = "long@mail.example"
HEAVY = "heavy@mail.example"
LISTED = 50
SENDERS = 8
MIB = 2**20
PATIENCE_MS = 60_000
SETTLED_MS = 500
FRAME_MS = 1_000 / 60
SCROLLED_PX = 40_000
SCROLL_PX_S = 4_000

# LCP, CLS and INP as web.dev defines them; of less than 50 interactions the longest one is INP.
OBSERVE = """
window.found = { lcp: 0, cls: 0, inp: 0, tasks: [] };
const watch = (type, take, more = {}) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
watch("largest-contentful-paint", (entry) => { found.lcp = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) found.cls += entry.value; });
watch("event", (entry) => {
  if (entry.interactionId) found.inp = Math.max(found.inp, entry.duration);
}, { durationThreshold: 16 });
watch("longtask", (entry) => { found.tasks.push(entry.duration); });
"""
WEIGH = """() => {
  const all = performance.getEntriesByType("resource").filter(({ name }) => name.startsWith(location.origin));
  const sum = (some) => some.reduce((bytes, { encodedBodySize }) => bytes + encodedBodySize, 0);
  return [sum(all.filter(({ name }) => new URL(name).pathname.endsWith(".js"))), sum(all)];
}"""
REST = """() => new Promise((go) => requestIdleCallback(
  () => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go, 100))), { timeout: 5000 }))"""
FRAMES = """() => {
  window.frames_ms = [];
  let last = 0;
  const note = (now) => {
    if (last) window.frames_ms.push(now - last);
    last = now;
    window.noting = requestAnimationFrame(note);
  };
  window.noting = requestAnimationFrame(note);
}"""


@dataclass(frozen=True)
class View:
    """A view, and the actions of a person in it."""

    name: str
    hash_: str
    stands: str
    """A selector for an element that shows that the view is ready."""
    use: Callable[[Page], None]


@dataclass(frozen=True)
class Vitals:
    """A view's figures."""

    view: str
    slowed: int
    lcp_ms: float
    cls: float
    inp_ms: float
    longest_task_ms: float
    blocked_ms: float
    """The milliseconds of tasks beyond 50 ms each."""
    js_bytes: int
    all_bytes: int

    def cells(self) -> list[str]:
        """Return a row of the table."""
        times = [f"{value:.0f}" for value in (self.inp_ms, self.longest_task_ms, self.blocked_ms)]
        sizes = [f"{value / 1000:.1f}" for value in (self.js_bytes, self.all_bytes)]
        return [self.view, f"{self.slowed} x", f"{self.lcp_ms:.0f}", f"{self.cls:.3f}", *times, *sizes]


@dataclass(frozen=True)
class Scrolling:
    """The times between frames during scrolling."""

    slowed: int
    frames: int
    p50_ms: float
    p95_ms: float
    longest_ms: float
    left_out: int
    """Frames of a 60 Hz screen that were missing."""

    def cells(self) -> list[str]:
        """Return a row of the table."""
        times = [f"{value:.1f}" for value in (self.p50_ms, self.p95_ms, self.longest_ms)]
        share = f"{self.left_out / (self.frames + self.left_out):.1%}"
        return [f"{self.slowed} x", str(self.frames), *times, f"{self.left_out} ({share})"]


@dataclass(frozen=True)
class Heavy:
    """The times of opening a large message."""

    slowed: int
    opened_ms: float
    longest_task_ms: float

    def cells(self) -> list[str]:
        """Return a row of the table."""
        return [f"{self.slowed} x", f"{self.opened_ms:.0f}", f"{self.longest_task_ms:.0f}"]


def prepare(server: Server) -> list[View]:
    """Fill an inbox with mail of every day; return the views to measure."""
    makers = [make for make, _ in EVERYDAY]
    send(server, [makers[at % len(makers)]() for at in range(LISTED - 1)], INBOX)
    send(server, [order()], INBOX)
    return [
        View("landing", "#/new", ".address-form", _use_landing),
        View("inbox", f"#/{INBOX}", "a.message", _use_inbox),
        View("message", f"#/{INBOX}/{LISTED}", ".frame iframe", _use_message),
    ]


def measure_view(browser: Browser, server: Server, view: View, slowed: int, rounds: int, say: Say) -> Vitals:
    """Load a view several times, each in a new profile; return the medians."""
    say(f"{view.name}, {slowed} x")
    all_found = [_load(browser, server, view, slowed) for _ in range(rounds)]

    def median(name: str) -> float:
        return float(statistics.median(found[name] for found in all_found))

    js_bytes, all_bytes = all_found[0]["sizes"]
    return Vitals(
        view.name,
        slowed,
        lcp_ms=median("lcp"),
        cls=median("cls"),
        inp_ms=median("inp"),
        longest_task_ms=median("longest"),
        blocked_ms=median("blocked"),
        js_bytes=js_bytes,
        all_bytes=all_bytes,
    )


def _load(browser: Browser, server: Server, view: View, slowed: int) -> dict[str, Any]:
    page, _ = _open_page(browser, slowed)
    page.goto(f"{server.web}/{view.hash_}")
    page.locator(view.stands).first.wait_for()
    page.wait_for_timeout(SETTLED_MS)  # the event stream stays open: the network is never idle
    page.evaluate(REST)
    sizes = page.evaluate(WEIGH)
    view.use(page)
    page.evaluate(REST)
    found: dict[str, Any] = page.evaluate("window.found")
    page.context.close()
    tasks = found["tasks"]
    blocked = sum(task - 50 for task in tasks)
    return found | {"sizes": sizes, "longest": max(tasks, default=0), "blocked": blocked}


def _use_landing(page: Page) -> None:
    page.get_by_role("button", name="Another name").click()
    page.get_by_label("Inbox name").click()
    page.keyboard.type("brave otter", delay=60)
    page.keyboard.press("Enter")


def _use_inbox(page: Page) -> None:
    for key in "jjjk":
        page.keyboard.press(key)
        page.evaluate(REST)
    page.get_by_role("searchbox").click()
    page.keyboard.type("order", delay=60)
    page.get_by_label("Order").select_option("oldest")


def _use_message(page: Page) -> None:
    for name in ("Text", "Headers", "Raw", "HTML"):
        page.get_by_role("tab", name=name).click()
        page.evaluate(REST)
    page.get_by_role("button", name="Preview order.csv").click()


def fill(server: Server, messages: int, say: Say) -> str:
    """Send small messages to an inbox; return its address once it lists the last one."""
    say(f"sending {messages:,} messages")
    makers = [make for make, _ in EVERYDAY if make is not order and make.__name__ != "reply"]
    shares = [[makers[at % len(makers)]() for at in range(number, messages, SENDERS)] for number in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as threads:
        list(threads.map(lambda share: send(server, share, LONG), shares))
    return LONG


def scroll(browser: Browser, server: Server, address: str, messages: int, slowed: int, say: Say) -> Scrolling:
    """List a whole inbox, then scroll through it as a thumb does; return the time of each frame."""
    say(f"scrolling, {slowed} x")
    page, wire = _open_page(browser, 1)
    page.goto(f"{server.web}/#/{address}")
    page.locator("a.message").first.wait_for()
    whole = page.locator(f".row[aria-setsize='{messages}']").first
    deadline = time.monotonic() + PATIENCE_MS / 1_000
    while not whole.is_visible():
        assert time.monotonic() < deadline, "the inbox was not listed to its end"
        page.locator(".list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
        page.evaluate(REST)
    page.locator(".list").evaluate("list => list.scrollTo(0, 0)")
    page.evaluate(REST)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    page.evaluate(FRAMES)
    for way in (-1, 1):
        gesture = {"x": 200, "y": 500, "yDistance": way * SCROLLED_PX, "speed": SCROLL_PX_S}
        wire.send("Input.synthesizeScrollGesture", gesture | {"gestureSourceType": "mouse"})
    frames: list[float] = page.evaluate("() => { cancelAnimationFrame(window.noting); return window.frames_ms }")
    page.context.close()
    left_out = sum(max(0, round(frame / FRAME_MS) - 1) for frame in frames)
    p95 = statistics.quantiles(frames, n=20, method="inclusive")[-1]
    return Scrolling(slowed, len(frames), statistics.median(frames), p95, max(frames), left_out)


def open_heavy(browser: Browser, server: Server, slowed: int, say: Say) -> Heavy:
    """Open a message of 25 MiB."""
    say(f"25 MiB, {slowed} x")
    address = f"{slowed}.{HEAVY}"
    message = EmailMessage()
    message["Subject"] = "Heavy"
    message.set_content("It is large.")
    message.add_attachment(bytes(18 * MIB), maintype="application", subtype="zip", filename="heavy.zip")
    send(server, [message], address)
    page, _ = _open_page(browser, slowed)
    page.goto(f"{server.web}/#/{address}")
    page.locator("a.message").wait_for()
    page.evaluate(REST)
    page.evaluate("() => { window.found.tasks = [] }")
    page.evaluate(WATCH_OPENING)
    page.locator("a.message").click()
    expect(page.locator(".plain")).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate(REST)
    opened_ms = page.evaluate("window.opened - window.clicked")
    longest = max(page.evaluate("window.found.tasks"), default=0)
    page.context.close()
    return Heavy(slowed, opened_ms, longest)


WATCH_OPENING = """() => {
  addEventListener("click", () => { window.clicked = performance.now(); }, { capture: true, once: true });
  new MutationObserver((_, observer) => {
    if (!document.querySelector(".plain")) return;
    observer.disconnect();
    requestAnimationFrame(() => { window.opened = performance.now(); });
  }).observe(document.body, { subtree: true, childList: true });
}"""


def _open_page(browser: Browser, slowed: int) -> tuple[Page, CDPSession]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(OBSERVE)
    wire = context.new_cdp_session(page)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    return page, wire


def send(server: Server, messages: list[EmailMessage], to: str) -> None:
    """Send messages by SMTP on one connection."""
    with smtplib.SMTP(server.smtp_host, server.smtp_port, timeout=30) as smtp:
        for message in messages:
            smtp.sendmail("bench@sender.example", [to], message.as_bytes(policy=SMTP))
