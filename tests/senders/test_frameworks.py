"""Mailers of web frameworks, with their own settings but for host, port and a login, on another machine.

Each sends the same mail. Mailpit's API and ours give it back as it was meant.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from testkit import needs
from testkit.api_reader import program
from testkit.site import Site, site_in

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
FRAMEWORKS = HERE / "frameworks"
PYTHON = HERE / ".venv" / "bin" / "python"
RECIPIENTS = ("kim@{}.example", "second@{}.example", "cc@{}.example", "hidden@{}.example")
MAIL: dict[str, Any] = {
    "from": "The Shöp <shop@sender.example>",
    "to": ["Kim Müller-世界 <kim@{}.example>", "second <second@{}.example>"],
    "cc": ["Ça Va <cc@{}.example>"],
    "bcc": ["hidden@{}.example"],
    "reply_to": ["reply <reply@sender.example>"],
    "subject": "Grüße, 世界 🎉: your order of a rather long name, which takes more than one line of the header",
    "text": "Grüße. Your code is 123456.\n.\n..two dots, and a line of 世界\n",
    "html": "<p>Grüße. Your code is <b>123456</b>.</p>\n",
    "file_name": "Übersicht.txt",
    "file": "What is attached: 世界\n",
}
"""What each of them sends, to addresses in a domain of its own.

FastAPI-Mail takes the local part for the name of who has none, so here that is a name.
"""

PARAMETERS = [
    pytest.param("django_mail.py", marks=pytest.mark.needs_python_frameworks),
    pytest.param("flask_mail_app.py", marks=[pytest.mark.needs_python_frameworks, pytest.mark.slow]),
    pytest.param("fastapi_mail_app.py", marks=[pytest.mark.needs_python_frameworks, pytest.mark.slow]),
    pytest.param("action_mailer.rb", marks=[pytest.mark.needs_action_mailer, pytest.mark.slow]),
    pytest.param("symfony_mailer.php", marks=[pytest.mark.needs_php_mailers, pytest.mark.slow]),
    pytest.param("laravel_mail.php", marks=[pytest.mark.needs_php_mailers, pytest.mark.slow]),
    pytest.param("php_mailer.php", marks=[pytest.mark.needs_php_mailers, pytest.mark.slow]),
    pytest.param("php_mail.php", marks=[pytest.mark.needs_php_mailers, pytest.mark.slow]),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run the server with its defaults, beside a machine in the same private network."""
    with site_in(tmp_path_factory.mktemp("site")) as made:
        yield made


def find_runner(script: str, site: Site) -> tuple[str, ...]:
    """Return the program that runs a script, and what PHP's mail() calls."""
    match Path(script).suffix:
        case ".py":
            assert PYTHON.exists(), "the frameworks are missing: `make test` installs them"
            return (str(PYTHON),)
        case ".rb":
            needs.check("action_mailer")
            return (program("ruby", "ruby"),)
    needs.check("php_mailers")
    sendmail = f"{sys.executable} -m edgemail sendmail -t -i -S {site.here.address}:{site.port}"
    return (program("php", "php-cli"), "-d", f"sendmail_path={sendmail}")


def send(site: Site, script: str, domain: str) -> dict[str, Any]:
    """Send a mail to addresses in a domain; return what it is made of."""
    mail: dict[str, Any] = json.loads(json.dumps(MAIL).replace("{}", domain))
    told = mail | {"host": site.here.address, "port": int(site.port)}
    site.run(*find_runner(script, site), str(FRAMEWORKS / script), stdin=json.dumps(told))
    return mail


def read_by_mailpits_api(site: Site, address: str) -> dict[str, Any]:
    """Read the message to an address, and its attachment, as tests that were written for Mailpit do."""
    (listed,) = site.get_json(f"/api/v1/search?query={quote(f'addressed:{address}')}")["messages"]
    message = site.get_json(f"/api/v1/message/{listed['ID']}")
    (part,) = message["Attachments"]
    fields = ("From", "To", "Cc", "Bcc", "ReplyTo", "Subject")
    assert {field: message[field] for field in fields} == {field: listed[field] for field in fields}
    return {
        "from": write_mailboxes([message["From"]]),
        **{
            name: write_mailboxes(message[name.title().replace("_", "")])
            for name in ("to", "cc", "bcc", "reply_to")
        },
        "subject": message["Subject"],
        "text": read_lines(message["Text"]),
        "html": read_lines(message["HTML"]),
        "file_name": part["FileName"],
        "type": part["ContentType"],
        "file": read_lines(site.get(f"/api/v1/message/{listed['ID']}/part/{part['PartID']}").decode()),
    }


def read_by_own_api(site: Site, address: str) -> dict[str, Any]:
    """Read the one message in an inbox, and its attachment."""
    path = f"/api/inboxes/{address}/messages"
    (listed,) = site.get_json(path)["messages"]
    message = site.get_json(f"{path}/{listed['id']}")
    (part,) = message["attachments"]
    return {
        "from": [message["from"]],
        **{name: write_mailboxes(message[name]) for name in ("to", "cc", "reply_to")},
        "subject": message["subject"],
        "text": read_lines(message["text"]),
        "html": read_lines(message["html"]),
        "file_name": part["name"],
        "type": part["type"],
        "file": read_lines(site.get(f"{path}/{listed['id']}/attachments/{part['index']}").decode()),
        "has login": b"with ESMTPA id" in site.get(f"{path}/{listed['id']}/raw"),
    }


def read_lines(text: str) -> list[str]:
    """Split a text at its line ends, whatever they are; some mailers add empty lines."""
    return [line for line in text.splitlines() if line]


def write_mailboxes(found: list[dict[str, str]]) -> list[str]:
    """Write mailboxes as `MAIL` has them, in the order of their addresses: Flask-Mail makes a set of them."""
    mailboxes = {
        str(each.get("Address", each.get("address"))): each.get("Name", each.get("name")) for each in found
    }
    return [f"{name} <{address}>" if name else address for address, name in sorted(mailboxes.items())]


@pytest.mark.needs_two_machines
@pytest.mark.parametrize("script", PARAMETERS)
def test_the_mail_is_read_as_it_was_sent(site: Site, script: str) -> None:
    """By every recipient, and by a login where SMTP is spoken."""
    domain = Path(script).stem.replace("_", "-")
    mail = send(site, script, domain)
    kim, *others = [address.format(domain) for address in RECIPIENTS]
    lines = {name: read_lines(mail[name]) for name in ("text", "html", "file")}
    expected = mail | lines | {"from": [mail["from"]], "type": "text/plain"}
    assert read_by_mailpits_api(site, kim) == expected
    del expected["bcc"]
    expected["has login"] = script != "php_mail.php"
    assert read_by_own_api(site, kim) == expected
    for address in others:
        (listed,) = site.get_json(f"/api/inboxes/{address}/messages")["messages"]
        assert listed["subject"] == mail["subject"], address
