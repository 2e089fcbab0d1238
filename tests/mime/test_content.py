"""What is text, what is an attachment, and what belongs to the HTML."""

from __future__ import annotations

from typing import Any

import pytest

from edgemail import mime

_TEXT = "Content-Type: text/plain; charset=utf-8\n\nHello\n"
_HTML = "Content-Type: text/html; charset=utf-8\n\n<p>Hello</p>\n"
_PICTURE = "Content-Type: image/png; name=a.png\nContent-ID: <a@x>\n\nPNG\n"
_REFERS = 'Content-Type: text/html\n\n<img src="cid:a@x"><img src="CID:b%40x">\n'
_FILE = "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment\n\nPDF\n"
_INVITE = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VEVENT\nSUMMARY:Meet\nEND:VEVENT\n"
_NAMED_INVITE = _INVITE.replace("; method", "; name=a.ics; method")


def _mail(kind: str, *parts: str, boundary: str = "bb") -> str:
    """Make a multipart; as a part of another it needs another boundary."""
    body = "".join(f"--{boundary}\n{part}" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{body}--{boundary}--\n"


_CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "a text": (_TEXT, {"text": "Hello\n"}),
    "HTML": (_HTML, {"html": "<p>Hello</p>\n"}),
    "another kind of text": ("Content-Type: text/markdown\n\nHello", {"text": "Hello"}),
    "a text with a name, and nothing else": ("Content-Type: text/plain; name=a.txt\n\nHello", {"text": "Hello"}),
    "a file, and nothing else": (
        "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nHello",
        {"attachments": ["a.txt"]},
    ),
    "a picture, and nothing else": ("Content-Type: image/png; name=a.png\n\nPNG", {"attachments": ["a.png"]}),
    "text and a file": (_mail("mixed", _TEXT, _FILE), {"text": "Hello", "attachments": ["a.pdf"]}),
    "two texts": (_mail("mixed", _TEXT, _TEXT), {"text": "Hello\nHello"}),
    "an empty text and another": (_mail("mixed", "\n\n", _TEXT), {"text": "Hello"}),
    "an inline text with a name": (
        _mail("mixed", _TEXT, "Content-Disposition: inline; filename=a.txt\n\nA\n"),
        {"text": "Hello", "attachments": ["a.txt"]},
    ),
    "HTML with a name": (
        _mail("mixed", _TEXT, "Content-Type: text/html; name=a.html\n\nA\n"),
        {"text": "Hello", "attachments": ["a.html"]},
    ),
    "HTML with a name, and no other text": (
        _mail("mixed", "Content-Type: text/html; name=a.html\n\nA\n", _FILE),
        {"html": "A", "attachments": ["a.pdf"]},
    ),
    "two texts with names, and no other": (
        _mail("mixed", "Content-Type: text/plain; name=a\n\nA\n", "Content-Type: text/plain; name=b\n\nB\n"),
        {"attachments": ["a", "b"]},
    ),
    "a text that is an attachment without a name": (
        _mail("mixed", _TEXT, "Content-Disposition: attachment\n\nA\n"),
        {"text": "Hello", "attachments": [""]},
    ),
    "alternatives": (_mail("alternative", _TEXT, _HTML), {"text": "Hello", "html": "<p>Hello</p>"}),
    "alternatives with names": (
        _mail("alternative", "Content-Type: text/plain; name=a\n\nA\n", "Content-Type: text/html; name=b\n\nB\n"),
        {"text": "A", "html": "B"},
    ),
    "an empty alternative behind another": (
        _mail("alternative", _HTML, "Content-Type: text/html\n\n \n"),
        {"html": "<p>Hello</p>"},
    ),
    "alternatives of which one is for phones": (
        _mail("alternative", _TEXT, "Content-Type: text/x-amp-html\n\n<amp>\n", _HTML),
        {"text": "Hello", "html": "<p>Hello</p>"},
    ),
    "alternatives of which one has files": (
        _mail("alternative", _TEXT, _mail("mixed", _HTML, _FILE, boundary="cc")),
        {"text": "Hello", "html": "<p>Hello</p>", "attachments": ["a.pdf"]},
    ),
    "an invitation": (
        _mail("alternative", _TEXT, _HTML, _INVITE),
        {"text": "Hello", "html": "<p>Hello</p>", "attachments": ["invite.ics"], "events": ["Meet"]},
    ),
    "an invitation, twice": (
        _mail("mixed", _mail("alternative", _TEXT, _INVITE, boundary="cc"), _NAMED_INVITE),
        {"text": "Hello", "attachments": ["invite.ics", "a.ics"], "events": ["Meet"]},
    ),
    "pictures that the HTML refers to": (
        _mail("related", _REFERS, _PICTURE, _PICTURE.replace("a@x", "b@x")),
        {"html": '<img src="cid:a@x"><img src="CID:b%40x">', "inline": ["a.png", "a.png"]},
    ),
    "the same, said to be an attachment": (
        _mail("related", _REFERS, _PICTURE.replace("\n\n", "\nContent-Disposition: attachment\n\n")),
        {"html": '<img src="cid:a@x"><img src="CID:b%40x">', "inline": ["a.png"]},
    ),
    "the same in a mixed": (
        _mail("mixed", _REFERS, _PICTURE),
        {"html": '<img src="cid:a@x"><img src="CID:b%40x">', "inline": ["a.png"]},
    ),
    "a picture beside HTML that does not refer to it": (
        _mail("related", _HTML, _PICTURE),
        {"html": "<p>Hello</p>", "inline": ["a.png"]},
    ),
    "a file beside HTML that does not refer to it": (
        _mail("related", _HTML, _FILE.replace("\n\n", "\nContent-ID: <f>\n\n")),
        {"html": "<p>Hello</p>", "attachments": ["a.pdf"]},
    ),
    "a picture by its place": (
        _mail(
            "related",
            "Content-Type: text/html\n\n<img src=http://x.example/a.png>\n",
            "Content-Type: image/png\nContent-Location: http://x.example/a.png\n\nPNG\n",
        ),
        {"html": "<img src=http://x.example/a.png>", "inline": [""]},
    ),
    "a picture with a Content-ID and no HTML": (
        _mail("related", _TEXT, _PICTURE),
        {"text": "Hello", "attachments": ["a.png"]},
    ),
    "a root that is not the first": (
        _mail("related", _PICTURE, _REFERS),
        {"html": '<img src="cid:a@x"><img src="CID:b%40x">', "inline": ["a.png"]},
    ),
    "an attached message": (
        _mail("mixed", _TEXT, "Content-Type: message/rfc822\n\nSubject: In/ner: =?utf-8?Q?=C3=BC?=\n\nx\n"),
        {"text": "Hello", "attachments": ["In ner ü.eml"]},
    ),
    "an attached message without a subject": (
        _mail("mixed", _TEXT, "Content-Type: message/rfc822\n\nFrom: a@b\n\nx\n"),
        {"text": "Hello", "attachments": ["message.eml"]},
    ),
    "an attached message with a name": (
        _mail("mixed", _TEXT, "Content-Type: message/rfc822; name=a.eml\n\nSubject: x\n\nx\n"),
        {"text": "Hello", "attachments": ["a.eml"]},
    ),
    "a signed message": (
        _mail("signed", _TEXT, "Content-Type: application/pgp-signature; name=a.asc\n\nx\n"),
        {"text": "Hello", "attachments": ["a.asc"]},
    ),
    "a name by its type": (
        _mail("mixed", _TEXT, "Content-Type: x/y; name=a\nContent-Disposition: attachment; filename=\n\nx\n"),
        {"text": "Hello", "attachments": ["a"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_bodies_and_files_are_what_a_person_would_call_so(name: str) -> None:
    text, expected = _CASES[name]
    message = mime.read(text.encode())
    found = {
        "text": message.text,
        "html": message.html,
        "attachments": [file.name for file in message.summary.attachments],
        "inline": [file.name for file in message.inline],
        "events": [event.title for event in message.summary.events],
    }
    assert {key: value for key, value in found.items() if value not in (None, [])} == expected
    assert message.summary.inline_count == len(message.inline)


def test_attachments_and_inline_parts_share_their_numbers() -> None:
    mail = _mail("mixed", _FILE, _mail("related", _REFERS, _PICTURE, boundary="cc"), _FILE).encode()
    message = mime.read(mail)
    assert [file.index for file in message.summary.attachments] == [0, 2]
    assert [(file.index, file.content_id) for file in message.inline] == [(1, "a@x")]
    assert [mime.attachment(mail, number)[1] for number in range(3)] == [b"PDF", b"PNG", b"PDF"]


def test_an_attached_message_is_read_as_a_message() -> None:
    inner = b"From: a@b.example\r\nSubject: Inner\r\n\r\nYour code is 481223.\r\n"
    mail = b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: message/rfc822\r\n\r\n"
    message = mime.read(mail + inner + b"\r\n--bb--\r\n")
    assert message.summary.codes == ()
    described, octets = mime.attachment(mail + inner + b"\r\n--bb--\r\n", 0)
    assert octets == inner
    assert described.name == "Inner.eml"
    assert mime.read(octets).summary.codes[0].code == "481223"


def test_a_text_file_keeps_its_octets() -> None:
    """Line ends are part of a file."""
    content = b"one\r\ntwo\nthree\r\n\xff\r\n"
    mail = b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/csv; name=a.csv\r\n\r\n"
    [described] = mime.summarize(mail + content + b"\r\n--bb--\r\n").attachments
    assert described.size == len(content)
    assert mime.attachment(mail + content + b"\r\n--bb--\r\n", 0)[1] == content


def test_a_summary_of_the_beginning_agrees_with_that_of_the_whole() -> None:
    """A listing reads the first octets of a message that has no summary yet."""
    mail = _mail("mixed", _mail("alternative", _TEXT, _HTML, boundary="cc"), _FILE, _PICTURE).encode()
    whole = mime.summarize(b"Subject: x\nTo: Kim <kim@a.example>\n" + mail)
    for end in range(len(mail) - 60, len(mail)):
        cut = mime.summarize(b"Subject: x\nTo: Kim <kim@a.example>\n" + mail[:end])
        assert (cut.subject, cut.to, cut.preview) == (whole.subject, whole.to, whole.preview)
        assert cut.attachments[:1] == whole.attachments[:1]
