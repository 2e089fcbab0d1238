"""The tools above a message's HTML: width, dark scheme, images, zoom, picture."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PNG, letter, open_message
from tests.e2e.test_e2e_look import SIZES, THEMES, violations

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from playwright.async_api import Browser, FrameLocator, Page

    from tests.e2e.canary import Canary
    from tests.e2e.conftest import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

GREEN, RED, BLUE = "rgb(0, 128, 0)", "rgb(255, 0, 0)", "rgb(18, 87, 199)"
DARK_PAPER = "rgb(18, 20, 23)"
RULES = """<style>
:root { color-scheme: light dark }
p { color: red }
@media (max-width: 400px) { #narrow { color: green } }
@media screen and (prefers-color-scheme: dark) { #dark { color: green } }
@media not all and (PREFERS-COLOR-SCHEME:/**/l\\69ght) { #not { color: green } }
@supports (color: red) { @media (prefers-color-scheme: dark) { #nested { color: green } } }
@media (prefers-color-scheme: light) { #light { color: green } }
@media (prefers-color-scheme) { #any { color: green } }
#function { color: light-dark(red, green) }
</style>
<style media="(prefers-color-scheme: dark)">#attribute { color: green }</style>"""
IN_THE_DARK = ["dark", "not", "nested", "function", "attribute"]
NAMES = ["narrow", "light", "any", *IN_THE_DARK]
RULED = RULES + "".join(f"<p id={name}>{name}</p>" for name in NAMES)
READ_PICTURE = """async ({ base64, points }) => {
  const image = new Image();
  image.src = `data:image/png;base64,${base64}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return points.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
}"""


async def show(page: Page, server: Server, address: str, html: str, subject: str = "Look") -> FrameLocator:
    """Send a message and open it; return its frame."""
    await server.send(letter(subject, "Text.", html), address)
    await page.goto(f"/#/{address}")
    await open_message(page, subject)
    await expect(page.get_by_role("group", name="Preview")).to_be_visible()
    return page.frame_locator(".frame iframe")


async def width_of(frame: FrameLocator) -> float:
    """Return the width of a message in its own pixels, before zoom."""
    box = await frame.locator("html").bounding_box()
    assert box is not None
    return box["width"]


async def save_picture(page: Page) -> tuple[Path, tuple[int, int]]:
    """Save a picture of the open message; return its file and its size."""
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Save as PNG").click()
    download = await downloading.value
    assert download.suggested_filename.endswith(".png")
    file = await download.path()
    octets = file.read_bytes()
    assert octets.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", octets[16:24])
    return file, (width, height)


async def colors_at(page: Page, picture: Path, *points: tuple[int, int]) -> list[list[int]]:
    octets = base64.b64encode(picture.read_bytes()).decode()
    colors: list[list[int]] = await page.evaluate(READ_PICTURE, {"base64": octets, "points": points})
    return colors


@pytest.mark.parametrize("system", [pytest.param("light", marks=pytest.mark.slow), "dark"])
async def test_a_message_sees_the_width_and_the_scheme_that_were_chosen_and_not_the_systems(
    page: Page, server: Server, address: str, system: Literal["light", "dark"]
) -> None:
    await page.emulate_media(color_scheme=system)
    frame = await show(page, server, address, RULED)

    async def expect_green(*names: str) -> None:
        for name in NAMES:
            await expect(frame.get_by_text(name, exact=True)).to_have_css("color", GREEN if name in names else RED)

    await expect_green("light", "any")
    await page.get_by_role("button", name="375 pixels wide").click()
    await expect_green("light", "any", "narrow")
    assert await width_of(frame) == 375
    await page.get_by_role("button", name="Dark").click()
    await expect_green("any", "narrow", *IN_THE_DARK)
    await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="Full width").click()
    await expect_green("any", *IN_THE_DARK)
    await page.get_by_role("button", name="Dark").click()
    await expect_green("light", "any")


@pytest.mark.slow
async def test_width_and_zoom_are_remembered_and_the_scheme_is_not(
    page: Page, server: Server, address: str
) -> None:
    await server.send(letter("Other", "Text.", "<p>Other.</p>"), address)
    frame = await show(page, server, address, "<div style='width:100px;height:20px'></div>")
    await page.get_by_role("button", name="320 pixels wide").click()
    await page.get_by_role("button", name="Dark").click()
    await page.get_by_label("Zoom").select_option("1.5")
    paper = page.locator(".paper")
    await expect(paper).to_have_css("width", "480px")
    assert await width_of(frame) == 320
    await expect(page.locator(".frame iframe")).to_have_css("transform", "matrix(1.5, 0, 0, 1.5, 0, 0)")
    await page.reload()
    await open_message(page, "Other")
    await expect(page.get_by_role("button", name="320 pixels wide")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_label("Zoom")).to_have_value("1.5")
    await expect(paper).to_have_css("width", "480px")
    await page.evaluate("""localStorage.setItem("edgemail.preview", '{"width":-7,"zoom":"large"}')""")
    await page.reload()
    await expect(page.get_by_role("button", name="Full width")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_label("Zoom")).to_have_value("1")


@pytest.mark.slow
async def test_remote_images_are_loaded_and_hidden_again(
    quiet_page: Page, server: Server, address: str, canary: Canary
) -> None:
    page = quiet_page
    canary.forget()
    frame = await show(page, server, address, f"<img src='{canary.https}/a.png' alt='Kettle'>")
    images = page.get_by_role("button", name="Images")
    await expect(images).to_have_attribute("aria-pressed", "false")
    await page.get_by_role("button", name="Load").click()
    await expect(images).to_be_focused()
    await expect(images).to_have_attribute("aria-pressed", "true")
    await expect(frame.get_by_alt_text("Kettle")).to_have_js_property("naturalWidth", 1)
    assert canary.requests == ["/a.png"]
    await page.keyboard.press("Space")
    await expect(images).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_text("1 remote image blocked")).to_be_visible()
    await expect(frame.get_by_alt_text("Kettle")).not_to_have_attribute("src", "")
    await expect(page.get_by_text("but for the images that you loaded")).to_be_visible()


@pytest.mark.slow
async def test_a_message_without_remote_images_has_no_button_for_them(
    page: Page, server: Server, address: str
) -> None:
    await show(page, server, address, "<p>Hello.</p>")
    await expect(page.get_by_role("button", name="Images")).to_have_count(0)


async def test_a_picture_shows_the_message_as_wide_and_as_dark_as_it_is_shown(
    page: Page, server: Server, address: str
) -> None:
    html = (
        "<style>body{margin:10px;background:#123456} .box{height:700px;background:red}"
        "@media (max-width:400px){.box{background:rgb(0 128 0)}}"
        "@media (prefers-color-scheme:dark){body{background:#010203}}</style>"
        "<div class=box></div>"
    )
    await show(page, server, address, html)
    await page.get_by_role("button", name="375 pixels wide").click()
    picture, size = await save_picture(page)
    assert size == (375, 10 + 700 + 16)
    page_color, box = await colors_at(page, picture, (2, 2), (187, 300))
    assert page_color == [0x12, 0x34, 0x56, 255], "the body's background goes to the edges"
    assert box == [0, 128, 0, 255]
    await expect(page.get_by_role("status").filter(has_text="375 × 726 pixels")).to_be_visible()
    await page.get_by_role("button", name="768 pixels wide").click()
    await page.get_by_role("button", name="Dark").click()
    await page.get_by_label("Zoom").select_option("0.5")
    picture, size = await save_picture(page)
    assert size == (768, 726), "zoom changes nothing"
    assert await colors_at(page, picture, (2, 2), (187, 300)) == [[1, 2, 3, 255], [255, 0, 0, 255]]


@pytest.mark.slow
async def test_a_picture_has_the_messages_own_images_and_no_remote_ones(
    quiet_page: Page, server: Server, address: str, canary: Canary
) -> None:
    page = quiet_page
    message = letter("Images", "Text.", None)
    message.add_alternative(
        "<body style='margin:0'><img src='cid:dot' style='display:block;width:200px;height:200px'>"
        f"<img src='{canary.https}/far.png' style='display:block;width:200px;height:200px'>\f\x01</body>",
        subtype="html",
    )
    body = message.get_body(("html",))
    assert body is not None
    body.add_related(PNG, "image", "png", cid="<dot>")
    await server.send(message, address)
    await page.goto(f"/#/{address}")
    await open_message(page, "Images")
    frame = page.frame_locator(".frame iframe")
    await expect(frame.locator("img").first).to_have_js_property("naturalWidth", 1)
    await page.get_by_role("button", name="Images").click()
    await expect(frame.locator("img").last).to_have_js_property("naturalWidth", 1)
    canary.forget()
    picture, (_, height) = await save_picture(page)
    assert height >= 400
    own, far = await colors_at(page, picture, (100, 100), (100, 300))
    assert own == [0x12, 0x57, 0xC7, 255]
    assert far != own
    await expect(page.get_by_text("Remote images are not in it")).to_be_visible()
    assert canary.connections == 0


@pytest.mark.slow
async def test_a_picture_of_a_message_without_end_is_cut(page: Page, server: Server, address: str) -> None:
    await show(page, server, address, "<p>One more line.</p>" * 2_000)
    picture, size = await save_picture(page)
    assert size[1] == 10_000
    assert picture.stat().st_size < 20_000_000
    await expect(page.get_by_text("ends after 10000 pixels")).to_be_visible()


@pytest.mark.slow
async def test_where_no_picture_can_be_made_the_page_says_so(page: Page, server: Server, address: str) -> None:
    await page.add_init_script(
        "HTMLCanvasElement.prototype.toBlob = () => { throw new DOMException('tainted', 'SecurityError') }"
    )
    await show(page, server, address, "<p>Hello.</p>")
    await page.get_by_role("button", name="Save as PNG").click()
    await expect(page.get_by_text("This browser cannot make a picture of this message.")).to_be_visible()
    await expect(page.get_by_role("button", name="Save as PNG")).to_have_attribute("aria-busy", "false")


@pytest.mark.slow
async def test_the_body_colors_the_whole_page_and_a_bare_one_is_white_or_dark(
    page: Page, server: Server, address: str
) -> None:
    frame = await show(page, server, address, "<style>body{background:#123456}</style><p>Hello.</p>")
    await expect(frame.locator("html")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    await page.get_by_role("button", name="Dark").click()
    await expect(page.locator(".frame iframe")).to_have_css("background-color", DARK_PAPER)


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
async def test_no_tool_is_a_barrier_and_a_phone_offers_what_fits(
    browser: Browser, server: Server, address: str, theme: Literal["light", "dark"], size: str
) -> None:
    width, height = SIZES[size]
    context = await browser.new_context(
        base_url=server.web, viewport={"width": width, "height": height}, color_scheme=theme
    )
    context.set_default_timeout(30_000)
    page = await context.new_page()
    await show(page, server, address, "<img src='https://images.example/a.png'><p>Hello.</p>")
    offered = await page.get_by_role("group", name="Width").get_by_role("button").all_inner_texts()
    assert offered == {"wide": ["Full", "320", "375", "768"], "phone": ["Full", "320", "375"], "narrow": []}[size]
    if offered:
        await page.get_by_role("button", name="320 pixels wide").click()
    await page.get_by_role("button", name="Dark").click()
    await page.get_by_label("Zoom").select_option("2")
    await save_picture(page)
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await context.close()


@pytest.mark.slow
async def test_the_tools_work_from_the_keyboard_in_the_order_in_which_they_stand(
    page: Page, server: Server, address: str
) -> None:
    await show(page, server, address, "<img src='https://images.example/a.png'><p>Hello.</p>")
    await page.get_by_role("tab", name="HTML").focus()
    names = ["Full width", "320 pixels wide", "375 pixels wide", "768 pixels wide", "Dark", "Images"]
    for name in names:
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name=name)).to_be_focused()
        if name == "375 pixels wide":
            await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="375 pixels wide")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_label("Zoom")).to_have_value("1.25")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Save as PNG")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Load")).to_be_focused()
