import json
import subprocess
import sys

import pytest

OCTETS = 1_000_000
"""Of each message: just less than the megabyte of header, text or HTML that is looked at."""

BODY_FACTOR = 16
HEAD_FACTOR = 64
"""The most octets of memory that reading takes for each octet of a body, and of a header that has a line for each
three octets. No more than a megabyte of header is read. Parts have headers too."""

_UNITS = [
    "=", "====", "= ", "='", '="', '=""', "='' ", "a=b ", 'a="b" ', "\"'", "<a =", "<a ====", "<a =''", "<a ",
    "<a href", "<a href=", '<a href="', "<a href=a>", "<a href=a ", "<a href=a>x</a>", "</a ====",
    "<img src=a alt>", "<b", "<", "<!--", "<!-- =", "<!--a-->", "<!", "<!a =", "<!a>", "<script", "<script>",
    "<script =", "<style>", "<style></style>", "<style>=</style>", "<title =>", "<template>", "<div>",
    "<table><tr><td>", "</div>", "&", "&#", "&#1;", "&#x41;", "&amp;", "&nbsp", "&eacute;", "a ", "1 ", "1-",
    "A1-", "code 1234 ", "code\n", "https://", "https://a.b/c ", "https://a.b/)", "\u200d ", "\u00a0", ">",
    "\n", "\n ", " \n\t", "\u7801",
]  # fmt: skip
_HEADS = [
    "=?", "=?\r\n ", "=?utf-8?q?=41?= ", "=?utf-8?b?QQ==?=\r\n ", ";a=b", ';\r\n a="b"', '";', "\r\n ",
    "\r\n\ta", "<a@b>, ",
]  # fmt: skip
_FIELDS = [
    "Subject",
    "From",
    "Content-Type: text/plain",
    "Content-Type: multipart/mixed; boundary=b",
    "Content-Disposition",
]
_CODED = {
    "base64": ["A\n", "A=", "AAAA=", "!\r\n", "A A ", "-- \n"],
    "quoted-printable": ["=", "=\r", "=41", "= \r\n", "=\r\n"],
    "x-uuencode": ["begin 644 a\n", "M\n", "!00\n"],
}
_TEXTS = {
    "plain; format=flowed": [" \n", ">\n", "a\n", "> ", "\r"],
    "plain; charset=iso-2022-jp": ["\x1b$B", "\x1b(B\x7f", "\x1b$B!", "\n"],
    "plain; charset=utf-7": ["+AAA-", "+", "\n"],
    "html; charset=none": ["<meta ", "<!-- ", "cid:"],
    "calendar": ["BEGIN:VEVENT\n", "\n ", "A;B=C:D\n", "A;", "ATTENDEE:mailto:a@b\n", "\n"],
}
_PARTS = [
    "--b\r\n", "--b\r\n\r\n", "--b--\r\n", "--c\r\n\r\n", "\n--", "--b\r\na:b\r\n", "--b\r\na:b\r\n\r\n",
    "--b\r\nContent-Type: text/html\r\n\r\n", "--b\r\nContent-Type: image/png; name=a\r\nContent-ID: <a>\r\n\r\n",
    "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\nContent-Type: message/rfc822\r\n\r\n",
]  # fmt: skip


def _body(kind: str, opening: str, unit: str) -> bytes:
    content = opening + unit * (OCTETS // len(unit.encode()))
    return f"Subject: x\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{content}".encode()


def _head(field: str, unit: str) -> bytes:
    separator = "; " if ":" in field else ": "
    return f"{field}{separator}{unit * (OCTETS // len(unit))}\r\n\r\nx".encode()


def _coded(encoding: str, unit: str) -> bytes:
    head = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}\r\n\r\nbegin 644 a\n"
    return head.encode() + unit.encode() * (OCTETS // len(unit))


def _parts(kind: str, unit: str) -> bytes:
    head = f"Content-Type: multipart/{kind}; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\ncid:a\r\n"
    return head.encode() + unit.encode() * (OCTETS // len(unit))


_FAMILY = {
    **{f"html {opening!r} {unit!r}": _body("html", opening, unit) for opening in ("", "<a ") for unit in _UNITS},
    **{f"text {unit!r}": _body("plain", "=?", unit) for unit in _UNITS},
    **{f"text {kind!r} {unit!r}": _body(kind, "", unit) for kind, units in _TEXTS.items() for unit in units},
    **{f"coded {kind!r} {unit!r}": _coded(kind, unit) for kind, units in _CODED.items() for unit in units},
    **{f"head {field!r} {unit!r}": _head(field, unit) for field in _FIELDS for unit in _HEADS},
    **{f"head {unit!r} alone": (unit * (OCTETS // len(unit))).encode() for unit in ("\n", "a:b\n", "x\n", " \n")},
    **{f"head of parts {kind} {unit!r}": _parts(kind, unit) for kind in ("mixed", "related") for unit in _PARTS},
}

_MEASURE = """
import json, os, resource, sys
from edgemail import mime

def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

mime.read(b"Content-Type: text/html\\r\\n\\r\\ncode 123456 <a href=https://a.example/verify>x</a>")
lengths = json.loads(sys.stdin.buffer.readline())
for length in lengths:
    data = sys.stdin.buffer.read(length)
    if pid := os.fork():
        assert os.waitpid(pid, 0)[1] == 0
        continue
    before = peak_bytes()
    mime.read(data)
    print(peak_bytes() - before, flush=True)
    os._exit(0)
"""


@pytest.mark.slow
def test_reading_takes_memory_in_proportion_to_the_message() -> None:
    """`tracemalloc` does not see the regex stack, so each message is read in a process of its own."""
    inputs = list(_FAMILY.values())
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE],
        input=json.dumps([len(data) for data in inputs]).encode() + b"\n" + b"".join(inputs),
        capture_output=True,
        check=True,
    )
    peaks = dict(zip(_FAMILY, map(int, done.stdout.split()), strict=True))
    factors = {name: round(peak / len(_FAMILY[name])) for name, peak in peaks.items()}
    limits = {name: HEAD_FACTOR if name.startswith("head") else BODY_FACTOR for name in factors}
    assert {name: factor for name, factor in factors.items() if factor > limits[name]} == {}
