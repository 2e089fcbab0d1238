"""The mail of one address: what is waited for, what is seen, and what a failure says."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from testkit.sending import send

from edgemail.testing import Address, MailError

if TYPE_CHECKING:
    from edgemail.testing import Inbox, Server

NOW = 0.0
"""A time-out for what is there already, or never comes."""


@pytest.fixture
def inbox(mail_server: Server) -> Inbox:
    return mail_server.inbox()


def fail(work: Any) -> str:
    """Return what a failure says, with times and ids that are always the same."""
    with pytest.raises(MailError) as failed:
        work()
    text = re.sub(
        r"#\d+( to| \d\d:\d\d:\d\d\.\d\d\d)", lambda found: "#12" + re.sub(r"\d", "0", found[1]), str(failed.value)
    )
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:40124", text)


def test_an_inbox_is_its_address(inbox: Inbox) -> None:
    """It is written into forms, which refuse plus signs."""
    assert re.fullmatch(r"t-[0-9a-f]{8}@example\.com", inbox.address)
    assert f"{inbox}" == inbox.address
    assert inbox.page == f"{inbox.server.url}#/{inbox.address}"


def test_each_call_gives_the_oldest_that_was_not_seen(inbox: Inbox) -> None:
    """Two calls give two messages, in the order in which they came."""
    for subject in ("One", "Two", "Three"):
        send(inbox.server.smtp, inbox, subject=subject)
    assert inbox.wait(subject="two").subject == "Two"
    assert [inbox.wait().subject, inbox.wait().subject] == ["One", "Three"]
    with pytest.raises(MailError):
        inbox.wait(timeout=NOW)
    assert [message.subject for message in inbox.messages()] == ["One", "Two", "Three"]


def test_it_waits_for_what_comes_later(inbox: Inbox) -> None:
    """The server tells when it is there."""
    sending = threading.Timer(0.05, send, (inbox.server.smtp, inbox), {"subject": "Late"})
    sending.start()
    assert inbox.wait().subject == "Late"
    sending.join()


def test_what_is_waited_for(inbox: Inbox) -> None:
    """A part of the subject in any case, a pattern, the sender's whole address, and what a function says."""
    smtp = inbox.server.smtp
    send(smtp, inbox, subject="Your order 17", sender="Orders <orders@shop.example>")
    send(smtp, inbox, subject="Reset your password", sender="reset@shop.example", text="Hello Kim.")
    assert inbox.wait(subject=re.compile(r"order \d+$")).sender == Address("Orders", "orders@shop.example")
    for match in ({"subject": "17"}, {"sender": "shop.example"}, {"where": lambda found: "Ann" in found.text}):
        with pytest.raises(MailError):
            inbox.wait(**match, timeout=NOW)
    found = inbox.wait(subject="RESET", sender="Reset@Shop.example", where=lambda message: "Kim" in message.text)
    assert found.subject == "Reset your password"


def test_what_a_message_has(inbox: Inbox) -> None:
    """Everything that the server reads in it, and the octets that came."""
    smtp = inbox.server.smtp
    files = (("Terms.pdf", "application/pdf", b"%PDF-1.4"), ("note.txt", "text/plain", b"A note."))
    html = (
        '<p>Hello <a href="https://shop.example/confirm?t=1">Confirm</a> <a href="https://shop.example/">Shop</a>'
    )
    send(smtp, inbox, "kim@example.org", subject="Your code is 481223", text="Code: 481223", html=html, files=files)
    message = inbox.wait()
    assert (message.subject, message.text.strip(), message.html.strip()) == (
        "Your code is 481223",
        "Code: 481223",
        html,
    )
    assert (message.sender.name, message.sender.address) == ("The Shop", "hello@shop.example")
    assert message.to == (Address("", inbox.address), Address("", "kim@example.org"))
    assert (message.cc, message.bcc, message.reply_to) == ((), (), ())
    assert message.envelope_from == "bounce@shop.example"
    assert set(message.envelope_to) == {inbox.address, "kim@example.org"}
    assert message.date.utcoffset() is not None
    assert message.headers["SUBJECT"] == "Your code is 481223"
    assert len(message.headers.get_all("received")) == 1
    assert "x-none" not in message.headers
    assert message.raw.startswith(b"Return-Path: <bounce@shop.example>")
    assert message.email()["subject"] == "Your code is 481223"
    assert message.codes == ("481223",)
    assert (message.code(), message.code(r"is (\d+)")) == ("481223", "481223")
    assert message.link() == "https://shop.example/confirm?t=1"
    assert message.link(text="shop") == "https://shop.example/"
    assert message.link(re.compile(r"t=\d$")) == message.link("confirm") == "https://shop.example/confirm?t=1"
    assert [part.name for part in message.attachments] == ["Terms.pdf", "note.txt"]
    assert message.attachment("*.PDF").content == b"%PDF-1.4"
    assert message.attachment(type="text/*").content == b"A note."
    with pytest.raises(AttributeError):
        message.subject = "Other"  # type: ignore[misc]


