"""Misleading mail: wrong types, deceptive names, smuggled headers."""

from __future__ import annotations

import base64
import re
from email.policy import SMTP
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PNG, letter, open_message
from tests.e2e.test_e2e_hostile import list_ids

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.e2e.conftest import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

HEAD = b"From: Bob <bob@sender.example>\r\nSubject: Odd\r\nMIME-Version: 1.0\r\n"
RUN = "<script>top.ran=1</script><img src=x: onerror=top.ran=1>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='top.ran=1'/>"
LIES = "\u202e\u2066\u200f\u0007\u001b[31m"
"""Bidirectional overrides, and control characters for bells and terminals."""


async def open_raw(page: Page, server: Server, address: str, raw: bytes) -> None:
    await server.send(raw, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "")


def encoded(text: str) -> str:
    """Return it as an encoded word, control characters and all (RFC 2047)."""
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


async def did_not_run(page: Page) -> None:
    assert await page.evaluate("window.ran") is None


async def test_an_image_is_what_its_octets_say(page: Page, server: Server, address: str) -> None:
    """HTML and SVG that call themselves images are none; an image that calls itself HTML is one.

    The octets are loaded when a preview is asked for, so that it is then that they are found out.
    """
    message = letter("Images")
    message.add_attachment(RUN.encode(), maintype="image", subtype="png", filename="page.png")
    message.add_attachment(SVG, maintype="image", subtype="gif", filename="drawing.gif")
    message.add_attachment(SVG, maintype="image", subtype="svg+xml", filename="drawing.svg")
    message.add_attachment(PNG, maintype="text", subtype="html", filename="dot.html")
    message.add_attachment(b"GIF89a" + RUN.encode(), maintype="text", subtype="html", filename="both.html")
    await open_raw(page, server, address, message.as_bytes(policy=SMTP))
    for name in ("page.png", "drawing.gif"):
        await page.get_by_role("button", name=f"Preview {name}").click()
        shown = page.locator(".attachments li").filter(has_text=name)
        await expect(shown.get_by_role("status")).to_contain_text("There is no preview")
        assert await shown.locator("img, pre, iframe").count() == 0
    for name in ("dot.html", "both.html"):
        await page.get_by_role("button", name=f"Preview {name}").click()
        await expect(page.get_by_role("img", name=name)).to_have_attribute("src", re.compile("^blob:"))
    await page.get_by_role("button", name="Preview drawing.svg").click()
    await expect(page.locator(".attachments pre")).to_have_text(SVG.decode())
    await did_not_run(page)


# Each is a way to have the HTML taken for something else on its way to the frame.
ODD_HTML = {
    "declared twice": b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n" + RUN.encode(),
    "declared with a comment": b"Content-Type: text/(plain)html; (x) charset=utf-8\r\n\r\n" + RUN.encode(),
    "declared in capitals": b'CONTENT-TYPE: TEXT/HTML; CHARSET="UTF-8"\r\n\r\n' + RUN.encode(),
    "declared with a line break": b"Content-Type:\r\n text/html;\r\n\tcharset=us-ascii\r\n\r\n" + RUN.encode(),
    "of UTF-7": b"Content-Type: text/html; charset=utf-7\r\n\r\n+ADw-script+AD4-top.ran+AD0-1+ADw-/script+AD4-",
    "of UTF-16": b"Content-Type: text/html; charset=utf-16le\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    + RUN.encode("utf-16-le").replace(b"\n", b""),
    "of ISO-2022-JP": (
        b"Content-Type: text/html; charset=iso-2022-jp\r\n\r\n\x1b$B<p title='\x1b(B" + RUN.encode() + b"'>"
    ),
    "of EBCDIC": b"Content-Type: text/html; charset=cp037\r\n\r\n" + RUN.encode("cp037").replace(b"\r", b""),
    "of no charset that exists": b"Content-Type: text/html; charset=x-none\r\n\r\n" + RUN.encode(),
    "of an encoding that does not exist": (
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: x-none\r\n\r\n" + RUN.encode()
    ),
    "as xhtml": b"Content-Type: application/xhtml+xml\r\n\r\n" + RUN.encode(),
    "as svg": b"Content-Type: image/svg+xml\r\n\r\n" + SVG,
    "inside a message": b"Content-Type: message/rfc822\r\n\r\nSubject: In\r\nContent-Type: text/html\r\n\r\n"
    + RUN.encode(),
    "first of the alternatives": (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        + RUN.encode()
        + b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nPlain.\r\n--b--\r\n"
    ),
    "in two of the alternatives": (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        b"<style>\r\n--b\r\nContent-Type: text/html\r\n\r\n</style>" + RUN.encode() + b"\r\n--b--\r\n"
    ),
    "inline beside text": (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n<style>"
        b"\r\n--b\r\nContent-Type: text/html\r\nContent-Disposition: inline\r\n\r\n</style>"
        + RUN.encode()
        + b"\r\n--b--\r\n"
    ),
    "behind a boundary that is its own prefix": (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/html\r\n\r\n"
        + RUN.encode()
        + b"\r\n--bb--\r\n--b--\r\n"
    ),
    "without an end": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    + RUN.encode(),
}


