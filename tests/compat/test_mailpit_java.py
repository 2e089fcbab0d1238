"""Java's client of Mailpit (ch.martinelli.oss:testcontainers-mailpit): its requests, and what it makes of answers.

Its jar cannot be had everywhere, so `MailpitRequests.java` makes its requests, with the HTTP client that it uses.
"""

from __future__ import annotations

import base64
import json
import smtplib
import subprocess
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from testkit.api_reader import PROGRAM_S, program

if TYPE_CHECKING:
    from testkit.server_process import Process

REQUESTS = Path(__file__).parent / "MailpitRequests.java"
SOURCE_S = 120.0
ADDRESSES = ("To", "Cc", "Bcc", "ReplyTo")


def send_two(server: Process) -> None:
    """Send a text, then HTML with an attachment."""
    plain = EmailMessage()
    plain["From"], plain["To"], plain["Subject"] = "shop@sender.example", "java@example.org", "Text alone"
    plain.set_content("Hello, é.\n")
    rich = EmailMessage()
    rich["From"], rich["To"] = "The Shöp <shop@sender.example>", "Kim Müller <java@example.org>, b@example.org"
    rich["Cc"], rich["Reply-To"], rich["Subject"] = "cc@example.org", "reply@sender.example", "Grüße, 世界"
    rich["X-Tags"] = "order"
    rich.set_content("Your code is 123456.\n")
    rich.add_alternative("<p>Your code is <b>123456</b>, 世界.</p>\n", subtype="html")
    rich.add_attachment("note\n", filename="Übersicht.txt")
    with smtplib.SMTP(*server.smtp, timeout=PROGRAM_S) as client:
        client.send_message(plain)
        client.send_message(
            rich, to_addrs=["java@example.org", "b@example.org", "cc@example.org", "bcc@example.org"]
        )


def make_requests(url: str) -> dict[str, tuple[int, str]]:
    """Make all requests; return each one's status and body."""
    command = (program("java", "java"), "-XX:TieredStopAtLevel=1", str(REQUESTS), url)
    done = subprocess.run(command, capture_output=True, timeout=SOURCE_S, check=False, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {name: (int(status), base64.b64decode(body).decode()) for name, status, body in rows}


def read_as_java(message: dict[str, Any]) -> dict[str, Any]:
    """Read a message into the client's record, which fails on a value of another kind."""
    for name in ADDRESSES:
        assert all(set(each) == {"Name", "Address"} for each in message[name] or []), name
    assert isinstance(message["Size"], int)
    if "Created" in message:  # an Instant: a time with an offset
        assert datetime.fromisoformat(message["Created"]).tzinfo is not None
    found = message["Attachments"]
    fields = ("ID", "Subject", "From", "Tags", *ADDRESSES)
    return {field: message[field] or [] for field in fields} | {
        "attachments": found if isinstance(found, int) else len(found)
    }


@pytest.mark.slow
@pytest.mark.needs_java
def test_each_request_of_the_java_client(server: Process) -> None:
    """It takes 200 alone, and 404 for what is not there; it deletes by `ids` in lower case."""
    send_two(server)
    said = make_requests(server.url)
    assert {name: status for name, (status, _) in said.items() if status != 200} == {
        "getMessage unknown": 404,
        "getMessageHtml of text": 404,
        "getMessagePlain unknown": 404,
        "getMessageSource unknown": 404,
    }
    lists = {name: json.loads(body) for name, (_, body) in said.items() if name.startswith("getAllMessages")}
    newest, oldest = (read_as_java(message) for message in lists["getAllMessages"]["messages"])
    assert newest | {"ID": ""} == {
        "ID": "",
        "Subject": "Grüße, 世界",
        "From": {"Name": "The Shöp", "Address": "shop@sender.example"},
        "To": [{"Name": "Kim Müller", "Address": "java@example.org"}, {"Name": "", "Address": "b@example.org"}],
        "Cc": [{"Name": "", "Address": "cc@example.org"}],
        "Bcc": [{"Name": "", "Address": "bcc@example.org"}],
        "ReplyTo": [{"Name": "", "Address": "reply@sender.example"}],
        "Tags": ["order"],
        "attachments": 1,
    }
    assert read_as_java(json.loads(said["getMessage"][1])) == newest
    assert "<b>123456</b>, 世界." in said["getMessageHtml"][1]
    assert said["getMessagePlain"][1].splitlines() == ["Your code is 123456."]
    assert said["getMessagePlain of text"][1].splitlines() == ["Hello, é."]
    assert "X-Tags: order" in said["getMessageSource"][1]
    ids = {name: [message["ID"] for message in found["messages"]] for name, found in lists.items()}
    both = [newest["ID"], oldest["ID"]]
    assert ids == {
        "getAllMessages": both,
        "getAllMessages read": both,
        "getAllMessages undeleted": both,
        "getAllMessages left": both[:1],
        "getAllMessages none": [],
    }
    assert [message["Read"] for message in lists["getAllMessages"]["messages"]] == [False, False]
    assert [message["Read"] for message in lists["getAllMessages read"]["messages"]] == [True, True]
