"""Mail clients: each sends a hundred unusual messages, which must arrive unchanged."""

from __future__ import annotations

import json
import re
import smtplib
import ssl
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.api_reader import PROGRAM_S, program, run
from testkit.delivery import assert_delivered
from testkit.unusual_mail import UnusualMail, make_unusual_mail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from testkit.server_process import Process

HERE = Path(__file__).parent
TLS_WAYS = [
    pytest.param("none", marks=pytest.mark.slow),
    "starttls",
    pytest.param("implicit", marks=pytest.mark.slow),
]
"""`make test` tries one of them, `make test-all` all."""


def as_smtplib_sends(mail: UnusualMail, _kept: bytes) -> bytes:
    """smtplib also stuffs dots after a bare LF, and terminates the last line."""
    wire = re.sub(rb"(?m)^\.", b"..", mail.content)
    wire = wire if wire.endswith(b"\r\n") else wire + b"\r\n"
    return (b"\r\n" + wire).replace(b"\r\n.", b"\r\n")[2:]


@pytest.mark.slow
@pytest.mark.parametrize("tls", TLS_WAYS)
def test_smtplib(server: Process, tls: str) -> None:
    """All messages go over one connection."""
    trusting = ssl._create_unverified_context()
    mail = make_unusual_mail(f"smtplib-{tls}.example")
    with (
        smtplib.SMTP_SSL(*server.smtps, timeout=PROGRAM_S, context=trusting)
        if tls == "implicit"
        else smtplib.SMTP(*server.smtp, timeout=PROGRAM_S)
    ) as smtp:
        if tls == "starttls":
            smtp.starttls(context=trusting)
        for kept in mail:
            options = ["BODY=8BITMIME", *(["SMTPUTF8"] if kept.needs_utf8 else [])]
            assert smtp.sendmail(kept.sender, kept.recipients, kept.content, options) == {}
    assert_delivered(server, mail, as_smtplib_sends)


@pytest.mark.slow
@pytest.mark.needs_swaks
def test_swaks(server: Process, tmp_path: Path) -> None:
    """A process a message. `-ndf` leaves dots and line ends to us.

    It has no SMTPUTF8, divides recipients at commas, takes a dash for an option, and its time over many megabytes.
    """
    host, port = server.smtp
    mail = [
        mail
        for mail in make_unusual_mail("swaks.example")
        if mail.is_whole
        and not mail.needs_utf8
        and not re.search("^-|,", mail.recipients[0])
        and len(mail.content) < 8 * 2**20
    ]

    def send(mail: UnusualMail) -> None:
        path = tmp_path / mail.name
        path.write_bytes(mail.stuffed.removesuffix(b"\r\n"))
        ends = ("--from", mail.sender or "<>", "--to", ",".join(mail.recipients), "--helo", "client.example")
        address = ("--server", host, "--port", str(port))
        run(program("swaks", "swaks"), *address, *ends, "-ndf", "--data", f"@{path}", "--hide-send")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, mail))
    assert_delivered(server, mail)


def as_nodemailer_sends(mail: UnusualMail, _kept: bytes) -> bytes:
    """nodemailer turns every line end into CRLF, and terminates the last line."""
    content = re.sub(rb"\r\n|\r|\n", b"\r\n", mail.content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


@pytest.mark.slow
@pytest.mark.needs_nodemailer
@pytest.mark.parametrize("tls", TLS_WAYS)
def test_nodemailer(server: Process, tmp_path: Path, tls: str) -> None:
    """All messages go over one connection, but for addresses with angle brackets."""
    assert (HERE / "node_modules" / "nodemailer").exists(), "nodemailer is missing: `make test` installs it"
    mail = [mail for mail in make_unusual_mail(f"nodemailer-{tls}.example") if "<" not in mail.recipients[0]]
    named = []
    for kept in mail:
        path = tmp_path / kept.name
        path.write_bytes(kept.content)
        named.append({"path": str(path), "from": kept.sender, "to": kept.recipients})
    _, port = server.smtps if tls == "implicit" else server.smtp
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        json.dumps({"port": port, "secure": tls == "implicit", "starttls": tls == "starttls", "mail": named})
    )
    run(program("node", "nodejs"), str(HERE / "send.mjs"), str(manifest))
    assert_delivered(server, mail, as_nodemailer_sends)


def write_session(mail: Sequence[UnusualMail], *, bdat: bool) -> bytes:
    """Return a whole session, pipelined; it assumes that DATA gets its 354."""
    said = [b"EHLO client.example\r\n"]
    for kept in mail:
        options = " BODY=8BITMIME" + (" SMTPUTF8" if kept.needs_utf8 else "")
        said.append(f"MAIL FROM:<{kept.sender}>{options}\r\n".encode())
        said += [f"RCPT TO:<{recipient}>\r\n".encode() for recipient in kept.recipients]
        if bdat:
            half = len(kept.content) // 2
            said += [b"BDAT %d\r\n" % half, kept.content[:half]]
            said += [b"BDAT %d LAST\r\n" % (len(kept.content) - half), kept.content[half:]]
        else:
            said += [b"DATA\r\n", kept.stuffed]
    return b"".join([*said, b"QUIT\r\n"])


def s_client(server: Process, octets: bytes, *options: str, implicit: bool) -> list[str]:
    """Send octets through `openssl s_client`; return the codes of the replies."""
    host, port = server.smtps if implicit else server.smtp
    starttls = () if implicit else ("-starttls", "smtp", "-name", "client.example")
    command = (
        program("openssl", "openssl"),
        "s_client",
        "-quiet",
        "-connect",
        f"{host}:{port}",
        *starttls,
        *options,
    )
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        feeder = threading.Thread(target=process.stdin.write, args=(octets,))
        feeder.start()
        said = process.stdout.read().decode()
        feeder.join(PROGRAM_S)
        process.kill()
    return re.findall(r"(?m)^([0-9]{3}) ", said)


@pytest.mark.needs_openssl
@pytest.mark.parametrize("way", [pytest.param("DATA", marks=pytest.mark.slow), "BDAT"])
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.slow
def test_s_client(server: Process, tls: str, way: str) -> None:
    """A pipelined session has the same result as one step by step; BDAT carries any octet."""
    mail = make_unusual_mail(f"openssl-{tls}-{way.lower()}.example")
    mail = [kept for kept in mail if way == "BDAT" or kept.is_whole]
    codes = s_client(server, write_session(mail, bdat=way == "BDAT"), implicit=tls == "implicit")
    assert {"250", "221"} <= set(codes) <= {"220", "250", "354", "221"}
    assert_delivered(server, mail)


@pytest.mark.slow
@pytest.mark.needs_openssl
def test_s_client_with_crlf(server: Process) -> None:
    """With `-crlf`, every LF is sent as CRLF."""
    mail = make_unusual_mail("openssl-crlf.example")
    mail = [kept for kept in mail if kept.is_whole and not kept.has_bare_lf and len(kept.content) < 2**20]
    octets = write_session(mail, bdat=False).replace(b"\r\n", b"\n")
    s_client(server, octets, "-crlf", implicit=False)
    assert_delivered(server, mail)
