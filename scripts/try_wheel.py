"""Install the wheel of a folder into a fresh environment and use it: `python -m scripts.try_wheel dist`.

What it depends on comes from the package index. Neither Node.js nor this repository is used.
"""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

ADDRESS = "kim@example.org"
MAIL = b"Subject: Confirm your address\r\n\r\nYour code is 481 223.\r\n"
WAIT_S = 60.0


def main() -> int:
    """Install it, start it, send it a mail and read its code; print what was tried."""
    (wheel,) = Path(sys.argv[1]).glob("edgemail-*.whl")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin")
        install = (programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
        subprocess.run(install, check=True, timeout=600)
        on_a_free_port = ("--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0")
        command = (programs / "edgemail", "serve", "--db", "memory", *on_a_free_port)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as server:
            try:
                code = use(server)
            finally:
                server.terminate()
    print(f"{wheel.name}, Python {sys.version.split()[0]}: the page is there, and the code is {code}.")
    return 0


def use(server: subprocess.Popen[str]) -> str:
    """Send a mail, wait for it over HTTP and return its code; look at the page on the way."""
    ports: dict[str, str] = {}
    assert server.stdout is not None
    while "Web" not in ports:
        name, _, url = server.stdout.readline().strip().partition(" ")
        if not name:
            raise SystemExit("The server ended before it was ready.")
        ports[name] = url.strip()
    host, _, port = ports["SMTP"].removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port), timeout=WAIT_S) as client:
        client.sendmail("shop@example.com", [ADDRESS], MAIL)
    page = fetch(ports["Web"])
    if b"<title>" not in page:
        raise SystemExit("The page is not in the wheel.")
    found = json.loads(fetch(f"{ports['Web']}api/inboxes/{ADDRESS}/wait?timeout=30"))
    return str(found["message"]["codes"][0]["code"])


def fetch(url: str) -> bytes:
    """Return what a URL of the server answers."""
    with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
        body: bytes = answer.read()
        return body


if __name__ == "__main__":
    sys.exit(main())
