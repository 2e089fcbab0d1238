"""Markup that fetches where nothing stops it: beacons. For `{c}` and the rest see `hostile_vectors`."""

FETCHES = {
    "image": "<img src='{c}/a.png'>",
    "image of no scheme": "<img src='//{h}/a.png'>",
    "image of backslashes": r"<img src='\\{h}\a.png'><img src='https:\\{h}\b.png'>",
    "image without slashes": "<img src='https:{h}/a.png'>",
    "image with entities": "<img src='&#104;ttp&#115;&colon;&sol;/{h}/a.png'>",
    "image with a tab and a line end": "<img src='ht\ttps:\n//{h}/a.png'>",
    "image after control characters": "<img src='\x01\x02 {c}/a.png '>",
    "image that is lazy": "<img loading=lazy src='{c}/a.png'>",
    "image across origins": "<img crossorigin=use-credentials referrerpolicy=unsafe-url src='{c}/a.png'>",
    "image of old attributes": "<img lowsrc='{c}/a.png' dynsrc='{c}/b.avi' longdesc='{c}/c' src='{c}/d.png'>",
    "image by its old name": "<image src='{c}/a.png'>",
    "image that reports": "<img attributionsrc='{c}/a' src='{c}/b.png'>",
    "image of svg in a data address": (
        "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{c}/a.png'/>"
        "<style>@import '{c}/b.css'</style></svg>\">"
    ),
    "image of svg that calls itself png": (
        "<img src=\"data:image/png,<svg xmlns='http://www.w3.org/2000/svg'><image href='{c}/a.png'/></svg>\">"
    ),
    "image set": "<img srcset='{c}/a.png 1x' src='{c}/b.png'>",
    "image set of sizes": "<img sizes='(min-width:1px) 10px' srcset='{c}/a.png 10w,{c}/b.png 20w'>",
    "picture": "<picture><source media='all' srcset='{c}/a.png'><img src='{c}/b.png'></picture>",
    "background of a table": (
        "<table background='{c}/a.png'><tr background='{c}/b.png'><td background='{c}/c.png'>x</table>"
    ),
    "prefetch": "<link rel=prefetch href='{c}/a'><link rel=prerender href='{c}/b'>",
    "preload of an image": "<link rel=preload as=image href='{c}/a' imagesrcset='{c}/b 1x' imagesizes=1px>",
    "preload of all else": (
        "<link rel=preload as=style href='{c}/a'><link rel=preload as=font crossorigin href='{c}/b'>"
        "<link rel=preload as=script href='{c}/c'><link rel=preload as=fetch crossorigin href='{c}/d'>"
    ),
    "preconnect": "<link rel=preconnect href='{c}'><link rel=dns-prefetch href='{c}'>",
    "preload of a module": "<link rel=modulepreload href='{c}/a.js'>",
    "icon and manifest": "<link rel=icon href='{c}/a.ico'><link rel=manifest href='{c}/a.json'>",
    "icon of a phone": "<link rel=apple-touch-icon href='{c}/a.png'><link rel=mask-icon href='{c}/b.svg'>",
    "linked style sheet": "<link rel=stylesheet href='{c}/a.css'>",
    "linked style sheet of another name": "<link rel='alternate stylesheet' title=x href='{c}/a.css'>",
    "linked style sheet for print": "<link rel=stylesheet media=print href='{c}/a.css'>",
    "links of other kinds": (
        "<link rel=import href='{c}/a.html'>"
        "<link rel=search type=application/opensearchdescription+xml href='{c}/b'>"
        "<link rel=pingback href='{c}/c'><link rel=compression-dictionary href='{c}/d'>"
        "<link rel=expect href='{c}/e'>"
    ),
    "speculation rules": (
        '<script type=speculationrules>{"prefetch":[{"source":"list","urls":["{c}/a"],"eagerness":"immediate"}],'
        '"prerender":[{"urls":["{c}/b"],"eagerness":"immediate"}]}</script>'
    ),
    "object": "<object data='{c}/a'></object><object type=image/png data='{c}/b.png'></object>",
    "object with parameters": (
        "<object classid='clsid:x' codebase='{c}/a'><param name=movie value='{c}/b'></object>"
    ),
    "embed": "<embed src='{c}/a'><embed type=image/svg+xml src='{c}/b.svg'>",
    "applet": "<applet codebase='{c}/' archive=a.jar code=A></applet>",
    "video, poster and track": "<video src='{c}/a' poster='{c}/b' autoplay><track default src='{c}/c'></video>",
    "video of sources": "<video preload=auto muted autoplay><source src='{c}/a' type=video/mp4></video>",
    "audio": "<audio src='{c}/a' autoplay></audio><audio preload=auto><source src='{c}/b'></audio>",
    "sound of old": "<bgsound src='{c}/a.wav'>",
    "input image": "<input type=image src='{c}/a.png'>",
    "quotes with a source": "<q cite='{c}/a'>x</q><blockquote cite='{c}/b'>x</blockquote><ins cite='{c}/c'>x</ins>",
    "svg image": "<svg><image href='{c}/a.png'></image><image xlink:href='{c}/b.png'></image></svg>",
    "svg filter": (
        "<svg><filter id=f><feImage href='{c}/a.png'></feImage></filter>"
        "<rect width=9 height=9 filter='url(#f)'></rect></svg>"
    ),
    "svg use": "<svg><use href='{c}/x.svg#a'></use><use xlink:href='{c}/y.svg#a'></use></svg>",
    "svg paint from elsewhere": (
        "<svg><rect width=9 height=9 fill='url({c}/a.svg#g)' filter='url({c}/b.svg#f)' mask='url({c}/c.svg#m)'>"
        "</rect></svg>"
    ),
    "svg gradient": (
        "<svg><linearGradient href='{c}/a.svg#g'></linearGradient><pattern href='{c}/b.svg#p'></pattern></svg>"
    ),
    "svg style sheet": (
        "<svg><style>@import '{c}/a.css';</style><style>svg{background:url({c}/b.png)}</style></svg>"
    ),
    "svg script from elsewhere": "<svg><script href='{c}/a.js'></script></svg>",
    "svg foreign image": "<svg><foreignObject width=9 height=9><img src='{c}/a.png'></foreignObject></svg>",
    "svg text path": (
        "<svg><text><textPath href='{c}/a.svg#p'>x</textPath><tref xlink:href='{c}/b.svg#t'></tref></text></svg>"
    ),
    "mathml glyph": "<math><mglyph src='{c}/a.png'></mglyph><mi href='{c}/b'>x</mi></math>",
    "shadow of an element": "<div><template shadowrootmode=open><img src='{c}/a.png'></template></div>",
    "second shadow": (
        "<div><template shadowrootmode=closed><style>:host{background:url({c}/a.png)}</style>x</template></div>"
    ),
    "dialog and popover": "<dialog open><img src='{c}/a.png'></dialog><b popover><img src='{c}/b.png'></b>",
    "vector markup of Office": (
        "<v:rect><v:fill type=tile src='{c}/a.png'></v:fill></v:rect><v:image src='{c}/b.png'></v:image>"
    ),
    "AMP image": "<amp-img src='{c}/a.png' width=9 height=9><noscript><img src='{c}/b.png'></noscript></amp-img>",
    "dns prefetch": "<meta http-equiv=x-dns-prefetch-control content=on><a href='{c}'>x</a>",
    "headers in the markup": (
        "<meta http-equiv=Link content='<{c}/a>; rel=preload; as=image'><meta http-equiv=set-cookie content='a=b'>"
        "<meta http-equiv=reporting-endpoints content='x=\"{c}/r\"'><meta name=referrer content=unsafe-url>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'self'; report-uri {c}/csp\">"
        "<img src='x:y'>"
    ),
    "portal": "<portal src='{c}/a'></portal><fencedframe src='{c}/b'></fencedframe><webview src='{c}/c'></webview>",
}
"""Well-formed: several of them fit into one message."""

