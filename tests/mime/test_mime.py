import base64
import email.utils
import json
import subprocess
import sys
import time
from dataclasses import asdict, replace
from email.message import EmailMessage
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from testkit.broken_mail import BROKEN_MAIL

from edgemail import mime
from edgemail.errors import AttachmentNotFound
from edgemail.mime.content import FILES_MAX
from edgemail.mime.reader import PREVIEW_MAX, SUBJECT_MAX
from edgemail.mime.structure import LEVELS_MAX
from edgemail.mime.text_line import CONTROL, without_controls
from edgemail.model import Attachment, Summary


def _writable(value: object) -> None:
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def _agree(data: bytes) -> Summary:
    """Check what holds for every message, and return its summary."""
    summary, content = mime.summarize(data), mime.read(data)
    assert content.summary == summary
    assert mime.read(data, summary.codes) == replace(content, summary=replace(summary, words=""))
    for told in (asdict(summary), asdict(content)):
        _writable(told)
    files = sorted((*summary.attachments, *content.inline), key=lambda file: file.index)
    assert [file.index for file in files] == list(range(len(files)))
    assert summary.inline_count == len(content.inline)
    for attachment in files:
        again, octets = mime.attachment(data, attachment.index)
        assert again == attachment
        assert len(octets) == attachment.size
    with pytest.raises(AttachmentNotFound):
        mime.attachment(data, len(files))
    with pytest.raises(AttachmentNotFound):
        mime.attachment(data, -1)
    assert len(summary.subject) <= SUBJECT_MAX
    assert len(summary.preview) <= PREVIEW_MAX
    assert not any(mark in summary.subject + summary.sender_name + summary.preview for mark in "\r\n\t\0\x1b\u202e")
    return summary


def _with_attachments(*contents: bytes) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "Files"
    mail.set_content("See below.\n")
    for number, content in enumerate(contents):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"{number}.pdf")
    return mail.as_bytes()


def _nested(levels: int) -> bytes:
    return b"Subject: deep\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (level, level) for level in range(levels)
    )


# Where the standard library decodes nothing, or reads a broken message in another way.
_OWN_SUBJECTS = {
    "mbox-line-quoted": "Hi",
    "name-with-blank": "Hello",
    "eight-bit-header": "Grüße aus Köln",
    "latin-1-header": "Grüße aus Köln",
    "encoded-words": "Grüße Köln",
    "encoded-words-broken": "Gr\ufffdßa =?utf-8?x?b?= =?q",
    "encoded-word-folded-within": "üüü and on",
    "encoded-line-ends": "One Bcc: eve@example.com",
    "carriage-returns": "Hello",
    "nul": "He llo",
}
_OWN_NAMES = {"parameters-in-pieces": ["one two.bin"], "names-odd": ["passwd", "gpj.exe", "c;d"]}


@pytest.mark.parametrize("name", BROKEN_MAIL)
def test_every_broken_message_is_read(name: str) -> None:
    """Subject, sender and attachments' names are those that the standard library finds, or the ones above."""
    data = BROKEN_MAIL[name]
    summary = _agree(data)
    reference = email.message_from_bytes(data)
    subject = _OWN_SUBJECTS.get(name, " ".join(str(reference["subject"] or "").split()))
    assert summary.subject == subject[:SUBJECT_MAX]
    _, address = email.utils.parseaddr(str(reference["from"] or ""))
    assert address in summary.sender_name
    named = [part.get_filename() for part in reference.walk() if part.get_content_disposition() == "attachment"]
    assert [
        attachment.name
        for attachment in summary.attachments
        if attachment.name and not attachment.type.startswith("message/")
    ] == (_OWN_NAMES.get(name, named))


def test_a_common_message_is_told_in_full() -> None:
    """Encoded words are decoded, the text is preferred to the HTML, files have their decoded sizes."""
    mail = EmailMessage()
    mail["From"] = "Zoë Müller <zoe@example.org>"
    mail["Subject"] = "Grüße aus Köln 🎉"
    mail.set_content("Hallo Welt,\n\ndas ist ein Test.\n")
    mail.add_alternative("<p>Hallo <b>HTML</b></p>", subtype="html")
    mail.add_attachment(b"\x00\x01" * 500, maintype="application", subtype="pdf", filename="Übersicht.pdf")
    summary = _agree(mail.as_bytes())
    assert summary.sender_name == "Zoë Müller <zoe@example.org>"
    assert summary.subject == "Grüße aus Köln 🎉"
    assert summary.preview == "Hallo Welt, das ist ein Test."
    assert summary.attachments == (Attachment(0, "Übersicht.pdf", "application/pdf", 1000),)
    content = mime.read(mail.as_bytes())
    assert content.html is not None
    assert "<b>HTML</b>" in content.html


