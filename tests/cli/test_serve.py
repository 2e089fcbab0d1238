"""`edgemail serve` as a process: what it prints, how it stops, and how it fails."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from testkit.server_process import UNBOUNDED

from edgemail.cli import testmail
from edgemail.cli.serve import _run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Running:
    """A running server, and the lines that it printed."""

    process: subprocess.Popen[str]
    lines: list[str]

    @property
    def smtp(self) -> str:
        return self.lines[0].removeprefix("SMTP  smtp://")

    @property
    def url(self) -> str:
        return self.lines[1].removeprefix("Web   ")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Stop it; return its status and what it wrote to the standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@contextmanager
def running(*arguments: str, **environ: str) -> Iterator[Running]:
    """Start the program on free ports and wait until it says where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "edgemail", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments],
        env={"PATH": os.environ["PATH"]} | UNBOUNDED | environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield Running(process, [process.stdout.readline().rstrip("\n") for _ in range(3)])
        finally:
            process.kill()


def run_serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the program with settings that make it fail."""
    return subprocess.run(
        [sys.executable, "-m", "edgemail", "serve", *arguments],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_stops_when_told(number: int, tmp_path: Path) -> None:
    """The lines have the real ports of port 0, and by then both ports answer."""
    with running("--db", str(tmp_path / "mail.db")) as server:
        host, _, port = server.smtp.rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=10) as client:
            assert client.noop()[0] == 250
        with urllib.request.urlopen(f"{server.url}healthz", timeout=10) as answer:
            assert answer.status == 200
        assert server.lines[2] == f"Mail  {tmp_path / 'mail.db'}"
        assert server.stop(number)[0] == 0


@pytest.mark.parametrize(
    "option", [pytest.param((), marks=pytest.mark.slow), ("--stop-on-eof",)], ids=["else", "asked"]
)
def test_it_stops_when_its_standard_input_ends_if_it_was_asked_to(option: tuple[str, ...]) -> None:
    """Who started it may be killed and never tell; a daemon has no input from the start."""
    with running("--db", "memory", *option) as server:
        assert server.process.stdin is not None
        server.process.stdin.write("What it is sent means nothing.\n")
        server.process.stdin.close()
        if option:
            assert server.process.wait(timeout=30) == 0
        else:
            with urllib.request.urlopen(f"{server.url}healthz", timeout=10) as answer:
                assert answer.status == 200
            assert server.process.poll() is None
            server.process.terminate()


def test_threads_take_turns_sooner_than_python_lets_them() -> None:
    """Else the event loop waits up to 5 ms, several times in a dialogue, while another thread parses."""

    async def look() -> None:
        seen.append(sys.getswitchinterval())

    usual_s, seen = sys.getswitchinterval(), list[float]()
    try:
        _run(look())
    finally:
        sys.setswitchinterval(usual_s)
    assert seen[0] < usual_s / 5


def test_a_database_in_the_temporary_directory_is_warned_of(tmp_path: Path) -> None:
    """Files there may be deleted when the machine restarts."""
    with running(TMPDIR=str(tmp_path)) as server:
        assert server.lines[2] == f"Mail  {tmp_path / 'edgemail.db'}"
        _, errors = server.stop()
    assert "WARNING" in errors
    assert str(tmp_path / "edgemail.db") in errors


def test_the_log_can_be_json_lines(tmp_path: Path) -> None:
    """Each line is a JSON object, whichever library logged it."""
    with running("--log-format", "json", "--set", "log_level=debug", TMPDIR=str(tmp_path)) as server:
        _, errors = server.stop()
    records: list[dict[str, Any]] = [json.loads(line) for line in errors.splitlines()]
    assert records
    assert all({"time", "level", "logger", "message"} <= set(record) for record in records)


def test_settings_reach_the_server(tmp_path: Path) -> None:
    """Settings of the file, the environment and the flags show in SMTP replies."""
    config = tmp_path / "edgemail.toml"
    config.write_text(f'domain = ["a.org"]\ndb = "{tmp_path / "mail.db"}"\n')
    with running(
        "--hostname", "mx.a.org", EDGEMAIL_CONFIG=str(config), EDGEMAIL_MAX_MESSAGE_BYTES="64KiB"
    ) as server:
        host, _, port = server.smtp.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(b"EHLO client\r\n")
            with client.makefile("rb") as replies:
                assert replies.readline().startswith(b"220 mx.a.org ")
                extensions = list(_read_reply(replies))
        assert any(b"SIZE 65536" in line for line in extensions)
        with smtplib.SMTP(host, int(port), timeout=10) as mailer, pytest.raises(smtplib.SMTPRecipientsRefused):
            mailer.send_message(testmail.make_testmail("s@b.org", "kim@b.org", 1, 1))


def _read_reply(replies: Any) -> Iterator[bytes]:
    """Give the lines of one reply."""
    for line in replies:
        yield line
        if line[3:4] == b" ":
            return


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """The line names the endpoint and the flag that changes it; a unit does not try again and again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run_serve("--smtp", endpoint, "--http", "off", "--db", str(tmp_path / "mail.db"))
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr == f"{endpoint} is in use by another program; choose another port with --smtp\n"


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    """It ends with the status of a wrong setting, and the file is unchanged."""
    path = tmp_path / "mail.db"
    path.write_text("Dear diary,\n" * 100)
    ended = run_serve("--smtp", "127.0.0.1:0", "--http", "off", "--db", str(path))
    assert (ended.returncode, ended.stdout) == (78, "")
    assert len(ended.stderr.splitlines()) == 1
    assert str(path) in ended.stderr
    assert path.read_text() == "Dear diary,\n" * 100


