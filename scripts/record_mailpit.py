"""Builds Mailpit with Go, asks it all that the tests ask edgemail, and writes down what it answers.

    .venv/bin/python -m scripts.record_mailpit [MAILPIT]

With the path of a program, that one is asked instead of being built.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from testkit.ports import free_port
from tests.compat.mailpit_answers import RECORDED, ask_all
from tests.compat.webhook_answers import RECORDED_WEBHOOKS, listening, tell_all

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = "github.com/axllent/mailpit@v1.33.1"
START_S = 20.0


def build(folder: Path) -> Path:
    """Build the program into a folder."""
    subprocess.run(["go", "install", MODULE], env=os.environ | {"GOBIN": str(folder)}, check=True, timeout=900)
    return folder / "mailpit"


@contextmanager
def running(program: Path, folder: Path, *arguments: str) -> Iterator[tuple[tuple[str, int], str]]:
    """Run the program on free ports; yield where it takes mail, and its URL."""
    smtp, http = free_port(), free_port()
    command = [
        *(str(program), "--smtp", f"127.0.0.1:{smtp}", "--listen", f"127.0.0.1:{http}"),
        *("--database", str(folder / "mailpit.db"), "--enable-chaos", "--disable-version-check"),
        *("--smtp-auth-accept-any", "--smtp-auth-allow-insecure", "--quiet"),
        *arguments,
    ]
    with subprocess.Popen(command) as process:
        try:
            url = f"http://127.0.0.1:{http}"
            deadline = time.monotonic() + START_S
            while not is_up(url):
                if time.monotonic() > deadline:
                    raise TimeoutError("Mailpit does not answer")
                time.sleep(0.1)
            yield ("127.0.0.1", smtp), url
        finally:
            process.terminate()


def is_up(url: str) -> bool:
    """Return True once the program answers."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    """Record."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = Path(sys.argv[1]) if len(sys.argv) > 1 else build(folder)
        with running(program, folder) as (smtp, url):
            write(RECORDED, ask_all(smtp, url))
        hooked = folder / "webhook"
        hooked.mkdir()
        with listening() as (hook, told):
            arguments = ("--webhook-url", hook, "--webhook-limit", "0")
            with running(program, hooked, *arguments) as (smtp, _):
                write(RECORDED_WEBHOOKS, tell_all(smtp, told))


def write(path: Path, answers: object) -> None:
    """Write answers down."""
    path.write_text(json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
