"""Real programs read by POP3: fetchmail, mutt, curl, Go's and Java's."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import letter
from testkit.tools import JAKARTA_MAIL

from tests.pop3_server.reading import address_of, in_thread, make_certificate, serving_pop3

if TYPE_CHECKING:
    from testkit.running_app import Program

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).with_name("clients")
PROGRAM_S = 120.0
DOTS = b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n"
ADDRESS = "Ann.Smith+tag@Example.org"
INBOX = ADDRESS.lower()


def run(*command: str, cwd: Path) -> bytes:
    """Run a program with a home of its own; return what it says."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, timeout=PROGRAM_S, check=False)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout


async def subjects(program: Program) -> list[str]:
    return [message["subject"] for message in await program.list_inbox(INBOX)]


@pytest.mark.needs_fetchmail
@pytest.mark.parametrize("way", ["plain", "STLS", "implicit TLS"])
async def test_fetchmail_takes_all_mail_away(tmp_path: Path, way: str) -> None:
    """Each message comes once, octet for octet but for its line ends, and is deleted."""
    given, _ = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, pop3s="127.0.0.1:0", **given) as program:
        ids = await program.send(DOTS, letter("two", text="line\r\n" * 3000), to=(INBOX,))
        kept = [(await program.ask(f"/api/messages/{mail_id}/raw")).body for mail_id in ids]
        host, port = address_of(program, int(way == "implicit TLS"))
        trust = f"sslcertck sslcertfile {given['tls_cert']}"
        tls = {"plain": "sslproto ''", "STLS": f"sslproto tls1.2+ {trust}", "implicit TLS": f"ssl {trust}"}[way]
        rc = tmp_path / "fetchmailrc"
        rc.write_text(
            f"poll {host} port {port} protocol pop3 auth password user '{ADDRESS}' password 'x' {tls} "
            f"fetchall nokeep no rewrite mda 'cat >> {tmp_path}/got'\n"
        )
        rc.chmod(0o600)
        command = ("fetchmail", "-f", str(rc), "--nodetach", "--nosyslog", "--pidfile", str(tmp_path / "pid"))
        await in_thread(lambda: run(*command, cwd=tmp_path))
        assert await subjects(program) == []
    got = (tmp_path / "got").read_bytes()
    for message in kept:  # fetchmail puts fields of its own in front
        assert message.partition(b"Subject:")[2].replace(b"\r\n", b"\n").rstrip(b"\n") in got


@pytest.mark.needs_mutt
async def test_mutt_opens_an_inbox(tmp_path: Path) -> None:
    """It lists the inbox, saves a message to a file, and deletes it."""
    async with serving_pop3(tmp_path) as program:
        await program.send(DOTS, letter("two"), to=(INBOX,))
        host, port = address_of(program)
        rc, saved = tmp_path / "muttrc", tmp_path / "saved"
        rc.write_text(
            f"set pop_user='{ADDRESS}' pop_pass='any' pop_authenticators='plain:user' folder={tmp_path}\n"
            "set ssl_starttls=no ssl_force_tls=no header_cache='' mbox_type=mbox sort=mailbox-order\n"
            "set confirmappend=no confirmcreate=no delete=yes move=no quit=yes wait_key=no\n"
            f"push '<first-entry><copy-message>{saved}<enter><first-entry><delete-message><sync-mailbox><exit>'\n"
        )
        command = ("mutt", "-n", "-F", str(rc), "-f", f"pop://{host}:{port}/")
        await in_thread(lambda: run_in_terminal(*command, cwd=tmp_path))
        assert b"\n\n.\n..\n.x\n" in saved.read_bytes()
        assert await subjects(program) == ["two"]


def run_in_terminal(*command: str, cwd: Path) -> None:
    """Run a program that draws on a terminal."""
    ours, theirs = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), "TERM": "vt100", "LANG": "C.UTF-8"}
    drawn = b""

    def read() -> None:
        nonlocal drawn
        while True:
            try:
                drawn += os.read(ours, 4096)
            except OSError:  # the program has ended
                return

    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=environ) as process:
        os.close(theirs)
        thread = threading.Thread(target=read)
        thread.start()
        try:
            assert process.wait(PROGRAM_S) == 0, drawn
        finally:
            process.kill()
            thread.join()
            os.close(ours)


@pytest.mark.needs_curl
async def test_curl_logs_in_by_sasl_and_reads(tmp_path: Path) -> None:
    """A list, a message, and a deletion."""
    async with serving_pop3(tmp_path) as program:
        (mail_id,) = await program.send(DOTS, to=(INBOX,))
        kept = (await program.ask(f"/api/messages/{mail_id}/raw")).body
        host, port = address_of(program)
        url, login = f"pop3://{host}:{port}", ("--silent", "--show-error", "--user", f"{ADDRESS}:any password")
        assert await in_thread(lambda: run("curl", *login, f"{url}/", cwd=tmp_path)) == b"1 %d\r\n" % len(kept)
        assert await in_thread(lambda: run("curl", *login, f"{url}/1", cwd=tmp_path)) == kept
        await in_thread(lambda: run("curl", *login, "--head", "--request", "DELE", f"{url}/1", cwd=tmp_path))
        assert await subjects(program) == []


@pytest.mark.needs_go
async def test_go_reads_an_inbox(tmp_path: Path) -> None:
    """By net/textproto, which takes dots out."""
    binary = str(tmp_path / "read")
    build = ("go", "build", "-o", binary, str(CLIENTS / "read.go"))
    await in_thread(lambda: subprocess.run(build, check=True, timeout=PROGRAM_S, cwd=tmp_path))
    async with serving_pop3(tmp_path) as program:
        await program.send(DOTS, letter("two"), to=(INBOX,))
        host, port = address_of(program)
        said = await in_thread(lambda: run(binary, f"{host}:{port}", ADDRESS, cwd=tmp_path))
        assert said.decode().splitlines()[0] == "dots 8"
        assert await subjects(program) == ["two"]


@pytest.mark.needs_java
@pytest.mark.parametrize("trust", ["", "127.0.0.1"], ids=["plain", "STLS"])
async def test_jakarta_mail_reads_an_inbox(tmp_path: Path, trust: str) -> None:
    """With unique ids, TOP and sizes, as its store does."""
    given, _ = make_certificate(tmp_path)
    async with serving_pop3(tmp_path, **given) as program:
        await program.send(DOTS, letter("two"), to=(INBOX,))
        host, port = address_of(program)
        path = ":".join(map(str, JAKARTA_MAIL))
        command = ("java", "-cp", path, str(CLIENTS / "Read.java"), host, str(port), ADDRESS, trust)
        said = (await in_thread(lambda: run(*command, cwd=tmp_path))).decode().splitlines()
        assert said[0].endswith(" dots 11")
        assert " two " in said[1]
        assert await subjects(program) == ["two"]
