"""What the check finds in HTML, and where."""

from __future__ import annotations

import pytest

from edgemail.checks.html_check import HTML_MAX, LINES_MAX, HtmlReport, check_html


def warned(html: str) -> dict[str, tuple[tuple[int, ...], int]]:
    """Return the lines and the count of each feature that is warned of."""
    return {warning.feature.slug: (warning.lines, warning.found) for warning in check_html(html).warnings}


@pytest.mark.parametrize(
    ("html", "slugs"),
    [
        ("<p>plain</p>", set()),
        ("<video src=a></video>", {"html-video"}),
        ("<VIDEO></VIDEO><audio>", {"html-video", "html-audio"}),
        ("<article><nav></nav></article>", {"html-semantics"}),
        ("<ul><li>a</ul>", {"html-lists"}),
        ('<a href="#top">', {"html-anchor-links"}),
        ('<a href=" MAILTO:a@b">', {"html-mailto-links"}),
        ("<img srcset='a 1x, b 2x'>", {"html-srcset"}),
        ('<img src="a.WEBP?x=1#y">', {"image-webp"}),
        ('<img srcset="a.avif 1x, b.heic 2x">', {"html-srcset", "image-avif", "image-heif"}),
        ('<img src="data:image/svg+xml;base64,AA==">', {"image-base64", "image-svg"}),
        ('<img src="data:image/svg+xml,%3Csvg%3E">', {"image-svg"}),
        ('<td background="x.tiff">', {"html-background", "image-tiff"}),
        ("<input type=checkbox required>", {"html-input-checkbox", "html-required"}),
        ("<input>", {"html-input-text"}),
        ("<button>", {"html-button-submit"}),
        ("<button type=reset>", {"html-button-reset"}),
        ("<button type=button>", set()),
        ("<p hidden lang=de dir=rtl>", {"html-hidden", "html-lang", "html-dir"}),
        ("<img usemap=#m><map name=m></map>", {"html-image-maps"}),
        ('<meta name="color-scheme" content="light">', {"html-meta-color-scheme"}),
        ("<html amp4email>", {"amp"}),
        ("<script>alert('<video>')</script>", {"html-script"}),
        ('<script type="application/ld+json">{}</script>', set()),
        ("<!-- <video> --><p>", set()),
        ("<!doctype html><p>", {"html-doctype"}),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><p>', set()),
        ("<textarea><video></textarea>", {"html-textarea"}),
        ("<p title='<video>'>", set()),
    ],
)
def test_html_has_features(html: str, slugs: set[str]) -> None:
    """Tags, attributes, images; nothing within what is no tag."""
    assert warned(html).keys() == slugs


@pytest.mark.parametrize(
    ("style", "slugs"),
    [
        ("color: red; font-family: Arial", set()),
        ("DISPLAY : FLEX", {"css-display", "css-display-flex"}),
        ("display: inline-grid !important", {"css-display", "css-display-grid", "css-important"}),
        ("display:flexing", {"css-display"}),
        ("text-transform:uppercase", {"css-text-transform"}),
        ("ignore-transform: x; --a: 1", {"css-variables"}),
        ("color: var(--a)", {"css-variables"}),
        ("color: rgb(1,2,3)", {"css-rgb"}),
        ("color: RGBA(1,2,3,.5)", {"css-rgba"}),
        ("color: oklch(40% 0.2 90)", {"css-modern-color"}),
        ("color: #0ch", set()),
        ("width: calc(1px + 2vw)", {"css-width", "css-unit-calc", "css-unit-vw"}),
        ("width: clamp(1rem, 2px, max(1ch, .5vh))", {
            "css-width", "css-function-clamp", "css-function-max", "css-unit-rem", "css-unit-ch", "css-unit-vh",
        }),
        ("width: min-content", {"css-width", "css-intrinsic-size"}),
        ("padding-left: 1px", {"css-padding"}),
        ("padding-inline-start: 1px", {"css-padding-inline-start-end"}),
        ("margin-block: 1px", {"css-margin-inline-block"}),
        ("border-top-left-radius: 1px", {"css-border-radius"}),
        ("border-top-color: red", {"css-border"}),
        ("border-inline-start-color: red", {"css-border-inline-block-longhand"}),
        ("grid-template-columns: 1fr", {"css-grid-template"}),
        ("overflow-x: hidden", {"css-overflow"}),
        ("inset-block-end: 0; top: 0", {"css-inset", "css-left-right-top-bottom"}),
        ("scroll-snap-type: x", {"css-scroll-snap"}),
        ("font-family: 'system-ui', system-ui", {"css-sytem-ui"}),
        ("content: 'rgb(1,2,3) 3vw'", set()),
        ("background: url('a;b.webp') no-repeat", {"css-background", "image-webp"}),
        ("background-image: linear-gradient(red, blue)", {"css-background-image", "css-linear-gradient"}),
        ("background-image: url(data:image/png;base64,AA==); opacity: 1", {
            "css-background-image", "css-opacity", "image-base64",
        }),
        ("color: initial", {"css-unit-initial"}),
        ("color: red /* flex */", {"css-comments"}),
        ("opacity: .5; nonsense; filter", {"css-opacity"}),
        ("opacity&#58; .5", {"css-opacity"}),
    ],
)  # fmt: skip
def test_a_style_attribute_has_features(style: str, slugs: set[str]) -> None:
    """Properties, values, functions, units and keywords."""
    assert warned(f'<p style="{style}">').keys() == slugs


