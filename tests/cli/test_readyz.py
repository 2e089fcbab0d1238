"""`edgemail readyz`, as a container's health check calls it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from testkit.ports import free_port

from tests.cli.test_client import command_of, pretending, run
from tests.cli.test_serve import running


def test_a_ready_server_is_status_0_without_a_word(tmp_path: Path) -> None:
    """By a URL, by EDGEMAIL_URL, or by the server's own settings; a wildcard address is this machine."""
    port = free_port()
    with running("--db", str(tmp_path / "mail.db"), "--http", f"0.0.0.0:{port}", "--set", "base_path=/mail"):
        url = f"http://127.0.0.1:{port}/mail"
        own = {"EDGEMAIL_HTTP": f"0.0.0.0:{port}", "EDGEMAIL_BASE_PATH": "/mail"}
        for ended in (
            run("", "readyz", url, EDGEMAIL_URL="http://127.0.0.1:1"),
            run("", "readyz", f"{url}/readyz"),
            run(url, "readyz"),
            run("", "readyz", **own),
            run("", "readyz", "--wait", "--timeout", "20s", **own),
        ):
            assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_it_works_by_any_name_of_the_program(tmp_path: Path) -> None:
    """Health checks of Mailpit's image call /mailpit readyz."""
    link = tmp_path / "mailpit"
    link.symlink_to(Path(sys.executable).with_name("edgemail"))
    with running("--db", str(tmp_path / "mail.db")) as server:
        done = subprocess.run(
            [link, "readyz", server.url], env={"PATH": os.environ["PATH"]}, check=False, timeout=60
        )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("status", "said"),
    [(503, "the server answered 503 Service Unavailable"), (404, "the server answered 404 Not Found")],
)
def test_a_server_that_is_not_ready_is_status_1_and_a_line(status: int, said: str) -> None:
    """A store that does not answer is 503."""
    with pretending(lambda path: (status if path == "/readyz" else 200, b"")) as url:
        ended = run("", "readyz", url)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"{said}\n")


@pytest.mark.parametrize(
    ("arguments", "environ", "status", "said"),
    [
        ([], {"EDGEMAIL_HTTP": "127.0.0.1:1"}, 1, "no edgemail answers at http://127.0.0.1:1 ("),
        ([], {"EDGEMAIL_HTTP": "127.0.0.1:0"}, 1, "http = 127.0.0.1:0 does not say where the server is"),
        ([], {"EDGEMAIL_HTTPP": "127.0.0.1:0"}, 1, "EDGEMAIL_HTTPP: there is no such setting"),
        (["ftp://a"], {}, 1, '"ftp://a" is not a web address'),
        (
            ["--wait", "--timeout", "1s", "http://127.0.0.1:1"],
            {},
            1,
            "not ready within 1 s: no edgemail answers at",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], environ: dict[str, str], status: int, said: str
) -> None:
    """Container engines know the statuses 0 and 1 alone."""
    command, env = command_of("", "readyz", *arguments)
    del env["EDGEMAIL_URL"]
    ended = subprocess.run(command, env=env | environ, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (status, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(said)


def test_it_waits_until_the_server_is_ready() -> None:
    """At first it answers 503, as a server does that starts."""
    asked: list[str] = []

    def answer(path: str) -> tuple[int, bytes]:
        asked.append(path)
        return (200 if len(asked) == 3 else 503), b""

    with pretending(answer) as url:
        ended = run("", "readyz", "--wait", "--timeout", "50", url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(asked) == 3


def test_it_ends_in_time_if_the_server_says_nothing() -> None:
    """A server that hangs is not ready."""
    release = threading.Event()

    def answer(_path: str) -> tuple[int, bytes]:
        release.wait(60)
        return 200, b""

    with pretending(answer) as url:
        once = run("", "readyz", "--timeout", "1s", url)
        waiting = run("", "readyz", "--wait", "--timeout", "1s", url)
        release.set()
    assert (once.returncode, once.stderr) == (1, f"{url} took too long to answer\n")
    assert (waiting.returncode, waiting.stderr) == (1, f"not ready within 1 s: {url} took too long to answer\n")
