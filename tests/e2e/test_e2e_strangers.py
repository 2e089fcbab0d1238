"""What a stranger chose (names, subjects, links, files) is text, and leads where it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import letter, open_inbox, open_message

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Route

    from tests.e2e.canary import Canary
    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOLD = "<b>bold</b><img src=x: onerror=alert(1)>"


@pytest.mark.slow
async def test_markup_in_subject_sender_name_and_text_is_shown_as_it_was_written(
    page: Page, server: Server, address: str
) -> None:
    message = letter(f"Subject {BOLD}", f"Text {BOLD}\n")
    del message["From"]
    message["From"] = f'"Name {BOLD.replace("@", "")}" <bob@sender.example>'
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=f"File {BOLD}.pdf")
    await open_inbox(page, address)
    await server.send(message, address)
    await expect(page.locator(".toast")).to_contain_text(f"Subject {BOLD}")
    await expect(page.locator("a.message")).to_contain_text(f"Name {BOLD}")
    await open_message(page, "Subject")
    await expect(page.locator(".title")).to_have_text(f"Subject {BOLD}")
    await expect(page.locator(".plain")).to_contain_text(f"Text {BOLD}")
    await expect(page.locator(".file bdi").first).to_have_text("b__img src=x_ onerror=alert(1)_.pdf")
    await page.get_by_role("tab", name="Headers").click()
    await expect(page.locator("table.headers")).to_contain_text(f"Subject {BOLD}")
    assert await page.locator("#app b:not(.mono)").count() == 0
    assert await page.locator("#app img").count() == 0


async def test_a_header_that_smuggles_another_one_stays_one_line(page: Page, server: Server, address: str) -> None:
    raw = b"From: a@b.example\r\nSubject: =?utf-8?Q?one=0D=0ABcc:_two@ex.org?=\r\n\r\nHello.\r\n"
    await server.send(raw, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "one")
    await page.get_by_role("tab", name="Headers").click()
    await expect(page.locator("table.headers th", has_text="Bcc")).to_have_count(0)


async def test_a_file_name_that_turns_round_shows_its_real_end(page: Page, server: Server, address: str) -> None:
    message = letter("Photo")
    message.add_attachment(b"MZ", maintype="image", subtype="png", filename="photo\u202egnp.exe")
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Photo")
    await expect(page.locator(".file bdi").first).to_have_text("photo gnp.exe")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_text("There is no preview")).to_be_visible()


async def test_an_html_attachment_previews_as_text_and_downloads_as_octets(
    page: Page, server: Server, address: str
) -> None:
    html = b"<script>top.ran = 1</script>"
    message = letter("Page")
    message.add_attachment(html, maintype="text", subtype="html", filename="page.html")
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Page")
    await page.get_by_role("button", name="Preview page.html").click()
    await expect(page.locator("pre.raw")).to_have_text(html.decode())
    types = await page.evaluate_handle(
        "() => { const types = []; const make = URL.createObjectURL;"
        " URL.createObjectURL = (blob) => { types.push(blob.type); return make.call(URL, blob) }; return types }"
    )
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Download page.html").click()
    download = await downloading.value
    assert (await download.path()).read_bytes() == html
    assert await types.json_value() == ["application/octet-stream"]
    assert await page.evaluate("window.ran") is None


@pytest.mark.slow
async def test_a_link_opens_a_new_window_that_knows_nothing_of_the_page(
    page: Page, context: BrowserContext, server: Server, address: str
) -> None:
    async def answer(route: Route) -> None:
        seen.append(await route.request.all_headers())
        await route.fulfill(body="<title>There</title>", content_type="text/html")

    seen: list[dict[str, str]] = []
    await context.route("https://there.example/**", answer)
    html = (
        "<a href='https://there.example/a' target=_top>go</a>"
        "<a href='javascript:top.ran=1'>run</a> <a href='/x'>in</a>"
    )
    await server.send(letter("Link", None, html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Link")
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_text("run")).not_to_have_attribute("href", "x")
    assert await frame.locator("a[href]").count() == 1
    async with context.expect_page() as opening:
        await frame.get_by_text("go").click()
    opened = await opening.value
    await opened.wait_for_url("https://there.example/a")
    assert await opened.evaluate("[window.opener, document.referrer]") == [None, ""]
    assert "referer" not in seen[0]
    assert page.url.startswith(server.web)


@pytest.mark.slow
async def test_the_links_panel_tells_real_hosts_and_marks_lies(page: Page, server: Server, address: str) -> None:
    html = (
        "<a href='https://evil.example/x'>https://bank.example/login</a>"
        "<a href='https://g\u043e\u043egle.example/'>Search</a>"
    )
    await server.send(letter("Phish", None, html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Phish")
    links = page.locator(".links li")
    await expect(links.filter(has_text="evil.example")).to_contain_text("text says bank.example")
    await expect(links.filter(has_text="xn--")).to_contain_text("look-alike letters")


@pytest.mark.slow
async def test_remote_images_load_only_when_the_reader_asks_and_alone(
    page: Page, canary: Canary, server: Server, address: str
) -> None:
    html = (
        f"<img src='{canary.https}/a.png' id=seen width=40 height=40><p background='x'>x</p>"
        f"<style>@import '{canary.https}/a.css';p{{background:url({canary.https}/b.png)}}"
        f"@font-face{{font-family:f;src:url({canary.https}/f.woff)}}p{{font-family:f}}</style>"
        f"<iframe src='{canary.https}/frame'></iframe><link rel=stylesheet href='{canary.https}/c.css'>"
        f"<video poster='{canary.https}/v.png' src='{canary.https}/v'></video>"
    )
    canary.forget()
    await server.send(letter("Images", None, html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Images")
    await expect(page.get_by_text("2 remote images blocked")).to_be_visible()
    assert canary.connections == 0
    await page.get_by_role("button", name="Load").click()
    loaded = page.frame_locator("iframe").locator("img")
    await expect(loaded).to_have_js_property("naturalWidth", 1)
    await expect(page.get_by_text("remote images blocked")).to_have_count(0)
    assert sorted(canary.requests) == ["/a.png", "/b.png"]
    canary.forget()
    await page.reload()
    await expect(page.get_by_text("2 remote images blocked")).to_be_visible()
    assert canary.connections == 0


async def test_a_message_nested_deeper_than_is_read_can_be_seen_raw(
    page: Page, server: Server, address: str
) -> None:
    depth = 300
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth)
    )
    await server.send(b"Subject: Deep\r\n" + nested + b"\r\nbottom\r\n", address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Deep")
    await page.get_by_role("tab", name="Raw").click()
    await expect(page.locator("pre.raw")).to_contain_text("Subject: Deep")


@pytest.mark.slow
async def test_a_message_of_many_thousand_parts_leaves_the_page_usable(
    page: Page, server: Server, address: str
) -> None:
    part = b"--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
    head = b"Subject: Many\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    await server.send(head + part * 20_000 + b"--b--\r\n", address)
    await page.goto(f"/#/{address}")
    await page.locator("a.message").click()
    await expect(page.get_by_role("heading", name="Attachments 256")).to_be_visible()
    await expect(page.get_by_text("and 56 more")).to_be_visible()
    await expect(page.locator(".attachment")).to_have_count(200)
