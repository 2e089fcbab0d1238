"""Makes a database with the program of a commit, for the tests of upgrades.

    .venv/bin/python -m scripts.keep_database COMMIT NAME

It unpacks the commit, runs its program by this environment's packages, sends it the letters of the tests, marks and
deletes some, ends it, and writes tests/upgrade/databases/NAME.db.gz.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import smtplib
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from testkit.ports import free_port
from tests.upgrade.kept_mail import DATABASES, DELETED, LETTERS, READ, SENDER, TAG, TAGGED

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0


def main() -> int:
    """Make the database of a commit; print its size."""
    commit, name = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        database = Path(folder) / "mail.db"
        make(Path(folder) / "src", database)
        kept = DATABASES / f"{name}.db.gz"
        kept.write_bytes(gzip.compress(database.read_bytes(), mtime=0))
    print(f"{kept.relative_to(ROOT)}: {kept.stat().st_size} octets")
    return 0


def make(source: Path, database: Path) -> None:
    """Run the program in `source`, and have it take and change mail."""
    smtp, http = free_port(), free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EDGEMAIL_", "LIBSQL_"))}
    environ = own | {"PYTHONPATH": str(source)}
    ports = ("--smtp", f"127.0.0.1:{smtp}", "--http", f"127.0.0.1:{http}")
    command = (sys.executable, "-m", "edgemail", "serve", "--db", str(database), *ports)
    with subprocess.Popen(command, env=environ, cwd=database.parent) as program:
        try:
            url = f"http://127.0.0.1:{http}"
            wait_for(url)
            send(smtp)
            change(url)
        finally:
            program.terminate()
            program.wait(START_S)


def send(port: int) -> None:
    """Send the letters, one after the other."""
    with smtplib.SMTP("127.0.0.1", port, timeout=START_S) as client:
        client.ehlo()
        for letter in (*LETTERS, DELETED):
            client.sendmail(SENDER, letter.recipients, letter.data, ["BODY=8BITMIME"])


def change(url: str) -> None:
    """Delete the last message; mark mail where that can be done."""
    carols, deleted = f"{url}/api/inboxes/{DELETED.recipients[0]}/messages", len(LETTERS) + 1
    deadline = time.monotonic() + START_S
    while not all(message.get("subject") for message in ask(carols)["messages"]):
        if time.monotonic() > deadline:
            raise TimeoutError("There are no summaries.")
        time.sleep(0.1)
    if ask(f"{carols}/{deleted}", "DELETE") is None:
        ask(f"{url}/api/messages/{deleted}", "DELETE")
    ask(f"{url}/api/messages", "PATCH", {"ids": [READ], "read": True})
    ask(f"{url}/api/messages", "PATCH", {"ids": [TAGGED], "tags": [TAG]})


def ask(url: str, method: str = "GET", body: object = None) -> Any:
    """Return what the program answers; None where it has no such route, or nothing to say."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=START_S) as answer:
            octets = answer.read()
            return json.loads(octets) if octets else {}
    except urllib.error.HTTPError as error:
        print(f"{method} {url}: {error.code}", file=sys.stderr)
        return None


def wait_for(url: str) -> None:
    """Wait until the program answers."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=START_S):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError("The program does not answer.") from None
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
