"""`edgemail sendmail`, called as PHP, cron and mail programs call it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from testkit.http_client import ask, inbox_path
from testkit.smtp_scripts import scripted_server

from edgemail.cli.sendmail_arguments import BadArguments, read_arguments
from edgemail.cli.sendmail_message import BadMessage, WrittenMail, read_recipients
from tests.cli.test_serve import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

EDGEMAIL = f"{shlex.quote(sys.executable)} -m edgemail"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running("--db", str(tmp_path_factory.mktemp("db") / "mail.db")) as started:
        yield started


def call(command: str, message: bytes, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command by a shell, as popen() of PHP and cron does."""
    env = {"PATH": os.environ["PATH"]} | environ
    return subprocess.run(
        ["sh", "-c", command], input=message, env=env, capture_output=True, timeout=60, check=False
    )


def send(server: Running, flags: str, message: bytes) -> subprocess.CompletedProcess[bytes]:
    return call(f"{EDGEMAIL} sendmail {flags}", message, EDGEMAIL_SMTP=server.smtp)


async def read_inbox(server: Running, address: str) -> list[tuple[dict[str, Any], bytes]]:
    """Return an inbox's messages with their octets below the trace, oldest first."""
    url = server.url.rstrip("/")
    found = []
    for message in reversed((await ask(url, inbox_path(address, "/messages"))).json()["messages"]):
        raw = (await ask(url, inbox_path(address, f"/messages/{message['id']}/raw"))).body
        found.append((message, re.sub(rb"\AReturn-Path:.*\r\nReceived:.*\r\n(?:\t.*\r\n)+", b"", raw)))
    return found


async def test_mail_of_php_goes_to_its_recipients_without_bcc(server: Running) -> None:
    """PHP's mail() runs `sendmail -t -i` by a shell, and writes LF or CRLF."""
    message = (
        b'To: Kim <kim@php.org>, "Lee, J." <lee@php.org>\nSubject: order\r\nBcc: boss@php.org,\n audit@php.org\n'
        b"X-PHP-Originating-Script: 0:a.php\nFrom: shop@php.org\n\nline\n.\n..two\r\nend"
    )
    done = send(server, "-t -i -fbounce@php.org", message)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    for address in ("kim@php.org", "lee@php.org", "boss@php.org", "audit@php.org"):
        ((listed, octets),) = await read_inbox(server, address)
        assert listed["sender"] == "bounce@php.org"
        head, _, body = octets.partition(b"\r\n\r\n")
        assert body == b"line\r\n.\r\n..two\r\nend\r\n"
        assert b"bcc" not in head.lower()
        assert b"audit" not in head
        assert b"X-PHP-Originating-Script: 0:a.php" in head
        assert re.search(rb"(?m)^Date: ", head)
        assert re.search(rb"(?m)^Message-ID: <", head)


async def test_mail_of_cron_goes_to_a_local_user(server: Running) -> None:
    """In dev mode a user without a domain has the inbox user@localhost."""
    message = b"From: root (Cron Daemon)\nTo: worker\nSubject: Cron <root@vm> date\n\nout\n"
    done = send(server, "-FCronDaemon -i -B8BITMIME -odi -oem -oi worker", message)
    assert (done.returncode, done.stderr) == (0, b"")
    ((listed, octets),) = await read_inbox(server, "worker@localhost")
    assert listed["subject"] == "Cron <root@vm> date"
    assert octets.startswith(b"From: root (Cron Daemon)\r\n")


async def test_recipients_are_arguments_and_those_of_the_header_with_t(server: Running) -> None:
    """Each gets the message once. Without -t, an address in To alone gets nothing."""
    assert send(server, "-i -- 'One <one@args.org>'", b"To: not@args.org\n\nx\n").returncode == 0
    assert [listed["subject"] for listed, _ in await read_inbox(server, "one@args.org")] == [""]
    assert await read_inbox(server, "not@args.org") == []
    done = send(server, "-ti two@args.org three@args.org,four@args.org", b"To: two@args.org, not@args.org\n\nx\n")
    assert done.returncode == 0
    for name in ("two", "three", "four", "not"):
        assert len(await read_inbox(server, f"{name}@args.org")) == 1


async def test_no_recipient_and_no_t_means_those_of_the_header(server: Running) -> None:
    """Mailpit's command does so, and php.ini files count on it."""
    assert send(server, "", b"To: implied@php.org\nResent-To: resent@php.org\n\nx\n").returncode == 0
    assert len(await read_inbox(server, "resent@php.org")) == 1
    assert await read_inbox(server, "implied@php.org") == []


async def test_a_message_without_a_header_is_a_body(server: Running) -> None:
    """It gets the fields that every message has. A line with a dot ends it."""
    done = send(server, "-F 'Ann Über' -f ann@body.org body@body.org", "Hello: no, \nünïcode\n.\nmore\n".encode())
    assert done.returncode == 0
    ((_, octets),) = await read_inbox(server, "body@body.org")
    assert octets.startswith(b"Hello: no, \r\nFrom: =?utf-8?b?QW5uIMOcYmVy?= <ann@body.org>\r\nDate: ")
    assert octets.endswith("\r\n\r\nünïcode\r\n".encode())


