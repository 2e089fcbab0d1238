"""The page on a host of files, reading the database itself: a real primary, real replicas, real tokens."""

from __future__ import annotations

import re
import time
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from e2e.conftest import PNG, letter, open_message
from e2e.edge import running_edge, running_replica

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Page

    from e2e.edge import Edge
    from support.sqld import Sqld

pytestmark = pytest.mark.asyncio(loop_scope="session")

TAKEN_BACK_MS = 20_000
"""A database that does not answer is given up after 5 s; then another one is asked."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with running_edge(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture(scope="module")
def replica(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sqld]:
    with running_replica(tmp_path_factory.mktemp("replica"), edge.primary) as running:
        yield running


async def open_at(page: Page, site: str, address: str) -> None:
    await page.goto(f"{site}/#/{address}")
    await expect(page.locator(".live.on")).to_be_visible()


async def test_mail_is_listed_opened_and_followed_without_a_server_of_ours(
    page: Page, edge: Edge, replica: Sqld, address: str
) -> None:
    """What SMTP brings to the primary is listed from a replica; what comes later shows up by itself."""
    html = "<p>Your code is 481223</p><a href='https://shop.example/verify?t=1'>Confirm your e-mail</a>"
    message = letter("Verify your account", "Your verification code is 481223", html)
    message.add_attachment(PNG, maintype="image", subtype="png", filename="dot.png")
    await edge.server.send(message, address)
    await open_at(page, edge.publish([replica.url]), address)
    await expect(page.locator("a.message .subject")).to_have_text(["Verify your account"])
    await expect(page.locator(".list").get_by_role("button", name="481223 Copy code")).to_be_visible()
    await expect(page.locator("a.message .clip")).to_be_visible()
    await expect(page.locator(".place")).to_have_text(
        re.compile(rf"127\.0\.0\.1:{replica.http_port} \d+(\.\d)? ms")
    )
    await open_message(page, "Verify")
    await expect(page.locator(".mail .chips").get_by_role("link", name="Confirm your e-mail")).to_be_visible()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download dot.png").click()
    assert (await (await downloading.value).path()).read_bytes() == PNG
    await page.get_by_role("tab", name="Raw").click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download .eml").click()
    assert (await (await downloading.value).path()).read_bytes().endswith(message.as_bytes(policy=SMTP))
    await expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    await expect(page.locator(".notice")).to_contain_text("everyone can read all mail in it")
    await edge.server.send_all([letter("Second"), letter("Third")], address)
    await expect(page.locator("a.message .subject")).to_have_text(["Third", "Second", "Verify your account"])
    await expect(page.locator(".toasts")).to_contain_text("New message from Bob Builder: Third")


async def test_an_expired_token_is_called_expired(quiet_page: Page, edge: Edge, address: str) -> None:
    """The page says that its token expired, and when."""
    token = edge.primary.token("ro", exp=int(time.time()) - 86_400)
    await quiet_page.goto(f"{edge.publish([edge.primary.url], token)}/#/{address}")
    await expect(quiet_page.get_by_role("alert")).to_contain_text("This page's token expired on ")
