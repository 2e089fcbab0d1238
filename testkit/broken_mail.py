"""Real-world messages: well formed, partly broken, and hardly messages at all.

Lines end with LF, as in the files of a mail program, unless the line ends are what is broken.
"""

from __future__ import annotations

_HEAD = b"""From: Ann <ann@sender.example>
To: Bob <bob@example.com>
Date: Tue, 3 Mar 2026 10:00:00 +0100
Message-ID: <broken@sender.example>
"""


def _letter(rest: bytes) -> bytes:
    return _HEAD + rest


def _mixed(rest: bytes) -> bytes:
    return _HEAD + b'Subject: Parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="edge"\n\n' + rest


_TEXT = b"--edge\nContent-Type: text/plain\n\nHello.\n"

BROKEN_MAIL: dict[str, bytes] = {
    # Header fields
    "plain": _letter(b"Subject: Hello\n\nHello, Bob.\n\nAnn\n"),
    "no-body": _letter(b"Subject: Hello\n"),
    "no-header": b"\nHello, Bob.\n",
    "no-empty-line": b"Subject: Hello\nFrom: ann@sender.example\nHello, Bob.\nThis is text: it seems.\n",
    "nothing-but-lines": b"\n\n\n",
    "mbox-line-first": b"From ann@sender.example Tue Mar  3 10:00:00 2026\n"
    + _letter(b"Subject: Hello\n\nHello.\n"),
    "mbox-line-quoted": b">From ann@sender.example Tue Mar  3 10:00:00 2026\n"
    + _letter(b"Subject: Hi\n\nHello.\n"),
    "continuation-first": b" folded before anything was\n" + _letter(b"Subject: Hello\n\nHello.\n"),
    "blank-continuation": _letter(b"Subject: Hello,\n \n\t\n Bob\n\nHello.\n"),
    "name-with-blank": _letter(b"Subject : Hello\nX Odd: yes\n\nHello.\n"),
    "name-empty": _letter(b": nothing\n:\nSubject: Hello\n\nHello.\n"),
    "line-without-colon": _letter(b"Subject: Hello\nthis is no field\nX-After: it\n\nHello.\n"),
    "fields-twice": _letter(
        b"From: eve@sender.example\nSubject: One\nSubject: Two\nTo: all@example.com\n\nHello.\n"
    ),
    "eight-bit-header": _letter("Subject: Grüße aus Köln\nX-Name: Пётр\n\nHallo.\n".encode()),
    "latin-1-header": _letter("Subject: Grüße aus Köln\n\nTschüß.\n".encode("latin-1")),
    "encoded-words": _letter(
        b"Subject: =?utf-8?q?Gr=C3=BC?= =?UTF-8?B?w59l?= =?iso-8859-1?q?_K=F6ln?=\n\nHello.\n"
    ),
    "encoded-words-broken": _letter(
        b"Subject: =?utf-8?q?Gr=C3=?= =?utf-8?b?w59=?= =?none?q?a?= =?utf-8?x?b?= =?q\n\n.\n"
    ),
    "encoded-word-in-quotes": _letter(
        b'Reply-To: "=?utf-8?q?J=C3=B6rg?=" <joerg@sender.example>\nSubject: Hi\n\n.\n'
    ),
    "encoded-word-folded-within": _letter(b"Subject: =?utf-8?b?w7zD\n vMO8?= and on\n\nHello.\n"),
    "encoded-line-ends": _letter(b"Subject: =?utf-8?q?One=0D=0ABcc=3A_eve=40example=2Ecom?=\n\nHello.\n"),
    "comments": _letter(b"Cc: (a (nested \\) one)) kim@example.com (Kim)\nSubject: (no comment)\n\nHello.\n"),
    "groups": _letter(b"Cc: Friends: kim@example.com, Lee <lee@example.com>;, Nobody:;\nSubject: Hi\n\nHello.\n"),
    "routes": _letter(b"Cc: <@one.example,@two.example:kim@example.com>\nSubject: Hi\n\nHello.\n"),
    "addresses-broken": _letter(
        b'Cc: <<a@@b>, ,, "open <kim@example.com>, lee at example\nSubject: Hi\n\nHello.\n'
    ),
    "dates-broken": b"Date: 31 Feb 99 25:61 PDT (whenever)\nDate:\n" + _letter(b"Subject: Hi\n\nHello.\n"),
    "message-id-broken": _letter(b"In-Reply-To: <no end\nReferences: <a@b><c@d> x <e@\nSubject: Hi\n\nHello.\n"),
    # Content types and codings
    "type-empty": _letter(b"MIME-Version: 1.0\nContent-Type:\n\nHello.\n"),
    "type-without-subtype": _letter(b"MIME-Version: 1.0\nContent-Type: text\n\nHello.\n"),
    "type-of-many-slashes": _letter(
        b"MIME-Version: 1.0\nContent-Type: text/plain/html; charset=us-ascii\n\nHello.\n"
    ),
    "type-twice": _letter(b"Content-Type: text/html\nContent-Type: text/plain\n\n<p>Hello.</p>\n"),
    "type-commented": _letter(
        b"MIME-Version: 1.0 (by hand)\nContent-Type: text (x) / plain (y); charset=utf-8 (z)\n\n.\n"
    ),
    "charset-unknown": _letter(b"Content-Type: text/plain; charset=x-unheard-of\n\nGr\xfc\xdfe\n"),
    "charset-lies": _letter(b"Content-Type: text/plain; charset=utf-8\n\nGr\xfc\xdfe, \xff\xfe\n"),
    "charset-is-no-word": _letter(b'Content-Type: text/plain; charset="=?utf-8?q?utf-8?=; x"\n\nHello.\n'),
    "parameters-in-pieces": _letter(
        b"Content-Type: application/octet-stream; name*1*=%20two.bin; name*0*=utf-8'en'one;\n name*3=lost\n"
        b"Content-Transfer-Encoding: base64\n\naGVsbG8=\n"
    ),
    "parameters-broken": _letter(
        b'Content-Type: text/plain; charset; ="x"; name="open; ;; name*=\'\'%G1\n\nHello.\n'
    ),
    "coding-unknown": _letter(b"Content-Transfer-Encoding: x-squeezed\n\nHello.\n"),
    "coding-twice": _letter(b"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\naGVsbG8=\n"),
    "base64-unpadded": _letter(b"Content-Transfer-Encoding: base64\n\naGVsbG8\n"),
    "base64-with-other-signs": _letter(
        b"Content-Transfer-Encoding: base64\n\naG*Vs\tbG8=\n-- \nnot base64 at all!\n"
    ),
    "base64-in-two-pieces": _letter(b"Content-Transfer-Encoding: BASE64\n\naGVsbG8=\nd29ybGQ=\n=\n"),
    "quoted-printable-broken": _letter(
        b"Content-Transfer-Encoding: quoted-printable\n\n=C3=B=\nC =ZZ =\n\n= end=\n"
    ),
    "uuencoded": _letter(b"Content-Transfer-Encoding: x-uuencode\n\nbegin 666 a.txt\n%:&5L;&\\*\n \nend\n"),
    # Multiparts
    "mixed": _mixed(
        b"A preamble.\n" + _TEXT + b"--edge\nContent-Type: image/gif\n\nGIF89a\n--edge--\nAn epilogue.\n"
    ),
    "mixed-without-end": _mixed(_TEXT + b"--edge\nContent-Type: text/html\n\n<p>Hello.</p>\n"),
    "mixed-without-parts": _mixed(b"Nothing here is a part.\n"),
    "mixed-of-empty-parts": _mixed(b"--edge\n--edge\n\n--edge\n--edge--\n"),
    "mixed-ended-first": _mixed(b"--edge--\n" + _TEXT + b"--edge--\n"),
    "mixed-part-without-header": _mixed(b"--edge\n\nHello.\n--edge\nno field\n\nHello.\n--edge--\n"),
    "mixed-boundary-with-blanks": _mixed(b"--edge  \t\n\nHello.\n--edge-- \n"),
    "mixed-boundary-is-a-prefix": _mixed(b"--edge-of\n\nHello.\n--edgeless\n" + _TEXT + b"--edge--\n"),
    "mixed-boundary-missing": _letter(b"Content-Type: multipart/mixed\n\n--edge\n\nHello.\n--edge--\n"),
    "mixed-boundary-empty": _letter(b'Content-Type: multipart/mixed; boundary=""\n\n--\n\nHello.\n----\n'),
    "mixed-in-base64": _letter(
        b"Content-Type: multipart/mixed; boundary=edge\nContent-Transfer-Encoding: base64\n\n"
        + _TEXT
        + b"--edge--\n"
    ),
    "nested-with-one-boundary": _mixed(
        b"--edge\nContent-Type: multipart/mixed; boundary=edge\n\n" + _TEXT + b"--edge--\n" + _TEXT + b"--edge--\n"
    ),
    "nested-inner-unclosed": _mixed(
        b"--edge\nContent-Type: multipart/alternative; boundary=in\n\n--in\n\nHello.\n" + _TEXT + b"--edge--\n"
    ),
    "alternatives": _letter(
        b"Subject: Both\nContent-Type: multipart/alternative; boundary=edge\n\n"
        + _TEXT
        + b"--edge\nContent-Type: text/html\n\n<p>Hello.</p>\n--edge--\n"
    ),
    "related": _letter(
        b'Content-Type: multipart/related; type="text/html"; boundary=edge\n\n'
        b'--edge\nContent-Type: text/html\n\n<img src="cid:a@b">\n'
        b"--edge\nContent-Type: image/png\nContent-ID: <a@b>\n"
        b"Content-Transfer-Encoding: base64\n\niVBORw0K\n--edge--\n"
    ),
    "digest": _letter(
        b"Content-Type: multipart/digest; boundary=edge\n\n--edge\n\nSubject: One\n\n1\n--edge\n\n2\n--edge--\n"
    ),
    "signed": _letter(
        b"Content-Type: multipart/signed; micalg=x; boundary=edge\n\n"
        + _TEXT
        + b"--edge\nContent-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n--edge--\n"
    ),
    "delivery-report": _letter(
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=edge\n\n"
        + _TEXT
        + b"--edge\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nAction: failed\n"
        b"Status: 5.1.1\n\n--edge\nContent-Type: message/rfc822\n\nSubject: Lost\n\nHello.\n--edge--\n"
    ),
    # Messages in messages
    "message-within": _mixed(b"--edge\nContent-Type: message/rfc822\n\nSubject: Inner\n\nHello.\n--edge--\n"),
    "message-within-in-base64": _letter(
        b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogSW5uZXIKCkhlbGxvLgo=\n"
    ),
    "message-within-empty": _letter(b"Content-Type: message/rfc822\n\n"),
    "message-partial": _letter(b'Content-Type: message/partial; id="x@y"; number=2; total=3\n\nthe middle of it\n'),
    "message-elsewhere": _letter(
        b"Content-Type: message/external-body; access-type=local-file; name=/etc/passwd\n\n\n"
    ),
    # File names
    "names-odd": _mixed(
        b'--edge\nContent-Disposition: attachment; filename="../../etc/passwd"\n\nx\n'
        b"--edge\nContent-Disposition: attachment; filename*=utf-8''%E2%80%AEgpj.exe\n\nx\n"
        b'--edge\nContent-Disposition: attachment; filename="a\\"b\\\\c;d"; size=lots\n\nx\n'
        b"--edge\nContent-Disposition: inline; filename=\n\nx\n--edge--\n"
    ),
    # Octets
    "dots": _letter(b"Subject: Dots\n\n.\n..\n.end\n.\n"),
    "form-feeds-and-tabs": _letter(b"Subject:\t\x0bHello\x0c\n\n\tone\x0b\x0c\n\x1b[31mred\n"),
    "carriage-returns": b"Subject: Hello\rFrom: ann@sender.example\r\rHello.\r",
    "line-ends-mixed": b"Subject: Hello\r\nFrom: ann@sender.example\nTo: bob@example.com\r\n\nHello.\r\nBob.\n\r\n",
    "nul": _letter(b"Subject: He\0llo\n\nHe\0llo.\n"),
    "binary": bytes(range(256)) * 4 + b"\n",
    "long-line": _letter(b"Subject: " + b"very " * 150 + b"long\n\n" + b"word " * 4000 + b"\n"),
    "no-line-end": _letter(b"Subject: Hello\n\nHello."),
}
