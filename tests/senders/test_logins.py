"""Clients where a login is asked for, or TLS, or both: with the right password and with a wrong one."""

from __future__ import annotations

import smtplib
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import bcrypt
import pytest
from testkit.api_reader import PROGRAM_S, listing, program
from testkit.server_process import Process, serving

from edgemail.system.certificate import create_self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGIN = Path(__file__).parent / "apps" / "login.mjs"
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
SWAKS_NO_LOGIN = 28


def write_logins(folder: Path, secret: str) -> str:
    path = folder / "logins"
    path.touch(mode=0o600)
    path.write_text(f"# who may send\napp:{secret}\n")
    return str(path)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program with an `auth_file` of plain passwords."""
    folder = tmp_path_factory.mktemp("asking")
    with serving(folder / "mail.db", EDGEMAIL_AUTH_FILE=write_logins(folder, "s3cret pass")) as process:
        yield process


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program with hashed passwords, in public mode, and with `require_tls`."""
    folder = tmp_path_factory.mktemp("strict")
    hashed = bcrypt.hashpw(b"s3cret pass", bcrypt.gensalt(4)).decode()
    cert = create_self_signed(folder / "cert.pem", ["mx.example.com"])
    environ = {"EDGEMAIL_TLS_CERT": str(cert), "EDGEMAIL_REQUIRE_TLS": "on", "EDGEMAIL_MODE": "public"}
    with serving(folder / "mail.db", EDGEMAIL_AUTH_FILE=write_logins(folder, hashed), **environ) as process:
        yield process


def attempt(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_S, check=False)


def by_swaks(server: Process, to: str, *options: str) -> subprocess.CompletedProcess[str]:
    host, port = server.smtp
    address = ("--server", host, "--port", str(port), "--helo", "app.example", "--from", "app@sender.example")
    return attempt(program("swaks", "swaks"), *address, "--to", to, "--header", "Subject: swaks", *options)


def by_nodemailer(server: Process, to: str, method: str, secret: str) -> subprocess.CompletedProcess[str]:
    host, port = server.smtp
    return attempt(program("node", "nodejs"), str(LOGIN), host, str(port), to, method, "app", secret)


def count(server: Process, to: str) -> int:
    return len(listing(server, to))


@pytest.mark.needs_swaks
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_swaks(asking: Process, mechanism: str) -> None:
    """It says 535, and 530 where it does not log in at all."""
    to = f"swaks-{mechanism.lower()}@example.org"
    options = ("--auth", mechanism, "--auth-user", "app", "--auth-password")
    right, wrong = by_swaks(asking, to, *options, "s3cret pass"), by_swaks(asking, to, *options, "wrong")
    assert (right.returncode, "235 2.7.0 Authenticated" in right.stdout) == (0, True), right.stdout
    assert (wrong.returncode, "535 5.7.8" in wrong.stdout) == (SWAKS_NO_LOGIN, True), wrong.stdout
    assert "530 5.7.0 Authentication required" in by_swaks(asking, to).stdout
    assert count(asking, to) == 1


@pytest.mark.needs_nodemailer
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_nodemailer(asking: Process, mechanism: str) -> None:
    """It says EAUTH and 535."""
    to = f"nodemailer-{mechanism.lower()}@example.org"
    right, wrong = (by_nodemailer(asking, to, mechanism, secret) for secret in ("s3cret pass", "wrong"))
    assert right.returncode == 0, right.stderr
    assert (wrong.returncode, wrong.stderr.split()) == (1, ["EAUTH", "535"])
    assert count(asking, to) == 1


def test_smtplib(asking: Process) -> None:
    """`login` chooses a mechanism by itself."""
    to = "smtplib@example.org"
    with smtplib.SMTP(*asking.smtp, timeout=PROGRAM_S) as client:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            client.sendmail("app@sender.example", [to], "Subject: x\r\n\r\nx")
        with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
            client.login("app", "wrong")
        client.login("app", "s3cret pass")
        client.sendmail("app@sender.example", [to], "Subject: x\r\n\r\nx")
    assert count(asking, to) == 1


@pytest.mark.needs_swaks
def test_swaks_without_tls(strict: Process) -> None:
    """It is offered no AUTH in the clear, and MAIL gets 530."""
    to = "swaks-tls@example.org"
    login = ("--auth", "PLAIN", "--auth-user", "app", "--auth-password", "s3cret pass")
    assert "530 5.7.0 Must issue a STARTTLS command first" in by_swaks(strict, to).stdout
    assert by_swaks(strict, to, *login).returncode == SWAKS_NO_LOGIN
    assert count(strict, to) == 0


@pytest.mark.needs_nodemailer
def test_nodemailer_over_tls(strict: Process) -> None:
    """It uses STARTTLS where that is offered, then logs in."""
    to = "nodemailer-tls@example.org"
    done = by_nodemailer(strict, to, "PLAIN", "s3cret pass")
    assert done.returncode == 0, done.stderr
    assert by_nodemailer(strict, to, "PLAIN", "wrong").stderr.split() == ["EAUTH", "535"]
    assert count(strict, to) == 1


def test_smtplib_over_tls(strict: Process) -> None:
    """`login` has no mechanism before STARTTLS."""
    to = "smtplib-tls@example.org"
    with smtplib.SMTP(*strict.smtp, timeout=PROGRAM_S) as client:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.login("app", "s3cret pass")
        client.starttls(context=ssl._create_unverified_context())
        client.ehlo()
        assert client.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
        client.login("app", "s3cret pass")
        client.sendmail("app@sender.example", [to], "Subject: x\r\n\r\nx")
    assert count(strict, to) == 1
