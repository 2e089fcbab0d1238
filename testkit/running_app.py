"""Runs the whole program in this process, on free ports."""

from __future__ import annotations

import asyncio
import smtplib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from edgemail.app import App
from edgemail.model import Endpoint
from edgemail.settings import (
    HttpSettings,
    PolicySettings,
    RetentionSettings,
    Settings,
    SmtpSettings,
    StoreSettings,
    resolve,
)
from testkit.http_client import Answer, ask, inbox_path
from testkit.sample_mail import letter
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

ANY_PORT = Endpoint("127.0.0.1", 0)
ANN = "ann@example.org"


def settings_in(
    folder: Path,
    *,
    domains: tuple[str, ...] = (),
    allowed_hosts: tuple[str, ...] = (),
    allowed_origins: tuple[str, ...] = (),
) -> Settings:
    """Make settings with free ports and a database in a folder, without limits on mail kept."""
    return Settings(
        smtp=SmtpSettings(listen=(ANY_PORT,), hostname="mx.example.net", domains=domains),
        http=HttpSettings(listen=(ANY_PORT,), allowed_hosts=allowed_hosts, allowed_origins=allowed_origins),
        store=StoreSettings(db=str(folder / "mail.db")),
        retention=RetentionSettings(max_age_s=None, max_bytes=None, max_inbox_messages=None, max_inbox_bytes=None),
        policy=PolicySettings(min_free=None),
    )


@dataclass(frozen=True, slots=True)
class Program:
    """A running edgemail as its users see it."""

    app: App

    @property
    def url(self) -> str:
        return self.app.http_urls[0].removesuffix("/")

    @property
    def smtp(self) -> tuple[str, int]:
        at = urlsplit(self.app.smtp_urls[0])
        assert at.hostname is not None
        assert at.port is not None
        return at.hostname, at.port

    async def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        return await ask(self.url, path, method, headers, body)

    async def list_inbox(self, address: str = ANN, query: str = "") -> list[dict[str, Any]]:
        answer = await self.ask(inbox_path(address, f"/messages{query}"))
        assert answer.status == 200, answer.body
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    async def send(self, *messages: bytes, to: tuple[str, ...] = (ANN,)) -> list[int]:
        """Send messages by SMTP, one after the other; return their ids."""
        seen = await self.list_inbox(to[0], "?limit=1")
        await asyncio.to_thread(self._send, messages, to)
        after = seen[0]["id"] if seen else 0
        return [message["id"] for message in reversed(await self.list_inbox(to[0], f"?limit=200&after={after}"))]

    async def send_letter(self, *subjects: str) -> list[int]:
        return await self.send(*[letter(subject) for subject in subjects])

    def _send(self, messages: tuple[bytes, ...], to: tuple[str, ...]) -> None:
        with smtplib.SMTP(*self.smtp, timeout=PATIENCE_S) as client:
            for message in messages:
                client.sendmail("bounce@sender.example", to, message, mail_options=["SMTPUTF8", "BODY=8BITMIME"])


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Program]:
    """Run the program for as long as the context lasts."""
    app = await App.start(settings)
    try:
        yield Program(app)
    finally:
        await app.stop()


def resolved_in(folder: Path, **given: str) -> Settings:
    """Resolve settings as the program does, with free ports and a database in a folder.

    No mail is deleted for its age: sample mail has a fixed date.
    """
    defaults = {
        "db": str(folder / "mail.db"),
        "smtp": "127.0.0.1:0",
        "http": "127.0.0.1:0",
        "min_free": "off",
        "max_age": "off",
    }
    environ = {f"EDGEMAIL_{name.upper()}": value for name, value in (defaults | given).items()}
    return resolve({}, environ).settings
