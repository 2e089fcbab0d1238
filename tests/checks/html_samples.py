"""HTML as mail has it: whole newsletters of several makes, and a small page for each kind of feature."""

from __future__ import annotations

from typing import Final

_WRAP: Final = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><style>{css}</style></head>'
    "<body>{body}</body></html>"
)


def page(css: str, body: str = '<p class="a" id="i">x</p>') -> str:
    """Return a whole page with a style sheet."""
    return _WRAP.format(css=css, body=body)


def styled(style: str) -> str:
    """Return an element with a style of its own."""
    return f'<p style="{style}">x</p>'


NEWSLETTER: Final = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>News</title>
<!--[if mso]><style>table { border-collapse: collapse }</style><![endif]-->
<style type="text/css">
  body { margin: 0; padding: 0; width: 100% !important; -webkit-text-size-adjust: 100% }
  .wrap { max-width: 600px; margin: 0 auto; background-color: #ffffff }
  .button { display: inline-block; border-radius: 4px; padding: 12px 24px; color: #fff; text-decoration: none }
  .button:hover { background-color: #333 }
  @media only screen and (max-width: 480px) { .wrap { width: 100% !important } .hide { display: none !important } }
</style></head>
<body bgcolor="#eeeeee" style="margin:0">
<table role="presentation" width="100%" border="0" cellpadding="0" cellspacing="0"><tr><td align="center">
<table class="wrap" width="600"><tr><td style="padding: 20px; font-family: Arial, sans-serif; line-height: 1.5">
<img src="https://shop.example/logo.png" width="120" height="40" alt="Shop" style="display:block">
<h1 style="font-size: 24px; letter-spacing: 1px">Hello</h1><p>It is <b>new</b>.</p>
<a class="button" href="https://shop.example/" target="_blank">Look</a>
<hr><p style="color: rgba(0,0,0,.6); font-size: 12px"><a href="mailto:a@shop.example">Write</a></p>
</td></tr></table></td></tr></table></body></html>"""

MODERN: Final = page(
    """:root { color-scheme: light dark; --accent: #0a7 }
    body { font: 16px/1.5 system-ui, sans-serif; background: #fff }
    .card { display: flex; flex-direction: column; gap: 8px; border-radius: 12px; box-shadow: 0 1px 2px #0003 }
    .card > img { width: 100%; height: auto; object-fit: cover; aspect-ratio: 16 / 9 }
    .grid { display: grid; grid-template: 1fr 1fr / 1fr 1fr }
    .card::before { content: "" }
    .card p:first-child { margin: 0; color: var(--accent) }
    @media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }
    @supports (display: grid) { .grid { gap: 1rem } }
    @font-face { font-family: X; src: url(https://a.example/x.woff2) }""",
    """<main><section class="card"><img src="https://a.example/a.webp"><p>One</p></section>
    <section class="card grid"><picture><source srcset="b.avif"><img src="b.jpg"></picture></section></main>""",
)

TRANSACTION: Final = """<div style="font-family:Helvetica,Arial,sans-serif;max-width:560px;margin:0 auto">
<p style="font-size:16px">Your code is</p>
<p style="font-size:32px;letter-spacing:4px;font-weight:700;text-align:center">481 223</p>
<p style="color:#777;border-top:1px solid #ddd;padding-top:12px;opacity:.8">
It is valid for ten minutes.</p></div>"""

FORM: Final = """<form action="https://a.example/"><input type="text" required><input type="hidden" value="1">
<select><option>a</option></select><textarea>b</textarea><button type="submit">Send</button>
<button type="reset">Reset</button><progress value="1"></progress><meter value="1"></meter></form>"""

_HTML: Final = {
    "audio": '<audio src="a.mp3"></audio>',
    "video": '<video src="a.mp4"></video>',
    "dialog": "<dialog>a</dialog>",
    "object": '<object data="a"></object>',
    "embed": '<embed src="a">',
    "base": '<html><head><base href="https://a.example/"></head><body>a</body></html>',
    "svg": "<svg><circle r=1></circle></svg>",
    "semantics": "<article><header>a</header><nav>b</nav><footer>c</footer></article>",
    "anchor": '<a href="#a">a</a><a name="a">b</a>',
    "map": '<img src="a.gif" usemap="#m"><map name="m"><area href="x"></map>',
    "srcset": '<img src="a.jpg" srcset="a2.jpg 2x">',
    "picture": '<picture><img src="a.jpg"></picture>',
    "script": "<script>var a = 1</script><p>a</p>",
    "body": "<html><body><p>a</p></body></html>",
    "hr": "<p>a</p><hr>",
    "link": '<html><head><link rel="stylesheet" href="https://a.example/s.css"></head><body>a</body></html>',
    "attributes": '<table bgcolor="red" border="1" width="10" height="5"><tr><td background="a.gif">a</table>',
    "plain": "<p>a</p><div><b>b</b></div>",
    "broken": '<p style="opacity:.5"><b><table><td>x</p></div><img src=a.gif',
    "empty style": '<p style="">a</p>',
    "comment": "<!-- <video></video> --><p>a</p>",
    "upper case": '<P STYLE="OPACITY: .5">a</P><VIDEO></VIDEO>',
}

_IMAGES: Final = {
    f"image {name}": f'<img src="https://a.example/a.{name}">'
    for name in ("apng", "avif", "bmp", "gif", "heif", "ico", "mp4", "svg", "tiff", "webp", "png", "jpg")
} | {"image data": '<img src="data:image/png;base64,AA==">'}

_STYLES: Final = {
    name: styled(name)
    for name in (
        "display: flex", "display:none", "display: inline", "position: absolute; top: 0", "float: left",
        "transform: rotate(2deg)", "filter: blur(1px)", "background-image: url(a.gif)",
        "background: linear-gradient(red, blue)", "border-radius: 1px; box-shadow: 0 0 1px red",
        "width: calc(1px + 2vw)", "color: rgb(1, 2, 3)", "color:rgba(1,2,3,.5)", "margin: 1rem", "height: 10vh",
        "color: initial", "color: red !important", "text-shadow: 1px 1px red", "list-style: none",
        "padding-inline-start: 1px", "object-fit: cover", "z-index: 3; visibility: hidden",
        "text-align: center; text-transform: uppercase", "max-width: 10px; min-height: 1px",
    )
}  # fmt: skip

_SHEETS: Final = {
    name: page(name)
    for name in (
        ".a { opacity: .5 }", "#i { filter: none }", "p.a { clip-path: none }", "p { width: 1rem }",
        "a:hover { color: red }", "p:first-child { color: red }", "p:nth-child(2) { color: red }",
        "p::after { content: 'x' }", "p:not(.x) { color: red }", "@import url(a.css);",
        "@keyframes k { from { opacity: 0 } }", "@font-face { font-family: X; src: url(x.woff) }",
        "@media (max-width: 1px) { p { color: red } }", "@media screen { .a { opacity: .5 } }",
        "@supports (display: grid) { p { color: red } }", "/* filter: none */ p { color: red }",
        ".none { opacity: .5 }", "p > b { color: red }", "p { display: grid }",
    )
}  # fmt: skip

SAMPLES: Final = {
    "newsletter": NEWSLETTER,
    "modern": MODERN,
    "transaction": TRANSACTION,
    "form": FORM,
    **_HTML,
    **_IMAGES,
    **_STYLES,
    **_SHEETS,
}
