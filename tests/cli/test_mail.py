"""`edgemail send`, `list`, `show`, `wait` and `delete`, against a running server."""

from __future__ import annotations

import json
import os
import pty
import re
import smtplib
import subprocess
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_client import command_of, run
from tests.cli.test_serve import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running("--db", str(tmp_path_factory.mktemp("db") / "mail.db")) as started:
        yield started


def run_on_terminal(url: str, *arguments: str) -> str:
    """Run a command with a terminal as its output; return that output."""
    command, env = command_of(url, *arguments)
    reader, writer = pty.openpty()
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer):
        os.close(writer)
        shown = b""
        try:
            while octets := os.read(reader, 65_536):
                shown += octets
        except OSError:  # Linux's way to say that the other side is closed
            pass
        os.close(reader)
    return shown.decode()


def deliver(server: Running, recipient: str, text: str, subject: str = "Hello", sender: str = "s@a.org") -> None:
    """Send a mail that has neither code nor link unless `text` has."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, subject
    mail.set_content(text)
    deliver_octets(server, recipient, mail.as_bytes())


def deliver_octets(server: Running, recipient: str, message: bytes) -> None:
    host, _, port = server.smtp.rpartition(":")
    with smtplib.SMTP(host, int(port), "localhost", timeout=10) as client:
        client.sendmail("s@a.org", [recipient], message)


def newest_id(server: Running, address: str) -> str:
    return str(json.loads(run(server.url, "list", address, "--json").stdout)[0]["id"])


def test_a_sent_mail_can_be_listed_shown_and_waited_for(server: Running) -> None:
    """This is what a newcomer does first."""
    sent = run(server.url, "send", "--smtp", server.smtp, "--to", "new.comer+1@a.org")
    assert sent.stdout == f"sent 1 mail to new.comer+1@a.org: {server.url}#/new.comer%2B1@a.org\n"
    code = run(server.url, "wait", "New.Comer+1@A.org", "--code").stdout.strip()
    link = run(server.url, "wait", "new.comer+1@a.org", "--link").stdout.strip()
    assert re.fullmatch("[0-9]{6}", code)
    assert link.startswith("https://example.org/confirm?token=")
    (line,) = run(server.url, "list", "new.comer+1@a.org").stdout.splitlines()
    assert line.endswith(f"edgemail <sender@example.com>     Your code is {code}  [{code}]")
    shown = run(server.url, "show", line.split()[0]).stdout
    for expected in (
        "From:     edgemail <sender@example.com>", "To:       new.comer+1@a.org", f"Code:     {code}",
        f"Link:     {link}",
        "Attached: confirmation.csv (text/csv, ", f"\n\nHello,\n\nyour verification code is {code}.\n",
    ):  # fmt: skip
        assert expected in shown
    assert f"{code}</b>" in run(server.url, "show", line.split()[0], "--html").stdout
    assert run(server.url, "show", line.split()[0], "--text").stdout.startswith("Hello,")
    assert json.loads(run(server.url, "show", line.split()[0], "--json").stdout)["codes"][0]["code"] == code


def test_send_takes_the_address_as_an_argument_and_the_server_from_the_settings(server: Running) -> None:
    """EDGEMAIL_SMTP is the server's own setting, so one variable is enough in a container."""
    sent = run(server.url, "send", "arg@a.org", EDGEMAIL_SMTP=server.smtp)
    assert (sent.returncode, sent.stderr) == (0, "")
    assert sent.stdout == f"sent 1 mail to arg@a.org: {server.url}#/arg@a.org\n"
    both = run(server.url, "send", "a@a.org", "--to", "b@a.org", EDGEMAIL_SMTP=server.smtp)
    assert (both.returncode, both.stdout) == (2, "")
    assert both.stderr.endswith("Error: ADDRESS and --to cannot both be given\n")
    none = run(server.url, "send", "a b", EDGEMAIL_SMTP=server.smtp)
    assert (none.returncode, none.stdout) == (1, "")
    assert none.stderr == '"a b": an address has the form local@domain\n'
    off = run(server.url, "send", "a@a.org", EDGEMAIL_SMTP="off")
    assert (off.returncode, off.stderr) == (
        78,
        "smtp = off does not say where the server is; give --smtp HOST:PORT\n",
    )


def test_a_listing_is_as_long_as_asked_for(server: Running) -> None:
    """The API returns pages. Mails that are too many for one connection are sent in several."""
    sent = run(server.url, "send", "--smtp", server.smtp, "--to", "many@a.org", "--count", "130")
    assert (sent.returncode, sent.stderr) == (0, "")
    ids = [
        int(line.split()[0]) for line in run(server.url, "list", "many@a.org", "--limit", "120").stdout.splitlines()
    ]
    assert len(ids) == 120
    assert ids == sorted(ids, reverse=True)
    assert len(json.loads(run(server.url, "list", "many@a.org", "--limit", "999", "--json").stdout)) == 130


def test_an_empty_inbox_is_said_to_be_empty(server: Running) -> None:
    """The line is on the standard error, since there is nothing to list."""
    listed = run(server.url, "list", "nobody@a.org")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "", "no mail for nobody@a.org yet\n")


def test_raw_is_octet_for_octet_in_a_pipe(server: Running) -> None:
    """Line ends and 8-bit octets are unchanged; only the trace lines come before them."""
    message = b"Subject: \xff\xfe raw\r\n\r\n\x1b[2J\x80 caf\xc3\xa9 \x01\r\nend\r\n"
    deliver_octets(server, "raw@a.org", message)
    command, env = command_of(server.url, "show", newest_id(server, "raw@a.org"), "--raw")
    shown = subprocess.run(command, env=env, capture_output=True, check=True).stdout
    assert shown.startswith(b"Return-Path: <s@a.org>\r\nReceived: ")
    assert shown.endswith(b"\r\n" + message)


