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
    "to": ["Kim Müller-世界 <kim@{}.example>", "second@{}.example"],
    "cc": ["Ça Va <cc@{}.example>"],
    "bcc": ["hidden@{}.example"],
    "reply_to": ["reply@sender.example"],
    "subject": "Grüße, 世界 🎉: your order of a rather long name, which takes more than one line of the header",
    "text": "Grüße. Your code is 123456.\n.\n..two dots, and a line of 世界\n",
    "html": "<p>Grüße. Your code is <b>123456</b>.</p>\n",
    "file_name": "Übersicht.txt",
    "file": "What is attached: 世界\n",
}
"""What each of them sends, to addresses in a domain of its own."""

PARAMETERS = [
    pytest.param("django_mail.py", marks=pytest.mark.needs_python_frameworks),
    pytest.param("flask_mail_app.py", marks=pytest.mark.needs_python_frameworks),
    pytest.param("fastapi_mail_app.py", marks=pytest.mark.needs_python_frameworks),
    pytest.param("action_mailer.rb", marks=pytest.mark.needs_action_mailer),
    pytest.param("symfony_mailer.php", marks=pytest.mark.needs_php_mailers),
    pytest.param("laravel_mail.php", marks=pytest.mark.needs_php_mailers),
    pytest.param("php_mailer.php", marks=pytest.mark.needs_php_mailers),
    pytest.param("php_mail.php", marks=pytest.mark.needs_php_mailers),
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


def send(site: Site, script: str, domain: str) -> None:
    mail = json.loads(json.dumps(MAIL).replace("{}", domain))
    mail |= {"host": site.here.address, "port": int(site.port)}
    site.run(*find_runner(script, site), str(FRAMEWORKS / script), stdin=json.dumps(mail))


@pytest.mark.needs_two_machines
@pytest.mark.parametrize("script", PARAMETERS)
def test_the_mail_is_read_as_it_was_sent(site: Site, script: str) -> None:
    """By every recipient, and by a login where SMTP is spoken."""
    domain = Path(script).stem.replace("_", "-")
    send(site, script, domain)
    found = site.get_json(f"/api/v1/search?query={quote(f'addressed:kim@{domain}.example')}")
    print(json.dumps(found, ensure_ascii=False, indent=1))
    for message in found["messages"]:
        print(json.dumps(site.get_json(f"/api/v1/message/{message['ID']}"), ensure_ascii=False, indent=1))
        print(site.get(f"/api/v1/message/{message['ID']}/raw").decode())
    for r in RECIPIENTS:
        l = site.get_json(f"/api/inboxes/{r.format(domain)}/messages")
        print(l)
        print(site.get_json(f"/api/messages/{l['messages'][0]['id']}"))