async def test_more_recipients_than_one_transaction_takes(server: Running) -> None:
    """RFC 5321 has a server take 100 at least; edgemail's default is no more."""
    names = ", ".join(f"u{number}@crowd.org" for number in range(230))
    assert send(server, "-t", f"Bcc: {names}\n\nx\n".encode()).returncode == 0
    for number in (0, 99, 100, 229):
        assert len(await read_inbox(server, f"u{number}@crowd.org")) == 1


async def test_addresses_beyond_ascii(server: Running) -> None:
    """They are sent with SMTPUTF8."""
    assert send(server, "-t", "To: Jürgen <jürgen@exämple.org>\n\nx\n".encode()).returncode == 0
    assert len(await read_inbox(server, "jürgen@exämple.org")) == 1


@pytest.mark.slow
async def test_a_large_message_is_sent_whole(server: Running) -> None:
    """Dots that begin lines come back as they were."""
    body = b".dots\n" * 3_000_000
    assert send(server, "-i large@body.org", b"Subject: large\n\n" + body).returncode == 0
    ((_, octets),) = await read_inbox(server, "large@body.org")
    assert octets.endswith(b"\r\n\r\n" + body.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("name", ["sendmail", "mailpit"])
async def test_the_program_works_under_other_names(name: str, server: Running, tmp_path: Path) -> None:
    """A link named sendmail is that command; under any other name the program is itself."""
    link = tmp_path / name
    link.symlink_to(Path(sys.executable).with_name("edgemail"))
    flags = "-t -S" if name == "sendmail" else "sendmail -t --smtp-addr"
    message = f"To: {name}@linked.org\n\nx\n".encode()
    done = call(f"{link} {flags} {server.smtp}", message)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(await read_inbox(server, f"{name}@linked.org")) == 1


async def test_the_server_and_the_sender_by_mailpits_variables(server: Running) -> None:
    """A container that had Mailpit's command goes on working."""
    done = call(
        f"{EDGEMAIL} sendmail -t",
        b"To: mp@env.org\n\nx\n",
        MP_SENDMAIL_SMTP_ADDR=server.smtp,
        MP_SENDMAIL_FROM="Shop <shop@env.org>",
    )
    assert done.returncode == 0
    ((listed, _),) = await read_inbox(server, "mp@env.org")
    assert listed["sender"] == "shop@env.org"


@pytest.mark.parametrize(
    ("flags", "message", "status", "said"),
    [
        ("-bs", b"", 64, "-bs: no SMTP is spoken on the standard input; set the program to use"),
        ("-q", b"", 64, "-q: there is no queue"),
        ("-bp", b"", 64, "-bp: there is no queue"),
        ("-Z", b"", 64, "-Z: there is no flag -Z"),
        ("--frm a@b", b"", 64, "there is no flag --frm"),
        ("-f", b"", 64, "-f has no value"),
        ("-S nowhere", b"x", 64, 'the SMTP server "nowhere" is not HOST:PORT'),
        ("-t", b"Subject: x\n\nx\n", 64, "no recipients: name them as arguments"),
        ("-t", b"", 64, "no recipients"),
        ("a@b@c@", b"x\n", 65, '"a@b@c@": '),
        ("-t", b"To: <<@>>\n\n", 65, ""),
        ("-t -f 'no address'", b"To: a@b.org\n\n", 65, '"'),
        ("a@b.org -S 127.0.0.1:1", b"x\n", 75, "no SMTP server answers at 127.0.0.1:1 (Connection refused)"),
    ],
)
def test_mistakes_are_one_line_and_a_status_of_sysexits(flags: str, message: bytes, status: int, said: str) -> None:
    """What cannot be done is said, and never taken for done."""
    done = call(f"{EDGEMAIL} sendmail {flags}", message, EDGEMAIL_SMTP="127.0.0.1:1")
    assert (done.returncode, done.stdout) == (status, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"sendmail: {said}")


def test_a_closed_standard_input_is_status_74() -> None:
    """EX_IOERR: there is no message, and not an empty one."""
    done = call(f"exec 0<&-; {EDGEMAIL} sendmail a@b.org", b"")
    assert (done.returncode, done.stderr) == (
        74,
        b"sendmail: the standard input cannot be read: Bad file descriptor\n",
    )


def test_wrong_settings_are_status_78() -> None:
    """EX_CONFIG, as for every command."""
    done = call(f"{EDGEMAIL} sendmail -t", b"To: a@b.org\n\n", EDGEMAIL_SMTP="off")
    assert done.returncode == 78
    assert done.stderr.startswith(b"sendmail: smtp = off does not say where the server is; give --smtp HOST:PORT")


GREETING, HELLO, OK = b"220 mx\r\n", b"250-mx\r\n250 SIZE 100\r\n", b"250 ok\r\n"


@pytest.mark.parametrize(
    ("replies", "status", "said"),
    [
        ([b"554 no\r\n"], 75, "is not ready: 554 no"),
        ([b"what?\r\n"], 75, ""),
        ([GREETING, HELLO, b"450 later\r\n"], 75, "did not take the mail: 450 later"),
        ([GREETING, HELLO, b"552 too large\r\n"], 65, "did not take the mail: 552 too large"),
        ([GREETING, HELLO, b"550 not you\r\n"], 69, "did not take the mail: 550 not you"),
        (
            [GREETING, HELLO, OK, b"550 who?\r\n", b"550 who?\r\n", OK],
            67,
            "for a@b.org: 550 who?; c@d.org: 550 who?",
        ),
        (
            [GREETING, HELLO, OK, b"450 busy\r\n", b"550 who?\r\n", OK],
            75,
            "for a@b.org: 450 busy; c@d.org: 550 who?",
        ),
        ([GREETING, HELLO, OK, OK, b"550 who?\r\n", b"354 go\r\n", OK, OK], 67, "for c@d.org: 550 who?"),
        ([GREETING, HELLO, OK, OK, OK, b"354 go\r\n", b"451 disk\r\n", OK], 75, "did not take the mail: 451 disk"),
        ([GREETING, HELLO, OK, OK, OK, b"354 go\r\n", b"554 spam\x1b[2J\r\n", OK], 69, r"554 spam\u001b[2J"),
        ([GREETING, HELLO, OK], 75, "closed the connection"),
    ],
)
def test_each_refusal_has_its_status(replies: list[bytes], status: int, said: str) -> None:
    """A program that queues mail itself tries again after 75 alone."""
    with scripted_server(replies) as address:
        done = call(f"{EDGEMAIL} sendmail -S {address} -i a@b.org c@d.org", b"Subject: x\n\nx\n")
    assert done.returncode == status, done.stderr
    (line,) = done.stderr.decode().splitlines()
    assert said in line


def test_help_says_all_that_is_needed() -> None:
    """It is printed for --help and -h, wherever they stand; an address with an h in it is no help flag."""
    shown = call(f"{EDGEMAIL} sendmail -t --help", b"")
    assert (shown.returncode, shown.stderr) == (0, b"")
    for words in (b"php.ini", b"-f ADDRESS", b"-S HOST:PORT", b"EDGEMAIL_SMTP", b"67 the server"):
        assert words in shown.stdout
    assert call(f"{EDGEMAIL} sendmail -h", b"").stdout == shown.stdout
    assert read_arguments(["-fhans@h.org", "-h", "3"]).sender == "hans@h.org"
    assert not read_arguments(["-fhans@h.org", "-h", "3"]).asks_for_help


def test_flags_of_other_programs_are_taken() -> None:
    """Those of Rails, mutt, git, s-nail and logwatch; what stands after -- is never a flag."""
    for line in (
        "-i -f a@b.org -- to@c.org",
        "-oem -oi -- to@c.org",
        "-i -fa@b.org to@c.org",
        "-i -m -v -N failure,delay -R hdrs -V id1 to@c.org",
        "-G -i -O DeliveryMode=b -p ESMTP -X /dev/null -bm to@c.org",
    ):
        assert read_arguments(line.split()).recipients == ["to@c.org"]
    assert read_arguments(["--", "-t"]).recipients == ["-t"]
    assert read_arguments(["-oi"]).ends_at_dot is False
    assert read_arguments(["-OIgnoreDots=true"]).ends_at_dot is False
    assert read_arguments(["-oem"]).ends_at_dot is True
    assert read_arguments(["-f", ""]).sender == ""
    with pytest.raises(BadArguments, match="-bs"):
        read_arguments(["-i", "-bs"])


def test_hostile_messages_cost_linear_time_and_never_fail() -> None:
    """One endless line, endless folds, fields, dots, NULs, CRs, brackets and quotes."""
    size = 200_000
    for octets in (
        b"A" * size, b"A:" + b"\n " * size, b"A:\n" * size, b".\r" * size, b"\0" * size, b"\r" * size, b"\n" * size,
        b"To: " + b"," * size, b"To: " + b"(" * size, b"To: " + b"<" * size,
        b"To: " + b'"' * size, b"From " + b"x" * size, b"To:\xff\xfe\n\n",
    ):  # fmt: skip
        mail = WrittenMail(octets, ends_at_dot=True)
        written = mail.write("a@b.org", "")
        assert b"\r\n\r\n" in written
        try:
            assert mail.find_recipients() == []
        except BadMessage:
            assert octets.startswith(b"To")


def test_recipients_are_read_as_people_write_them() -> None:
    """Local users may stand beside addresses. A control character is never sent."""
    assert read_recipients(['root, Kim <k@a.org>, "a b"@a.org'], "x") == ["root", "k@a.org", '"a b"@a.org']
    assert read_recipients(["undisclosed-recipients:;", ""], "x") == []
    assert read_recipients(['Staff: a@b.org, "x, y" (deep (er) :,) <b@b.org>, c@[IPv6:::1];'], "x") == [
        *("a@b.org", "b@b.org", "c@[ipv6:::1]"),
    ]
    for text in ("a@b.org\r\nRCPT TO:<c@d.org>", "a b", "<>"):
        with pytest.raises(BadMessage):
            assert read_recipients([text], "x") == []
