"""Defines the settings of the webhook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import DURATION, PATH, PATTERNS, TOKEN, WEB_URL, one_of, or_off, unset

if TYPE_CHECKING:
    from edgemail.settings.sections.access import Mode


def private_webhook_by_mode(mode: Mode) -> Literal["on", "off"]:
    """Return whether the webhook may be at a private address. Programs under test are."""
    return "off" if mode == "public" else "on"


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Which program is told of new mail, and of which."""

    url: str | None = setting(
        unset(WEB_URL),
        None,
        "Tell the program at this URL of new mail, by POST. A name and a password in it are sent as Basic. It has "
        "no flag, since URLs have secrets and other users see a program's flags.",
        name="webhook_url",
        secret=True,
    )
    format: Literal["edgemail", "mailpit"] = setting(
        one_of("edgemail", "mailpit"),
        "edgemail",
        "Tell of a message as edgemail's API does, or as Mailpit does.",
        name="webhook_format",
    )
    addresses: tuple[str, ...] = setting(
        PATTERNS, (), "Tell of mail to these recipients alone: addresses or globs.", name="webhook_address"
    )
    signing_key: str | None = setting(
        unset(TOKEN),
        None,
        "Sign what is told with this secret, in `X-Edgemail-Signature`.",
        name="webhook_secret",
        secret=True,
    )
    signing_key_file: str | None = setting(
        unset(PATH), None, "Read `webhook_secret` from this file, once at the start.", name="webhook_secret_file"
    )
    private: Literal["on", "off"] = setting(
        one_of("on", "off"),
        ComputedDefault(private_webhook_by_mode, "`on` in dev mode, `off` in public mode"),
        "Let the webhook be at a private address: loopback, private networks, a cloud's own addresses.",
        name="webhook_private",
    )
    interval_s: float | None = setting(
        or_off(DURATION), None, "Begin the webhook's requests this far apart at least.", name="webhook_interval"
    )
    delay_s: float | None = setting(
        or_off(DURATION), None, "Tell the webhook of a message this long after it came.", name="webhook_delay"
    )
    reader_url: str | None = setting(
        unset(WEB_URL, "the first address of `http`"),
        None,
        "Readers reach the page under this URL: what the webhook tells has links to each message below it.",
        name="webhook_reader_url",
    )