async def test_html_by_whatever_name_never_runs(quiet_page: Page, server: Server, address: str) -> None:
    raws = [HEAD.replace(b"Odd", name.encode()) + odd + b"\r\n" for name, odd in ODD_HTML.items()]
    for raw in raws:
        await server.send(raw, address)
    ids = await list_ids(quiet_page, server, address)
    for name in ODD_HTML:
        await quiet_page.goto(f"/#/{address}/{ids[name]}")
        await expect(quiet_page.locator(".title")).to_have_text(name)
        await quiet_page.get_by_role("tab", name="Text").click()
        await expect(quiet_page.locator(".text-view")).to_be_visible()
    await did_not_run(quiet_page)


# The server gives the name without folders, controls and marks of direction; the page does what is left to do.
FILE_NAMES = {
    "../../../../etc/passwd": "passwd",
    "..\\..\\windows\\system.ini": "system.ini",
    "/etc/passwd": "passwd",
    "C:\\autoexec.bat": "autoexec.bat",
    "photo\u202egnp.exe": "photo gnp.exe",
    "page.html       .exe": "page.html .exe",
    "page.html\u00a0\u00a0.exe": "page.html .exe",
    "two\r\nlines.txt": "two lines.txt",
    "nul\x00.txt": "nul .txt",
    ".htaccess": "htaccess",
    "trailing. . .": "trailing",
    "<img src=x: onerror=top.ran=1>": "_img src=x_ onerror=top.ran=1_",
    "%2e%2e%2fx.txt": "%2e%2e%2fx.txt",
    "x" * 5_000 + ".pdf": "x" * 116 + ".pdf",
    "": "unnamed",
    "...": "unnamed",
    "\u202e\u202d": "unnamed",
}


async def test_a_file_name_is_harmless_text_and_harmless_on_a_disk(
    page: Page, server: Server, address: str
) -> None:
    parts = [
        f"--b\r\nContent-Disposition: attachment; filename*=utf-8''{quote(name, safe='')}\r\n\r\nx\r\n"
        for name in FILE_NAMES
    ]
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + "".join(parts).encode() + b"--b--\r\n"
    await open_raw(page, server, address, raw)
    names = page.locator(".file > bdi")
    await expect(names).to_have_count(len(FILE_NAMES))
    assert dict(zip(FILE_NAMES, await names.all_text_contents(), strict=True)) == FILE_NAMES
    for name in ("system.ini", "htaccess"):
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name=f"Download {name}", exact=True).click()
        assert (await downloading.value).suggested_filename == name
    await did_not_run(page)


SMUGGLED = {
    "a line in the subject": b"Subject: =?utf-8?Q?one=0D=0ABcc:_two@ex.org=0D=0A=0D=0A<b>three?=\r\n",
    "a line in the sender": b"From: =?utf-8?B?Qm9iDQpTdWJqZWN0OiB0d28=?= <bob@sender.example>\r\n",
    "a line in a file": (
        b"Content-Type: text/x-odd\r\nContent-Disposition: attachment;\r\n"
        b' filename="=?utf-8?Q?a=0D=0ABcc:_x.txt?="\r\n'
    ),
    "a folded name": b"X-Odd : one\r\n Bcc: two@ex.org\r\n",
}


async def test_a_header_holds_no_other_header(page: Page, server: Server, address: str) -> None:
    """What is encoded in one is text of that one."""
    for name, odd in SMUGGLED.items():
        await server.send(b"X-Name: " + name.encode() + b"\r\n" + odd + b"\r\nHello.\r\n", address)
    await page.goto(f"/#/{address}")
    for at in range(len(SMUGGLED)):
        await page.locator("a.message").nth(at).click()
        await page.get_by_role("tab", name="Headers").click()
        await expect(page.locator("table.headers th", has_text="X-Name")).to_have_count(1)
        await expect(page.locator("table.headers th", has_text="Bcc")).to_have_count(0)
    assert await page.locator(".title b").count() == 0


