"""`@edgemail/playwright`, packed and installed: what passes, and what a failing test says."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from testkit.ports import free_port
from testkit.tools import CHROMIUM

from tests.clients.playwright_project import CLIENT, EXAMPLE, Project, Result, install

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.server_process import Process

pytestmark = [pytest.mark.needs_playwright, pytest.mark.slow]

OWN = re.compile(r"t-w\d+-[0-9a-f]{6}-[0-9a-f]{8}")
SMTP = "smtp://127.0.0.1:PORT"
PAGE = "Page: URL/#/OWN@example.com"
HELLO = "from The Shop <hello@shop.example>"
HINT = f"Hint: no mail has come to this server since the test began. It takes mail at {SMTP}: the app must send there."
HELP = (
    "Install uv, which brings uvx, or name another command by edgemailCommand, such as 'python3 -m edgemail'. "
    "Or join a server that runs: edgemailUrl or EDGEMAIL_URL."
)
FAILURES = {
    "nothing came": f"No mail to OWN@example.com within 0.1 s.\n{PAGE}\n{HINT}",
    "something else came": f"""\
No mail to OWN@example.com with subject "Reset" from kim@shop.example within 0.1 s.
1 other came to this address:
  #N TIME  Welcome to the shop   {HELLO}   (returned before)
Meanwhile 1 came to others: #N to OWN@exmaple.com
{PAGE}""",
    "no code came": f"""\
No mail to OWN@example.com with a subject that matches /hello/i with a code within 0.1 s.
1 other came to this address:
  #N TIME  Welcome   {HELLO}
{PAGE}""",
    "no such link came": f"""\
No mail to OWN@example.com with a link with "/confirm" whose text has "Confirm" within 0.05 s.
1 other came to this address:
  #N TIME  Welcome   {HELLO}
{PAGE}""",
    "no mail was received": f"""\
No mail to OWN@example.com with subject "Reset" where isLong within 0.1 s.
{PAGE}
{HINT}""",
    "several codes came": f"""\
Several codes in #N TIME  Welcome   {HELLO}:
  481223  next to “code”
  77120943  next to “code”""",
    "several links came": f"""\
Several links in #N TIME  Welcome   {HELLO}:
  https://shop.example/a  "Offer a"
  https://shop.example/b  "Offer b\"""",
    "a message has no such link": f"""\
No link with "/confirm" in #N TIME  Welcome   {HELLO}.
It has:
  https://shop.example/terms  "Terms\"""",
    "a message has no code": f"""\
No code that matches /\\d{{6}}/ in #N TIME  Welcome   {HELLO}.
It says: Hello, world.""",
    "mail came that should not": f"""\
2 mails came to OWN@example.com with subject "o", and none should:
  #N TIME  one   {HELLO}
  #N TIME  two   {HELLO}
{PAGE}""",
    "mail came while the inbox was watched": f"""\
A mail came to OWN@example.com, and none should:
  #N TIME  Welcome   {HELLO}
{PAGE}""",
    "mail was received that should not be": f"""\
A mail came to OWN@example.com from hello@shop.example, and none should:
  #N TIME  Welcome   {HELLO}
{PAGE}""",
    "no server answers": (
        "No edgemail at CLOSED (connection refused). Start it, or leave edgemailUrl and EDGEMAIL_URL out: "
        "the fixture starts one."
    ),
    "the URL is none": '"127.0.0.1:8025" is no URL of an edgemail: write it like http://127.0.0.1:8025',
    "there is no such program": f'Cannot start edgemail: there is no program "no-such-program". {HELP}',
    "the server ends at once": f"Cannot start edgemail: `node -e console.error('a setting is wrong'); "
    f"process.exit(78) --` has ended with status 78:\na setting is wrong\n{HELP}",
}
"""What each test of `specs/failing` says, by its title."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Install the package from its tarball."""
    return install(tmp_path_factory.mktemp("playwright"))


def errors_of(results: dict[str, Result]) -> dict[str, tuple[str, ...]]:
    return {title: result.errors for title, result in results.items() if not result.passed}


