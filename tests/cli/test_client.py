"""The client commands with no server, with another program, and with a failing server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def command_of(url: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "edgemail", *arguments], {"PATH": os.environ["PATH"], "EDGEMAIL_URL": url}


def run(url: str, *arguments: str, given: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    command, env = command_of(url, *arguments)
    return subprocess.run(
        command, env=env | environ, input=given, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "a@a.org", "--url", "http://127.0.0.1:1"], "no edgemail answers at http://127.0.0.1:1 ("),
        (["list", "a@a.org", "--url", "ftp://a"], '--url or EDGEMAIL_URL: "ftp://a" is not a web address'),
        (["send", "--smtp", "127.0.0.1:1"], "no SMTP server answers at 127.0.0.1:1 ("),
    ],
)
def test_a_server_that_is_not_there_is_one_line(arguments: list[str], said: str) -> None:
    """The line says how to start a server, or how to name another one."""
    ended = run("", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(said)
    assert len(ended.stderr.splitlines()) == 1


@contextmanager
def pretending(answer: Callable[[str], tuple[int, bytes]]) -> Iterator[str]:
    """Run an HTTP server that answers each path with `answer`; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as pretended:
        threading.Thread(target=pretended.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{pretended.server_port}"
        pretended.shutdown()


def test_a_long_wait_is_made_of_short_requests() -> None:
    """A server ends each request after 55 s, and proxies do so after a minute."""
    asked: list[dict[str, list[str]]] = []

    def answer(path: str) -> tuple[int, bytes]:
        asked.append(parse_qs(urlsplit(path).query))
        found = {"status": "found", "message": {"id": 7, "codes": [{"code": "481223"}], "links": []}}
        return 200, json.dumps(found if len(asked) == 3 else {"status": "timeout"}).encode()

    with pretending(answer) as url:
        assert run(url, "wait", "a@a.org", "--after", "5", "--code", "--timeout", "10m").stdout == "481223\n"
    assert asked == [{"timeout": ["50.0"], "after": ["5"]}] * 3


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, b'{"title": "Not Found", "detail": "no\\u001b[2J\\nsuch"}', r"no\u001b[2J\u000asuch"),
        (403, b'{"title": "Forbidden"}', "Forbidden"),
        (502, b"<html>", " answered 502 Bad Gateway"),
        (500, b"[]", " answered 500 Internal Server Error"),
        (200, b"<html>", "is not an edgemail server: its answer is not JSON"),
    ],
)
def test_any_answer_that_is_not_the_apis_is_one_line(status: int, body: bytes, said: str) -> None:
    """Another program or a proxy may answer at the URL."""
    with pretending(lambda _: (status, body)) as url:
        ended = run(url, "list", "a@a.org")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_ctrl_c_ends_it_quietly_with_status_130() -> None:
    """Shells use this status for a program that SIGINT ended."""
    is_asked, may_answer = threading.Event(), threading.Event()

    def answer(_: str) -> tuple[int, bytes]:
        is_asked.set()
        may_answer.wait(30)
        return 500, b""

    with pretending(answer) as url:
        command, env = command_of(url, "wait", "a@a.org")
        with subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as waiting:
            assert is_asked.wait(30)
            waiting.send_signal(signal.SIGINT)
            output, errors = waiting.communicate(timeout=30)
        may_answer.set()
    assert (waiting.returncode, output, errors.strip()) == (130, "", "")
