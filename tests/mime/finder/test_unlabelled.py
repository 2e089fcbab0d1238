"""Numbers that no word for codes speaks of: taken where nothing else can be meant, and left where something can."""

import time

import pytest

from edgemail.mime.finder import find

_ALONE = "on a line of its own, and no other number may be meant"
_TOLD = [
    ("Someone at the door", "Was it you? Then tell the app 614 207 and come in.", "614207", "next to “tell”"),
    ("Top-up", "You add 20.00 EUR. Confirm with 614207 within 5 minutes.", "614207", "next to “Confirm”"),
    ("Sign in to Fern", "To see your reservation, log in with 6142.", "6142", "next to “log in”"),
    ("Sign in to Fern", "614207 is what you type on the screen.", "614207", "next to “what you type”"),
    ("Fern: verify", "Fern: 6142. Do not share it.", "6142", "no other number may be meant"),
    (
        "Sign in to Fern",
        "Hello Kim\n61 42 07\nIt works once.",
        "614207",
        _ALONE,
    ),
    ("Nearly in", "Here you go:\n\nTRWKPL\n\nType it in the app.", "TRWKPL", _ALONE),
    ("Neue Anmeldung", "Tippen Sie 614 207 in der App, wenn Sie es sind.", "614207", "next to “Tippen”"),
    ("ログイン", "画面に 614207 を入力してください。", "614207", "next to “入力”"),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "text", "code", "reason"), _TOLD)
def test_a_number_is_a_code_where_nothing_else_is_meant(subject: str, text: str, code: str, reason: str) -> None:
    found = find(subject, "Fern <a@fern.example>", text, None).codes
    assert [(code_found.code, code_found.reason) for code_found in found] == [(code, reason)]


_SILENT = [
    ("a time", "Your password was changed", "It was changed today at 1405. Not you? Sign in and change it."),
    ("a list of numbers", "Login statistics", "Logins: 614207\nFailed: 5512\nVerification mails: 8841"),
    ("two numbers alike", "Hello again", "Hello\n614 207\n551 930\nThey work once."),
    ("the name of a number", "Sprint review", "Login page done. Use board 61420 to vote."),
    ("a question", "Login contest", "Is it 6142? Tell us and log in to win."),
    ("a postal code", "Sign in to Fern", "Use the app in 8001 Zurich."),
    ("a register's number", "Verify your email", "Click the button to verify.\nFern Ltd\nReg. No.\n04812233"),
    ("a number for letters", "Your booking", "Enter your reservation 614207 to check in. Room 204, 318.00 EUR."),
    ("one digit again and again", "Sign in to Fern", "Type 000000 in the app."),
    ("a coupon", "Membership", "Use code CLIMB27 when you sign in."),
]


@pytest.mark.parametrize(("subject", "text"), [case[1:] for case in _SILENT], ids=[case[0] for case in _SILENT])
def test_a_number_that_may_be_another_is_no_code(subject: str, text: str) -> None:
    assert find(subject, "Fern <a@fern.example>", text, None).codes == ()


def test_a_long_message_has_other_numbers_alone_on_a_line() -> None:
    """Only where a message is short is the number that is left its code."""
    text = "Hello\n614 207\nIt works once.\n"
    assert find("Hello again", "", text, None).codes
    assert find("Hello again", "", text + "We grow apples. " * 300, None).codes == ()


def test_what_a_code_is_of_is_asked_before_it_is_believed() -> None:
    """A word of no list says that it is a code of something, not one to sign in with."""
    assert find("", "", "Codice: 8KX7QM2P", None).codes
    for text in ("Codice lotteria: 8KX7QM2P", "код пациента 771204", "資料コード DOC-2048"):
        assert find("", "", text, None).codes == ()


@pytest.mark.parametrize(
    "unit", ["type 6142 ", "log in with 614 207. ", "6142\n", ": 6142\nenter\n", "tell 61 42 07? "]
)
def test_elimination_takes_milliseconds_on_a_message_of_the_longest_kind(unit: str) -> None:
    text = unit * (4_000 // len(unit))
    seconds = []
    for _ in range(3):
        started = time.thread_time()
        find("Sign in", "Fern <a@fern.example>", text, None)
        seconds.append(time.thread_time() - started)
    assert min(seconds) < 0.2


@pytest.mark.parametrize(
    ("subject", "before", "said"),
    [
        ("Is this your new address?", "You asked us to use kim@box.example.", "Yes, change it"),
        ("Ana invited you", "Ana wants to share her budget.", "Create account"),
        ("Einladung zum Team", "Ruth lädt Sie ein.", "Konto anlegen"),
        ("Your link to log in", "As promised.", "Off we go"),
        ("One last step", "We are glad.", "Off to the garden"),
    ],
)
def test_the_one_link_made_for_the_reader_is_found(subject: str, before: str, said: str) -> None:
    html = (
        "<p><a href='https://fern.example/'>Fern</a> <a href='https://fern.example/help'>Help</a></p>"
        f"<p>{before}</p><div><a style='background:red' href='https://fern.example/i/8Zq1-77ac'>{said}</a></div>"
    )
    (link,) = find(subject, "Fern <a@fern.example>", None, html).confirmations
    assert link.url == "https://fern.example/i/8Zq1-77ac"
    assert link.reason
