"""A fixed set of unusual but legitimate mail: rare lines, octets, headers, parts, envelopes."""

from __future__ import annotations

import base64
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ANN = "ann@sender.example"
_MIB = 2**20
_BARE_CR = re.compile(rb"\r(?!\n)")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_HEADERS = re.compile(rb"(?:[!-9;-~]+:[^\n]*\r\n(?:[ \t][^\n]*\r\n)*)+\r\n")


@dataclass(frozen=True, slots=True)
class UnusualMail:
    """A message and its envelope. `content` is not dot-stuffed. The first recipient is unique."""

    name: str
    content: bytes
    recipients: tuple[str, ...]
    sender: str = ANN

    @property
    def needs_utf8(self) -> bool:
        """True if an address is not ASCII (RFC 6531)."""
        return not "".join((self.sender, *self.recipients)).isascii()

    @property
    def has_bare_cr(self) -> bool:
        return _BARE_CR.search(self.content) is not None

    @property
    def has_bare_lf(self) -> bool:
        return _BARE_LF.search(self.content) is not None

    @property
    def has_nul(self) -> bool:
        return b"\0" in self.content

    @property
    def has_headers(self) -> bool:
        """True if it starts with header fields and an empty line (RFC 5322 section 2.1)."""
        return _HEADERS.match(self.content) is not None

    @property
    def is_whole(self) -> bool:
        """True if DATA can carry it: it ends with CRLF."""
        return self.content.endswith(b"\r\n")

    @property
    def stuffed(self) -> bytes:
        """The content dot-stuffed for DATA, with its end mark (RFC 5321 section 4.5.2)."""
        return (b"\r\n" + self.content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def make_unusual_mail(domain: str) -> list[UnusualMail]:
    """Make all messages, to recipients at a domain of their own."""
    contents = [*_dots(), *_lines(), *_octets(), *_parts(), *_headers(), *_sizes(), *_breaks()]
    mail = [UnusualMail(name, content, (f"{name}@{domain}",)) for name, content in contents]
    return mail + list(_envelopes(domain))


def _letter(body: bytes, *fields: bytes) -> bytes:
    head = (
        b"Date: Tue, 3 Mar 2026 10:00:00 +0000",
        b"From: Ann <ann@sender.example>",
        b"To: bob@example.com",
        b"Message-ID: <odd@sender.example>",
        *fields,
    )
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _dots() -> Iterator[tuple[str, bytes]]:
    bodies = {
        "lone": b".\r\n",
        "lone-twice": b".\r\n.\r\n",
        "lone-between": b"before\r\n.\r\nafter\r\n",
        "lone-last": b"before\r\n.\r\n",
        "two": b"..\r\n",
        "three": b"...\r\n",
        "rising": b"".join(b"." * count + b"\r\n" for count in range(1, 60)),
        "and-blank": b". \r\n .\r\n.\t\r\n",
        "and-text": b".signature\r\n..hidden\r\n.\x2e.x\r\n",
        "before-empty-lines": b".\r\n\r\n.\r\n\r\n\r\n.\r\n",
        "at-ends-of-lines": b"one.\r\ntwo..\r\nthree...\r\n",
        "every-line": b".x\r\n" * 1000,
        "lone-1000": b".\r\n" * 1000,
        "line-of-998": b"." * 998 + b"\r\n",
        "line-of-70000": b"." * 70_000 + b"\r\n",
        "and-commands": b".\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n.\r\nQUIT\r\n",
        "at-packets": b"".join(b"." * (size % 7) + b"x" * size + b"\r\n" for size in range(1400, 1480)),
    }
    for name, body in bodies.items():
        yield f"dot-{name}", _letter(body)


def _lines() -> Iterator[tuple[str, bytes]]:
    for size in (78, 79, 510, 511, 512, 997, 998, 999, 1000, 1001, 2047, 2048, 2049, 4096, 8192, 65_536, 100_000):
        yield f"line-{size}", _letter(b"short\r\n" + _text(size) + b"\r\nshort\r\n")
    yield "line-998-with-dot", _letter(b"." + _text(997) + b"\r\n.\r\n")
    yield "line-100000-with-dot", _letter(b"." + _text(99_999) + b"\r\n.\r\n")
    yield "line-1000000", _letter(_text(1_000_000) + b"\r\n")
    yield "lines-of-998", _letter((_text(998) + b"\r\n") * 300)
    yield "lines-of-100000", _letter((_text(100_000) + b"\r\n") * 5)


def _octets() -> Iterator[tuple[str, bytes]]:
    text = "Grüße, 你好, Привет, שלום, مرحبا"
    for charset, said in {
        "utf-8": text + " 🐘",
        "iso-8859-1": "Grüße",
        "windows-1251": "Привет",
        "koi8-r": "Привет",
        "shift-jis": "表示ソ",
        "gb18030": "你好，世界",
        "euc-kr": "안녕",
        "big5": "功蓋",
        "iso-2022-jp": "日本語",
        "windows-1256": "مرحبا",
    }.items():
        label = b"Content-Type: text/plain; charset=" + charset.encode()
        body = said.encode(charset.replace("windows-", "cp"))
        yield f"charset-{charset}", _letter(body + b"\r\n", label, b"Content-Transfer-Encoding: 8bit")
    yield "bytes-subject-utf-8", _letter(b"Hi.\r\n", "Subject: Grüße 🐘".encode())
    yield "bytes-subject-latin-1", _letter(b"Hi.\r\n", b"Subject: Gr\xfc\xdfe")
    yield "bytes-not-utf-8", _letter(b"\xff\xfe\xc0\x80\xed\xa0\x80\xf8\r\n")
    yield "bytes-bom", _letter(b"\xef\xbb\xbfHi.\r\n")
    yield "bytes-every-but-three", _letter(bytes(set(range(256)) - {0, 10, 13}) + b"\r\n")
    yield "bytes-controls", _letter(bytes(range(1, 9)) + b"\x0b\x0c\x1a\x1b[31m\x7f\r\n")


def _parts() -> Iterator[tuple[str, bytes]]:
    blob = random.Random(5).randbytes(40_000)
    coded = b"\r\n".join(re.findall(rb".{1,76}", base64.b64encode(blob)))
    eight = bytes(octet for octet in blob if octet not in b"\0\r\n")
    mixed = b"Content-Type: multipart/mixed; boundary=b"
    octets = b"Content-Type: application/octet-stream; name=blob.bin\r\nContent-Transfer-Encoding: "
    yield "part-base64", _letter(b"--b\r\n" + octets + b"base64\r\n\r\n" + coded + b"\r\n--b--\r\n", mixed)
    yield "part-binary-8bit", _letter(b"--b\r\n" + octets + b"8bit\r\n\r\n" + eight + b"\r\n--b--\r\n", mixed)
    yield (
        "part-200-attachments",
        _letter((b"--b\r\n" + octets + b"base64\r\n\r\nLg==\r\n") * 200 + b"--b--\r\n", mixed),
    )
    nested = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(60)
    )
    yield "part-60-deep", _letter(nested + b"--b60\r\n\r\nHi.\r\n", b"Content-Type: multipart/mixed; boundary=b0")
    yield "part-unclosed", _letter(b"--b\r\n\r\nHi.\r\n", mixed)
    yield "part-none", _letter(b"", mixed)
    odd = b'Content-Type: multipart/mixed; boundary="=_?:/,.+()\' x"'
    yield "part-odd-boundary", _letter(b"--=_?:/,.+()' x\r\n\r\n.\r\n--=_?:/,.+()' x--\r\n", odd)
    yield (
        "part-message",
        _letter(b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + _letter(b".\r\n") + b"--b--\r\n", mixed),
    )
    quoted = b"Content-Transfer-Encoding: quoted-printable"
    yield "part-quoted-printable", _letter(b"=2E\r\n.=\r\n=3D=\r\n.\r\n" + b"=C3=BC" * 12 + b"=\r\n", quoted)
    yield "part-uuencode", _letter(b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n")
    yield "part-html", _letter(b"<p>.</p>\r\n.<br>\r\n", b"Content-Type: text/html")
    yield (
        "part-flowed",
        _letter(b" >From me \r\nFrom you\r\n>From \r\n-- \r\n", b"Content-Type: text/plain; format=flowed"),
    )


def _headers() -> Iterator[tuple[str, bytes]]:
    many = [b"X-Number-%d: %d" % (number, number) for number in range(1000)]
    yield "head-1000-fields", _letter(b"Hi.\r\n", *many)
    yield "head-subject-60000", _letter(b"Hi.\r\n", b"Subject: " + _text(60_000))
    yield "head-subject-folded", _letter(b"Hi.\r\n", b"Subject: " + b"\r\n ".join([_text(900)] * 60))
    yield "head-subject-empty", _letter(b"Hi.\r\n", b"Subject:")
    yield "head-subject-thrice", _letter(b"Hi.\r\n", b"Subject: 1", b"Subject: 2", b"subject: 3")
    yield "head-encoded-words", _letter(b"Hi.\r\n", b"Subject: =?utf-8?B?w7w=?=\r\n\t=?x?q?=FF=?= =?utf-8?Q?_?=")
    yield "head-folded-oddly", _letter(b"Hi.\r\n", b"X-Odd: a\r\n\tb\r\n  c\r\n \t d")
    yield "head-40-received", _letter(b"Hi.\r\n", *[b"Received: from a by b; Tue, 3 Mar 2026 10:00:00 +0000"] * 40)
    yield "head-return-path", b"Return-Path: <other@example.org>\r\n" + _letter(b"Hi.\r\n")
    yield "head-bcc", _letter(b"Hi.\r\n", b"Bcc: secret@example.com", b"Resent-Bcc: more@example.com")
    yield "head-content-length", _letter(b"Hi.\r\n", b"Content-Length: 3", b"Lines: 999999999999", b"Status: RO")
    yield "head-to-1000", _letter(b"Hi.\r\n", b"Cc: " + b",\r\n ".join(b"u%d@example.com" % n for n in range(1000)))
    yield "head-lies", _letter(b"Hi.\r\n", b"Content-Type: ;;;=\xff", b"Content-Transfer-Encoding: none at all")
    yield "head-no-body", _letter(b"")
    yield "head-one-field", b"Subject: alone\r\n\r\n"
    yield "head-dots", b".Subject: dotted\r\n..: x\r\n\r\n.\r\n"


def _sizes() -> Iterator[tuple[str, bytes]]:
    line = _text(76) + b"\r\n"
    yield "size-1-mib", _letter(line * (_MIB // len(line)))
    yield "size-6-mib", _letter(line * (6 * _MIB // len(line)))
    yield "size-20-mib", _letter((_text(990) + b"\r\n") * (20 * _MIB // 992))
    coded = base64.encodebytes(random.Random(6).randbytes(3 * _MIB)).replace(b"\n", b"\r\n")
    yield "size-4-mib-base64", _letter(coded, b"Content-Transfer-Encoding: base64")
    yield "size-of-one-letter", _letter(b"x\r\n")
    yield "size-100000-short-lines", _letter(b"x\r\n" * 100_000)
    yield "size-100000-empty-lines", _letter(b"\r\n" * 100_000)
    yield "size-empty-lines-around", _letter(b"\r\n" * 20 + b"Hi.\r\n" + b"\r\n" * 20)
    yield "size-blanks", _letter(b" \r\n\t\r\n  trailing  \r\n \t \r\n")


def _breaks() -> Iterator[tuple[str, bytes]]:
    """Yield octets that lines must not have, and content that is no message."""
    for name, body in {
        "nul": b"a\0b\r\n",
        "nul-lone": b"\0\r\n",
        "nul-before-dot": b"\0.\r\n.\0\r\n",
        "nul-1000": b"\0" * 1000 + b"\r\n",
        "lf": b"a\nb\r\n",
        "lf-only": b"a\nb\nc\n\nd\r\n",
        "lf-dot-lf": b"a\n.\nb\r\n",
        "lf-dot-crlf": b"a\n.\r\nb\r\n",
        "crlf-dot-lf": b"a\r\n.\nb\r\n",
        "cr": b"a\rb\r\n",
        "cr-cr-lf": b"a\r\r\nb\r\r\r\n",
        "cr-dot-cr": b"a\r.\rb\r\n",
        "crlf-dot-cr": b"a\r\n.\rb\r\n",
        "cr-dot-crlf": b"a\r.\r\nb\r\n",
        "lf-cr": b"a\n\rb\n\r\r\n",
        "every-octet": bytes(range(256)) * 4 + b"\r\n",
    }.items():
        yield f"break-{name}", _letter(body)
    for name, content in {
        "nothing": b"",
        "dot": b".",
        "cr-last": _letter(b"Hi.\r"),
        "lf-last": _letter(b"Hi.\n"),
        "crlf-cr-last": _letter(b"Hi.\r\n\r"),
        "no-end": _letter(b"Hi."),
        "dot-last": _letter(b"Hi.\r\n."),
        "blob": random.Random(7).randbytes(_MIB),
    }.items():
        yield f"open-{name}", content
    for name, content in {
        "crlf": b"\r\n",
        "text": b"no header at all\r\n",
        "text-after-line": b"\r\nno header at all\r\n",
        "dot": b".\r\n",
        "json": b'{"a": [1, 2]}\r\n',
        "header-unended": b"Subject: and no more\r\n",
        "nul-in-header": b"Sub\0ject: x\r\n\r\nHi.\r\n",
        "cr-in-header": b"Subject: x\rBcc: y\r\n\r\nHi.\r\n",
    }.items():
        yield f"bare-{name}", content


def _envelopes(domain: str) -> Iterator[UnusualMail]:
    for name, local in {
        "quoted-blank": '"two words"',
        "quoted-at": '"at@home"',
        "quoted-dots": '"..dots.."',
        "quoted-escapes": '"a\\"b\\\\c"',
        "quoted-angle": '"a>b<c"',
        "quoted-list": '"a,b;c:d"',
        "atext": "!#$&'*/=?^_`{|}~-",
        "one-letter": "z",
        "digits": "0123456789",
        "plus": "bob+folder+more",
        "percent": "bob%elsewhere.example",
        "bang": "elsewhere!bob",
        "dashes": "-bob-",
        "srs": "srs0=hhh=tt=elsewhere.example=ann",
        "upper-case": "ShOuTiNg",
        "64-octets": "l" * 64,
        "128-octets": "m" * 128,
        "utf-8": "почта",
        "utf-8-accents": "jörg.müßig",
        "utf-8-right-to-left": "דואר",
        "utf-8-chinese": "电子邮件",
        "utf-8-elephant": "🐘",
        "utf-8-quoted": '"два слова"',
    }.items():
        yield UnusualMail(f"to-{name}", _letter(b"Hi.\r\n"), (f"{local}@{domain}",))
    hundred = tuple(f"one-of-100.{number}@{domain}" for number in range(100))
    yield UnusualMail("to-100", _letter(b"Hi.\r\n"), hundred)
    yield UnusualMail("to-deep-subdomain", _letter(b"Hi.\r\n"), (f"deep@{'a.' * 40}{domain}",))
    yield UnusualMail("to-label-of-63", _letter(b"Hi.\r\n"), (f"label@{'a' * 63}.{domain}",))
    yield UnusualMail("to-utf-8-domain", _letter(b"Hi.\r\n"), (f"idn@почта.{domain}",))
    for name, sender in {
        "nobody": "",
        "quoted": '"Ann O\'Hara"@sender.example',
        "verp": "list-bounces+bob=example.com@sender.example",
        "srs": "SRS0+abc=xy=other.example=ann@sender.example",
        "64-octets": "s" * 64 + "@sender.example",
        "upper-case": "Ann@Sender.Example",
        "utf-8": "анна@sender.example",
    }.items():
        yield UnusualMail(f"from-{name}", _letter(b"Hi.\r\n"), (f"from-{name}@{domain}",), sender)


def _text(size: int) -> bytes:
    return (b"the quick brown fox jumps over the lazy dog, " * (size // 45 + 1))[:size]
