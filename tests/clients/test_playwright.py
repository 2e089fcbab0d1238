"""`@edgemail/playwright`, packed and installed: what passes, and what a failing test says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.ports import free_port
from testkit.tools import CHROMIUM
from testkit.waiting import until

import edgemail
from tests.clients.playwright_project import CLIENT, EXAMPLE, ROOT, Project, Result, install

if TYPE_CHECKING:
    from testkit.server_process import Process

pytestmark = [pytest.mark.needs_playwright, pytest.mark.slow]

GUIDE = ROOT / "docs" / "how-to" / "test-with-playwright.md"
START = """
import subprocess, sys
from pathlib import Path
server = subprocess.Popen([sys.executable, "-m", "edgemail", *sys.argv[1:]])
Path("{pid}").write_text(str(server.pid))
sys.exit(server.wait())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Install the package from its tarball."""
    return install(tmp_path_factory.mktemp("playwright"))


@pytest.fixture(scope="module")
def results(project: Project, server: Process, public_server: Process) -> dict[str, Result]:
    """Run all of `specs`, with servers that run already."""
    host, port = public_server.smtp
    return project.run(
        "--config=specs",
        EDGEMAIL_URL=server.url,
        PUBLIC_URL=public_server.url,
        PUBLIC_SMTP_URL=f"smtp://{host}:{port}",
        CLOSED_URL=f"http://127.0.0.1:{free_port()}",
        START_EDGEMAIL=f"{sys.executable} -m edgemail",
        CHROMIUM=CHROMIUM,
    )


def errors_of(results: dict[str, Result]) -> dict[str, tuple[str, ...]]:
    return {title: result.errors for title, result in results.items() if not result.passed}


def has_ended(pid: int) -> bool:
    """Return True if a process has ended, also where nobody has asked for its exit status yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.needs_chromium
def test_each_fixture_does_what_it_says(results: dict[str, Result]) -> None:
    """The specs are a project of CommonJS, as `npm init playwright` makes them; one of them is to fail."""
    errors = errors_of(results)
    assert list(errors) == ["this test fails"], errors
    assert len(results) == 34
    assert [title for title, result in results.items() if result.mail] == ["this test fails"]


@pytest.mark.needs_chromium
def test_a_failed_test_has_its_mail_in_the_report(results: dict[str, Result]) -> None:
    """That of all its inboxes, octet for octet, beside what failed where."""
    failed = results["this test fails"]
    assert re.match(
        r'MailError: No mail to \S+ with subject "Reset" within 0\.1 s\.\n1 other came', failed.errors[0]
    )
    assert failed.location == "failing.spec.ts"
    assert len(failed.mail) == 2
    for name, octets in failed.mail.items():
        assert re.fullmatch(r"mail-\d+\.eml", name)
        assert re.match(rb"Return-Path: <hello@shop\.example>\r\nReceived: .*\r\n\r\nHi\.\r\n$", octets, re.DOTALL)


@pytest.mark.needs_chromium
def test_the_example_signs_up_in_a_browser(project: Project, tmp_path: Path) -> None:
    """With a server that the fixture starts by a program between, like `uvx`, and ends with that."""
    start, pid = tmp_path / "start.py", tmp_path / "pid"
    start.write_text(START.format(pid=pid))
    command = f"{sys.executable} {start}"
    results = project.run("--workers=1", CHROMIUM=CHROMIUM, START_EDGEMAIL=command, EDGEMAIL_MODE="none such")
    assert errors_of(results) == {}
    assert len(results) == 5
    asyncio.run(until(lambda: has_ended(int(pid.read_text()))))


def test_the_example_and_the_guide_have_the_types_of_the_package(project: Project) -> None:
    """TypeScript finds them, and a wrong name is an error."""
    blocks = re.findall(r"^```ts\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 4
    for number, block in enumerate(blocks):
        (project.folder / "tests" / f"guide-{number}.ts").write_text(block, "utf-8")
    assert project.check_types() == ""
    wrong = project.folder / "tests" / "wrong.ts"
    wrong.write_text('import { test } from "@edgemail/playwright";\ntest("", ({ mail }) => mail.nothing());\n')
    assert "Property 'nothing' does not exist on type 'Inbox'" in project.check_types()


def test_the_example_names_the_versions_that_are_tested() -> None:
    """It has no lock file: the packages are locked where ours is made. Ours has the server's version."""
    example = json.loads((EXAMPLE / "package.json").read_text("utf-8"))
    asked = example["dependencies"] | example["devDependencies"]
    packages = json.loads((CLIENT / "package-lock.json").read_text("utf-8"))["packages"]
    assert asked.pop("@edgemail/playwright") == f"^{edgemail.__version__}"
    assert packages[""]["version"] == edgemail.__version__
    assert asked == {name: packages[f"node_modules/{name}"]["version"] for name in asked}
