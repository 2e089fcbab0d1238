"""What Allure and pytest-html are given of a test that failed, each as it comes from PyPI."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.api_reader import PROGRAM_S

import edgemail

if TYPE_CHECKING:
    from edgemail.testing import Server

PYTHON = Path(__file__).parents[1] / "compat" / ".venv" / "bin" / "python"
TEST = """
import smtplib

def test_it(mail, edgemail_smtp):
    with smtplib.SMTP(edgemail_smtp.host, edgemail_smtp.port) as client:
        client.sendmail("a@b.example", [mail.address], b"Subject: Welcome\\r\\n\\r\\nHello.\\r\\n")
    mail.wait(subject="Reset", timeout=0.1)
"""


@pytest.mark.needs_mailpit_clients
def test_the_mail_of_a_failure_is_in_the_reports(tmp_path: Path, mail_server: Server) -> None:
    """As the file that came. Nothing of edgemail's own dependencies is needed for that."""
    assert PYTHON.exists(), "pytest-html is missing: `make test` installs it"
    (tmp_path / "test_it.py").write_text(TEST)
    reports = ("--html=report.html", "--self-contained-html", "--alluredir=allure")
    done = subprocess.run(
        [PYTHON, "-m", "pytest", "-p", "edgemail.testing.plugin", f"--edgemail-url={mail_server.url}", *reports],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(edgemail.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "E       No mail to t-" in done.stdout
    (result,) = (tmp_path / "allure").glob("*-result.json")
    (attached,) = [each for each in json.loads(result.read_text())["attachments"] if each["name"].endswith(".eml")]
    assert attached["type"] == "message/rfc822"
    mail = (tmp_path / "allure" / attached["source"]).read_bytes()
    assert mail.startswith(b"Return-Path: <a@b.example>")
    assert mail.endswith(b"Subject: Welcome\r\n\r\nHello.\r\n")
    assert attached["name"] in (tmp_path / "report.html").read_text()
