"""A server that is started for tests, or joined."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from testkit.running_app import resolved_in, running
from testkit.sending import send
from testkit.waiting import until

from edgemail.testing import MailError, Server, ServerNotFound, server_process

if TYPE_CHECKING:
    from pathlib import Path

START_S = 60.0
HOLD = (
    "from edgemail.testing import Server; s = Server.start(); print(s._process._process.pid, flush=True); input()"
)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_ends_when_its_tests_are_killed() -> None:
    """Even by SIGKILL, which leaves a program no time to tidy up."""
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        pid = int(holder.stdout.readline())
        assert is_running(pid)
        holder.send_signal(signal.SIGKILL)
    await until(lambda: not is_running(pid))


def test_settings_of_the_machine_do_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither those of the environment, nor a file of them, nor modules of the project under test."""
    monkeypatch.setenv("EDGEMAIL_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("EDGEMAIL_DOMAIN", "example.org")
    monkeypatch.setenv("MP_SMTP_BIND_ADDR", "nonsense")
    monkeypatch.setenv("LIBSQL_URL", "nonsense")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    (tmp_path / "click.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    with Server.start() as server:
        assert server.api.get("api/server")["domains"] == []
        assert server.smtp.url == f"smtp://{server.smtp.host}:{server.smtp.port}" == f"{server.smtp}"


def test_a_start_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_process, "_ARGUMENTS", ("serve", "--smtp", "127.0.0.1:0", "--set", "nonsense=1"))
    with pytest.raises(ServerNotFound, match=r"(?s)edgemail ended with exit status 78:\n.*nonsense"):
        Server.start()


def test_a_server_that_runs_is_joined(mail_server: Server) -> None:
    """It says itself where it takes mail, unless that is given."""
    with Server.join(mail_server.url.rstrip("/")) as joined:
        assert (joined.url, joined.smtp) == (mail_server.url, mail_server.smtp)
        inbox = joined.inbox()
        send(mail_server.smtp, inbox)
        assert inbox.wait().subject == "Hello"
    with Server.join(mail_server.url, "smtp://127.0.0.2:26") as joined:
        assert (joined.smtp.host, joined.smtp.port) == ("127.0.0.2", 26)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", r"No edgemail at http://127\.0\.0\.1:9/ \(Connection refused\)\."),
        (
            "http://kim:s3cret@127.0.0.1:9/mail",
            r"No edgemail at http://127\.0\.0\.1:9/mail/ \(Connection refused\)\.",
        ),
        ("127.0.0.1:9", '"127.0.0.1:9" is not a URL such as http://127.0.0.1:8025/'),
    ],
)
def test_where_none_runs(url: str, said: str) -> None:
    """The message has no secret of the URL."""
    with pytest.raises(ServerNotFound, match=f"^{said}"):
        Server.join(url)


def test_what_answers_is_no_edgemail() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(ServerNotFound, match=r"\(it answered 404\)"):
            Server.join(f"http://127.0.0.1:{listening.getsockname()[1]}")
        answering.join()


async def test_a_server_that_tells_nobody_of_others(tmp_path: Path) -> None:
    """In public mode: an inbox has the server's domain, and a failure says nothing of other mail."""
    async with running(resolved_in(tmp_path, domain="mail.example")) as program:

        def look() -> None:
            with Server.join(program.url) as joined:
                inbox = joined.inbox()
                assert inbox.address.endswith("@mail.example")
                send(joined.smtp, inbox, "kim@mail.example")
                message = inbox.wait()
                assert message.envelope_to == (inbox.address,)
                assert b"Hello." in message.raw
                with pytest.raises(MailError) as failed:
                    inbox.wait(timeout=0)
                assert str(failed.value).splitlines()[1:] == [
                    "1 other came to this address:",
                    f"  {message.title}   (returned before)",
                    f"Page: {joined.url}#/{inbox}",
                ]

        await asyncio.to_thread(look)


def test_an_idle_connection_that_the_server_has_closed(mail_server: Server) -> None:
    """The request is made over a new one."""
    with Server.join(mail_server.url) as joined:
        (idle,) = joined.api._idle
        assert idle.sock is not None
        idle.sock.shutdown(socket.SHUT_RDWR)
        assert joined.api.get("healthz") == {"status": "ok"}
