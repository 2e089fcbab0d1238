"""Asks Inbucket and MailDev all that the tests ask edgemail, and writes down what they answer.

    .venv/bin/python -m scripts.record_other_catchers INBUCKET MAILDEV

The arguments are programs: `go install github.com/inbucket/inbucket/v3/cmd/inbucket@v3.2.0` makes the first one,
and `npm ci` in bench/peers brings the second (node_modules/.bin/maildev). MailHog is not here: Go's proxy does not
serve all of its modules any more.
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
from tests.compat.other_answers import RECORDED

if TYPE_CHECKING:
    from collections.abc import Iterator

START_S = 30.0


@contextmanager
def running(tool: str, program: str, folder: Path) -> Iterator[tuple[tuple[str, int], str]]:
    """Run a program on free ports; yield where it takes mail, and its URL."""
    smtp, http = free_port(), free_port()
    (folder / "page").mkdir()
    (folder / "page" / "index.html").touch()
    environment = os.environ | {
        "INBUCKET_LOGLEVEL": "error",
        "INBUCKET_SMTP_ADDR": f"127.0.0.1:{smtp}",
        "INBUCKET_POP3_ADDR": f"127.0.0.1:{free_port()}",
        "INBUCKET_WEB_ADDR": f"127.0.0.1:{http}",
        "INBUCKET_WEB_UIDIR": str(folder / "page"),
        "INBUCKET_STORAGE_TYPE": "memory",
    }
    command = [program]
    if tool == "MailDev":
        command += ["--smtp", str(smtp), "--web", str(http), "--ip", "127.0.0.1", "--web-ip", "127.0.0.1"]
        command += ["--mail-directory", str(folder)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{http}"
            deadline = time.monotonic() + START_S
            while not is_up(url):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{tool} does not answer")
                time.sleep(0.1)
            yield ("127.0.0.1", smtp), url
        finally:
            process.terminate()


def is_up(url: str) -> bool:
    """Return True once the program answers."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    """Record."""
    for (tool, (file, ask_all, _)), program in zip(RECORDED.items(), sys.argv[1:], strict=True):
        with tempfile.TemporaryDirectory() as name, running(tool, program, Path(name)) as (smtp, url):
            answers = ask_all(smtp, url)
        file.write_text(json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
