"""A quick start: mail is taken before the HTTP part is loaded, and nothing is loaded that a run does not use."""

from __future__ import annotations

import json
import os
import select
import signal
import smtplib
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from testkit.http_client import ask
from testkit.server_process import START_S
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HELD = """
import atexit, json, sys
from pathlib import Path

folder = Path(sys.argv.pop(1))
hold = sys.argv.pop(1)

class Gate:
    def find_spec(self, name, path=None, target=None):
        if name == "edgemail.http.servers" and hold != "no":
            (folder / "before.json").write_text(json.dumps(sorted(sys.modules)))
            print("held", flush=True)
            sys.stdin.readline()
            if hold == "fail":
                raise ZeroDivisionError("the HTTP part broke")

sys.meta_path.insert(0, Gate())
atexit.register(lambda: (folder / "after.json").write_text(json.dumps(sorted(sys.modules))))
from edgemail.cli import main
main()
"""
"""The program, held where it is about to load the HTTP part; it writes down what is loaded then, and at its end."""

HTTP_MODULES = {"fastapi", "pydantic", "pydantic_core", "starlette", "uvicorn", "httptools", "websockets"}
UNUSED_MODULES = {
    *("bcrypt", "cryptography", "dns", "httpx2", "jwt", "prometheus_client"),
    *("edgemail.archive", "edgemail.doctor", "edgemail.edge", "edgemail.store.remote"),
    *("edgemail.cli.doctor", "edgemail.cli.import_mail", "edgemail.cli.mail", "edgemail.cli.web"),
}
"""What no run uses that serves a local database without TLS and without passwords."""


@dataclass
class Started:
    """A program that is starting."""

    process: subprocess.Popen[bytes]
    folder: Path
    said: str = ""

    def read_until(self, text: str) -> None:
        """Read what it says until a line has `text`."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_S
        while not any(text in line for line in self.said.split("\n")[:-1]):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no {text!r} in time; it said: {self.said}"
            octets = os.read(self.process.stdout.fileno(), 4096)
            assert octets, f"it ended with {self.process.wait()}; it said: {self.said}"
            self.said += octets.decode()

    def release(self) -> None:
        """Let it load the HTTP part."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def find(self, kind: str) -> str:
        """Return what stands behind `kind` in a line, such as the URL of `Web`."""
        return next(line.split()[1] for line in self.said.splitlines() if line.startswith(kind))

    def send(self) -> None:
        """Send a mail to Ann."""
        host, port = self.find("SMTP").removeprefix("smtp://").split(":")
        with smtplib.SMTP(host, int(port), timeout=PATIENCE_S) as client:
            client.sendmail("bob@sender.example", ["ann@example.org"], "Subject: Early\r\n\r\nHello.\r\n")

    def read_modules(self, when: str) -> set[str]:
        """Return what was loaded `before` HTTP, or `after` all."""
        return set(json.loads((self.folder / f"{when}.json").read_text()))


@contextmanager
def starting(folder: Path, *arguments: str, hold: str = "yes", db: str = "memory") -> Iterator[Started]:
    """Start the program; kill it last."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("EDGEMAIL_", "LIBSQL_"))}
    command = [sys.executable, "-c", HELD, str(folder), hold, "--db", db, "--set", "min_free=off"]
    with (
        (folder / "log.txt").open("wb") as log,
        subprocess.Popen(
            [*command, "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=env,
        ) as process,
    ):
        try:
            yield Started(process, folder)
        finally:
            process.kill()


def of(modules: set[str], unwanted: set[str]) -> set[str]:
    """Return those of `modules` that are unwanted, or lie below."""
    return {name for name in modules if any(name == root or name.startswith(f"{root}.") for root in unwanted)}


@pytest.mark.parametrize("db", ["memory", "file"])
async def test_mail_is_taken_before_http_is_loaded_and_is_seen_after(tmp_path: Path, db: str) -> None:
    """SMTP is said once it answers, and the page only once that answers."""
    with starting(tmp_path, db=str(tmp_path / "mail.db") if db == "file" else db) as started:
        started.read_until("SMTP  smtp://127.0.0.1:")
        started.read_until("held")
        started.send()
        assert "Web" not in started.said
        early = started.read_modules("before")
        assert of(early, HTTP_MODULES | UNUSED_MODULES) == set()
        assert ("apsw" in early) is (db == "file")
        started.release()
        started.read_until("accessible via")
        answer = await ask(started.find("Web"), "/api/inboxes/ann@example.org/messages")
        assert [message["subject"] for message in answer.json()["messages"]] == ["Early"]
        started.process.terminate()
        assert started.process.wait(START_S) == 0


async def test_a_reader_who_comes_early_is_answered_once_there_is_http(tmp_path: Path) -> None:
    """The port is bound from the beginning on: who knows it needs no second try."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with starting(tmp_path, "--http", f"127.0.0.1:{port}") as started:
        started.read_until("held")
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as reader:
            reader.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            started.release()
            assert reader.recv(4096).startswith(b"HTTP/1.1 200 ")


async def test_a_run_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    """Each of these takes time and memory of everybody. Probes need no API, and no parser of mail."""
    with starting(tmp_path, hold="no") as started:
        started.read_until("accessible via")
        for path in ("/healthz", "/readyz"):
            answer = await ask(started.find("Web"), path)
            assert (answer.status, answer.json()) == (200, {"status": "ok"})
        started.process.terminate()
        assert started.process.wait(START_S) == 0
    loaded = started.read_modules("after")
    assert of(loaded, {"uvicorn"})
    unused = UNUSED_MODULES | {"apsw", "edgemail.http.compat.mailpit.routes", "edgemail.mime.reader"}
    assert of(loaded, unused | {"fastapi", "pydantic", "pydantic_core"}) == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_http_is_loaded_is_clean(tmp_path: Path, number: signal.Signals) -> None:
    """The mail stays, and the log has no error."""
    db = tmp_path / "mail.db"
    with starting(tmp_path, db=str(db)) as started:
        started.read_until("held")
        started.send()
        started.process.send_signal(number)
        started.release()
        assert started.process.wait(START_S) == 0
    assert db.exists()
    assert not (tmp_path / "mail.db-wal").exists()
    assert "Traceback" not in (tmp_path / "log.txt").read_text()


def test_http_that_cannot_be_loaded_stops_the_program(tmp_path: Path) -> None:
    """Mail that nobody can read is of no use; what was taken meanwhile is kept."""
    db = tmp_path / "mail.db"
    with starting(tmp_path, hold="fail", db=str(db)) as started:
        started.read_until("held")
        started.send()
        started.release()
        assert started.process.wait(START_S) != 0
    assert "the HTTP part broke" in (tmp_path / "log.txt").read_text()
    assert not (tmp_path / "mail.db-wal").exists()


def test_no_mail_is_taken_where_the_page_cannot_be_served(tmp_path: Path) -> None:
    """Its port is bound first."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with starting(tmp_path, "--http", f"127.0.0.1:{port}") as started:
            assert started.process.wait(START_S) == 78
            assert started.process.stdout is not None
            assert started.process.stdout.read() == b""
    assert "is in use" in (tmp_path / "log.txt").read_text()
