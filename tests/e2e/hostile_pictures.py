"""Markup against the dark preview, which rewrites style sheets, and against the picture, which is an SVG.

For `{c}` and the rest see `hostile_vectors`.
"""

REWRITTEN = {
    "media attribute": (
        "<style media='(prefers-color-scheme: dark)'>.s{n}{background:url({c}/a.png)}</style><p class=s{n}>x</p>"
    ),
    "media attribute that ends its element": (
        "<style media='&quot;&gt;&lt;/style&gt;&lt;img src={c}/a.png&gt;'>.s{n}{background:url({c}/b.png)}</style>"
        "<p class=s{n}>x</p>"
    ),
    "media query with a text": (
        '<style>@media (x:"(prefers-color-scheme: dark)}*{background:url({c}/a.png)}") '
        "or (prefers-color-scheme:dark){.s{n}{background:url({c}/b.png)}}</style><p class=s{n}>x</p>"
    ),
    "media query in a supports query in a rule": (
        "<style>.s{n}{@supports (color:red){@media (prefers-color-scheme:dark){background:url({c}/a.png)}}}</style>"
        "<p class=s{n}>x</p>"
    ),
    "colors of both schemes": (
        "<p style='color-scheme:light dark;background-image:light-dark(url({c}/a.png),url({c}/b.png))'>x</p>"
    ),
    "color scheme that is an address": (
        "<p style='color-scheme:dark url({c}/a.png)'>x</p><p style='color-scheme:url({c}/b.png) dark'>x</p>"
    ),
    "color scheme that is a variable": (
        r"<p style='--a:dark;background:u\72l({c}/a.png);color-scheme:var(--a,url({c}/b.png))'>x</p>"
    ),
    "selector with a text that ends": (
        '<style>p[title="#\\"],#x{}.s{n}{background:url({c}/a.png)}/*"],#s{n}{background:url({c}/b.png)}</style>'
        "<p id=s{n} class=s{n}>x</p>"
    ),
}
"""Well-formed style sheets, each with a class of its own."""

PICTURES = {
    "foreign object that ends": (
        "</p></body></foreignObject></svg><svg><image href='{c}/a.png' width=9 height=9></image></svg>"
    ),
    "attribute that ends the image": '<p title=\'"/></foreignObject><image href="{c}/a.png"/>\'>x</p>',
    "section of characters that ends": "<style>i{}]]></style><p>]]&gt;<img src='{c}/a.png'>",
    "comment that ends": "<!-- --!><img src='{c}/a.png'><!-- ]]> --><p>x</p>",
    "style sheet of an XML document": "<?xml-stylesheet href='{c}/a.css' type='text/css'?><p>x</p>",
    "entity of an XML document": "<!DOCTYPE svg [<!ENTITY x SYSTEM '{c}/a.txt'>]><p>&x;</p>",
    "inclusion": "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{c}/a.xml'></xi:include>",
    "svg in the svg": (
        "<svg><foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><script>{run}</script>"
        "<img src='{c}/a.png'></body></foreignObject></svg>"
    ),
    "images of svg": (
        "<svg width=99 height=99><image href='{c}/a.png' width=9 height=9></image>"
        "<image xlink:href='{c}/b.png' width=9 height=9></image><use href='{c}/c.svg#x'></use>"
        "<filter id=f{n}><feImage href='{c}/d.png'></feImage></filter>"
        "<rect filter='url(#f{n})' width=9 height=9 fill='url({c}/e.svg#x)'></rect></svg>"
    ),
    "image that is an svg": (
        '<img src=\'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" width="9" height="9"%3E'
        '%3Cimage href="{c}/a.png" width="9" height="9"/%3E%3Cscript%3E{mark}%3C/script%3E%3C/svg%3E\'>'
    ),
    "base of an XML document": "<p xml:base='{c}/'><img src='a.png'></p>",
    "style sheets of the root": (
        "<style>svg{background:url({c}/a.png)}:root{background:url({c}/b.png)}"
        "foreignObject{mask:url({c}/c.svg#x)}@import '{c}/d.css';</style><p>x</p>"
    ),
}
"""Some are not well-formed: one to a letter."""
