"""Start, stop, and what may go wrong on the way."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from testkit.http_client import ask
from testkit.ports import free_port
from testkit.running_app import Program, running, settings_in
from testkit.sample_mail import letter
from testkit.server_process import START_S, THIS_PYTHON, serving
from testkit.waiting import PATIENCE_S, until

from edgemail.app import App, serve
from edgemail.errors import ListenError, StoreInvalid, StoreUnavailable
from edgemail.mailbox.retention import Retention
from edgemail.model import Endpoint
from edgemail.settings import StoreSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgemail.settings import Settings


async def test_the_program_says_where_it_listens_and_keeps_mail(tmp_path: Path) -> None:
    """Four lines, soon after the start, and each of them is true; the last one is Mailpit's."""
    started = time.monotonic()
    with serving(tmp_path / "mail.db") as server:
        assert time.monotonic() - started < START_S / 2
        lines = server.said.splitlines()
        assert [line.split()[0] for line in lines[:3]] == ["SMTP", "Web", "Mail"]
        assert lines[2].split() == ["Mail", str(tmp_path / "mail.db")]
        (line,) = lines[3:]
        pattern = r'time="\d{4}/\d\d/\d\d \d\d:\d\d:\d\d" level=info msg="\[http\] accessible via (.*)"'
        match = re.fullmatch(pattern, line)
        assert match
        assert match[1] == f"{server.url}/"
        with smtplib.SMTP(*server.smtp, timeout=PATIENCE_S) as client:
            client.sendmail("a@b.example", ["ann@example.org"], "Subject: Hello\r\n\r\nHello.\r\n")
        answer = await ask(server.url, "/api/inboxes/ann@example.org/messages")
        assert [message["subject"] for message in answer.json()["messages"]] == ["Hello"]
        server.process.terminate()
        assert server.wait() == 0


async def test_metrics_on_a_port_of_their_own_are_said_too(tmp_path: Path) -> None:
    """A line more, and it is true."""
    with serving(tmp_path / "mail.db", EDGEMAIL_METRICS="127.0.0.1:0") as server:
        lines = [line.split() for line in server.said.splitlines()]
        assert [line[0] for line in lines[:4]] == ["SMTP", "Web", "Metrics", "Mail"]
        url, _, path = lines[2][1].rpartition("/")
        assert b"edgemail_build_info" in (await ask(url, f"/{path}")).body
        server.process.terminate()
        assert server.wait() == 0


@pytest.mark.parametrize(
    ("listen", "path", "shown"),
    [
        ("0.0.0.0", "", "http://localhost:{}/"),
        ("[::]", "/mail", "http://localhost:{}/mail/"),
        ("127.0.0.1", "/mail", "http://127.0.0.1:{}/mail/"),
    ],
)
def test_programs_that_wait_for_mailpits_line_get_it(listen: str, path: str, shown: str, tmp_path: Path) -> None:
    """A wildcard is `localhost`; both ports answer by then."""
    environ = {"MP_UI_BIND_ADDR": f"{listen}:{free_port()}", "MP_WEBROOT": path, "EDGEMAIL_MIN_FREE": "off"}
    command = [*THIS_PYTHON, "--smtp", "127.0.0.1:0", "--db", str(tmp_path / "mail.db")]
    with subprocess.Popen(command, env=os.environ | environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            line = next(line for line in lines if re.fullmatch(r".*\[http\] accessible via.*\n", line))
            port = environ["MP_UI_BIND_ADDR"].rpartition(":")[2]
            assert line.endswith(f' level=info msg="[http] accessible via {shown.format(port)}"\n')
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}/readyz", timeout=START_S) as answer:
                assert answer.status == 200
        finally:
            process.terminate()
        assert process.wait(START_S) == 0


WITHOUT_IPV6 = """
import errno, socket, sys
from edgemail.cli import main

class Ipv4Socket(socket.socket):
    def __init__(self, family=-1, *rest, **named):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        super().__init__(family, *rest, **named)

socket.socket = Ipv4Socket
main()
"""


