"""What real clients send beside the letter of the RFCs, and what Postfix takes of it."""

from __future__ import annotations

import smtplib
import socket
from typing import TYPE_CHECKING

import pytest
from testkit.api_reader import PROGRAM_S, listing, program, raw, run
from testkit.postfix import running_postfix
from testkit.server_process import Peer, Process, serving
from testkit.smtp_peer import drop_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAIL = b"From: cron\r\nSubject: odd\r\n\r\nHi.\r\n"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program for those who test what they send: in dev mode."""
    with serving(tmp_path_factory.mktemp("tolerance") / "mail.db") as process:
        yield process


def received(server: Process, address: str) -> str:
    """Return the name that the newest message of an inbox came from, as its Received: field has it."""
    kept = raw(server, listing(server, address)[0]["id"])
    line = kept.split(b"\r\n")[1].decode()
    assert line.startswith("Received: from ")
    assert line.endswith(" ([127.0.0.1])")
    return line.removeprefix("Received: from ").removesuffix(" ([127.0.0.1])")


@pytest.mark.parametrize(
    ("name", "written"), [("my pc", "my?pc"), ("Ann's Mac (2)", "Ann's?Mac??2?"), ("", "[127.0.0.1]")]
)
def test_smtplib_on_a_machine_of_any_name(dev: Process, name: str, written: str) -> None:
    """smtplib says the machine's name as it is. DSN parameters are sent by whoever asks for them."""
    with smtplib.SMTP(*dev.smtp, local_hostname=name, timeout=PROGRAM_S) as client:
        client.local_hostname = name  # given as "", it would be looked up
        client.sendmail("www-data", ["root"], MAIL, ["RET=HDRS", "ENVID=1"], ["NOTIFY=DELAY,FAILURE"])
    assert received(dev, "root@localhost") == written
    newest = listing(dev, "root@localhost")[0]
    assert (newest["sender"], newest["recipients"]) == ("www-data@localhost", ["root@localhost"])


@pytest.mark.parametrize("local", ["a" * 255, "é" * 127])
def test_the_longest_address_has_an_inbox(dev: Process, local: str) -> None:
    """Forwarders write whole addresses into a local part (SRS), and lists do (VERP)."""
    address = f"{local}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 59}.example.org"
    sender = (
        "SRS0=h3Kd=XY=gmail.example=first.last+caf_=8b506e99-b5c5-4e14-8294-f5ebd6083faa=in.example@fwd.example"
    )
    with smtplib.SMTP(*dev.smtp, timeout=PROGRAM_S) as client:
        client.ehlo()
        client.sendmail(sender, [address], MAIL, ["SMTPUTF8"])
    (listed,) = listing(dev, address)
    assert (listed["sender"], listed["recipients"]) == (sender, [address])


@pytest.mark.needs_curl
@pytest.mark.parametrize(("path", "written"), [("M%C3%9CLLER-PC", "M?LLER-PC"), ("my%20pc", "my?pc")])
def test_curl_names_itself_by_the_path(dev: Process, tmp_path: Path, path: str, written: str) -> None:
    """curl says in EHLO what its URL has for a path."""
    host, port = dev.smtp
    file = tmp_path / "mail.eml"
    file.write_bytes(MAIL)
    curl = program("curl", "curl")
    url = f"smtp://{host}:{port}/{path}"
    run(curl, "--silent", "--show-error", url, "--mail-from", "cron", "--mail-rcpt", "curl", "-T", str(file))
    assert received(dev, "curl@localhost") == written
    assert drop_trace(raw(dev, listing(dev, "curl@localhost")[0]["id"])) == MAIL


@pytest.mark.needs_curl
def test_curl_sends_a_session_as_a_script_writes_it(dev: Process) -> None:
    """As `nc` and `telnet` do, curl sends what comes in as it is: lines that end in LF alone."""
    host, port = dev.smtp
    said = "HELO\nMAIL FROM: <app@ex.org>\nRCPT TO: <nc@ex.org>\nDATA\nSubject: nc\n\n..\nHi.\n.\nQUIT\n"
    run(program("curl", "curl"), "--silent", f"telnet://{host}:{port}", stdin=said.encode())
    (listed,) = listing(dev, "nc@ex.org")
    assert listed["subject"] == "nc"
    assert drop_trace(raw(dev, listed["id"])) == b"Subject: nc\n\n.\nHi.\n"


@pytest.mark.needs_swaks
def test_swaks_with_names_of_one_word(dev: Process) -> None:
    """swaks sends any name and any path as it is given."""
    host, port = dev.smtp
    ends = ("--from", "www-data", "--to", "swaks", "--helo", "my pc")
    run(program("swaks", "swaks"), "--server", host, "--port", str(port), *ends, "--body", "Hi")
    assert received(dev, "swaks@localhost") == "my?pc"


def test_a_mailer_written_by_hand(dev: Process) -> None:
    """PHP scripts write a blank behind the colon, no brackets, and do not wait for replies."""
    with socket.create_connection(dev.smtp, PROGRAM_S) as peer:
        peer.sendall(
            b"HELO\r\nMAIL FROM: <www-data@php.example>\r\nRCPT TO: php@ex.org\r\nDATA\r\n"
            + MAIL
            + b".\r\nQUIT\r\n"
        )
        said = peer.makefile("rb").read()
    assert [line[:3] for line in said.splitlines()] == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert len(listing(dev, "php@ex.org")) == 1


