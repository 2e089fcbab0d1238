"""The client commands against a server that asks for a password, and against a public one."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_client import run
from tests.cli.test_serve import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANN, BEN = "ann@example.org", "ben@example.org"


def with_password(url: str, userinfo: str) -> str:
    return url.replace("http://", f"http://{userinfo}@")


def start(folder: Path, **environ: str) -> Any:
    passwords = folder / "passwords"
    passwords.write_text("kim:p@ss word\nci:t0k3n\n")
    passwords.chmod(0o600)
    files = {"EDGEMAIL_DB": str(folder / "mail.db"), "EDGEMAIL_PASSWORD_FILE": str(passwords)}
    return running(**files, **environ)


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start(tmp_path_factory.mktemp("private"), EDGEMAIL_PRIVATE="on") as started:
        yield started


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start(tmp_path_factory.mktemp("public"), EDGEMAIL_DOMAIN="example.org") as started:
        yield started


def test_a_name_and_a_secret_stand_in_the_url(private: Running) -> None:
    """Percent-encoded where they have to be; they are never printed."""
    url = with_password(private.url, "kim:p%40ss%20word")
    sent = run(url, "send", "--smtp", private.smtp, "--to", ANN)
    assert sent.stdout == f"sent 1 mail to {ANN}: {private.url}#/{ANN}\n"
    assert "Your code is" in run(url, "list", ANN).stdout
    assert "Your code is" in run(url, "wait", ANN).stdout
    for userinfo in ("kim:wrong", "kim", ""):
        ended = run(with_password(private.url, userinfo), "list", ANN)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == "this needs a name and a password of the setting password_file\n"


def test_a_secret_alone_stands_in_the_environment(private: Running) -> None:
    """One in the URL goes first: it was given for that server."""
    for environ, status in (({"EDGEMAIL_TOKEN": "t0k3n"}, 0), ({"EDGEMAIL_TOKEN": "wrong"}, 1), ({}, 1)):
        assert run(private.url, "list", ANN, **environ).returncode == status
    assert run(with_password(private.url, "ci:t0k3n"), "list", ANN, EDGEMAIL_TOKEN="wrong").returncode == 0
    ended = run(private.url, "list", ANN, EDGEMAIL_TOKEN="a\tb")
    assert ended.stderr.startswith("EDGEMAIL_TOKEN has something other than printable ASCII")


def test_a_mistake_in_the_url_does_not_print_its_secret() -> None:
    ended = run("", "list", ANN, "--url", "ftp://kim:s3cret@a.org")
    assert ended.stderr.startswith('"ftp://a.org" is not a web address')
    ended = run("", "list", ANN, "--url", "http://kim:s3cret@127.0.0.1:1")
    assert ended.stderr.startswith("no edgemail answers at http://127.0.0.1:1 (")


def test_a_public_server_shows_and_deletes_under_an_address(public: Running) -> None:
    """Without a password; by its id alone a message is the operator's."""
    assert run(public.url, "send", "--smtp", public.smtp, "--to", ANN).returncode == 0
    assert "Your code is" in run(public.url, "wait", ANN).stdout
    mail_id = str(json.loads(run(public.url, "list", ANN, "--json").stdout)[0]["id"])
    assert "Your code is" in run(public.url, "show", mail_id, "--address", ANN).stdout
    assert "Your code is" in run(public.url, "show", mail_id, "--address", ANN, "--raw").stdout
    for command in (("show", mail_id), ("delete", mail_id, "--yes"), ("show", mail_id, "--address", BEN)):
        assert run(public.url, *command).returncode == 1
    assert "Your code is" in run(public.url, "show", mail_id, EDGEMAIL_TOKEN="t0k3n").stdout
    assert run(public.url, "delete", mail_id, "--yes", "--address", ANN).stdout == "deleted 1 message\n"
    assert json.loads(run(public.url, "list", ANN, "--json").stdout) == []


def test_a_redirect_takes_no_secret_along() -> None:
    """Whoever answers at another address does not learn it."""
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(302 if len(seen) == 1 else 404)
            self.send_header("Location", f"http://localhost:{server.server_port}/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        run(f"http://127.0.0.1:{server.server_port}", "list", ANN, EDGEMAIL_TOKEN="t0k3n")
        server.shutdown()
    assert seen == ["Bearer t0k3n", None]
