"""Programs that were written against MailHog, MailDev and Inbucket, as they come from npm, against edgemail."""

from __future__ import annotations

import json
import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.mailpit_answers import TIMEOUT_S, ask
from tests.compat.test_mailpit_clients import find_errors, run_script

if TYPE_CHECKING:
    from testkit.server_process import Process

pytestmark = pytest.mark.needs_mailpit_clients

PAGE = '<p>Your code is <b>123456</b>, <a href="https://shop.example/o">see</a></p>'


@pytest.fixture(autouse=True)
def mail(server: Process) -> None:
    """Have two messages, and nothing else."""
    ask(server.url, "DELETE", "/api/v1/messages")
    plain = EmailMessage()
    plain["From"], plain["To"], plain["Subject"] = "The Shop <hello@shop.example>", "Kim <kim@example.org>", "Grüße"
    plain["Reply-To"], plain["Date"] = "reply@shop.example", "Mon, 01 Jan 2024 10:00:00 +0200"
    plain.set_content("Schöne Grüße, your code is 654321.\n", cte="quoted-printable")
    parts = EmailMessage()
    parts["From"], parts["To"], parts["Subject"] = "hello@shop.example", "kim@example.org", "All parts"
    parts["Cc"] = "second@example.org"
    parts.set_content(PAGE, "html", cte="base64")
    parts.add_attachment("The invoice.", filename="invoice.txt", cte="base64")
    with smtplib.SMTP(*server.smtp, timeout=TIMEOUT_S) as client:
        client.sendmail("bounce@shop.example", ["kim@example.org"], plain.as_bytes())
        client.sendmail("bounce@shop.example", ["kim+shop@example.org", "hidden@example.org"], parts.as_bytes())


def subjects(listing: dict[str, Any]) -> list[str]:
    return [item["subject"] for item in listing["items"]]


def test_mailhog(server: Process) -> None:
    """Each of its methods, with all that it decodes of a message."""
    said = run_script("mailhog.mjs", server)
    assert find_errors(said) == {}
    parts, plain = said["messages"]["items"]
    assert (said["messages"]["total"], said["messages"]["count"], said["messages"]["start"]) == (2, 2, 0)
    assert (parts["subject"], parts["html"], parts["cc"]) == ("All parts", f"{PAGE}\n", "second@example.org")
    assert parts["attachments"] == [
        {"name": "invoice.txt", "type": 'text/plain; charset="utf-8"', "text": "The invoice.\n"}
    ]
    assert (plain["subject"], plain["text"].strip()) == ("Grüße", "Schöne Grüße, your code is 654321.")
    assert (plain["from"], plain["replyTo"]) == ("The Shop <hello@shop.example>", "reply@shop.example")
    assert plain["date"] == "2024-01-01T08:00:00.000Z"
    assert plain["deliveryDate"] > "2026"
    assert subjects(said["messages second"]) == ["Grüße"]
    assert subjects(said["search"]) == subjects(said["search to"]) == ["All parts"]
    assert (subjects(said["search from"]), said["search from"]["total"]) == (["Grüße"], 2)
    assert (said["search for nothing"]["total"], said["latestTo of nobody"]) == (0, 0)
    assert said["latestFrom"] == said["latestContaining"] == parts
    assert said["latestTo"] == parts  # it went to kim+shop, but names kim in its To field
    assert said["releaseMessage"] == "edgemail sends no mail"
    assert (said["deleteMessage"], subjects(said["messages left"]), said["deleteAll"]) == (200, ["Grüße"], 200)
    assert said["messages at the end"] == {"total": 0, "count": 0, "start": 0, "items": []}


def test_cypress_mailhog(server: Process) -> None:
    """Each of its commands, with a stand-in for Cypress."""
    said = run_script("cypress-mailhog.mjs", server)
    assert find_errors(said) == {"mhHasMailWithSubject missing": "not.have.length 0 does not hold"}
    assert said["notCalled"] == []
    parts, plain = said["mhGetAllMails"]
    for name in ("mhGetAllMails limited", "mhGetMailsBySubject", "mhGetMailsByRecipient", "mhSearchMails",
                 "mhSearchMails containing", "mhFilterBySubject", "mhFilterByRecipient"):  # fmt: skip
        assert said[name] == [parts], name
    assert said["mhGetMailsBySender"] == [parts, plain]
    assert said["mhFilterBySender"] == []
    assert (said["mhFirst"], said["mhGetSubject"]) == (parts, "All parts")
    assert said["mhGetBody"].startswith("Sch=C3=B6ne Gr=C3=BC=C3=9Fe")
    assert said["mhGetSender"] == "bounce@shop.example"
    assert said["mhGetRecipients"] == ["kim+shop@example.org", "hidden@example.org"]
    assert said["mhGetAttachments"] == ['"invoice.txt"']
    assert (said["mhGetJimMode off"], said["mhSetJimMode on"], said["mhGetJimMode on"]) == (False, 201, True)
    assert (said["mhSetJimMode again"], said["mhSetJimMode off"], said["mhGetJimMode at the end"]) == (
        400,
        200,
        False,
    )
    assert (said["mhDeleteAll"], said["mhGetAllMails left"]) == (200, [])


def test_cypress_maildev(server: Process) -> None:
    """Each of its commands, with a stand-in for Cypress. The health check is edgemail's own."""
    said = run_script("cypress-maildev.mjs", server)
    assert {name: json.loads(error.split(" ", 1)[1]) for name, error in find_errors(said).items()} == {
        "maildevGetMessageById missing": {"error": "Email was not found"}
    }
    assert said["notCalled"] == []
    plain, parts = said["maildevGetAllMessages"]
    assert [plain["subject"], parts["subject"]] == ["Grüße", "All parts"]
    assert said["maildevGetLastMessage"] == parts
    assert said["maildevGetMessageBySubject"] == parts | {"read": True}
    assert said["maildevGetMessageBySentTo"]["id"] == parts["id"]
    assert said["maildevGetMessageBySubject missing"] is None
    assert said["maildevGetMessageById"] == parts | {"read": True}
    assert (said["maildevGetOTPCode"], said["visited"]) == ("123456", [f"{PAGE}\n"])
    assert said["maildevDeleteMessageById"] is True
    assert [email["id"] for email in said["maildevGetAllMessages left"]] == [plain["id"]]
    assert (said["maildevDeleteAllMessages"], said["maildevGetAllMessages at the end"]) == (True, [])


def test_inbucket_js_client(server: Process) -> None:
    """Each of its methods. A source is no JSON, which its method wants from Inbucket as well."""
    said = run_script("inbucket.mjs", server)
    assert find_errors(said).keys() == {"message missing", "messageSource"}
    assert "404" in said["message missing"]["error"]
    assert "JSON" in said["messageSource"]["error"]
    assert [listed["subject"] for listed in said["mailbox"]] == ["Grüße", "All parts"]
    assert said["mailbox"][0]["to"] == ["Kim <kim@example.org>"]
    assert said["message"]["body"]["text"].strip() == "Schöne Grüße, your code is 654321."
    assert said["message latest"]["body"]["html"] == f"{PAGE}\n"
    assert said["mailbox of nobody"] == []
    assert said["deleteMessage"] == said["purgeMailbox"] == said["prugeMailbox"] == "OK"
    assert [listed["subject"] for listed in said["mailbox left"]] == ["All parts"]
    assert [listed["subject"] for listed in said["mailbox of another"]] == ["All parts"]
    assert said["mailbox of another at the end"] == said["mailbox at the end"] == []