FRAMES = {
    "frame": "<iframe src='{c}/a.html'></iframe>",
    "frame without credentials": "<iframe credentialless loading=eager src='{c}/a.html'></iframe>",
    "frame with a fetching document": (
        "<iframe srcdoc=\"<img src='{c}/a.png'><link rel=stylesheet href='{c}/b'>\"></iframe>"
    ),
    "frame with a fetching data document": "<iframe src=\"data:text/html,<img src='{c}/a.png'>\"></iframe>",
}
"""Well-formed; apart, as Chromium opens a connection for a frame before it looks whether it may."""

WHOLE_DOCUMENTS = {
    "background of the body": "<body background='{c}/a.png'>x",
    "style sheet of the head": "<html><head><style>body{background:url({c}/a.png)}</style></head><body>x</body>",
    "frame set": "<frameset><frame src='{c}/a.html'></frameset>",
    "manifest of old": "<html manifest='{c}/a.appcache'><body>x",
    "base": "<base href='{c}/'><img src='a.png'><link rel=stylesheet href=b.css>",
    "base with a target": "<base href='{c}/' target=_top><body background=a.png>x",
    "comment that ends early": "<!--><img src='{c}/a.png'>-->",
    "second policy": "<meta http-equiv=Content-Security-Policy content='img-src *'><img src='{c}/a.png'>",
    "policy before the policy": (
        "</style></head><head><meta http-equiv=Content-Security-Policy content=\"default-src * 'unsafe-inline'\">"
        "<img src='{c}/a.png'>"
    ),
    "image after unclosed markup": (
        "<p title='<img src={c}/a.png>'><table><img src='{c}/b.png'><select><img src='{c}/c.png'>"
    ),
    "image after plain text": "<div><img src='{c}/a.png'><plaintext><img src='{c}/b.png'>",
}
"""Each a message of its own: it takes the document, or what stands behind it."""

NAVIGATIONS = {
    "refresh": "<meta http-equiv=refresh content='0;url={c}/a'>",
    "refresh with a quote": "<meta http-equiv=refresh content=\"0; URL='{c}/a'\">",
    "refresh without a word": "<meta http-equiv=refresh content='0,{c}/a'>",
    "refresh in the body": "<p>x</p><meta http-equiv='REFRESH' content=' 0 ; url = {c}/a'>",
    "refresh in svg": "<svg><foreignObject><meta http-equiv=refresh content='0;url={c}/a'></foreignObject></svg>",
    "refresh in noscript": "<noscript><meta http-equiv=refresh content='0;url={c}/a'></noscript>",
    "refresh to a script": '<meta http-equiv=refresh content="0;url=javascript:void({mark})">',
    "refresh to a data document": (
        '<meta http-equiv=refresh content="0;url=data:text/html,<script>{mark}</script>">'
    ),
    "form that sends itself": "<form id=f action='{c}/a'><input name=a></form><script>f.submit()</script>",
    "script that leaves": "<script>top.location='{c}/a';location='{c}/b'</script>",
    "script that opens": "<script>open('{c}/a')</script>",
    "frame that leaves for all": (
        "<iframe srcdoc=\"<base target=_top><meta http-equiv=refresh content='0;url={c}/a'>\"></iframe>"
    ),
}
"""Each a message of its own: the first one that left would take the others along."""
