"""A project with Playwright that has our package installed, from the tarball that npm would publish."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from testkit.api_reader import program
from testkit.one_at_a_time import one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "playwright"
EXAMPLE = ROOT / "examples" / "playwright"
SPECS = Path(__file__).parent / "specs"
DEPENDENCIES = ("@playwright/test", "playwright", "playwright-core", "nodemailer", "@types/node", "undici-types")
"""What the example's package.json names, with what that needs."""
NPM_S = 120.0
RUN_S = 200.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one of Playwright's tests."""

    passed: bool
    errors: tuple[str, ...]
    location: str
    """The name of the file in which it failed, "" if it passed."""

    mail: dict[str, bytes]
    """The messages that are attached to the report."""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with the example, and with the specs of our own tests in `specs`."""

    folder: Path

    def run(self, *arguments: str, **environ: str) -> dict[str, Result]:
        """Run `npx playwright test`; return the result of each test by its title."""
        command = (program("npx", "npm"), "--offline", "playwright", "test", "--reporter=json", *arguments)
        known = {name: value for name, value in os.environ.items() if not name.startswith(("EDGEMAIL_", "CI"))}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=known | {"FORCE_COLOR": "0"} | environ,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["errors"] == [], report["errors"]
        return dict(_read_results(report))

    def check_types(self) -> str:
        """Check the types of the example with TypeScript; return what is wrong."""
        compiler = CLIENT / "node_modules" / "typescript" / "bin" / "tsc"
        command = (program("node", "nodejs"), str(compiler), "--project", str(self.folder))
        done = subprocess.run(command, capture_output=True, text=True, timeout=NPM_S, check=False)
        return done.stdout + done.stderr


def install(folder: Path) -> Project:
    """Pack the package, and install it into a copy of the example."""
    assert (CLIENT / "node_modules" / ".installed").exists(), "Playwright is missing: `make test` installs it"
    with one_at_a_time("npm-pack"):  # which builds into the package's own folder
        _npm("pack", "--silent", "--pack-destination", str(folder), cwd=CLIENT)
    (tarball,) = folder.glob("*.tgz")
    project = folder / "project"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("node_modules", "test-results"))
    shutil.copytree(SPECS, project / "specs")
    for name in DEPENDENCIES:
        shutil.copytree(CLIENT / "node_modules" / name, project / "node_modules" / name)
    # Playwright is there already. npm would look for it in the registry, to see whether it fits.
    offline = ("--offline", "--legacy-peer-deps", "--no-save", "--ignore-scripts", "--omit=optional")
    _npm("install", *offline, str(tarball), cwd=project)
    return Project(project)


def _npm(*arguments: str, cwd: Path) -> None:
    command = (program("npm", "npm"), *arguments, "--no-audit", "--no-fund")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=NPM_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _read_results(suite: dict[str, Any]) -> Iterator[tuple[str, Result]]:
    """Read the report of a suite and of those within it."""
    for inner in suite.get("suites", ()):
        yield from _read_results(inner)
    for spec in suite.get("specs", ()):
        (test,) = spec["tests"]
        (result,) = test["results"]
        errors = tuple(_COLOURS.sub("", error["message"]) for error in result["errors"])
        mail = {
            each["name"]: base64.b64decode(each["body"]) if "body" in each else Path(each["path"]).read_bytes()
            for each in result["attachments"]
            if each["contentType"] == "message/rfc822"
        }
        location = Path(result.get("errorLocation", {}).get("file", "")).name
        yield spec["title"], Result(spec["ok"], errors, location, mail)