@pytest.mark.parametrize(
    ("sheet", "slugs"),
    [
        ("@import url(a.css);", {"css-at-import"}),
        ("@font-face { font-family: x; src: url(a.woff2); font-weight: 100 }", {"css-at-font-face"}),
        ("@media (min-width: 1px) and (orientation: portrait) {}", {
            "css-at-media", "css-at-media-orientation", "css-unit-px",
        } - {"css-unit-px"}),
        ("@media (-webkit-min-device-pixel-ratio: 2) {}", {"css-at-media", "css-at-media-device-pixel-ratio"}),
        ("@media (prefers-color-scheme:dark){p{opacity:1}}", {
            "css-at-media", "css-at-media-prefers-color-scheme", "css-opacity", "css-selector-type",
        }),
        ("@media (any-hover: hover) {}", {"css-at-media", "css-at-media-hover"}),
        ("@supports (display:grid) { p { color: red } }", {"css-at-supports", "css-selector-type"}),
        ("@-webkit-keyframes a { from { opacity: 0 } 50% { opacity: 1 } }", {"css-at-keyframes", "css-opacity"}),
        ("p { color: red; & b { color: blue } }", {"css-nesting", "css-selector-type", "css-selector-descendant"}),
        ("p { @media print { opacity: 1 } }", {"css-at-media", "css-opacity", "css-selector-type"}),
        (".a.b {}", {"css-selector-class", "css-selector-chaining"}),
        ("#a > b + i ~ u, * {}", {
            "css-selector-id", "css-selector-child", "css-selector-type", "css-selector-adjacent-sibling",
            "css-selector-general-sibling", "css-selector-grouping", "css-selector-universal",
        }),
        ('p[title="> .a"] {}', {"css-selector-type", "css-selector-attribute"}),
        ("a:hover {}", {"css-selector-type", "css-pseudo-class-hover"}),
        ("a:NOT(.x):nth-child( 2n + 1 ) {}", {
            "css-selector-type", "css-selector-class", "css-pseudo-class-not", "css-pseudo-class-nth-child",
        }),
        ("p::before, p:after, p::-moz-x {}", {
            "css-selector-type", "css-selector-grouping", "css-pseudo-element-before", "css-pseudo-element-after",
        }),
        ("<!-- /* } */ p { opacity: 1 } -->", {"css-comments", "css-opacity", "css-selector-type"}),
        ('p { content: "}"; opacity: 1 } ', {"css-opacity", "css-selector-type"}),
        ("} } p { opacity: 1", {"css-opacity", "css-selector-type"}),
        ("p { a(; opacity: 1 } b { top: 0 }", {"css-selector-type", "css-left-right-top-bottom"}),
    ],
)  # fmt: skip
def test_a_style_sheet_has_features(sheet: str, slugs: set[str]) -> None:
    """At-rules, selectors, and declarations wherever they are."""
    assert warned(f"<style>{sheet}</style>").keys() == slugs | {"html-style"}


def test_lines_say_where_a_feature_is() -> None:
    """In sheets and attributes too, where no entity moves the places."""
    html = (
        '<p\n style="color: red;\n opacity: 1">\n<style>\np { opacity: 1 }\n</style>\r\n<video>\n'
        "<p style='&#32;\nopacity: 1'><br><p style='opacity: 1'>"
    )
    found = warned(html)
    assert found["css-opacity"] == ((3, 5, 8, 9), 6)
    assert found["html-video"] == ((7,), 1)


def test_many_lines_are_counted_and_not_all_named() -> None:
    """The first ones are enough to begin with."""
    lines, found = warned("<video>\n" * 200)["html-video"]
    assert lines == tuple(range(1, LINES_MAX + 1))
    assert found == 200


