from edgemail.mime.finder import find, html_to_text
from edgemail.mime.finder.page import scan


def test_blocks_are_lines_and_cells_are_parted() -> None:
    html = "<h1>Hello</h1><table><tr><td>One</td><td>two</td></tr></table><p>a<b>b</b>c<br>d &amp; e</p>"
    assert html_to_text(html) == "Hello\nOne two\nabc\nd & e"


def test_hidden_text_is_not_shown() -> None:
    """A preheader, a copy for phones, a comment: a person sees none of them."""
    html = (
        "<div style='display:none'>pre<div>header</div></div><span hidden>b</span><p style=\"font-size: 0px\">c</p>"
        "<p style='font-size:0.9em'>seen</p><!-- d --><style>e{}</style>"
    )
    page = scan(html)
    assert page.text == "seen"
    assert page.hidden == ["pre", "header", "bc"]


def test_a_hidden_code_is_found_where_none_is_seen() -> None:
    hidden = "<div style='display:none'>Your sign-in code is 481223</div>"
    assert [code.code for code in find("Hi", "", None, f"{hidden}<p>Sign in</p>").codes] == ["481223"]
    both = find("Hi", "", None, f"{hidden}<p>Your sign-in code is 730912</p>")
    assert [code.code for code in both.codes] == ["730912"]


def test_a_link_is_told_by_its_image_and_its_attributes() -> None:
    html = "<a href=https://a.example/1 aria-label='Verify'><img alt='button' src=x></a><a href='https://a.example/2'>b</a>"
    first, second = scan(html).anchors
    assert (first.href, first.text, first.label) == ("https://a.example/1", "", "Verify button")
    assert (second.href, second.text, second.before) == ("https://a.example/2", "b", "")


def test_a_link_around_blocks_has_all_their_text() -> None:
    html = "<p>Hi</p><a href='https://a.example/1'><table><tr><td><p>Verify</p><p>email</p></td></tr></table></a>"
    (anchor,) = scan(html).anchors
    assert (anchor.text, anchor.row) == ("Verify email", 1)


def test_private_use_characters_do_not_make_links() -> None:
    """The scanner marks links with two of them."""
    page = scan("\ue000x\ue001 &#xe000;y&#xe001; <a href='https://a.example'>z</a>")
    assert [anchor.text for anchor in page.anchors] == ["z"]
    assert page.text == "x \ufffdy\ufffd z"


def test_the_text_part_is_what_is_shown() -> None:
    assert find("", "", "plain", "<p>rich</p>").shown == "plain"
    assert find("", "", " \n", "<p>rich</p>").shown == "rich"
    assert find("", "", None, None).shown == ""