@pytest.mark.parametrize(("html", "ending"), [("<p>Hello.", "html"), ("", "txt")])
def test_it_opens_in_a_browser(inbox: Inbox, html: str, ending: str) -> None:
    """In a page of Playwright's or a driver of Selenium's."""
    send(inbox.server.smtp, inbox, html=html)
    message = inbox.wait()

    class Page:
        def goto(self, url: str) -> None:
            self.url = url

    class Driver:
        def get(self, url: str) -> None:
            self.url = url

    page, driver = Page(), Driver()
    message.open(page)
    message.open(driver)
    assert page.url == driver.url == f"{inbox.server.url}view/{message.id}.{ending}"
    assert b"Hello." in inbox.server.api.ask("GET", f"view/{message.id}.{ending}")


def test_codes_and_links_are_waited_for(inbox: Inbox) -> None:
    """A message without one is passed over, and stays unseen."""
    smtp = inbox.server.smtp
    send(smtp, inbox, subject="Welcome")
    send(smtp, inbox, subject="Sign in", text="Your code is 551208.")
    send(smtp, inbox, subject="Confirm", text="Confirm your address: https://shop.example/confirm?t=2")
    assert inbox.code() == "551208"
    assert inbox.link("/confirm", subject="confirm") == "https://shop.example/confirm?t=2"
    assert inbox.wait().subject == "Welcome"


def test_several_codes_are_no_code(inbox: Inbox) -> None:
    """Both are listed, each with the reason why it was taken for one."""
    send(inbox.server.smtp, inbox, subject="Codes", text="Your code is 111222.\n\nYour backup code is 333444.\n")
    assert fail(inbox.code) == (
        "Several codes in #12 00:00:00.000  Codes   from hello@shop.example:\n"
        "  111222  next to “code”\n"
        "  333444  next to “backup code”"
    )


def test_no_code_is_told_with_what_came(inbox: Inbox) -> None:
    send(inbox.server.smtp, inbox, subject="Welcome to the shop")
    assert fail(lambda: inbox.code(timeout=NOW)) == (
        f"No mail to {inbox} with a code within 0 s.\n"
        "1 other came to this address:\n"
        "  #12 00:00:00.000  Welcome to the shop   from hello@shop.example\n"
        f"Page: http://127.0.0.1:40124/#/{inbox}"
    )
    message = inbox.wait()
    assert "  #12 00:00:00.000  Welcome to the shop   from hello@shop.example   (returned before)\n" in fail(
        lambda: inbox.wait(timeout=NOW)
    )
    assert fail(message.code) == ("No code in #12 00:00:00.000  Welcome to the shop   from hello@shop.example.")


def test_several_links_are_no_link(inbox: Inbox) -> None:
    """Those that match are listed; where none does, all are."""
    text = "Confirm: https://shop.example/confirm?t=1\nShop: https://shop.example/\n"
    send(inbox.server.smtp, inbox, subject="Links", text=text)
    message = inbox.wait()
    assert fail(lambda: message.link("shop.example")).startswith('Several links with "shop.example" in #12')
    assert "\n  https://shop.example/confirm?t=1" in fail(lambda: message.link("shop.example"))
    none = fail(lambda: message.link("/reset"))
    assert none.startswith('No link with "/reset" in #12')
    assert "It has:\n  https://shop.example/confirm?t=1" in none


def test_an_attachment_that_is_not_there(inbox: Inbox) -> None:
    send(
        inbox.server.smtp,
        inbox,
        subject="Files",
        files=(("a.txt", "text/plain", b"A"), ("b.txt", "text/plain", b"B")),
    )
    message = inbox.wait()
    assert fail(lambda: message.attachment("*.pdf", "application/pdf")) == (
        "No attachment *.pdf of type application/pdf in #12 00:00:00.000  Files   from hello@shop.example.\n"
        "It has:\n  a.txt  text/plain, 1 octets\n  b.txt  text/plain, 1 octets"
    )
    assert fail(message.attachment).startswith("Several attachments * in #12")