def test_a_rule_counts_for_the_elements_that_it_is_for() -> None:
    """As far as the last part of its selector tells; a rule within a condition counts once."""
    sheet = """<style>.a { opacity: 1 } table b.a, #one { filter: none } .none { top: 0 } p:hover { clear: both }
        @media print { .a { resize: none } }</style>"""
    found = warned(f"{sheet}<p class='x A'><b class=a><b class=a id=one><i>")
    assert {slug: found[f"css-{slug}"][1] for slug in ("opacity", "filter", "clear", "resize")} == {
        "opacity": 3,
        "filter": 3,
        "clear": 1,
        "resize": 1,
    }
    assert found["css-left-right-top-bottom"][1] == 1


def test_the_score_is_that_of_what_matters_most() -> None:
    """A feature counts by the elements that it is on; all shares make 100."""
    one = check_html("<p>a</p>" * 9 + "<p style='display:grid'>")
    all_ = check_html("<p style='display:grid'>" * 10)
    assert one.nodes == all_.nodes == 10
    assert one.shares.unsupported == pytest.approx(all_.shares.unsupported / 10)
    assert all_.warnings[0].feature.slug in ("css-display-grid", "css-display")
    for report in (one, all_, check_html(""), check_html("<video>" * 5)):
        shares = report.shares
        assert shares.supported + shares.partial + shares.unsupported == pytest.approx(100)
        assert min(shares.supported, shares.partial, shares.unsupported) >= 0
    assert check_html("<p>plain").shares.supported == 100


def test_outlook_of_each_year_counts_and_history_does_not() -> None:
    """A program that updates itself is there once, in its newest version."""
    (video,) = check_html("<video>").warnings
    programs = [(tested.program.family, tested.program.platform) for tested in video.feature.tested]
    assert programs.count(("outlook", "windows")) > 3
    others = [program for program in programs if program != ("outlook", "windows")]
    assert len(others) == len(set(others)) > 20
    assert {tested.support for tested in video.feature.tested} >= {"yes", "no"}


HOSTILE = [
    "<",
    "<p " * 300_000,
    "<p a=" * 200_000,
    "<p a='" * 150_000,
    '<p a="x"' * 120_000,
    "<!--" * 250_000,
    "<!" * 500_000,
    "<style>" + "{" * 900_000,
    "<style>" + "}" * 900_000,
    "<style>" + "a{" * 450_000,
    "<style>" + ";" * 900_000,
    "<style>" + "/*" * 450_000,
    "<style>" + "url(" * 225_000,
    "<style>" + '"' * 900_000,
    "<style>a{b:" + "url(" * 225_000,
    "<style>" + ".a," * 300_000 + "{opacity:1}",
    "<style>" + ".a{opacity:1;top:0}" * 50_000,
    "<style>" + "".join(f".a{place}{{opacity:1}}" for place in range(60_000)),
    "<style>" + "@media(" * 140_000,
    "<style>" + "a" + "[" * 900_000 + "{opacity:1}",
    "<style>a" + ":not(" * 180_000 + "{opacity:1}",
    "<p style='" + "a:1vw;" * 160_000 + "'>",
    "<p style='width:" + "1" * 900_000 + "'>",
    "<p style='width:" + "calc(" * 180_000 + "'>",
    "<p style='width:" + "-" * 900_000 + "'>",
    "<p class='" + "".join(f"c{place} " for place in range(140_000)) + "'>",
    "".join(f"<p class=c{place} id=i{place}>" for place in range(40_000)),
    "<img srcset='" + "a," * 450_000 + "'>",
    "<img srcset='" + " " * 900_000 + "'>",
    "<img src='" + "data:image/" * 90_000 + "'>",
    "<style>" * 140_000,
    "<script>" * 120_000,
    "\n" * 1_000_000 + "<video>",
    "<p \x00=\x00 \ud800='\udfff'>\ufffe<style>\x00{\ud800:\x00}",
    "<title>" + "</titl" * 160_000,
    "<" + "a" * 1_000_000,
    "<p style=" + "&#58;" * 200_000 + ">",
]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_html_is_read_to_a_bound(number: int) -> None:
    """It never fails, and takes a tenth of a second where another way to read would take an hour."""
    report = check_html(HOSTILE[number])
    assert isinstance(report, HtmlReport)
    for warning in report.warnings:
        assert 0 < len(warning.lines) <= LINES_MAX
        assert warning.found >= 1


def test_hostile_beginnings_do_no_harm() -> None:
    """The same, shorter, so that they are tried each time."""
    for html in HOSTILE:
        assert isinstance(check_html(html[:3_000]), HtmlReport)


@pytest.mark.slow
def test_html_that_is_too_long_is_cut_and_says_so() -> None:
    """What is behind the bound is not read."""
    report = check_html(" " * HTML_MAX + "<video>")
    assert (report.is_cut, report.warnings) == (True, ())
    assert not check_html("<video>").is_cut
    assert check_html("<b>" * 160_000).is_cut
