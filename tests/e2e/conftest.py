"""A running program, a browser, and mail sent by SMTP."""

from __future__ import annotations

import asyncio
import os
import re
import selectors
import smtplib
import struct
import subprocess
import sys
import time
import uuid
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect
from testkit.server_process import UNBOUNDED
from testkit.tools import CHROMIUM

from tests.e2e.canary import listening_canary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser, BrowserContext, Page
    from testkit.sqld import Sqld

    from tests.e2e.canary import Canary
    from tests.e2e.edge import Edge

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # It keeps frames from this machine's ports whatever the page does, which would hide what the page lets out.
    "--disable-features=LocalNetworkAccessChecks",
]
START_S = 20.0
STOP_S = 10.0


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + png_chunk(b"IDAT", zlib.compress(b"\0\x12\x57\xc7"))
    + png_chunk(b"IEND", b"")
)
"""One blue pixel."""

WATCH_PROGRESS = """() => {
  window.seen = [];
  new MutationObserver(() => {
    for (const state of document.querySelectorAll(".mail .state")) window.seen.push(state.textContent);
  }).observe(document, { subtree: true, childList: true, characterData: true });
}"""
"""Collects a page's console messages and errors."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running edgemail and where it listens."""

    web: str
    smtp_host: str
    smtp_port: int

    async def send(self, message: EmailMessage | bytes, to: str) -> None:
        """Send a message by SMTP; return after its 250."""
        await asyncio.to_thread(self._send, [message], to)

    async def send_all(self, messages: list[EmailMessage], to: str) -> None:
        await asyncio.to_thread(self._send, list(messages), to)

    def send_to_both(self, message: EmailMessage, to: tuple[str, str]) -> None:
        """Hand over one message to two recipients."""
        with smtplib.SMTP(self.smtp_host, self.smtp_port, timeout=20) as smtp:
            smtp.sendmail("bounce@sender.example", to, message.as_bytes(policy=SMTP))

    def _send(self, messages: list[EmailMessage | bytes], to: str) -> None:
        with smtplib.SMTP(self.smtp_host, self.smtp_port, timeout=20) as smtp:
            for message in messages:
                octets = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
                smtp.sendmail("bounce@sender.example", [to], octets)


@contextmanager
def running_server(
    folder: Path,
    *,
    smtp: str = "127.0.0.1:0",
    http: str = "127.0.0.1:0",
    db: str | None = None,
    db_token: str | None = None,
    **environ: str,
) -> Iterator[Server]:
    """Run the program; yield it once it has printed its addresses."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("EDGEMAIL_", "LIBSQL_"))}
    command = [sys.executable, "-m", "edgemail", "serve", "--smtp", smtp, "--http", http]
    with (
        (folder / "log.txt").open("ab") as log,
        subprocess.Popen(
            [*command, "--db", db or str(folder / "mail.db")],
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            cwd=folder,
            env=env
            | UNBOUNDED
            | {"PYTHONUNBUFFERED": "1"}
            | ({"EDGEMAIL_DB_TOKEN": db_token} if db_token else {})
            | environ,
        ) as process,
    ):
        try:
            said = read_until_listening(process)
            smtp_at = re.search(r"smtp://([^\s:]+):(\d+)", said)
            web_at = re.search(r"(http://\S+)/", said)
            assert smtp_at, said
            assert web_at, said
            yield Server(web_at[1], smtp_at[1], int(smtp_at[2]))
        finally:
            process.terminate()
            process.wait(STOP_S)


def read_until_listening(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    said = ""
    deadline = time.monotonic() + START_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not re.search(r"http://.*\n", said):
            assert selector.select(deadline - time.monotonic()), f"not listening in time; it said: {said}"
            more = os.read(process.stdout.fileno(), 4096)
            assert more, f"it stopped with {process.wait()}; it said: {said}"
            said += more.decode()
    return said


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("edgemail")) as running:
        yield running


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Run a program whose page reads its database, a primary, without it."""
    from tests.e2e.edge import running_edge  # it needs this module

    with running_edge(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture(scope="module")
def replica(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sqld]:
    """Run a replica of the primary."""
    from tests.e2e.edge import running_replica

    with running_replica(tmp_path_factory.mktemp("replica"), edge.primary) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=30_000)
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def canary(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Canary]:
    async with listening_canary(tmp_path_factory.mktemp("canary"), PNG) as canary:
        yield canary


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, server: Server) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(
        base_url=server.web, viewport={"width": 1280, "height": 800}, locale="en-GB", ignore_https_errors=True
    )
    made.set_default_timeout(30_000)
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """Yield a page; fail if its console has an error, or an exception was thrown."""
    made = await context.new_page()
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def quiet_page(context: BrowserContext) -> Page:
    """Yield a page whose console may have errors, as browsers report refusals there."""
    return await context.new_page()


@pytest.fixture
def address() -> str:
    return f"ann_{uuid.uuid4().hex[:12]}@example.com"


def letter(subject: str = "Hello", text: str | None = "Hello.", html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Bob Builder <bob@sender.example>"
    message["To"] = "whoever@example.com"
    message["Subject"] = subject
    if text is not None:
        message.set_content(text)
    if html is not None:
        (message.set_content if text is None else message.add_alternative)(html, subtype="html")
    return message


async def open_inbox(page: Page, address: str) -> None:
    """Open an inbox and wait until arrivals are live."""
    await page.goto(f"/#/{address}")
    await expect(page.locator(".live.on")).to_be_visible()


async def open_message(page: Page, subject: str) -> None:
    await page.locator("a.message").filter(has_text=subject).click()
    await expect(page.get_by_role("tablist")).to_be_visible()


async def scroll_to_the_end(page: Page) -> None:
    """Scroll the list to its end; only visible rows are drawn, and more are loaded near the end."""
    await page.locator(".list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