@pytest.mark.parametrize("form", [[], ["--raw"], ["--text"], ["--html"], ["--json"]])
def test_no_mail_drives_the_terminal(form: list[str], server: Running) -> None:
    """Escape sequences in subject, sender, text or HTML are shown as text."""
    body = "Subject: =?utf-8?q?=1b]0;owned=07=C2=9B31m?=\r\nFrom: =?utf-8?q?=1b[2J?= <s@a.org>\r\nContent-Type: "
    for kind in ("plain", "html"):
        text = f"{body}text/{kind}; charset=utf-8\r\n\r\n<p>before{HOSTILE}after\r\n"
        deliver_octets(server, f"{kind}@a.org", text.encode())
    address = "html@a.org" if "--html" in form else "plain@a.org"
    shown = run_on_terminal(server.url, "show", newest_id(server, address), *form)
    assert "before\\u001b]0;owned\\u0007" in shown
    for output in (shown, run_on_terminal(server.url, "list", address), run(server.url, "list", address).stdout):
        assert "owned" in output
        assert not {"\x1b", "\x07", "\x9b"} & set(output)


def test_a_missing_part_is_one_line_and_status_1(server: Running) -> None:
    """The line says which part is missing, and which flag shows the whole message."""
    deliver(server, "text@a.org", "only text")
    mail_id = newest_id(server, "text@a.org")
    ended = run(server.url, "show", mail_id, "--html")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"message {mail_id} has no html part; --raw shows all of it\n"


@pytest.mark.parametrize("arguments", [["show", "999999"], ["show", "999999", "--raw"], ["list", "no address"]])
def test_what_the_server_refuses_is_one_line_and_status_1(arguments: list[str], server: Running) -> None:
    """The line is the detail of the problem document."""
    ended = run(server.url, *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "{" not in ended.stderr


def test_a_wait_for_a_code_goes_on_until_one_comes(server: Running) -> None:
    """A message without a code does not end the wait."""
    deliver(server, "later@a.org", "nothing here")
    command, env = command_of(server.url, "wait", "later@a.org", "--code", "--timeout", "30")
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as waiting:
        deliver(server, "later@a.org", "nothing here either")
        deliver(server, "later@a.org", "Your verification code is 481223.")
        assert waiting.communicate(timeout=30)[0] == "481223\n"


def test_a_code_that_came_before_other_mail_is_found(server: Running) -> None:
    """A welcome mail often follows the code. The newest message with a code counts."""
    for text in ("Your verification code is 111111.", "Your verification code is 222222.", "Welcome!"):
        deliver(server, "before@a.org", text)
    assert run(server.url, "wait", "before@a.org", "--code", "--timeout", "5").stdout == "222222\n"


def test_a_wait_can_choose_by_sender_subject_and_id(server: Running) -> None:
    """Each flag filters the messages that count."""
    deliver(server, "choose@a.org", "1", subject="First", sender="ada@a.org")
    deliver(server, "choose@a.org", "2", subject="Second", sender="ben@a.org")
    first, second = (
        json.loads(run(server.url, "wait", "choose@a.org", *flags, "--json").stdout)
        for flags in (["--subject", "first"], ["--from", "ben@"])
    )
    assert (first["subject"], second["subject"]) == ("First", "Second")
    assert "Subject:  Second" in run(server.url, "wait", "choose@a.org", "--after", str(first["id"])).stdout
    ended = run(server.url, "wait", "choose@a.org", "--after", str(second["id"]), "--timeout", "0.1")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "no mail for choose@a.org within 0.1 s\n"


def test_letters_that_the_terminal_lacks_are_escaped(server: Running) -> None:
    """A subject in another script does not make the command fail if the output is not UTF-8."""
    deliver(server, "letters@a.org", "text", subject="世界")
    listed = run(server.url, "list", "letters@a.org", PYTHONIOENCODING="iso-8859-1")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert r"  \u4e16\u754c" in listed.stdout


def test_a_server_of_another_kind_is_one_line(server: Running) -> None:
    """Such as an SMTP server at the URL."""
    ended = run(f"http://{server.smtp}", "list", "a@a.org")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr
        == f"http://{server.smtp} is not an edgemail server: its answer is not HTTP, or is incomplete\n"
    )


def test_deleting_asks_first(server: Running) -> None:
    """Deleting cannot be undone, so it needs --yes or an answer."""
    deliver(server, "gone@a.org", "1")
    deliver(server, "gone@a.org", "2")
    assert run(server.url, "delete", "gone@a.org", given="n\n").returncode == 1
    assert len(run(server.url, "list", "gone@a.org").stdout.splitlines()) == 2
    assert run(server.url, "delete", newest_id(server, "gone@a.org"), given="y\n").stdout == "deleted 1 message\n"
    assert run(server.url, "delete", "gone@a.org", "--yes").stdout == "deleted 1 message\n"
    assert run(server.url, "list", "gone@a.org").stdout == ""


def test_a_proxy_is_not_asked_for_this_machine(server: Running) -> None:
    """A proxy could not reach this machine's server."""
    listed = run(
        server.url, "list", "nobody@a.org", http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1"
    )
    assert listed.returncode == 0


def test_a_reader_that_goes_away_ends_it_quietly(server: Running) -> None:
    """`edgemail show 1 --raw | head -1` prints no error."""
    deliver(server, "pipe@a.org", "text")
    command, env = command_of(server.url, "show", newest_id(server, "pipe@a.org"), "--raw")
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(command, env=env, stdout=writer, stderr=subprocess.PIPE) as ended:
        os.close(writer)
        assert ended.communicate(timeout=30)[1] == b""
