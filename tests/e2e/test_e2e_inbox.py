"""An inbox that people live in: long ones, searching, sharing, being told, other languages, paper."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PNG, ROOT, WATCH_PROGRESS, letter, open_inbox, open_message, scroll_to_the_end
from tests.e2e.test_e2e_look import violations

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page, Route

    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

JSQR = ROOT / "web/node_modules/jsqr/dist/jsQR.js"
FILLER = "Lorem ipsum dolor sit amet. " * 30

# Draws the code's squares and has another library read them.
READ_CODE = """() => {
  const svg = document.querySelector(".qr");
  const size = svg.viewBox.baseVal.width, scale = 4, side = size * scale;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (const [, x, y] of svg.querySelector("path").getAttribute("d").matchAll(/M(\\d+) (\\d+)/g))
    for (let dy = 0; dy < scale; dy++) for (let dx = 0; dx < scale; dx++) {
      const at = ((y * scale + dy) * side + x * scale + dx) * 4;
      pixels.fill(0, at, at + 3);
    }
  return jsQR(pixels, side, side)?.data;
}"""
TELLING = """
  window.told = [];
  window.Notification = class {
    static permission = "default";
    static requestPermission() { this.permission = "granted"; return Promise.resolve("granted"); }
    constructor(title, options) { window.told.push([title, options.body, options.tag]); }
  };