def test_a_number_is_waited_for_exactly(inbox: Inbox) -> None:
    """Fewer and more fail; what is given out is seen."""
    smtp = inbox.server.smtp
    send(smtp, inbox, subject="One")
    assert fail(lambda: inbox.wait_for(2, timeout=NOW)) == (
        f"1 of 2 mails came to {inbox} within 0 s.\n"
        "  #12 00:00:00.000  One   from hello@shop.example\n"
        f"Page: http://127.0.0.1:40124/#/{inbox}"
    )
    send(smtp, inbox, subject="Two")
    assert fail(lambda: inbox.wait_for(1)).startswith(f"2 mails came to {inbox}, and not 1:\n  #12 ")
    assert [message.subject for message in inbox.wait_for(2)] == ["One", "Two"]
    with pytest.raises(ValueError, match="none"):
        inbox.wait_for(0)
    with pytest.raises(MailError):
        inbox.wait(timeout=NOW)


def test_none_behind_a_barrier_looks_once(inbox: Inbox) -> None:
    """What got its 250 while the barrier ran is found; what was seen before is not."""
    smtp = inbox.server.smtp
    inbox.none(after=lambda: None)
    send(smtp, inbox, subject="Welcome")
    inbox.wait()
    inbox.none(after=lambda: None)
    inbox.none(after=lambda: send(smtp, inbox, subject="Other"), subject="Reset")
    assert fail(lambda: inbox.none(after=lambda: send(smtp, inbox, subject="Reset"), subject="Reset")) == (
        f'A mail came to {inbox} with subject "Reset", and none should:\n'
        "  #12 00:00:00.000  Reset   from hello@shop.example\n"
        f"Page: http://127.0.0.1:40124/#/{inbox}"
    )


def test_none_without_a_barrier_watches(inbox: Inbox) -> None:
    inbox.none(within=NOW)
    sending = threading.Timer(0.05, send, (inbox.server.smtp, inbox))
    sending.start()
    assert fail(lambda: inbox.none(within=10)).startswith(f"A mail came to {inbox}, and none should:")
    sending.join()


def test_what_is_marked_matches_no_longer(inbox: Inbox) -> None:
    smtp = inbox.server.smtp
    send(smtp, inbox, subject="Before")
    inbox.mark()
    with pytest.raises(MailError):
        inbox.wait(timeout=NOW)
    send(smtp, inbox, subject="Behind")
    assert inbox.wait().subject == "Behind"
    assert len(inbox.messages()) == 2


def test_what_is_cleared_is_gone(inbox: Inbox) -> None:
    """Also what was looked at before."""
    smtp = inbox.server.smtp
    send(smtp, inbox, subject="Before")
    assert len(inbox.messages()) == 1
    inbox.clear()
    assert inbox.messages() == []
    send(smtp, inbox, subject="Behind")
    assert inbox.wait().subject == "Behind"


def test_an_address_that_others_may_have_begins_empty(mail_server: Server) -> None:
    """Mail from before it was made does not count."""
    send(mail_server.smtp, "kim@shop.example", subject="Before")
    inbox = mail_server.inbox("kim", domain="shop.example")
    assert inbox.address == "kim@shop.example"
    assert inbox.messages() == []
    with pytest.raises(MailError):
        inbox.wait(timeout=NOW)
    send(mail_server.smtp, inbox, subject="Behind")
    assert inbox.wait().subject == "Behind"


def test_a_failure_says_what_came_to_others(mail_server: Server, inbox: Inbox) -> None:
    """A wrong domain is seen at once. What came to other tests, or before, is left out."""
    local = inbox.address.partition("@")[0]
    send(mail_server.smtp, f"{local}@exmaple.com", "kim@example.org")
    send(mail_server.smtp, "t-gw1-3f9a2c-7b1e4d9a@example.com")
    assert fail(lambda: inbox.wait(subject=re.compile("^Reset$"), sender="a@b.example", timeout=NOW)) == (
        f"No mail to {inbox} with a subject that matches '^Reset$' from a@b.example within 0 s.\n"
        f"Meanwhile 1 came to others: #12 to {local}@exmaple.com, kim@example.org\n"
        f"Page: http://127.0.0.1:40124/#/{inbox}"
    )
    assert "Meanwhile" not in fail(lambda: mail_server.inbox().wait(timeout=NOW))