def test_headers_keep_their_order() -> None:
    """Who reads Received and DKIM fields needs them as they came."""
    content = mime.read(b"Received: a\r\nX-One: 1\r\nReceived: b\r\n c\r\nSubject: =?utf-8?q?=C3=A4?=\r\n\r\nx")
    assert [(header.name, header.value) for header in content.headers] == [
        ("Received", "a"), ("X-One", "1"), ("Received", "b c"), ("Subject", "ä"),
    ]  # fmt: skip


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_octets_above_ascii_without_a_label_are_read(charset: str) -> None:
    """Scripts that test send UTF-8 and say nothing of it."""
    summary = _agree(
        "Subject: Grüße\r\nFrom: Jürgen <j@example.org>\r\n\r\nŁódź größer\r\n".encode(charset, "ignore")
    )
    assert summary.subject == "Grüße"
    assert summary.sender_name == "Jürgen <j@example.org>"
    assert summary.preview.endswith("größer")


def test_a_label_is_believed() -> None:
    """Who writes about broken text means what is written."""
    data = "Content-Type: text/plain; charset=utf-8\r\n\r\nÃ¤ is a broken ä\r\n".encode()
    assert mime.summarize(data).preview == "Ã¤ is a broken ä"


def test_the_standard_library_knows_more_charsets() -> None:
    """A charset that the fast parser lacks is no reason for question marks."""
    assert mime.summarize(b"Content-Type: text/plain; charset=cp850\r\n\r\ngr\x94\xe1er\r\n").preview == "größer"


def test_a_preview_has_no_hidden_padding() -> None:
    """Newsletters fill the preview with characters that nobody sees."""
    html = "<style>p{}</style><div>Hello&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#8203;&shy;</div><p>World</p>"
    head = "<head><title>t</title><script>x()</script></head>"
    data = f"Content-Type: text/html; charset=utf-8\r\n\r\n{head}{html}".encode()
    assert mime.summarize(data).preview == "Hello World"


def test_names_cannot_lead_astray() -> None:
    """No folders, no controls, no turning of the reading direction; a type is a type."""
    data = (
        'Content-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\nContent-Type: a/b"><b>\r\nContent-Disposition:'
        ' attachment; filename="../../etc\\\\evil\u202egpj.exe"\r\n\r\nx\r\n--X--\r\n'
    ).encode()
    [attachment] = _agree(data).attachments
    assert attachment.name == "evil gpj.exe"
    assert attachment.type == "application/octet-stream"


def test_a_message_within_a_message_is_one_attachment() -> None:
    """A bounce's inner message is kept whole, its own files are not ours."""
    inner = _with_attachments(b"1", b"2")
    data = b"Content-Type: multipart/mixed; boundary=XX\r\n\r\n--XX\r\nContent-Type: message/rfc822\r\n\r\n" + inner
    [attachment] = _agree(data + b"\r\n--XX--\r\n").attachments
    assert attachment.type == "message/rfc822"


def test_broken_base64_is_left_to_the_standard_library() -> None:
    """A footer that a list added to base64 loses neither the text nor the numbering."""
    data = _with_attachments(b"one" * 100, b"two" * 100).replace(b"\n--", b"\n!footer!\n--", 2)
    assert [attachment.name for attachment in _agree(data).attachments] == ["0.pdf", "1.pdf"]


def test_a_head_tells_as_much_as_it_holds() -> None:
    """A listing parses the first octets only, cut anywhere, and the numbering is that of the whole."""
    data = _with_attachments(b"a" * 5_000, b"b" * 5_000)
    whole = _agree(data)
    for end in range(0, len(data), 97):
        found = _agree(data[:end]).attachments
        assert found[:-1] == whole.attachments[: len(found[:-1])]  # the last one may be cut off


