"""`edgemail serve --db memory` as a process: it takes, shows and loses mail."""

from __future__ import annotations

import json
import signal
import smtplib
import subprocess
from typing import TYPE_CHECKING

from testkit.api_reader import PROGRAM_S
from testkit.sample_mail import letter
from testkit.server_process import THIS_PYTHON, Process, serving

if TYPE_CHECKING:
    from pathlib import Path

KIM = "kim@example.org"


def ask(program: Process, *arguments: str) -> str:
    """Run a command of edgemail against the server; return what it prints."""
    done = subprocess.run(
        [*THIS_PYTHON, *arguments, "--url", program.url],
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mail_is_taken_shown_deleted_and_lost_at_the_end(tmp_path: Path) -> None:
    """The start says in a line that the end loses all. No file is written meanwhile."""
    with serving(tmp_path / "mail.db", url="memory") as program:
        assert "Mail  memory, lost when edgemail ends\n" in program.said
        with smtplib.SMTP(*program.smtp, timeout=PROGRAM_S) as client:
            client.sendmail("bob@sender.example", KIM, letter("Your code is 481223"))
            waited = json.loads(ask(program, "wait", KIM, "--timeout", "30", "--json"))
            assert (waited["id"], waited["subject"]) == (1, "Your code is 481223")
            client.sendmail("bob@sender.example", KIM, letter("Large", "x" * 70 + "\r\n" + "y\r\n" * 200_000))
        listed = json.loads(ask(program, "list", KIM, "--json"))
        assert [message["subject"] for message in listed] == ["Large", "Your code is 481223"]
        ask(program, "delete", "2", "--yes")
        listed = json.loads(ask(program, "list", KIM, "--json"))
        assert [message["id"] for message in listed] == [1]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["log.txt"]
        program.process.send_signal(signal.SIGTERM)
        assert program.wait() == 0
    with serving(tmp_path / "mail.db", url="memory") as program:
        assert json.loads(ask(program, "list", KIM, "--json")) == []


def test_it_does_not_only_read(tmp_path: Path) -> None:
    """Without SMTP nothing could ever be in it: the start says so in a line."""
    done = subprocess.run(
        [*THIS_PYTHON, "serve", "--db", "memory", "--no-smtp", "--http", "127.0.0.1:0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert done.returncode == 78
    assert done.stderr.splitlines()[-1].endswith("has only the mail that this program takes; listen with --smtp")