def mask(text: str, values: dict[str, str]) -> str:
    """Put names in place of what differs from run to run."""
    for value, name in values.items():
        text = text.replace(value, name)
    text = re.sub(r"#\d+ \d\d:\d\d:\d\d\.\d{3} ", "#N TIME ", text)
    return OWN.sub("OWN", re.sub(r"#\d+ to ", "#N to ", text))


def test_what_fails_says_what_came_instead(project: Project, server: Process) -> None:
    """Each message is compared. The report of a failed test has the mail that came to it."""
    closed = f"http://127.0.0.1:{free_port()}"
    results = project.run("--config=specs", "failing", EDGEMAIL_URL=server.url, CLOSED_URL=closed)
    values = {server.url: "URL", "smtp://{}:{}".format(*server.smtp): SMTP, closed: "CLOSED"}
    said = {title: [mask(error, values) for error in errors] for title, errors in errors_of(results).items()}
    assert said == {title: [f"MailError: {text}"] for title, text in FAILURES.items()}
    assert results["nothing came"].attachments == {}
    ((name, octets),) = results["something else came"].attachments.items()
    assert re.fullmatch(r"mail-\d+\.eml", name)
    assert re.match(rb"Return-Path: <hello@shop.example>\r\nReceived: from .*\r\nHi\.\r\n$", octets, re.DOTALL)
    assert len(results["mail came that should not"].attachments) == 2


def test_mail_is_waited_for_and_read(project: Project, server: Process) -> None:
    """All of `specs/passing`, on a server that runs already."""
    results = project.run("--config=specs", "passing", EDGEMAIL_URL=server.url)
    assert errors_of(results) == {}
    assert len(results) > 10


@pytest.mark.needs_chromium
def test_a_message_opens_in_the_browser(project: Project, server: Process) -> None:
    """All of `specs/browser`, in Chromium."""
    results = project.run("--config=specs", "browser", EDGEMAIL_URL=server.url, CHROMIUM=CHROMIUM)
    assert errors_of(results) == {}
    assert len(results) == 4


@pytest.mark.needs_chromium
def test_the_example_signs_up_in_a_browser(project: Project, tmp_path: Path) -> None:
    """With a server that the fixture starts by a script, as `uvx` does, and ends with all that it has started."""
    start, pid = tmp_path / "start-edgemail", tmp_path / "pid"
    start.write_text(f'#!/bin/sh\n{sys.executable} -m edgemail "$@" &\necho $! > {pid}\nwait\n')
    start.chmod(0o755)
    results = project.run("--workers=1", CHROMIUM=CHROMIUM, START_EDGEMAIL=str(start), EDGEMAIL_MODE="public")
    assert errors_of(results) == {}
    assert len(results) == 5
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_the_example_has_the_types_of_the_package(project: Project) -> None:
    """TypeScript finds them, and a wrong name is an error."""
    assert project.check_types() == ""
    spec = project.folder / "tests" / "wrong.spec.ts"
    spec.write_text('import { test } from "@edgemail/playwright";\ntest("", ({ mail }) => mail.nothing());\n')
    try:
        assert "Property 'nothing' does not exist on type 'Inbox'" in project.check_types()
    finally:
        spec.unlink()


def test_a_project_of_commonjs_loads_it_as_well(project: Project, server: Process) -> None:
    """What `npm init playwright` makes has no "type": its tests are compiled to `require`."""
    manifest = project.folder / "package.json"
    kept = manifest.read_text("utf-8")
    manifest.write_text(json.dumps(json.loads(kept) | {"type": "commonjs"}), "utf-8")
    try:
        results = project.run("--config=specs", "passing/addresses", EDGEMAIL_URL=server.url)
    finally:
        manifest.write_text(kept, "utf-8")
    assert errors_of(results) == {}
    assert len(results) == 3


@pytest.mark.parametrize("name", ["@playwright/test", "nodemailer", "@types/node"])
def test_the_example_names_the_versions_that_are_tested(name: str) -> None:
    """Its package.json has no lock file of its own: those versions are in the package's."""
    example = json.loads((EXAMPLE / "package.json").read_text("utf-8"))
    packages = json.loads((CLIENT / "package-lock.json").read_text("utf-8"))["packages"]
    asked = example.get("dependencies", {}) | example["devDependencies"]
    assert asked[name] == packages[f"node_modules/{name}"]["version"]
