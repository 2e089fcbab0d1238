"""SIGHUP to a running program: what it changes, what stays, and that no connection ends."""

from __future__ import annotations

import os
import pty
import signal
import smtplib
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from testkit.server_process import THIS_PYTHON, UNBOUNDED, serving
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testkit.server_process import Process

__all__ = ["bounded"]


class Server:
    """A program, its settings file and its log."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process = process
        self._folder = folder

    def log(self) -> str:
        return (self._folder / "log.txt").read_text()

    def reload(self, settings: str, said: str = "the settings were read again") -> str:
        """Change the file, send SIGHUP, and return what was logged since, once `said` was."""
        before = len(self.log())
        (self._folder / "edgemail.toml").write_text(settings)
        self.process.process.send_signal(signal.SIGHUP)
        wait_for(lambda: said in self.log()[before:])
        return self.log()[before:]


def wait_for(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def running(folder: Path, settings: str) -> Iterator[Server]:
    config = folder / "edgemail.toml"
    config.write_text(settings)
    with serving(folder / "mail.db", EDGEMAIL_CONFIG=str(config), EDGEMAIL_MIN_FREE="") as process:
        yield Server(process, folder)


def test_other_lists_and_chaos_are_in_force_and_no_connection_ends(tmp_path: Path) -> None:
    """They hold for the next command of an open connection, and for new connections from the start."""
    with (
        running(tmp_path, 'deny_senders = ["*@a.example"]') as server,
        smtplib.SMTP(*server.process.smtp) as client,
    ):
        client.helo()
        assert client.mail("x@a.example")[0] == 550
        server.reload('deny_senders = ["*@b.example"]\nchaos = ["rcpt:455:slow@*"]')
        assert client.mail("x@b.example")[0] == 550
        assert client.mail("x@a.example")[0] == 250
        assert client.rcpt("slow@c.example")[0] == 455
        assert "chaos is on, mail is refused on purpose: rcpt:455:slow@*" in server.log()
        server.reload('deny_sources = ["127.0.0.0/8"]')
        assert "chaos is off" in server.log()
        with pytest.raises(smtplib.SMTPConnectError, match="554"):
            smtplib.SMTP(*server.process.smtp)
        server.reload("")
        assert client.rcpt("slow@c.example")[0] == 250
        assert client.data(b"Subject: Hi\r\n\r\nHi.\r\n")[0] == 250


def test_a_file_with_mistakes_changes_nothing(tmp_path: Path) -> None:
    """Each mistake is a line of the log. The old settings stay in force, and the program goes on."""
    with (
        running(tmp_path, 'deny_senders = ["*@a.example"]') as server,
        smtplib.SMTP(*server.process.smtp) as client,
    ):
        client.helo()
        said = server.reload('deny_senders = ["<x@y>"]\nchaos = "mail:200"\nmin_fre = 3', "chaos")
        wait_for(lambda: server.log().count("the settings stay as they are") == 3)
        assert "ERROR" in said
        assert "min_free?" in server.log()
        assert client.mail("x@a.example")[0] == 550
        said = server.reload("deny_senders = [", "not valid TOML")
        assert client.mail("x@a.example")[0] == 550


def test_settings_that_need_a_restart_are_named(tmp_path: Path) -> None:
    """The log has one line without their values, since one of them may be a secret."""
    with running(tmp_path, "") as server:
        said = server.reload(
            'max_errors = 3\ndb_token = "s3cret"\nchaos = "mail:451"',
            "these settings have changed and need a restart: db_token, max_errors\n",
        )
        assert "s3cret" not in said
        assert "restart" not in server.reload("")


def test_the_disk_floor_is_reloaded(tmp_path: Path) -> None:
    """The log names the setting that refuses mail, and a reload of it is enough."""
    with running(tmp_path, 'min_free = "off"') as server, smtplib.SMTP(*server.process.smtp) as client:
        client.helo()
        said = server.reload('min_free = "1000000TB"')
        assert "mail is refused with 452" in said
        assert "the setting min_free asks for" in said
        assert client.mail("x@a.example")[0] == 452
        server.reload('min_free = "off"')
        assert client.mail("x@a.example")[0] == 250


def test_a_lost_terminal_ends_the_program(tmp_path: Path) -> None:
    """A program that was started by hand ends when its terminal is closed."""
    ours, its = pty.openpty()
    command = [*THIS_PYTHON, "serve", "--smtp", "127.0.0.1:0", "--http", "off", "--db", str(tmp_path / "mail.db")]
    log = tmp_path / "log.txt"
    code = "import os, sys; os.login_tty(0); os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 2)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}; os.execv(sys.argv[2], sys.argv[2:])", str(log), *command],
        stdin=its,
        env=os.environ | UNBOUNDED,
    ) as process:
        try:
            os.close(its)
            said = b""
            while b"Mail" not in said:
                said += os.read(ours, 4096)
            process.send_signal(signal.SIGHUP)
            wait_for(lambda: "the settings were read again" in log.read_text())
            os.close(ours)
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()
