"""What pytest-mailpit offers, used as its documentation says. Its own pytest runs this, not edgemail's."""

from __future__ import annotations

import asyncio
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from pytest_mailpit import ChaosTrigger, ChaosTriggers, MailpitAPIError, MailpitAssertionError


def send(smtp: Any, to: str, subject: str = "Your code", *, html: str = "", tags: str = "") -> None:
    message = EmailMessage()
    message["From"] = "The Shop <shop@example.org>"
    message["To"] = to
    message["Subject"] = subject
    message["List-Unsubscribe"] = "<https://shop.example/out>, <mailto:out@shop.example>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if tags:
        message["X-Tags"] = tags
    message.set_content("Your code is 123456.\nhttps://shop.example/confirm?a=1\n")
    if html:
        message.add_alternative(html, subtype="html")
    message.add_attachment(b"%PDF-1.4", "application", "pdf", filename="invoice.pdf")
    with smtplib.SMTP(smtp.host, smtp.port) as client:
        client.send_message(message)


def test_waiting_for_one_message(mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    send(mailpit_smtp, mailpit_inbox.address, html='<p>Code <a href="https://shop.example/o">Order</a></p>')
    message = mailpit_inbox.wait_for_message(subject="Your code")
    assert message.subject == "Your code"
    assert message.sender.address == "shop@example.org"
    assert message.sender.name == "The Shop"
    assert [to.address for to in message.to] == [mailpit_inbox.address]
    assert message.code() == "123456"
    assert message.link(text="Order") == "https://shop.example/o"
    assert message.link(contains="confirm") == "https://shop.example/confirm?a=1"
    assert message.attachment("invoice.pdf").content_type == "application/pdf"
    assert message.unsubscribe_link(one_click=True) == "https://shop.example/out"


def test_waiting_for_several(mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    for number in range(3):
        send(mailpit_smtp, mailpit_inbox.address, f"Number {number}")
    messages = mailpit_inbox.wait_for_messages(3)
    assert [message.subject for message in messages] == ["Number 0", "Number 1", "Number 2"]
    assert len(mailpit_inbox.messages()) == 3
    mailpit_inbox.clear()
    assert mailpit_inbox.messages() == []


def test_nothing_arrives(mailpit_inbox: Any, mailpit_inbox_factory: Any, mailpit_smtp: Any) -> None:
    mailpit_inbox.assert_no_message(within=0.1)
    send(mailpit_smtp, mailpit_inbox_factory().address)
    mailpit_inbox.assert_no_message(within=0.1)
    send(mailpit_smtp, mailpit_inbox.address)
    mailpit_inbox.wait_for_message()
    with pytest.raises(MailpitAssertionError):
        mailpit_inbox.assert_no_message(within=0.1)


def test_only_html(mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    """The text of such a message is made of its HTML."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.org", mailpit_inbox.address, "Page"
    message.set_content('<p>Hello <a href="https://shop.example/x">there</a></p>', subtype="html")
    with smtplib.SMTP(mailpit_smtp.host, mailpit_smtp.port) as client:
        client.send_message(message)
    assert mailpit_inbox.wait_for_message().text == "Hello there ( https://shop.example/x )"


def test_since_the_servers_clock(mailpit: Any, mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    before = mailpit.server_time()
    assert abs((datetime.now(UTC) - before).total_seconds()) < 60
    send(mailpit_smtp, mailpit_inbox.address)
    found = mailpit.wait_for_message(recipient=mailpit_inbox.address, since=before)
    assert found.subject == "Your code"


def test_the_client(mailpit: Any, mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    assert mailpit.is_ready()
    assert mailpit.info().version.startswith("v1.")
    send(mailpit_smtp, mailpit_inbox.address)
    message = mailpit_inbox.wait_for_message()
    listed = mailpit.messages(limit=1)
    assert listed.total >= 1
    assert listed.messages[0].id == message.id
    found = mailpit.search(f'to:"{mailpit_inbox.address}"')
    assert found.messages[0].attachments == 1
    assert [summary.id for summary in mailpit.search_all(f"to:{mailpit_inbox.address}")] == [message.id]
    assert mailpit.get_message().id == message.id
    assert mailpit.get_headers(message.id)["Subject"] == ["Your code"]
    assert b"Your code is 123456." in mailpit.get_raw(message.id)
    (attachment,) = message.attachments
    assert mailpit.get_part(message.id, attachment.part_id) == b"%PDF-1.4"
    assert mailpit.get_attachment(attachment) == b"%PDF-1.4"
    assert message.id in mailpit.view_url(message.id)
    assert mailpit.search_url("a b").startswith(mailpit.url)
    mailpit.mark_read([message.id], read=False)
    assert not mailpit.search(f"to:{mailpit_inbox.address}").messages[0].read
    mailpit.mark_read([message.id])
    assert mailpit.search(f"to:{mailpit_inbox.address}").messages[0].read
    mailpit.set_tags([message.id], ["first", "second"])
    assert set(mailpit.search(f"to:{mailpit_inbox.address} tag:first").messages[0].tags) == {"first", "second"}
    with pytest.raises(MailpitAPIError) as missing:
        mailpit.get_message("999999")
    assert missing.value.status_code == 404
    mailpit.delete_messages([message.id])
    assert mailpit.search_all(f"to:{mailpit_inbox.address}") == []


def test_tags_of_the_sender(mailpit: Any, mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    """X-Tags, and what stands behind a plus in an address."""
    send(mailpit_smtp, mailpit_inbox.address.replace("@", "+plus@"), "Tagged", tags="Sender tag, other")
    (message,) = mailpit.wait_for_messages(1, f"tag:plus subject:Tagged addressed:{mailpit_inbox.address[:8]}")
    assert set(message.tags) == {"Sender tag", "other", "plus"}
    mailpit.delete_search("tag:plus subject:Tagged")


def test_what_is_not_done_is_refused(mailpit: Any, mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    """Never passed: an empty report would let such a test pass."""
    send(mailpit_smtp, mailpit_inbox.address, html='<p><a href="https://shop.example/o">Order</a></p>')
    message = mailpit_inbox.wait_for_message()
    for check in (message.check_links, message.assert_links_work):
        with pytest.raises(MailpitAPIError) as refused:
            check()
        assert refused.value.status_code == 400


def test_html_is_checked(mailpit: Any, mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    """With a score and warnings; a message without HTML is refused."""
    send(mailpit_smtp, mailpit_inbox.address, html='<p style="display:grid">a</p><p>b</p>')
    message = mailpit_inbox.wait_for_message()
    checked = message.check_html()
    assert [warning.slug for warning in checked.warnings if "grid" in warning.slug] == ["css-display-grid"]
    assert checked.nodes == 2
    assert 0 < checked.supported < 100
    message.assert_html_support(50)
    with pytest.raises(AssertionError):
        message.assert_html_support(99)


def test_chaos(mailpit: Any, mailpit_chaos: Any, mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    mailpit_chaos.reject_recipients(452)
    assert mailpit.chaos().recipient == ChaosTrigger(452, 100)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(mailpit_smtp, mailpit_inbox.address)
    assert refused.value.recipients[mailpit_inbox.address][0] == 452
    mailpit_chaos.reject_senders(550)
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(mailpit_smtp, mailpit_inbox.address)
    mailpit_chaos.reject_authentication()
    assert mailpit.chaos().authentication.active
    mailpit_chaos.reset()
    send(mailpit_smtp, mailpit_inbox.address)
    mailpit_inbox.wait_for_message()
    assert mailpit.set_chaos(ChaosTriggers()) == mailpit.chaos()


def test_by_await(mailpit_async: Any, mailpit_async_inbox: Any, mailpit_smtp: Any) -> None:
    async def work() -> None:
        await asyncio.to_thread(send, mailpit_smtp, mailpit_async_inbox.address)
        message = await mailpit_async_inbox.wait_for_message()
        assert (await mailpit_async.get_headers(message.id))["Subject"] == ["Your code"]
        await mailpit_async_inbox.clear()
        await mailpit_async_inbox.assert_no_message(within=0.1)

    asyncio.run(work())


def test_that_fails(mailpit_inbox: Any, mailpit_smtp: Any) -> None:
    """Its messages are kept and tagged, and the report shows them. The last one: it is meant to fail."""
    send(mailpit_smtp, mailpit_inbox.address, "Kept for the report")
    mailpit_inbox.wait_for_message()
    pytest.fail("on purpose")
