"""Reads a server's mail through its API, and runs external programs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from testkit import needs
from testkit.tools import NAMES

if TYPE_CHECKING:
    from testkit.server_process import Process

PROGRAM_S = 60.0
PAGE = 200


def get(server: Process, path: str) -> bytes:
    with urllib.request.urlopen(server.url + path, timeout=PROGRAM_S) as response:
        octets: bytes = response.read()
        return octets


def delete(server: Process, path: str) -> None:
    request = urllib.request.Request(server.url + path, method="DELETE")
    with urllib.request.urlopen(request, timeout=PROGRAM_S):
        pass


def listing(server: Process, address: str) -> list[dict[str, Any]]:
    """List a whole inbox, newest first."""
    messages: list[dict[str, Any]] = []
    before = ""
    while True:
        page = json.loads(get(server, f"/api/inboxes/{quote(address, safe='')}/messages?limit={PAGE}{before}"))
        messages += page["messages"]
        if page["next_before"] is None:
            return messages
        before = f"&before={page['next_before']}"


def wait_for(server: Process, address: str) -> None:
    """Return once an inbox has mail, or after 30 s."""
    get(server, f"/api/inboxes/{quote(address, safe='')}/wait?after=0&timeout=30")


def raw(server: Process, mail_id: int) -> bytes:
    return get(server, f"/api/messages/{mail_id}/raw")


def recipients_of(server: Process, mail_id: int) -> list[str]:
    """Return all recipients of a message: a listing names the listed address alone."""
    recipients: list[str] = json.loads(get(server, f"/api/messages/{mail_id}"))["recipients"]
    return recipients


def program(name: str, package: str) -> str:
    """Find a program; fail if it is not installed, as a skipped test proves nothing."""
    if package in NAMES:
        needs.check(package)
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert path is not None, f"{name} is not installed: `make test` installs {package}"
    return path


def run(*arguments: str, stdin: bytes = b"") -> str:
    """Run a program to its end; return its output."""
    done = subprocess.run(arguments, capture_output=True, timeout=PROGRAM_S, check=False, input=stdin)
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, said
    return said
