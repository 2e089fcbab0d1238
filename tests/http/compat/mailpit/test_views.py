"""The views of a message, and its parts: hostile content in the server's own origin."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from edgemail.http.compat import views

if TYPE_CHECKING:
    from testkit.running_app import Program

PNG = b"\x89PNG\r\n\x1a\n1"
SHOWN = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def page(html: str, *files: tuple[str, str, bytes], text: str | None = None) -> bytes:
    """Make a message with HTML, and files: a Content-ID, a type and octets."""
    mail = EmailMessage()
    mail["Subject"] = "Page"
    if text is not None:
        mail.set_content(text)
        mail.add_alternative(html, subtype="html")
    else:
        mail.set_content(html, subtype="html")
    for content_id, kind, octets in files:
        maintype, _, subtype = kind.partition("/")
        mail.add_related(octets, maintype, subtype, cid=f"<{content_id}>", disposition="inline")
    return mail.as_bytes()


async def test_a_page_is_in_a_sandbox(program: Program) -> None:
    """It runs nothing, fetches nothing and sends nothing; its links open in windows of their own."""
    (mail_id,) = await program.send(page("<script>alert(1)</script><a href='https://x.example'>x</a>"))
    for path in (f"/view/{mail_id}.html", "/view/latest.html?query=subject:Page", "/view/latest.html?embed=1"):
        answer = await program.ask(path)
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[0] == "sandbox allow-popups allow-popups-to-escape-sandbox"
        assert {"default-src 'none'", "img-src data:", "style-src 'unsafe-inline'"} <= set(policy)
        assert answer.headers.get_all("content-security-policy") == [answer.headers["content-security-policy"]]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    text = await program.ask(f"/view/{mail_id}.txt")
    assert (text.body, text.headers["content-type"]) == (b"x ( https://x.example )", "text/plain; charset=utf-8")
    assert "sandbox" in text.headers["content-security-policy"]


async def test_a_message_without_html_has_no_page(program: Program) -> None:
    (mail_id,) = await program.send_letter("One")
    answer = await program.ask(f"/view/{mail_id}.html")
    assert (answer.status, answer.body) == (404, b"This message does not contain a HTML part")
    answer = await program.ask(f"/api/v1/message/{mail_id}/html-check")
    assert (answer.status, answer.body) == (400, b"message does not contain HTML")


async def test_its_images_are_in_it(program: Program) -> None:
    """However the page names them; what is no image is not put in."""
    html = (
        '<img src="cid:one@x"><img src=cid:one%40x><IMG SRC=\'CID:one@x\'><b style="background:url(cid:one@x)">'
        '<img src="cid:page"><img src="cid:none">'
    )
    files = (("one@x", "image/png", PNG), ("page", "text/html", b"<script>"), ("svg", "image/svg+xml", b"<svg>"))
    (mail_id,) = await program.send(page(html + '<img src="cid:svg">', *files))
    shown = (await program.ask(f"/view/{mail_id}.html")).body.decode()
    assert shown.count(SHOWN) == 4
    for left in ("cid:page", "cid:none", "cid:svg"):
        assert f'"{left}"' in shown


def test_images_are_put_in_up_to_a_bound() -> None:
    """A page that shows one image thousands of times would be endless."""
    image = b"\x89PNG" + bytes(3 * 2**20)
    data = page('<img src="cid:a">' * 10_000, ("a", "image/png", image))
    has_page, pieces = views.write_page(data)
    assert has_page
    assert 12 * 2**20 < sum(map(len, pieces)) < 20 * 2**20


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("image/png", "image/png"),
        ("text/csv", "text/csv"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("application/javascript", "application/octet-stream"),
        ("application/pdf", "application/octet-stream"),
    ],
)
async def test_a_part_has_no_type_that_a_browser_runs(program: Program, kind: str, given: str) -> None:
    mail = EmailMessage()
    mail.set_content("Text.\n")
    maintype, _, subtype = kind.partition("/")
    mail.add_attachment(b"<script>", maintype, subtype, filename='a"\t\N{BULLET}.html')
    (mail_id,) = await program.send(mail.as_bytes())
    (part,) = (await program.ask(f"/api/v1/message/{mail_id}")).json()["Attachments"]
    assert part["ContentType"] == kind
    answer = await program.ask(f"/api/v1/message/{mail_id}/part/{part['PartID']}")
    assert (answer.headers["content-type"], answer.body) == (given, b"<script>")
    assert answer.headers["content-disposition"].startswith('inline; filename="a%22')
    assert "sandbox" in answer.headers["content-security-policy"]
    thumbnail = await program.ask(f"/api/v1/message/{mail_id}/part/{part['PartID']}/thumb")
    assert (thumbnail.headers["content-type"], thumbnail.body[:3]) == ("image/jpeg", b"\xff\xd8\xff")


async def test_a_page_of_another_site_can_link_to_a_view_and_embed_none(program: Program) -> None:
    (mail_id,) = await program.send(page("<p>x</p>"))
    path = f"/view/{mail_id}.html"
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await program.ask(path, headers=link)).status == 200
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ):
        assert (await program.ask(path, headers=headers)).status == 403, headers
    assert (await program.ask(path)).headers["x-frame-options"] == "DENY"


async def test_a_doubled_slash_is_sent_on(program: Program) -> None:
    """To this server: `//evil.example` would be another one."""
    (mail_id,) = await program.send(page("<p>x</p>"))
    answer = await program.ask(f"//view/{mail_id}.html?embed=1")
    assert (answer.status, answer.headers["location"]) == (301, f"/view/{mail_id}.html?embed=1")
    answer = await program.ask("//view//evil.example/x")
    assert answer.headers["location"] == "/view/%2Fevil.example%2Fx"
