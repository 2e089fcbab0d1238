"""The programs of docs/how-to/test-in-other-languages.md, run as they stand there."""

from __future__ import annotations

import os
import re
import smtplib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit import needs
from testkit.api_reader import PROGRAM_S, program

if TYPE_CHECKING:
    from testkit.server_process import Process

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "test-in-other-languages.md"
COMPILING_S = 150.0
MAIL = b"Subject: Confirm your address\r\n\r\nYour code is 481223.\r\n"
LANGUAGES = [
    pytest.param("go", ("go", "run"), "wait.go", marks=[pytest.mark.needs_go, pytest.mark.slow]),
    pytest.param("java", ("java",), "Mail.java", marks=[pytest.mark.needs_java, pytest.mark.slow]),
    pytest.param("ruby", ("ruby",), "wait.rb", marks=pytest.mark.needs_action_mailer),
    pytest.param("php", ("php",), "wait.php", marks=pytest.mark.needs_php_mailers),
]


def start(language: str, command: tuple[str, ...], folder: Path, name: str, *, url: str) -> subprocess.Popen[str]:
    """Start the guide's program in a language, waiting for mail to an address of that language."""
    needs.check({"ruby": "action_mailer", "php": "php_mailers"}.get(language, language))
    (source,) = re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (folder / name).write_text(source, "utf-8")
    runner, *arguments = command
    return subprocess.Popen(
        [program(runner, runner), *arguments, name, f"{language}@example.org"],
        cwd=folder,
        env=os.environ | {"EDGEMAIL_URL": f"{url}/"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("language", "command", "name"), LANGUAGES)
def test_a_program_waits_for_the_code(
    server: Process, tmp_path: Path, language: str, command: tuple[str, ...], name: str
) -> None:
    """The mail comes while it waits, or while it is still compiled."""
    with start(language, command, tmp_path, name, url=server.url) as process:
        with smtplib.SMTP(*server.smtp, timeout=PROGRAM_S) as client:
            client.sendmail("shop@shop.example", [f"{language}@example.org"], MAIL)
        said, complaints = process.communicate(timeout=COMPILING_S)
    assert (said, process.returncode) == ("481223\n", 0), complaints