async def test_control_characters_and_markup_are_text_in_title_toast_and_list(
    page: Page, server: Server, address: str
) -> None:
    """Nothing of a message reaches the window's title, and nothing of it turns the page's own words round."""
    await page.goto(f"/#/{address}")
    await expect(page.locator(".live.on")).to_be_visible()
    message = letter("x")
    subject = f"Pay {LIES}<b>now</b>"
    del message["Subject"], message["From"]
    message["Subject"] = encoded(subject)
    message["From"] = encoded(f"{LIES}<i>Bank</i>") + " <bob@sender.example>"
    await server.send(message.as_bytes(), address)
    await expect(page.locator(".toast")).to_contain_text("<b>now</b>")
    await expect(page.locator("a.message")).to_contain_text("<i>Bank</i>")
    await expect(page).to_have_title(f"(1) {address} - edgemail")
    await page.locator(".toast a").click()
    await expect(page.locator(".title")).to_contain_text("<b>now</b>")
    assert await page.locator(".toast b, .toast i, .title b, a.message b, a.message i").count() == 0
    await expect(page).to_have_title(f"{address} - edgemail")


async def test_hosts_that_look_like_others_are_marked(page: Page, server: Server, address: str) -> None:
    """By letters of another script, by a name in front, by a name in the text; the real host stands beside each."""
    html = (
        "<a href='https://\u0430pple.example/'>Apple</a>"
        "<a href='https://bank.example@evil.example/'>Bank</a>"
        "<a href='https://bank.example.evil.example/'>https://bank.example/</a>"
        "<a href='https://evil.example/\u2044bank.example'>bank.example\u2044login</a>"
        "<a href='https://xn--e1awd7f.example/'>www.\u0435\u0440\u0456\u0441.example</a>"
        "<a href='https://evil.example:443%2f@bank.example/'>x</a>"
    )
    await server.send(letter("Hosts", None, html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Hosts")
    links = page.locator(".links li")
    await expect(links.nth(0)).to_contain_text("look-alike letters")
    await expect(links.nth(1).locator(".host")).to_have_text("evil.example")
    await expect(links.nth(2)).to_contain_text("text says bank.example")
    await expect(links.nth(3).locator(".host")).to_have_text("evil.example")
    await expect(links.nth(4)).to_contain_text("look-alike letters")
    titles = await page.frame_locator("iframe").locator("a").evaluate_all("all => all.map((link) => link.title)")
    assert all(title.isascii() for title in titles), titles


async def test_nothing_of_a_message_leaves_its_frame(page: Page, server: Server, address: str) -> None:
    """However large, high or fixed it makes itself, the page's own buttons stay above it."""
    html = (
        "<style>html,body{position:fixed;inset:-9999px;z-index:2147483647;background:red;width:99999px}"
        "iframe,body *{position:fixed!important;top:0;left:0}</style><div popover style='display:block'>x</div>"
        "<h1 style='margin:-5000px'>Cover</h1>"
    )
    await server.send(letter("Cover", None, html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Cover")
    await page.locator(".frame iframe").wait_for()
    over = await page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, h2")].filter((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return document.elementFromPoint(x + width / 2, y + height / 2)?.localName === "iframe";
        }).map((element) => element.outerHTML)"""
    )
    assert over == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_link_moves_neither_the_page_nor_its_frame_whatever_its_target(
    page: Page, server: Server, address: str
) -> None:
    targets = ["_top", "_parent", "_self", "_unfencedTop", "edgemail", ""]
    html = "<base target=_top>" + "".join(
        f"<p><a href='https://there.example/' target={to}>go</a>" for to in targets
    )
    await page.context.route("https://there.example/**", lambda route: route.fulfill(body="There"))
    await server.send(letter("Targets", None, html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Targets")
    here = page.url
    links = page.frame_locator("iframe").locator("a")
    for at in range(len(targets)):
        async with page.context.expect_page() as opening:
            await links.nth(at).click()
        opened = await opening.value
        await opened.wait_for_url("https://there.example/")  # closed before, it may take the next click along
        await opened.close()
    assert page.url == here
    await expect(links).to_have_count(len(targets))