NAMES = (b"MULLER-PC", "MÜLLER-PC".encode(), b"my pc", b"a_b", b'(a)<b>;"c"', b"x" * 1500, b"\x1b[2J", b"a\0b")
REVERSE_PATHS = (
    *(b"MAIL FROM:<%b@b.example>" % local for local in (b"a", b"a" * 255, b"a..b", b"a+b=c", b'"a b"')),
    b"MAIL  FROM:<a@b.example>",
    b"MAIL\tFROM:<a@b.example>",
    b"MAIL FROM:  <a@b.example>",
    b"MAIL FROM:\t<a@b.example>",
    b"MAIL FROM:a@b.example",
    b"MAIL FROM: a@b.example SIZE=1",
    b"MAIL FROM:< a@b.example >",
    b"MAIL FROM:<a@b.example.>",
    b"MAIL FROM:<a@b_c.example>",
    b"MAIL FROM:<@x,@y:a@b.example>",
    b"MAIL FROM:<a@[127.0.0.1]>",
    b"MAIL FROM:<www-data>",
    b"MAIL FROM:www-data",
    b'MAIL FROM:<"www data">',
    b"MAIL FROM: <> ",
    b"MAIL FROM:<a@b.example> SIZE=0",
    b"MAIL FROM:<a@b.example> BODY=8BITMIME SMTPUTF8",
    b"MAIL FROM:<a@b.example> RET=hdrs",
    b"MAIL FROM:<a@b.example> ENVID=" + b"a" * 101,
    b"MAIL FROM:<a@b.example> AUTH=<>",
    b"MAIL FROM:<a@b.example> AUTH=a@b.example",
)
FORWARD_PATHS = (
    b"RCPT TO:<root>",
    b"RCPT TO:root",
    b"RCPT TO:\t<a@b.example>",
    b"RCPT  TO:<a@b.example>",
    b"RCPT TO:< a@b.example >",
    b"RCPT TO:<postmaster>",
    b"RCPT TO:<a@b.example> NOTIFY=NEVER",
    b"RCPT TO:<a@b.example> NOTIFY=success,failure",
    b"RCPT TO:<a@b.example> ORCPT=rfc822;a+40b",
    b"RCPT TO:<a@b.example> ORCPT=rfc822;a@b",
    b"RCPT TO:<a@b.example> ORCPT=rfc822;",
)
REFUSED = (
    b"MAIL FROM:",
    b"MAIL FROM",
    b"MAIL <a@b.example>",
    b"MAIL FROM:<a@>",
    b"MAIL FROM:<a@b.example>SIZE=1",
    b"MAIL FROM:<a@b.example> RET=X",
    b"MAIL FROM:<a@b.example> RET=HDRS RET=FULL",
    b"MAIL FROM:<a@b.example> ENVID=",
    b"MAIL FROM:<a@b.example> SIZE=-1",
    b"MAIL FROM:<a@b.example> SIZE=",
    b"MAIL FROM:<a@b.example> BODY=BINARYMIME",
    b"MAIL FROM:<a@b.example> SMTPUTF8=1",
    b"MAIL FROM:<a@b.example> BY=1;R",
    b"MAIL FROM:<a@b.example,c@d.example>",
    b"MAIL FROM:<a b@c.example>",
    b"RCPT TO:<>",
    b"RCPT TO:<a@b.example> NOTIFY=NEVER,DELAY",
    b"RCPT TO:<a@b.example> NOTIFY=X",
    b"RCPT TO:<a@b.example> ORCPT=a@b",
    b"RCPT TO:<a@b.example> SIZE=1",
    b"RCPT TO:<a@b.example>,<c@d.example>",
)


def ask(address: tuple[str, int], line: bytes) -> int:
    """Return the first digit of the reply to a line, in a connection of its own."""
    peer = Peer(address)
    try:
        assert peer.hear() == 220
        before = {b"EHLO": (), b"MAIL": (b"EHLO x",), b"RCPT": (b"EHLO x", b"MAIL FROM:<>")}[line[:4]]
        for said in before:
            assert peer.ask(said + b"\r\n") == 250
        return peer.ask(line + b"\r\n") // 100
    finally:
        peer.close()


@pytest.mark.slow
@pytest.mark.needs_postfix
@pytest.mark.needs_root
def test_what_postfix_takes_is_taken(dev: Process, tmp_path: Path) -> None:
    """Both take the same lines of those that clients send, and both refuse the same."""
    hellos = [b"EHLO " + name for name in NAMES]
    with running_postfix(tmp_path / "postfix", dev.smtp[1], "none") as port:
        lines = [*hellos, *REVERSE_PATHS, *FORWARD_PATHS, *REFUSED]
        by_postfix = {line: ask(("127.0.0.1", port), line) for line in lines}
    assert by_postfix == {line: 5 if line in REFUSED else 2 for line in lines}
    assert {line: ask(dev.smtp, line) for line in lines} == by_postfix


def test_a_public_server_reads_smtp_by_the_letter(tmp_path: Path) -> None:
    """Mail servers send domains and CRLF; any name of a machine is taken there too."""
    with serving(tmp_path / "mail.db", EDGEMAIL_DOMAIN="example.com") as public:
        for name in NAMES:
            assert ask(public.smtp, b"EHLO " + name) == 2
        for line in (b"MAIL FROM: <a@b.example> RET=HDRS AUTH=<>", b"RCPT TO:\t<bob@example.com> NOTIFY=NEVER"):
            assert ask(public.smtp, line) == 2
        for line in (b"MAIL FROM:<www-data>", b"RCPT TO:<root>"):
            assert ask(public.smtp, line) == 5
        peer = Peer(public.smtp)
        assert peer.hear() == 220
        assert peer.ask(b"NOOP\n") == 500
        assert peer.hear() == 0
        peer.close()