@pytest.mark.parametrize(
    "data",
    [
        _nested(100_000),
        b"Content-Type: =?utf-8?q?multipart/mixed=3B_b=6Fundary=3DB?=\r\n\r\n--B\r\n" * 100_000,
        b"Subject: " + b"=?" * 2_000_000 + b"\r\n\r\nx",
        b"Subject: x\r\nContent-Type: text/plain; charset=nope" + b'";' * 500_000 + b"\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + b"--B\r\n\r\n" * 1_000_000,
        b"X: y\r\n" * 2_000_000 + b"\r\nx",
        _nested(190) + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"!\r\n" * 2_000_000,
        b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"-9" * 500_000,
        b"Content-Type: message/rfc822\r\n\r\n" * 100_000 + "ä".encode(),
        b"\0" * 5_000_000,
        b"\n" * 5_000_000,
        b"a\rb" * 2_000_000,
    ],
    ids=[
        "levels", "levels in encoded words", "encoded words", "parameters", "parts", "headers",
        "levels of broken base64", "punycode", "messages", "nul", "line feeds", "carriage returns",
    ],
)  # fmt: skip
def test_a_message_made_to_wear_out_a_parser_does_not(data: bytes) -> None:
    """Depth would end the process, and length to a power would hold a thread for hours."""
    started = time.thread_time()
    mime.read(data)
    assert time.thread_time() - started < 10


def test_levels_up_to_the_limit_fit_a_small_stack() -> None:
    """The threads of musl have 128 KiB; what is let through must fit, or the process ends."""
    script = (
        "import sys, threading; from edgemail import mime; data = sys.stdin.buffer.read();"
        "threading.stack_size(256 * 1024); thread = threading.Thread(target=mime.read, args=(data,));"
        "thread.start(); thread.join(); print(mime.read(data).summary.subject)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=_nested(LEVELS_MAX) + "\r\nä".encode(),
        capture_output=True,
        check=False,
    )
    assert done.stdout.strip() == b"deep"


def test_attachments_are_capped() -> None:
    """A message of ten thousand parts does not make ten thousand rows."""
    data = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + b"--B\r\nContent-Type: a/b\r\n\r\nx\r\n" * 10_000
    assert len(mime.summarize(data).attachments) == FILES_MAX


@given(st.binary(max_size=2_000))
def test_any_octets_are_read(data: bytes) -> None:
    """Nothing that arrives makes a reader fail."""
    _agree(data)


@given(
    st.sampled_from([_with_attachments(b"1", b"2"), *BROKEN_MAIL.values()]),
    st.randoms(use_true_random=False),
)
def test_any_damage_to_a_real_message_is_read(data: bytes, random: Random) -> None:
    """Octets changed, cut out and doubled: still read, and numbered alike."""
    octets = bytearray(data)
    for _ in range(random.randrange(1, 20)):
        start = random.randrange(len(octets) + 1)
        piece = octets[start : start + random.randrange(40)]
        octets[start : start + random.randrange(40)] = random.choice(
            [b"", piece * 2, b"\xff\xed\xa0", b"=?", b"\r\n\r\n"]
        )
    _agree(bytes(octets))


@given(st.text(), st.text(), st.lists(st.binary(max_size=100), max_size=4))
def test_what_is_encoded_comes_back(subject: str, text: str, files: list[bytes]) -> None:
    """Text and files survive the way through MIME."""
    mail = b"Content-Type: multipart/mixed; boundary=XX\r\n\r\n--XX\r\nContent-Type: text/plain; charset=utf-8\r\n"
    clean = (subject + text).encode("utf-8", "replace")
    mail += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(clean)
    for content in files:
        mail += b"\r\n--XX\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(
            content
        )
    mail += b"\r\n--XX--\r\n"
    assert mime.read(mail).text == clean.decode()
    assert [mime.attachment(mail, number)[1] for number in range(len(files))] == files


def test_all_controls_are_found_by_their_class() -> None:
    """`without_controls` looks for them only in what is not printable as a whole."""
    controls = [chr(code) for code in range(sys.maxunicode + 1) if CONTROL.fullmatch(chr(code))]
    assert len(controls) > 2_000  # half of them are surrogates
    assert {without_controls(f"a{control}b") for control in controls} == {"a b"}