def test_wrong_variables_of_mailpits_are_a_line_each(tmp_path: Path) -> None:
    """Each line names the variable, and the status is that of wrong settings."""
    path = tmp_path / "mail.db"
    environ = {"MP_DATABASE": str(path), "MP_MAX_AGE": "3w", "MP_UI_BIND_ADDR": "8025", "MP_UI_AUTH": "s3cret"}
    ended = subprocess.run(
        [sys.executable, "-m", "edgemail"],
        env={"PATH": os.environ["PATH"]} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (78, "")
    assert sorted(line.partition(":")[0] for line in ended.stderr.splitlines()) == sorted(
        set(environ) - {"MP_DATABASE"}
    )
    assert not path.exists()


def test_what_is_ignored_of_mailpits_is_logged_once(tmp_path: Path) -> None:
    """A reload does not say it again."""
    with running("--db", str(tmp_path / "mail.db"), MP_SMTP_RELAY_HOST="smtp.example") as server:
        assert server.process.stderr is not None
        lines = []
        for line in server.process.stderr:
            lines.append(line)
            if "these do nothing here" in line:
                server.process.send_signal(signal.SIGHUP)
            if "read again" in line:
                break
        _, rest = server.stop()
    assert (("".join(lines)) + rest).count("MP_SMTP_RELAY_HOST (edgemail never sends mail)") == 1


def test_a_reader_says_that_it_only_reads(tmp_path: Path) -> None:
    """`--no-smtp` needs an existing database, and opens no port for SMTP."""
    path = tmp_path / "mail.db"
    with running("--db", str(path)) as server:
        server.stop()
    command = [sys.executable, "-m", "edgemail", "--no-smtp", "--http", "127.0.0.1:0", "--db", str(path)]
    with subprocess.Popen(command, env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Web   http://127.0.0.1:")
            assert process.stdout.readline() == f"Mail  {path} (only read)\n"
        finally:
            process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-smtp", "--http", "off"], "nothing is left to do"),
        (["--no-smtp", "--smtp", "127.0.0.1:0"], "--smtp is given as well"),
        (["--no-smtp", "--db", "missing.db"], "missing.db is not there"),
        (["--no-smtp", "--db", "http://127.0.0.1:9", "--db-token-file", "missing.jwt"], "missing.jwt"),
        (["--no-smtp", "--db", "http://127.0.0.1:9", "--db-token-file", "/dev/null"], "is empty"),
    ],
)
def test_a_reader_that_cannot_begin_is_one_line(arguments: list[str], words: str) -> None:
    """The status is 78, since trying again does not help."""
    ended = run_serve(*arguments) if "--http" in arguments else run_serve("--http", "127.0.0.1:0", *arguments)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert len(ended.stderr.splitlines()) == 1
    assert words in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["--set", "require_tls=on"],
            "--set require_tls: nobody could use TLS without a certificate; set tls_cert as well",
        ),
        (
            ["--set", "require_tls=on", "--tls", "off"],
            "--set require_tls: nobody could use TLS, as tls is off; leave one of the two out",
        ),
        (["--auth", "required"], "--auth: nobody could log in without names and passwords; set auth_file as well"),
        (
            ["--auth", "any", "--set", "auth_file=/dev/null"],
            "--set auth_file: --auth = any asks for none of its passwords; leave one of the two out",
        ),
        (
            ["--set", "auth_file=/no/such"],
            'auth_file: "/no/such" cannot be read: No such file or directory; name a file with lines name:secret',
        ),
        (["--set", "auth_file=/dev/null"], 'auth_file: "/dev/null" has no password; write lines name:secret'),
    ],
)
def test_what_senders_could_not_give_is_one_line(tmp_path: Path, arguments: list[str], line: str) -> None:
    """A server that nobody could send to does not start, with the status of a wrong setting."""
    ended = run_serve("--smtp", "127.0.0.1:0", "--http", "off", "--db", str(tmp_path / "mail.db"), *arguments)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert [text for text in ended.stderr.splitlines() if "chmod" not in text] == [line]
    assert not (tmp_path / "mail.db").exists()
