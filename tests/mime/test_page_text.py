"""Text that is made of HTML: its links, lists, headings, and what hostile HTML costs."""

from __future__ import annotations

import pytest
from testkit.time_limit import bound

from edgemail.mime.message import Message
from edgemail.mime.page_text import write_page_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello <a href='http://x/y'>z</a></p>", "Hello z ( http://x/y )"),
        (
            '<a href="https://e.example/?a=1&amp;b=2">https://e.example/?a=1&amp;b=2</a>',
            "https://e.example/?a=1&b=2",
        ),
        ("<a href='mailto:a@b.example'>Write</a> us", "Write ( a@b.example ) us"),
        ("<a href='http://q'><img alt='The  logo' src=x></a>next", "The logo ( http://q ) next"),
        ("<a href='http://a'>one<a href='http://b'>two", "one ( http://a ) two ( http://b )"),
        ("<a>no</a><a href=''>where</a>", "nowhere"),
        ("<p>One <b>bold</b> two<br>three</p>four", "One *bold* two\nthree\n\nfour"),
        ("<b></b><strong> <i>x</i> </strong>", "*x*"),
        ("<h1>Title</h1><h3>Sub</h3>text", "Title\n*****\n\nSub\n---\n\ntext"),
        ("<h1></h1>x", "x"),
        ("<ul><li>a<li>b</ul>c", "* a\n* b\n\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<tr><td>a</td><td>b</td></tr>", "a b"),
        (" a \n <!-- c --> b &lt;p&gt; ", "a b <p>"),
        ("<title>t</title><style>p{}</style><script>x</script>shown", "shown"),
        ("", ""),
        ("no markup", "no markup"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert write_page_text(html) == text


@pytest.mark.parametrize(
    "piece", ["<a href=x>", "<b>", "<h1>", "<li>", "<a href='", "<p", "&amp;", "<a href=x>y", "<b>y", "<h2>y", "<"]
)
def test_hostile_html_takes_linear_time_and_memory(piece: str) -> None:
    """A quadratic one would take hours."""
    html = piece * (500_000 // len(piece))
    with bound(60):
        text = write_page_text(html)
    assert len(text) <= 4 * len(html)


def test_parts_have_the_numbers_of_their_places() -> None:
    """As the tree is, whatever kind the parts are of."""
    parts = (
        b"--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n"
        b"--b\r\nContent-Type: application/pdf\r\n\r\none\r\n--b--\r\n"
        b"--a\r\nContent-Type: image/png\r\n\r\ntwo\r\n--a--\r\n"
    )
    message = Message(b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + parts)
    found = [(number, about.type, octets) for number, about, octets in message.numbered_files()]
    assert found == [("1.2", "application/pdf", b"one"), ("2", "image/png", b"two")]
    alone = Message(b"Content-Type: application/pdf\r\n\r\nx")
    assert [(number, about.index) for number, about, _ in alone.numbered_files()] == [("0", 0)]