@pytest.mark.parametrize("is_there", [True, False])
def test_every_address_is_ipv4_alone_where_there_is_no_ipv6(is_there: bool, tmp_path: Path) -> None:
    """The image listens on both, and many containers have only IPv4."""
    program = ["-m", "edgemail"] if is_there else ["-c", WITHOUT_IPV6]
    smtp, http = free_port(), free_port()
    listen = [word for name, port in (("smtp", smtp), ("http", http)) for host in ("0.0.0.0", "[::]")
              for word in (f"--{name}", f"{host}:{port}")]  # fmt: skip
    command = [sys.executable, *program, *listen, "--db", str(tmp_path / "mail.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line.rstrip())
                if "accessible via" in line:
                    break
            assert lines[:-2] == [
                f"SMTP  smtp://0.0.0.0:{smtp}",
                *([f"SMTP  smtp://[::]:{smtp}"] if is_there else []),
                f"Web   http://0.0.0.0:{http}/",
                *([f"Web   http://[::]:{http}/"] if is_there else []),
            ]
        finally:
            process.terminate()
        assert process.wait(START_S) == 0


async def test_port_0_is_any_free_one(tmp_path: Path) -> None:
    """Two programs on one machine do not meet."""
    (tmp_path / "other").mkdir()
    async with running(settings_in(tmp_path)) as first, running(settings_in(tmp_path / "other")) as second:
        assert len({first.smtp, second.smtp, first.url, second.url}) == 4
        assert first.smtp[1] != 0


async def test_several_smtp_listeners_and_no_http(tmp_path: Path) -> None:
    """Each endpoint takes mail, and the page may be left out."""
    settings = settings_in(tmp_path)
    smtp = dataclasses.replace(settings.smtp, listen=(Endpoint("127.0.0.1", 0), Endpoint("127.0.0.2", 0)))
    http = dataclasses.replace(settings.http, listen=())
    app = await App.start(dataclasses.replace(settings, smtp=smtp, http=http))
    try:
        assert app.http_urls == []
        assert [url.rpartition(":")[0] for url in app.smtp_urls] == ["smtp://127.0.0.1", "smtp://127.0.0.2"]
        for url in app.smtp_urls:
            host, port = url.removeprefix("smtp://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            assert (await reader.readline()).startswith(b"220 mx.example.net")
            writer.close()
    finally:
        await app.stop()


async def test_ipv4_and_ipv6_at_once(tmp_path: Path) -> None:
    """Each start line has its URL, and requests may name either address or a listener's name."""
    settings = settings_in(tmp_path)
    listen = (Endpoint("127.0.0.1", 0), Endpoint("::1", 0), Endpoint("localhost", 0))
    app = await App.start(dataclasses.replace(settings, http=dataclasses.replace(settings.http, listen=listen)))
    try:
        assert [url.rpartition(":")[0] for url in app.http_urls] == [
            "http://127.0.0.1",
            "http://[::1]",
            "http://127.0.0.1",
        ]
        for url in app.http_urls:
            assert (await ask(url, "/healthz")).status == 200
    finally:
        await app.stop()


async def test_one_sender_cannot_push_out_young_mail(tmp_path: Path) -> None:
    """It gets 452 a quarter above the bound, which holds; all mail that was kept before is still there."""
    settings = settings_in(tmp_path)
    kept = dataclasses.replace(settings.retention, max_messages=20, min_age_for_space_s=600.0)
    async with running(dataclasses.replace(settings, retention=kept)) as program:
        (first,) = await program.send_letter("Before the flood")
        assert program.app._listener is not None
        space = program.app._listener.policy.mail_space
        await until(lambda: space.measure() >= 1 / 20)
        refused = 0
        for number in range(40):
            try:
                await program.send(letter(f"Flood {number}"), to=("ben@example.org",))
            except smtplib.SMTPResponseException as error:
                refused += error.smtp_code == 452
        flood = await program.list_inbox("ben@example.org", "?limit=200")
        assert refused + len(flood) == 40
        assert 19 <= len(flood) <= 24
        assert [message["id"] for message in await program.list_inbox()] == [first]


@contextlib.contextmanager
def taken_port() -> Iterator[Endpoint]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield Endpoint("127.0.0.1", taken.getsockname()[1])


def listening(settings: Settings, flag: str, endpoint: Endpoint) -> Settings:
    if flag == "--smtp":
        return dataclasses.replace(settings, smtp=dataclasses.replace(settings.smtp, listen=(endpoint,)))
    if flag == "--metrics":
        return dataclasses.replace(settings, http=dataclasses.replace(settings.http, metrics=endpoint))
    return dataclasses.replace(settings, http=dataclasses.replace(settings.http, listen=(endpoint,)))


@pytest.mark.parametrize("flag", ["--smtp", "--http", "--metrics"])
async def test_a_port_in_use_is_one_clear_line(tmp_path: Path, flag: str) -> None:
    """It names the endpoint and the flag, and no database is made on the way."""
    with taken_port() as endpoint, pytest.raises(ListenError) as caught:
        await App.start(listening(settings_in(tmp_path), flag, endpoint))
    text = str(caught.value)
    assert text.startswith(f"{endpoint} is in use")
    assert flag in text
    assert "\n" not in text
    assert list(tmp_path.iterdir()) == []


async def test_an_address_of_another_machine_cannot_be_listened_on(tmp_path: Path) -> None:
    """The text says whose it is not."""
    with pytest.raises(ListenError, match=r"192\.0\.2\.1:0 is not an address of this machine.*--smtp"):
        await App.start(listening(settings_in(tmp_path), "--smtp", Endpoint("192.0.2.1", 0)))


async def test_a_failed_start_gives_its_ports_back(tmp_path: Path) -> None:
    """Whoever corrects the path and starts again finds them free."""
    with taken_port() as endpoint:
        pass
    settings = listening(settings_in(tmp_path), "--smtp", endpoint)
    broken = dataclasses.replace(settings, store=StoreSettings(db=str(tmp_path)))
    with pytest.raises(StoreInvalid):
        await App.start(broken)
    async with running(settings) as program:
        assert program.smtp == (endpoint.host, endpoint.port)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost:9/path"])
async def test_a_remote_database_that_is_not_there_stops_the_start(tmp_path: Path, url: str) -> None:
    """No file of that name is made instead."""
    settings = dataclasses.replace(settings_in(tmp_path), store=StoreSettings(db=url))
    with pytest.raises(StoreUnavailable, match="correct --db or LIBSQL_CLIENT_URL"):
        await App.start(settings)
    assert list(tmp_path.iterdir()) == []


async def test_a_part_that_fails_stops_the_program_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a program, which takes mail and never deletes any, is worse than none."""
    up = asyncio.Event()
    said: list[str] = []

    async def fail(_: Retention) -> int:
        await up.wait()
        raise ZeroDivisionError("retention broke")

    def announce(line: str) -> None:
        said.append(line)
        up.set()

    monkeypatch.setattr(Retention, "sweep", fail)
    with pytest.raises(ZeroDivisionError, match="retention broke"):
        async with asyncio.timeout(PATIENCE_S):
            await serve(settings_in(tmp_path), announce)
    host, port = said[0].split("smtp://")[1].split(":")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(host, int(port))


async def test_a_database_that_nobody_chose_is_named_in_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The system's temporary directory does not last."""

    async def fail(_: Retention) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(Retention, "sweep", fail)
    db = str(tmp_path / "mail.db")
    settings = dataclasses.replace(settings_in(tmp_path), store=StoreSettings(db=db, is_default=True))
    with pytest.raises(ZeroDivisionError):
        await serve(settings, lambda _: None)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert db in warning
    assert "--db" in warning


async def test_a_self_made_certificate_needs_no_database_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in memory alone, reloading leaves it as it is, and no file of it stays behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = settings_in(tmp_path)
    smtp = dataclasses.replace(settings.smtp, listen_tls=(Endpoint("127.0.0.1", 0),))
    settings = dataclasses.replace(settings, smtp=smtp, store=StoreSettings(db="memory"))
    async with running(settings) as program:
        assert list(tmp_path.iterdir()) == []
        with caplog.at_level(logging.WARNING):
            program.app.change(settings)
        assert caplog.messages == []
        at = urlsplit(program.app.smtp_urls[1])
        assert at.hostname is not None
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def send() -> None:
            with smtplib.SMTP_SSL(at.hostname or "", at.port or 0, timeout=PATIENCE_S, context=context) as client:
                client.sendmail("bob@sender.example", ["ann@example.org"], b"Subject: Hello\r\n\r\nHello.\r\n")

        await asyncio.to_thread(send)
        assert [message["subject"] for message in await program.list_inbox("ann@example.org")] == ["Hello"]


async def test_mail_is_there_after_a_restart(tmp_path: Path) -> None:
    """Stopping closes the store properly: nothing but the database's own file is left."""
    async with running(settings_in(tmp_path)) as program:
        sent = await program.send_letter("One", "Two")
    assert [path.name for path in tmp_path.iterdir()] == ["mail.db"]
    async with running(settings_in(tmp_path)) as program:
        assert [message["id"] for message in await program.list_inbox()] == sent[::-1]


async def test_stopping_ends_waiting_readers(tmp_path: Path) -> None:
    """A long poll is answered, and does not hold up the stop."""
    app = await App.start(settings_in(tmp_path))
    waiting = asyncio.create_task(Program(app).ask("/api/inboxes/ann@example.org/wait?timeout=55"))
    async with asyncio.timeout(PATIENCE_S):
        await until(lambda: bool(app._inbox._notifier._subscriptions))
        await app.stop()
    assert (await waiting).json() == {"status": "timeout"}