"""
HIDDEN = "() => Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })"


async def test_the_configuration_is_asked_for_once_while_the_code_comes(
    page: Page, server: Server, address: str
) -> None:
    """The code takes what the page's head has asked for. No round trip stands between it and the list."""
    await server.send(letter("One"), address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    code_may_come = asyncio.Event()

    async def hold(route: Route) -> None:
        await code_may_come.wait()
        await route.continue_()

    await page.route("**/assets/main-*.js", hold)
    async with page.expect_response("**/config.json"):
        await page.goto(f"/#/{address}", wait_until="commit")
    code_may_come.set()
    await expect(page.locator("a.message .subject")).to_have_text(["One"])
    assert asked.count("config.json") == 1


@pytest.mark.slow
async def test_a_long_inbox_is_drawn_only_where_it_is_seen(page: Page, server: Server, address: str) -> None:
    """Scrolling reaches all mail, and only rows near the view are drawn."""
    await server.send_all([letter(f"No {number}") for number in range(700)], address)
    await page.goto(f"/#/{address}")
    for listed in ("50+", "250+", "450+", "650+", "700"):
        await expect(page.get_by_role("searchbox", name=f"Search {listed} messages")).to_be_visible()
        await scroll_to_the_end(page)
    await expect(page.locator("a.message .subject").last).to_have_text("No 0")
    await expect(page.locator(".row").last).to_have_attribute("aria-posinset", "700")
    await expect(page.locator(".row").last).to_have_attribute("aria-setsize", "700")
    assert await page.locator(".row").count() < 50
    await page.locator(".list").evaluate("list => list.scrollTo(0, 0)")
    await expect(page.locator("a.message .subject").first).to_have_text("No 699")


@pytest.mark.slow
async def test_the_keyboard_finds_its_row_again_after_the_list_was_scrolled_away(
    page: Page, server: Server, address: str
) -> None:
    await server.send_all([letter(f"No {number}") for number in range(120)], address)
    await open_inbox(page, address)
    await page.keyboard.press("j")
    await expect(page.locator("a.message:focus .subject")).to_have_text("No 119")
    await scroll_to_the_end(page)
    await expect(page.get_by_role("searchbox", name="Search 120 messages")).to_be_visible()
    await scroll_to_the_end(page)
    await expect(page.locator("a.message .subject").last).to_have_text("No 0")
    await page.keyboard.press("j")
    await expect(page.locator("a.message:focus .subject")).to_have_text("No 118")


@pytest.mark.slow
async def test_each_key_counts_however_quickly_they_come(page: Page, server: Server, address: str) -> None:
    """Several within a frame, before the focus has moved, and to a row that is not drawn yet."""
    await server.send_all([letter(f"No {number}") for number in range(60)], address)
    await open_inbox(page, address)
    press = """keys => {
      for (const key of keys) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    }"""
    for keys, subject in (
        ("jj", "No 58"),
        ("jjj", "No 55"),
        ("kj", "No 55"),
        ("j" * 40, "No 15"),
        ("kkk", "No 18"),
    ):
        await page.evaluate(press, keys)
        await expect(page.locator("a.message:focus .subject")).to_have_text(subject)
    await page.locator("a.message").filter(has_text="No 20").focus()
    await page.evaluate(press, "jj")
    await expect(page.locator("a.message:focus .subject")).to_have_text("No 18")


@pytest.mark.slow
async def test_a_search_reaches_the_text_and_what_is_not_listed_yet(
    page: Page, server: Server, address: str
) -> None:
    """Sender, subject and preview at once; the whole text, and older mail, as soon as the server has looked."""
    await server.send(letter("Oldest", f"{FILLER} The parcel waits at the Übergabe."), address)
    await server.send_all([letter(f"No {number}") for number in range(60)], address)
    await page.goto(f"/#/{address}")
    await page.get_by_role("searchbox", name="Search 50+ messages").fill("übergabe bob")
    await expect(page.locator("a.message .subject")).to_have_text(["Oldest"])
    await page.get_by_role("searchbox").fill("nowhere to be found")
    await expect(page.get_by_text("Nothing here matches")).to_be_visible()
    await page.get_by_role("searchbox").fill("")
    await expect(page.locator("a.message .subject").first).to_have_text("No 59")


@pytest.mark.slow
async def test_the_oldest_first_are_the_oldest_of_all(page: Page, server: Server, address: str) -> None:
    """An order needs everything, whatever was listed so far."""
    await server.send_all([letter(f"No {number}") for number in range(60)], address)
    await page.goto(f"/#/{address}")
    await page.get_by_label("Order").select_option("oldest")
    await expect(page.locator("a.message .subject").first).to_have_text("No 0")
    await expect(page.locator(".row").first).to_have_attribute("aria-setsize", "60")


@pytest.mark.slow
async def test_what_a_mail_would_have_done_is_told(quiet_page: Page, server: Server, address: str) -> None:
    """Each of its intentions, counted, with the hosts that it would have reached."""
    page = quiet_page  # the browser says that it has stopped a script, before the sanitiser takes it out
    html = (
        "<img src='https://images.example/a.png'><img src='https://images.example/b.png'>"
        "<img src='https://count.example/o.gif' width=1 height=1>"
        "<script>1</script><p onclick='x()'>Hi</p>"
        "<form action='https://steal.example/take'><input name=pin></form>"
        "<iframe src='https://frame.example/'></iframe>"
        "<meta http-equiv=refresh content='0;url=https://away.example/'>"
        "<style>@import 'https://css.example/a.css'; p { background: url(https://css.example/b.png) }</style>"
        "<a href='https://evil.example/login'>https://bank.example/login</a>"
    )
    await server.send(letter("Busy", None, html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Busy")
    panel = page.get_by_role("region", name="What this mail would have done")
    await expect(panel.get_by_role("listitem")).to_have_text(
        [
            "Tell count.example that you opened it, by 1 tracking pixel",
            "Load 2 images from images.example",
            "Run 2 scripts",
            "Ask for input in 1 form that sends to steal.example",
            "Embed 1 other page or object",
            "Lead you to another page by itself",
            "Fetch 2 styles, fonts or backgrounds",
            "Lead 1 link elsewhere than its text says",
        ]
    )
    await expect(panel).to_contain_text("None of it happened.")


async def test_a_harmless_mail_has_no_such_panel(page: Page, server: Server, address: str) -> None:
    html = "<style>p { color: red }</style><p>Hello</p><a href='https://shop.example/'>shop.example</a>"
    await server.send(letter("Calm", "Hello", html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Calm")
    await expect(page.get_by_role("region", name="Links")).to_be_visible()
    await expect(page.get_by_text("would have done")).to_have_count(0)


@pytest.mark.slow
async def test_a_link_that_lies_is_offered_under_its_real_host(page: Page, server: Server, address: str) -> None:
    """The list shows the real host too."""
    html = "<a href='https://evil.example/verify'>https://bank.example/verify</a>"
    await server.send(letter("Verify", None, html), address)
    await page.goto(f"/#/{address}")
    await expect(page.locator(".list .chips a")).to_have_text("evil.example")
    await open_message(page, "Verify")
    await expect(page.locator(".mail .chips a")).to_have_text("evil.example")


@pytest.mark.slow
async def test_sender_checks_are_shown_as_what_a_header_says(page: Page, server: Server, address: str) -> None:
    message = letter("Checked")
    message["Authentication-Results"] = (
        "mx.relay.example; spf=pass smtp.mailfrom=a.example; dkim=fail (bad; signature) header.d=a.example;"
        " dmarc=none"
    )
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Checked")
    await expect(page.locator(".auth-results .mark")).to_have_text(["SPF pass", "DKIM fail", "DMARC none"])
    await expect(page.locator(".auth-results")).to_contain_text("as mx.relay.example says")
    await expect(page.locator(".auth-results")).to_contain_text("not checked here")


async def test_html_that_breaks_the_sanitiser_leaves_the_text(
    quiet_page: Page, server: Server, address: str
) -> None:
    """If the sanitiser fails, the text is shown."""
    await server.send(letter("Odd", "The words.", "<style>p { color: red }</style><p>Rich words.</p>"), address)
    await quiet_page.add_init_script("CSSStyleSheet.prototype.replaceSync = () => { throw new Error('broken') }")
    await quiet_page.goto(f"/#/{address}")
    await open_message(quiet_page, "Odd")
    await expect(quiet_page.get_by_text("too large or too odd to show")).to_be_visible()
    await expect(quiet_page.locator(".plain")).to_have_text("The words.\n")


@pytest.mark.slow
async def test_all_attachments_are_saved_in_one_file(page: Page, server: Server, address: str) -> None:
    """Octet for octet, each under a name of its own that leads into no other folder."""
    message = letter("Files")
    for name, content in (("dot.png", PNG), ("../a.txt", b"one"), ("..\\A.txt", b"two"), ("", b"three")):
        message.add_attachment(content, maintype="application", subtype="x-any", filename=name or None)
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Files")
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Save all as .zip").click()
    download = await downloading.value
    assert re.fullmatch(r"message-\d+\.zip", download.suggested_filename)
    packed = zipfile.ZipFile(io.BytesIO((await download.path()).read_bytes()))
    assert packed.testzip() is None
    files = {name: packed.read(name) for name in packed.namelist()}
    assert list(files.values()) == [PNG, b"one", b"two", b"three"]
    assert list(files) == ["dot.png", "a.txt", "A (2).txt", "unnamed"]


@pytest.mark.slow
async def test_the_source_has_numbered_lines(page: Page, server: Server, address: str) -> None:
    await server.send(b"Subject: Raw\r\n\r\none\r\n\r\nthree\r\n", address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Raw")
    await page.get_by_role("tab", name="Raw").click()
    source = await page.locator("pre.raw").inner_text()
    numbers = (await page.locator("pre.numbers").inner_text()).split()
    assert numbers == [str(number + 1) for number in range(len(source.rstrip("\n").split("\n")))]
    assert source.endswith("one\n\nthree\n")


@pytest.mark.slow
async def test_a_large_message_shows_how_much_of_it_has_come(
    page: Page, context: BrowserContext, server: Server, address: str
) -> None:
    """The message is there at once, as attachments come when they are asked for; its source shows its progress."""
    message = letter("Large")
    message.add_attachment(bytes(3_000_000), maintype="application", subtype="zip", filename="large.zip")
    await server.send(message, address)
    await open_inbox(page, address)
    wire = await context.new_cdp_session(page)
    await page.evaluate(WATCH_PROGRESS)
    await wire.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": 2_000_000, "uploadThroughput": -1},
    )
    await open_message(page, "Large")
    await expect(page.get_by_role("button", name="Download large.zip")).to_be_visible()
    await page.get_by_role("tab", name="Raw").click()
    await expect(page.locator("pre.raw")).to_be_visible()
    seen = await page.evaluate("window.seen")
    assert [text for text in seen if re.fullmatch(r"(\d\.\d|\d+) [kM]B of 4\.\d MB…", text)], seen


@pytest.mark.slow
async def test_the_code_to_scan_leads_to_this_inbox(page: Page, address: str) -> None:
    """The QR code is decoded by another library than the one that drew it."""
    await open_inbox(page, address)
    await page.get_by_role("button", name="Share").click()
    await expect(page.get_by_role("img", name=f"QR code of the link to {address}")).to_be_visible()
    await page.evaluate(JSQR.read_text(encoding="utf-8"))
    assert await page.evaluate(READ_CODE) == page.url
    await expect(page.get_by_role("dialog")).to_contain_text("This link leads to this computer alone")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Share")).to_be_focused()


@pytest.mark.slow
async def test_new_mail_is_told_where_a_reader_wants_it(page: Page, server: Server, address: str) -> None:
    """Notifications need permission, come only while hidden, and are plain text."""
    await page.add_init_script(TELLING)
    await open_inbox(page, address)
    bell = page.get_by_role("button", name="Notify me of new mail")
    await expect(bell).to_have_attribute("aria-pressed", "false")
    await bell.click()
    await expect(bell).to_have_attribute("aria-pressed", "true")
    await server.send(letter("Seen already"), address)
    await expect(page.locator("a.message")).to_have_count(1)
    await page.evaluate(HIDDEN)
    await server.send(letter("<b>New</b>"), address)
    await expect(page.locator("a.message")).to_have_count(2)
    ((title, body, tag),) = await page.evaluate("window.told")
    assert (title, body) == ("Bob Builder", "<b>New</b>")
    assert address in tag
    await page.reload()
    await expect(bell).to_have_attribute("aria-pressed", "false")  # the stub forgets its permission
    await expect(page.locator("a.message")).to_have_count(2)


@pytest.mark.parametrize(
    "width", [390, pytest.param(320, marks=pytest.mark.slow), pytest.param(1280, marks=pytest.mark.slow)]
)
@pytest.mark.slow
async def test_the_page_speaks_a_language_that_is_written_from_right_to_left(
    page: Page, server: Server, address: str, width: int
) -> None:
    """Chosen once, kept, and complete: no barrier and no sideways scrolling in any view."""
    await page.set_viewport_size({"width": width, "height": 800})
    html = "<p>Your code is 481223</p><img src='https://a.example/b.png'><a href='https://x.example/verify'>Confirm</a>"
    await server.send(letter("Verify", "Your code is 481223", html), address)
    await page.goto("/#/new")
    await page.get_by_label("Language").select_option("ar")
    await expect(page.locator("html[lang=ar][dir=rtl]")).to_have_count(1)
    await expect(page.get_by_role("heading", name="اختر عنوانًا واقرأ بريده")).to_be_visible()
    found = {"landing": await violations(page)}
    await page.goto(f"/#/{address}")
    await expect(page.get_by_role("searchbox", name="ابحث في رسالة واحدة")).to_be_visible()
    found["inbox"] = await violations(page)
    await page.locator("a.message").click()
    await expect(page.get_by_text("مُنع تحميل صورة واحدة من الشبكة")).to_be_visible()
    await expect(page.locator(".mail .chips button").first).to_have_attribute("title", "بجوار «code»")
    found["message"] = await violations(page)
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert {view: barriers for view, barriers in found.items() if barriers} == {}


@pytest.mark.parametrize("width", [1280, 390])
async def test_text_of_twice_the_size_breaks_nothing(page: Page, server: Server, address: str, width: int) -> None:
    """As for a person whose browser has large letters set (WCAG 1.4.4)."""
    await page.set_viewport_size({"width": width, "height": 800})
    await page.add_init_script(
        "addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '32px')"
    )
    await server.send_all([letter("Verify your account", "Your code is 481223."), letter("Short")], address)
    for place in ("/#/new", f"/#/{address}"):
        await page.goto(place)
        await expect(page.locator("main")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, place
    rows = page.locator(".row")
    await expect(rows).to_have_count(2)
    # Both in one look: what stands above the list may still settle.
    first, second = await rows.evaluate_all("all => all.map(row => row.getBoundingClientRect().toJSON())")
    assert second["top"] == pytest.approx(first["bottom"], abs=1)
    await open_message(page, "Verify")
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.slow
async def test_paper_gets_the_whole_message_and_none_of_the_page(page: Page, server: Server, address: str) -> None:
    text = "\n".join(f"Line {number}" for number in range(200))
    await server.send(letter("Ticket", text, f"<pre>{text}</pre>"), address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Ticket")
    await page.emulate_media(media="print")
    await expect(page.get_by_text("Line 199", exact=False).first).to_be_visible()
    for name in (".top", ".bar", ".list", ".frame", ".tabs"):
        await expect(page.locator(name)).to_be_hidden()
    height = await page.evaluate("document.documentElement.scrollHeight")
    assert height > 3000, "all of it, and not what a screen holds"


async def test_a_browser_would_install_it(page: Page, context: BrowserContext) -> None:
    """Chromium's own list of what stands in the way is empty."""
    await page.goto("/#/new")
    wire = await context.new_cdp_session(page)
    said = await wire.send("Page.getInstallabilityErrors")
    assert [
        installabilityError
        for installabilityError in said["installabilityErrors"]
        if installabilityError["errorId"] != "in-incognito"
    ] == []
